//! Two sets of pieces compared: the nine features of Yang and Lerch, and how distances within a set
//! and between sets are distributed.
//!
//! Yang and Lerch, *On the evaluation of generative models in music* (Neural Computing and
//! Applications 32, 2018), and their program `mgeval`, whose figures these are: for a piece with
//! one pitched part, [`Features`] holds what `mgeval` computes with its default settings (where it
//! disagrees with the paper, it is followed, since published numbers are its). Of simultaneous
//! notes it takes those of the file's order first, here the lower pitch is first; its note lengths
//! count in bars of four quarters where a file has its meters in a track of their own, here in bars
//! of the meter.
//!
//! The features were made for one track. Here drums are left out, and the other parts are taken
//! together: pitches, pitch classes, note counts, onsets and note lengths of all parts are pooled;
//! what follows what (pitch interval, both transition matrices) is counted within each part and
//! summed.
//!
//! [`compare`] measures the Euclidean distance of each piece to every other of its set (intra-set)
//! and to every one of the other set (inter-set), and compares the densities of both. Where two
//! sets are alike, intra-set and inter-set distances are distributed alike: the overlap is near 1
//! and the divergence near 0.

mod clock;
mod compare;
mod density;
mod pitch;
mod rhythm;

pub use compare::{Absolute, Distances, FeatureComparison, MAX_PIECES, compare};
pub use density::{Agreement, DENSITY_FLOOR, GRID_POINTS, MIN_DISTINCT, MIN_SPREAD, OWN_GRID_POINTS};

use clock::Clock;
use leitmotif_score::{Note, Score};
use pitch::Roll;
use rhythm::BarLengths;
use serde::{Deserialize, Serialize};

/// Pitch classes from C, or classes of note lengths.
pub type Histogram = [f64; 12];
/// From the class of the row to that of the column.
pub type Matrix = [[f64; 12]; 12];

/// The nine features of a piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// How many different pitches sound.
    pub pitch_count: usize,
    /// The share of each pitch class, from C: duration (in whole hundredths of a second) times
    /// velocity. Sums to 1, or all 0 where nothing sounds.
    pub pitch_class_histogram: Histogram,
    /// How often a note of one pitch class begins less than 0.05 s from the end of one of another.
    /// Counts, not shares.
    pub pitch_class_transitions: Matrix,
    /// The highest pitch minus the lowest, in semitones.
    pub pitch_range: usize,
    /// The mean interval from a note to the next of its part, in semitones, without direction;
    /// `None` where no part has two.
    pub pitch_interval: Option<f64>,
    /// How many notes there are.
    pub note_count: usize,
    /// The mean time from an onset to the next, in seconds; notes that begin together are 0 apart.
    /// `None` of fewer than two notes.
    pub inter_onset_interval: Option<f64>,
    /// The share of notes of each length, as parts of a bar: 1, 1/2, 1/4, 1/8, 1/16; 3/4, 3/8,
    /// 3/16, 3/32; 1/3, 1/6, 1/12. The nearest counts. Sums to 1, or all 0 without notes.
    pub note_length_histogram: Histogram,
    /// How often a note of one length is followed by one of another in its part. Counts, not
    /// shares.
    pub note_length_transitions: Matrix,
}

/// Names one of the nine features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// [`Features::pitch_count`]
    PitchCount,
    /// [`Features::pitch_class_histogram`]
    PitchClassHistogram,
    /// [`Features::pitch_class_transitions`]
    PitchClassTransitions,
    /// [`Features::pitch_range`]
    PitchRange,
    /// [`Features::pitch_interval`]
    PitchInterval,
    /// [`Features::note_count`]
    NoteCount,
    /// [`Features::inter_onset_interval`]
    InterOnsetInterval,
    /// [`Features::note_length_histogram`]
    NoteLengthHistogram,
    /// [`Features::note_length_transitions`]
    NoteLengthTransitions,
}

impl Feature {
    /// All nine, in the paper's order.
    pub const ALL: [Self; 9] = [
        Self::PitchCount,
        Self::PitchClassHistogram,
        Self::PitchClassTransitions,
        Self::PitchRange,
        Self::PitchInterval,
        Self::NoteCount,
        Self::InterOnsetInterval,
        Self::NoteLengthHistogram,
        Self::NoteLengthTransitions,
    ];

    /// What it is called: "pitch count".
    pub fn title(self) -> &'static str {
        match self {
            Self::PitchCount => "pitch count",
            Self::PitchClassHistogram => "pitch class histogram",
            Self::PitchClassTransitions => "pitch class transitions",
            Self::PitchRange => "pitch range",
            Self::PitchInterval => "pitch interval",
            Self::NoteCount => "note count",
            Self::InterOnsetInterval => "inter onset interval",
            Self::NoteLengthHistogram => "note length histogram",
            Self::NoteLengthTransitions => "note length transitions",
        }
    }
}

impl Features {
    /// The features of `score`.
    pub fn of(score: &Score) -> Self {
        let (clock, bars) = (Clock::new(score), BarLengths::new(score));
        let pitched = score.parts.iter().filter(|part| !part.instrument.is_drums());
        let mut parts: Vec<Vec<Note>> = pitched.map(|part| part.notes.clone()).collect();
        let (mut by_pitch, mut by_length) = (Matrix::default(), Matrix::default());
        let (mut lengths, mut semitones, mut intervals) = (Histogram::default(), 0, 0);
        for part in &mut parts {
            part.sort_unstable();
            pitch::add_transitions(part, &clock, &mut by_pitch);
            bars.add(part, &mut lengths, &mut by_length);
            let (sum, count) = pitch::intervals(part);
            (semitones, intervals) = (semitones + sum, intervals + count);
        }
        let roll = Roll::new(parts.iter().flatten(), &clock);
        Self {
            pitch_count: roll.count(),
            pitch_class_histogram: roll.classes(),
            pitch_class_transitions: by_pitch,
            pitch_range: roll.range(),
            pitch_interval: (intervals > 0).then(|| semitones as f64 / intervals as f64),
            note_count: parts.iter().map(Vec::len).sum(),
            inter_onset_interval: rhythm::inter_onset_interval(parts.iter().flatten(), &clock),
            note_length_histogram: scaled(lengths),
            note_length_transitions: by_length,
        }
    }

    /// The same with transition matrices that sum to 1, so that pieces of different lengths can be
    /// compared. `mgeval` leaves them as counts by default.
    #[must_use]
    pub fn with_transition_shares(mut self) -> Self {
        for matrix in [&mut self.pitch_class_transitions, &mut self.note_length_transitions] {
            let total: f64 = matrix.iter().flatten().sum();
            if total > 0.0 {
                matrix.iter_mut().flatten().for_each(|cell| *cell /= total);
            }
        }
        self
    }

    /// One feature as a vector: of 1, 12 or 144 numbers. `None` where the piece has no such
    /// feature: a histogram or mean of nothing.
    pub fn vector(&self, feature: Feature) -> Option<Vec<f64>> {
        let histogram = |histogram: &Histogram| histogram.iter().any(|&it| it > 0.0).then(|| histogram.to_vec());
        match feature {
            Feature::PitchCount => Some(vec![self.pitch_count as f64]),
            Feature::PitchClassHistogram => histogram(&self.pitch_class_histogram),
            Feature::PitchClassTransitions => Some(self.pitch_class_transitions.concat()),
            Feature::PitchRange => Some(vec![self.pitch_range as f64]),
            Feature::PitchInterval => self.pitch_interval.map(|it| vec![it]),
            Feature::NoteCount => Some(vec![self.note_count as f64]),
            Feature::InterOnsetInterval => self.inter_onset_interval.map(|it| vec![it]),
            Feature::NoteLengthHistogram => histogram(&self.note_length_histogram),
            Feature::NoteLengthTransitions => Some(self.note_length_transitions.concat()),
        }
    }
}

/// The shares of counts; all 0 of nothing.
fn scaled(mut counts: Histogram) -> Histogram {
    let total: f64 = counts.iter().sum();
    if total > 0.0 {
        counts.iter_mut().for_each(|count| *count /= total);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::{Instrument, Meter, Ticks};

    #[test]
    fn a_melody_by_hand() {
        // At 120 quarters a minute a tick (a sixteenth) is 0.125 s. C and D quarters, E a half,
        // then C two octaves up.
        let melody = Features::of(&piano(&[note(0, 60, 4), note(4, 62, 4), note(8, 64, 8), note(20, 84, 4)]));
        assert_eq!((melody.pitch_count, melody.pitch_range, melody.note_count), (4, 24, 4));
        assert_eq!(melody.pitch_interval, Some((2.0 + 2.0 + 20.0) / 3.0));
        assert_eq!(melody.inter_onset_interval, Some(2.5 / 3.0));
        let mut classes = Histogram::default();
        (classes[0], classes[2], classes[4]) = (0.4, 0.2, 0.4);
        assert_eq!(melody.pitch_class_histogram, classes);
        // E ends before the last C begins.
        let mut transitions = Matrix::default();
        (transitions[0][2], transitions[2][4]) = (1.0, 1.0);
        assert_eq!(melody.pitch_class_transitions, transitions);
        let mut lengths = Histogram::default();
        (lengths[2], lengths[1]) = (0.75, 0.25);
        assert_eq!(melody.note_length_histogram, lengths);
        let mut transitions = Matrix::default();
        (transitions[2][2], transitions[2][1], transitions[1][2]) = (1.0, 1.0, 1.0);
        assert_eq!(melody.note_length_transitions, transitions);
        let shares = melody.with_transition_shares();
        assert_eq!((shares.pitch_class_transitions[0][2], shares.note_length_transitions[1][2]), (0.5, 1.0 / 3.0));
    }

    #[test]
    fn parts_are_pooled_but_follow_only_themselves_and_drums_are_silent() {
        let flute = part(Instrument::Program(73), &[note(0, 72, 4), note(4, 74, 4)]);
        let bass = part(Instrument::Program(32), &[note(0, 36, 8), note(8, 36, 8)]);
        let drums = part(Instrument::Drums(0), &[note(0, 50, 1), note(2, 38, 1)]);
        let trio = Features::of(&score([flute.clone(), bass.clone(), drums.clone()]));
        assert_eq!((trio.pitch_count, trio.pitch_range, trio.note_count), (3, 38, 4));
        assert_eq!((trio.pitch_interval, trio.inter_onset_interval), (Some(1.0), Some(1.0 / 3.0)));
        assert_eq!(trio.pitch_class_transitions.iter().flatten().sum::<f64>(), 2.0);
        assert_eq!((trio.note_length_transitions[2][2], trio.note_length_transitions[1][1]), (1.0, 1.0));
        assert_eq!(trio, Features::of(&score([bass, flute.clone()])));
        assert_eq!(Features::of(&score([flute.clone(), drums])), Features::of(&score([flute])));
    }

    #[test]
    fn pitch_classes_weigh_by_velocity_and_time() {
        let mut piece = piano(&[note(0, 60, 4), note(4, 61, 4)]);
        piece.parts[0].notes[1].velocity = 32;
        let classes = Features::of(&piece).pitch_class_histogram;
        assert_eq!((classes[0], classes[1]), (2.0 / 3.0, 1.0 / 3.0));
        // Two hundredths of a second sound in no frame where they begin and end in one.
        piece.tempos = vec![leitmotif_score::Tempo { at: Ticks(0), micros_per_quarter: 2_000 }];
        let brief = Features::of(&piece);
        assert_eq!((brief.pitch_count, brief.note_count), (0, 2));
        assert_eq!(brief.vector(Feature::PitchClassHistogram), None);
    }

    #[test]
    fn lengths_are_parts_of_the_bar_and_the_nearest_class_counts() {
        let class = |duration: u64, numerator: u8| {
            let mut piece = piano(&[note(20, 60, duration)]);
            piece.meters = vec![Meter { at: Ticks(12), numerator, denominator: 4 }];
            Features::of(&piece).note_length_histogram.iter().position(|&it| it == 1.0)
        };
        // Of 16 ticks: a sixteenth is nearest to one tick, whole notes to anything long.
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 8, 12, 16, 99].map(|ticks| class(ticks, 4)),
            [4, 3, 7, 2, 9, 6, 1, 5, 0, 0].map(Some)
        );
        // A bar of three quarters.
        assert_eq!([12, 6, 3, 9, 4].map(|ticks| class(ticks, 3)), [0, 1, 2, 5, 9].map(Some));
    }

    #[test]
    fn a_dense_chord_counts_all_pairs() {
        let notes: Vec<Note> = (0..24).map(|k| note(4 * (k % 2), 48 + k as u8, 4)).collect();
        let transitions = Features::of(&piano(&notes)).pitch_class_transitions;
        // The twelve even pitches lead to the twelve odd ones.
        assert_eq!(transitions.iter().flatten().sum::<f64>(), 144.0);
        assert_eq!((transitions[0][1], transitions[1][0], transitions[0][0]), (4.0, 0.0, 0.0));
    }

    #[test]
    fn silence_and_single_notes_have_few_features() {
        let silence = Features::of(&Score::default());
        let missing = |features: &Features| Feature::ALL.map(|it| features.vector(it).is_none());
        assert_eq!(missing(&silence), [false, true, false, false, true, false, true, true, false]);
        let single = Features::of(&piano(&[note(0, 60, 4)]));
        assert_eq!(missing(&single), [false, false, false, false, true, false, true, false, false]);
    }
}
