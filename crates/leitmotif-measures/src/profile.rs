//! What a bar is made of: pitch classes and rhythm.
//!
//! Both vectors follow Wu and Yang (*MuseMorphose*, 2021, section VI): the chroma counts the onsets
//! of each pitch class, the groove the onsets at each position of the bar. Cosine similarity makes
//! both independent of how many notes there are.

use crate::BarNotes;

/// Pitch classes of an octave; class 0 is C.
pub const PITCH_CLASSES: usize = 12;
/// Positions that a bar is divided into, whatever its meter; in 4/4, sixteenths.
pub const GROOVE_POSITIONS: usize = 16;
/// The length of [`Features`].
pub const FEATURES: usize = PITCH_CLASSES + GROOVE_POSITIONS;

/// Note onsets of each pitch class, drums left out.
pub type Chroma = [f64; PITCH_CLASSES];
/// Note onsets nearest to each position of the bar, drums included.
pub type Groove = [f64; GROOVE_POSITIONS];
/// Chroma and groove side by side, each scaled to length 1 (or zero), so that both weigh the same.
pub type Features = [f64; FEATURES];

impl BarNotes {
    /// The onsets of each pitch class in this bar, drums left out.
    pub fn chroma(&self) -> Chroma {
        let mut chroma = [0.0; PITCH_CLASSES];
        for note in self.notes.iter().filter(|note| !note.instrument.is_drums()) {
            chroma[usize::from(note.note.pitch) % PITCH_CLASSES] += 1.0;
        }
        chroma
    }

    /// The onsets at each position of this bar, of all parts. A note counts at the nearest
    /// position; one that is nearest to the next bar line counts at the last.
    pub fn groove(&self) -> Groove {
        let mut groove = [0.0; GROOVE_POSITIONS];
        let length = u128::from(self.bar.length.0.max(1));
        for note in &self.notes {
            let scaled = u128::from(self.offset(note).0) * GROOVE_POSITIONS as u128;
            let nearest = (scaled + length / 2) / length;
            groove[nearest.min(GROOVE_POSITIONS as u128 - 1) as usize] += 1.0;
        }
        groove
    }

    /// Chroma and groove joined, each scaled to length 1. The cosine of two such vectors is the
    /// mean of the chroma's and the groove's cosine where both bars have pitched notes.
    pub fn features(&self) -> Features {
        let mut features = [0.0; FEATURES];
        let (chroma, groove) = features.split_at_mut(PITCH_CLASSES);
        chroma.copy_from_slice(&self.chroma());
        groove.copy_from_slice(&self.groove());
        scale_to_unit(chroma);
        scale_to_unit(groove);
        features
    }
}

/// Scales `vector` to length 1; a zero vector stays.
pub(crate) fn scale_to_unit(vector: &mut [f64]) {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use crate::bars::tests::{note, part, piano, score};
    use crate::{bars, cosine};
    use leitmotif_score::{Instrument, Meter, Ticks};

    #[test]
    fn a_bar_by_hand() {
        let score = score([
            part(Instrument::Program(0), &[note(0, 60, 4), note(0, 72, 4), note(6, 67, 4)]),
            part(Instrument::Drums(0), &[note(0, 36, 1), note(15, 42, 1)]),
        ]);
        let bar = &bars(&score)[0];
        let mut chroma = [0.0; 12];
        (chroma[0], chroma[7]) = (2.0, 1.0);
        assert_eq!(bar.chroma(), chroma);
        let mut groove = [0.0; 16];
        (groove[0], groove[6], groove[15]) = (3.0, 1.0, 1.0);
        assert_eq!(bar.groove(), groove);
        let square = |part: &[f64]| part.iter().map(|it| it * it).sum::<f64>();
        let features = bar.features();
        assert!((square(&features[..12]) - 1.0).abs() < 1e-12 && (square(&features[12..]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn positions_are_parts_of_the_bar_and_the_nearest_counts() {
        let mut waltz = piano(&[note(0, 60, 1), note(6, 60, 1), note(11, 60, 1)]);
        waltz.meters = vec![Meter { at: Ticks(0), numerator: 3, denominator: 4 }];
        let groove = bars(&waltz)[0].groove();
        assert_eq!((groove[0], groove[8], groove[15]), (1.0, 1.0, 1.0));
        let mut late = piano(&[note(0, 60, 1), note(1910, 62, 1)]);
        late.resolution = Default::default();
        assert_eq!(bars(&late)[0].groove()[15], 1.0);
    }

    #[test]
    fn transposing_turns_the_chroma_and_leaves_the_groove() {
        let mut piece = piano(&[note(0, 60, 4), note(3, 64, 4), note(6, 67, 4), note(9, 67, 1)]);
        let before = bars(&piece)[0].clone();
        piece.transpose(3);
        let after = &bars(&piece)[0];
        let mut turned = before.chroma();
        turned.rotate_right(3);
        assert_eq!(after.chroma(), turned);
        assert_eq!(after.groove(), before.groove());
        assert!(cosine(&after.features(), &before.features()).is_some_and(|it| (0.5..1.0).contains(&it)));
    }
}
