//! How many notes of a piece a reconstruction has.
//!
//! Notes are matched by bar, position in the bar rounded to a grid, pitch, and whether they are
//! drums; two pieces' notes are multisets of these, and what they share is the multisets'
//! intersection. Durations and velocities do not count.

use crate::bars;
use leitmotif_score::Score;
use serde::Serialize;

/// What makes two notes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matching {
    /// Steps a quarter note to which onsets are rounded, at least 1; 4 are sixteenths.
    pub steps_per_quarter: u16,
    /// Whether the notes must be played by the same program too.
    pub programs: bool,
}

impl Default for Matching {
    /// Sixteenths, by any program.
    fn default() -> Self {
        Self { steps_per_quarter: 4, programs: false }
    }
}

/// Counts of notes, from which precision, recall and F1 follow. Counts of several pieces add up
/// (`sum`) to those of the collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct NoteAccuracy {
    /// Notes in both.
    pub matched: usize,
    /// Notes of the source.
    pub source: usize,
    /// Notes of the reconstruction.
    pub reconstruction: usize,
}

impl NoteAccuracy {
    /// The share of the reconstruction's notes that are the source's, 0 to 1; `None` where it has
    /// none.
    pub fn precision(&self) -> Option<f64> {
        share(self.matched, self.reconstruction)
    }

    /// The share of the source's notes that the reconstruction has, 0 to 1; `None` where it has
    /// none.
    pub fn recall(&self) -> Option<f64> {
        share(self.matched, self.source)
    }

    /// The harmonic mean of precision and recall, 0 to 1; `None` where neither piece has notes.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.matched, self.source + self.reconstruction)
    }
}

impl std::iter::Sum for NoteAccuracy {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, it| Self {
            matched: sum.matched + it.matched,
            source: sum.source + it.source,
            reconstruction: sum.reconstruction + it.reconstruction,
        })
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Compares the notes of `reconstruction` with those of `source`, over the first
/// [`crate::MAX_BARS`] bars.
pub fn note_accuracy(source: &Score, reconstruction: &Score, matching: Matching) -> NoteAccuracy {
    let (source, reconstruction) = (keys(source, matching), keys(reconstruction, matching));
    let matched = shared(&source, &reconstruction);
    NoteAccuracy { matched, source: source.len(), reconstruction: reconstruction.len() }
}

/// Bar, step, whether drums, pitch, program (0 where it does not count).
type Key = (usize, u128, bool, u8, u8);

/// The notes as sorted keys.
fn keys(score: &Score, matching: Matching) -> Vec<Key> {
    let quarter = u128::from(score.resolution.ticks_per_quarter());
    let steps = u128::from(matching.steps_per_quarter.max(1));
    let mut keys = Vec::with_capacity(score.note_count());
    for bar in bars(score) {
        for note in &bar.notes {
            let step = (2 * u128::from(bar.offset(note).0) * steps + quarter) / (2 * quarter);
            // A note just before the bar line, played early, is the next bar's first.
            let next = step * quarter >= u128::from(bar.bar.length.0) * steps;
            let (index, step) = if next { (bar.bar.index + 1, 0) } else { (bar.bar.index, step) };
            let program = if matching.programs { note.instrument.program() } else { 0 };
            keys.push((index, step, note.instrument.is_drums(), note.note.pitch, program));
        }
    }
    keys.sort_unstable();
    keys
}

/// The size of the intersection of two sorted multisets.
fn shared(a: &[Key], b: &[Key]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        count += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::{Instrument, Resolution};

    fn counts(source: &Score, reconstruction: &Score, matching: Matching) -> (usize, usize, usize) {
        let it = note_accuracy(source, reconstruction, matching);
        (it.matched, it.source, it.reconstruction)
    }

    #[test]
    fn precision_recall_and_f1_by_hand() {
        let source = piano(&[note(0, 60, 4), note(4, 62, 4), note(8, 64, 4), note(8, 64, 2)]);
        // One of the doubled notes, one right, one of another pitch.
        let other = piano(&[note(0, 60, 1), note(4, 63, 4), note(8, 64, 4)]);
        let accuracy = note_accuracy(&source, &other, Matching::default());
        assert_eq!(accuracy, NoteAccuracy { matched: 2, source: 4, reconstruction: 3 });
        assert_eq!((accuracy.precision(), accuracy.recall()), (Some(2.0 / 3.0), Some(0.5)));
        assert_eq!(accuracy.f1(), Some(4.0 / 7.0));
        let both: NoteAccuracy = [accuracy, accuracy].into_iter().sum();
        assert_eq!((both.f1(), both.source), (Some(4.0 / 7.0), 8));
    }

    #[test]
    fn nothing_has_no_accuracy() {
        let (music, silence) = (piano(&[note(0, 60, 4)]), Score::default());
        let missing = note_accuracy(&music, &silence, Matching::default());
        assert_eq!((missing.precision(), missing.recall(), missing.f1()), (None, Some(0.0), Some(0.0)));
        assert_eq!(note_accuracy(&silence, &silence, Matching::default()).f1(), None);
    }

    #[test]
    fn clocks_may_differ_and_onsets_are_rounded_across_the_bar_line() {
        let source = piano(&[note(0, 60, 4), note(6, 62, 4), note(16, 64, 4)]);
        let mut played = piano(&[note(30, 60, 9), note(700, 62, 9), note(1900, 64, 9)]);
        played.resolution = Resolution::DEFAULT;
        assert_eq!(counts(&source, &played, Matching::default()), (3, 3, 3));
        let finer = Matching { steps_per_quarter: 48, ..Matching::default() };
        assert_eq!(counts(&source, &played, finer), (0, 3, 3));
        assert_eq!(counts(&source, &source.with_resolution(Resolution::DEFAULT), finer), (3, 3, 3));
    }

    #[test]
    fn drums_are_no_pitches_and_programs_count_where_requested() {
        let of = |instrument| score([part(instrument, &[note(0, 40, 1)])]);
        let (bass, guitar, kit) = (Instrument::Program(33), Instrument::Program(25), Instrument::Drums(0));
        let strict = Matching { programs: true, ..Matching::default() };
        assert_eq!(counts(&of(bass), &of(kit), Matching::default()).0, 0);
        assert_eq!(counts(&of(bass), &of(guitar), Matching::default()).0, 1);
        assert_eq!(counts(&of(bass), &of(guitar), strict).0, 0);
        assert_eq!(counts(&of(bass), &of(bass), strict).0, 1);
    }
}
