//! Which pitches a piece uses. Drums are left out.

use super::{notes_of, share};
use crate::PITCH_CLASSES;
use leitmotif_score::Score;
use serde::{Deserialize, Serialize};

/// Every value that a pitch's type has.
const PITCHES: usize = 256;

/// Major or natural minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The major scale.
    Major,
    /// The natural minor scale.
    Minor,
}

impl Mode {
    /// Whether each pitch class is in the scale on C.
    fn scale(self) -> [bool; PITCH_CLASSES] {
        let steps = match self {
            Self::Major => [0, 2, 4, 5, 7, 9, 11],
            Self::Minor => [0, 2, 3, 5, 7, 8, 10],
        };
        std::array::from_fn(|class| steps.contains(&class))
    }
}

/// How often each pitch is struck.
fn pitch_counts(score: &Score) -> [u64; PITCHES] {
    let mut counts = [0; PITCHES];
    notes_of(score, false).for_each(|note| counts[usize::from(note.pitch)] += 1);
    counts
}

/// How often each pitch class is struck.
fn class_counts(score: &Score) -> [u64; PITCH_CLASSES] {
    let mut counts = [0; PITCH_CLASSES];
    for (pitch, count) in pitch_counts(score).into_iter().enumerate() {
        counts[pitch % PITCH_CLASSES] += count;
    }
    counts
}

/// The highest pitch minus the lowest, in semitones; 0 without notes (of a piece of drums alone,
/// MusPy says -127).
pub fn pitch_range(score: &Score) -> u8 {
    score.pitch_range().map_or(0, |(low, high)| high - low)
}

/// How many different pitches there are.
pub fn n_pitches_used(score: &Score) -> usize {
    pitch_counts(score).iter().filter(|&&count| count > 0).count()
}

/// How many different pitch classes there are, at most 12.
pub fn n_pitch_classes_used(score: &Score) -> usize {
    class_counts(score).iter().filter(|&&count| count > 0).count()
}

/// Shannon's entropy of the pitches of the notes, in bits, 0 to 7; `None` without notes.
pub fn pitch_entropy(score: &Score) -> Option<f64> {
    entropy(&pitch_counts(score))
}

/// Shannon's entropy of the pitch classes of the notes, in bits, 0 to log2 12; `None` without
/// notes.
pub fn pitch_class_entropy(score: &Score) -> Option<f64> {
    entropy(&class_counts(score))
}

fn entropy(counts: &[u64]) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    let bits = |&count: &u64| share(count, total).filter(|&it| it > 0.0).map_or(0.0, |it| -it * it.log2());
    (total > 0).then(|| counts.iter().map(bits).sum())
}

/// The share of notes in the scale of `mode` on the pitch class `root` (0 is C); `None` without
/// notes.
pub fn pitch_in_scale_rate(score: &Score, root: u8, mode: Mode) -> Option<f64> {
    in_scale(&class_counts(score), root, mode)
}

fn in_scale(counts: &[u64; PITCH_CLASSES], root: u8, mode: Mode) -> Option<f64> {
    let mut scale = mode.scale();
    scale.rotate_right(usize::from(root) % PITCH_CLASSES);
    let inside = counts.iter().zip(scale).filter(|(_, inside)| *inside).map(|(count, _)| count).sum();
    share(inside, counts.iter().sum())
}

/// The largest share of notes in any major or minor scale; `None` without notes.
pub fn scale_consistency(score: &Score) -> Option<f64> {
    let counts = class_counts(score);
    let roots = (0..PITCH_CLASSES as u8).flat_map(|root| [(root, Mode::Major), (root, Mode::Minor)]);
    roots.filter_map(|(root, mode)| in_scale(&counts, root, mode)).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::Instrument;

    #[test]
    fn pitches_by_hand() {
        let piece = score([
            part(Instrument::Program(0), &[note(0, 60, 4), note(4, 72, 4), note(8, 61, 4)]),
            part(Instrument::Program(9), &[note(0, 60, 4)]),
            part(Instrument::Drums(0), &[note(0, 36, 4)]),
        ]);
        assert_eq!((pitch_range(&piece), n_pitches_used(&piece), n_pitch_classes_used(&piece)), (12, 3, 2));
        // Pitches 2:1:1, classes 3:1.
        assert_eq!(pitch_entropy(&piece), Some(1.5));
        let classes = pitch_class_entropy(&piece).unwrap_or_default();
        assert!((classes - 0.811_278_124_459_132_8).abs() < 1e-12);
        assert_eq!(pitch_in_scale_rate(&piece, 0, Mode::Major), Some(0.75));
        assert_eq!(pitch_in_scale_rate(&piece, 1, Mode::Major), Some(1.0));
        assert_eq!(scale_consistency(&piece), Some(1.0));
    }

    #[test]
    fn all_twelve_classes_fill_seven_twelfths_of_any_scale() {
        let notes: Vec<_> = (0..12).map(|pitch| note(0, 60 + pitch, 4)).collect();
        let piece = piano(&notes);
        assert!((pitch_class_entropy(&piece).unwrap_or_default() - 12f64.log2()).abs() < 1e-12);
        assert_eq!(scale_consistency(&piece), Some(7.0 / 12.0));
    }

    #[test]
    fn a_scale_moves_with_the_music() {
        let mut piece = piano(&[note(0, 60, 4), note(0, 63, 4), note(0, 68, 4), note(0, 66, 1)]);
        let before = pitch_in_scale_rate(&piece, 0, Mode::Minor);
        piece.transpose(5);
        assert_eq!((before, pitch_in_scale_rate(&piece, 5, Mode::Minor)), (Some(0.75), Some(0.75)));
    }

    #[test]
    fn drums_have_no_pitches() {
        let drums = score([part(Instrument::Drums(0), &[note(0, 36, 4), note(0, 42, 4)])]);
        assert_eq!((pitch_range(&drums), n_pitches_used(&drums), scale_consistency(&drums)), (0, 0, None));
    }
}
