//! How training batches are made.

use super::{BatchError, LatentOptions};
use leitmotif_events::{Augmentation, Tasks};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The most semitones a song may be transposed by, either way.
pub const MAX_TRANSPOSE: u8 = 24;
/// The most octaves of tempo, either way.
pub const MAX_TEMPO_OCTAVES: f32 = 2.0;

/// The settings of [`super::TrainingBatches`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchOptions {
    /// Songs side by side.
    pub streams: usize,
    /// Events per stream and batch.
    pub segment: usize,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Whether each epoch has its own order of songs; otherwise the corpus's.
    pub shuffle: bool,
    /// How far genres are evened out, 0 to 1: with 0 each song is read once in an epoch, with 1
    /// songs of rare genres are read so much oftener than others that an epoch has as many events
    /// of each genre, within [`super::MOST_READINGS`].
    pub balance: f64,
    /// The probability of leaving out a song's header, 0 to 1.
    pub header_dropout: f64,
    /// How songs are varied.
    pub augment: AugmentOptions,
    /// How often songs are read as tasks, such as a hole to fill.
    pub tasks: Tasks,
    /// What batches are to hold about bars, if anything.
    #[serde(skip)]
    pub latents: Option<LatentOptions>,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            streams: 8,
            segment: 256,
            seed: 0,
            shuffle: true,
            balance: 0.0,
            header_dropout: 0.0,
            augment: AugmentOptions::default(),
            tasks: Tasks::default(),
            latents: None,
        }
    }
}

impl BatchOptions {
    pub(super) fn check(&self) -> Result<(), BatchError> {
        let wrong = |text: &str| Err(BatchError::Options(text.to_owned()));
        if self.streams == 0 || self.segment == 0 {
            return wrong("a batch needs at least one lane and one event");
        }
        if !(0.0..=1.0).contains(&self.balance) {
            return wrong("balance is between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.header_dropout) {
            return wrong("header_dropout is a probability, 0 to 1");
        }
        if ![self.tasks.holes, self.tasks.chords].iter().all(|share| (0.0..=1.0).contains(share)) {
            return wrong("holes and chords are probabilities, 0 to 1");
        }
        if self.augment.transpose > MAX_TRANSPOSE {
            return wrong("augment.transpose is at most 24 semitones");
        }
        if !(0.0..=MAX_TEMPO_OCTAVES).contains(&self.augment.tempo_octaves) {
            return wrong("augment.tempo_octaves is between 0 and 2");
        }
        if self.augment.velocity > 126 {
            return wrong("augment.velocity is at most 126");
        }
        Ok(())
    }
}

/// How far songs are varied for training: each song anew in each epoch, evenly within these bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentOptions {
    /// Semitones up or down, at most 24; drums stay.
    pub transpose: u8,
    /// Tempo up or down, in octaves: 0.2 is between 0.87 and 1.15 times as fast. At most 2.
    pub tempo_octaves: f32,
    /// Velocity up or down, in MIDI's units.
    pub velocity: u8,
}

impl AugmentOptions {
    /// Draws one augmentation. Always takes three numbers, so that one option does not change
    /// another's draw.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Augmentation {
        let mut within = |bound: f64| (rng.random::<f64>() * 2.0 - 1.0) * bound;
        let steps = |value: f64, bound: u8| value.round().clamp(-f64::from(bound), f64::from(bound)) as i8;
        Augmentation {
            semitones: steps(within(f64::from(self.transpose) + 0.5), self.transpose),
            tempo_octaves: within(f64::from(self.tempo_octaves)) as f32,
            velocity: steps(within(f64::from(self.velocity) + 0.5), self.velocity),
        }
    }

    /// Whether nothing is varied.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn draws_stay_within_bounds_and_reach_them() {
        let options = AugmentOptions { transpose: 3, tempo_octaves: 0.5, velocity: 10 };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn: Vec<_> = (0..2000).map(|_| options.draw(&mut rng)).collect();
        let mut counts = [0; 7];
        for one in &drawn {
            counts[usize::from(one.semitones.unsigned_abs()) + if one.semitones < 0 { 3 } else { 0 }] += 1;
            assert!(one.tempo_octaves.abs() <= 0.5 && one.velocity.abs() <= 10);
        }
        assert!(counts.iter().all(|count| (200..380).contains(count)), "each about one in seven: {counts:?}");
        assert!(drawn.iter().any(|one| one.velocity == -10) && drawn.iter().any(|one| one.velocity == 10));
    }

    #[test]
    fn nonsense_is_refused() {
        let good = BatchOptions::default();
        assert!(good.check().is_ok());
        assert!(BatchOptions { streams: 0, ..good.clone() }.check().is_err());
        assert!(BatchOptions { balance: -0.5, ..good.clone() }.check().is_err());
        assert!(BatchOptions { header_dropout: 1.5, ..good.clone() }.check().is_err());
        assert!(BatchOptions { header_dropout: f64::NAN, ..good.clone() }.check().is_err());
        let augment = AugmentOptions { tempo_octaves: f32::NAN, ..AugmentOptions::default() };
        assert!(BatchOptions { augment, ..good }.check().is_err());
    }
}
