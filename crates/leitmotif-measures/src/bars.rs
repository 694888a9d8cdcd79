//! A score cut into bars.
//!
//! Bars are those of [`leitmotif_score::Bars`]. A note belongs to the bar in which it begins,
//! whole, however long it is held.

use leitmotif_score::{Bar, Bars, Instrument, Note, Score, Ticks};

/// The most bars of a score that are looked at (36 hours of 4/4 at 120 quarters a minute); notes
/// that begin after them are left out.
pub const MAX_BARS: usize = 1 << 16;

/// A note and who plays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BarNote {
    /// The note; its onset counts from the start of the piece.
    pub note: Note,
    /// The instrument of its part.
    pub instrument: Instrument,
}

/// One bar and the notes that begin in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarNotes {
    /// Its number, tick range and meter.
    pub bar: Bar,
    /// The notes of all parts, in order of onset, then pitch, duration, velocity and instrument.
    pub notes: Vec<BarNote>,
}

impl BarNotes {
    /// How far `note` begins after the bar line, in ticks.
    pub fn offset(&self, note: &BarNote) -> Ticks {
        note.note.onset - self.bar.start
    }
}

/// The bars of `score` from tick 0 to the one in which the last note ends, at most [`MAX_BARS`];
/// none where there are no notes. The parts need not be in order.
pub fn bars(score: &Score) -> Vec<BarNotes> {
    let mut notes: Vec<BarNote> = Vec::with_capacity(score.note_count());
    for part in &score.parts {
        notes.extend(part.notes.iter().map(|&note| BarNote { note, instrument: part.instrument }));
    }
    notes.sort_unstable();
    // A note without length still begins somewhere.
    let last_onset = notes.last().map_or(Ticks(0), |last| last.note.onset + Ticks(1));
    let all = Bars::new(score.resolution, &score.meters, score.end().max(last_onset));
    let mut rest = notes.as_slice();
    let take = |bar: Bar| {
        let (here, after) = rest.split_at(rest.partition_point(|note| note.note.onset < bar.end()));
        rest = after;
        BarNotes { bar, notes: here.to_vec() }
    };
    all.take(MAX_BARS).map(take).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use leitmotif_score::{Meter, Part, Resolution};

    pub(crate) fn note(onset: u64, pitch: u8, duration: u64) -> Note {
        Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 64 }
    }

    pub(crate) fn part(instrument: Instrument, notes: &[Note]) -> Part {
        Part { name: String::new(), instrument, notes: notes.to_vec() }
    }

    /// A score of 4 ticks a quarter: a tick is a sixteenth, a bar of 4/4 has 16.
    pub(crate) fn score(parts: impl IntoIterator<Item = Part>) -> Score {
        let resolution = Resolution::new(4).unwrap_or_default();
        Score { resolution, parts: parts.into_iter().collect(), ..Score::default() }
    }

    pub(crate) fn piano(notes: &[Note]) -> Score {
        score([part(Instrument::Program(0), notes)])
    }

    #[test]
    fn notes_stand_in_the_bar_they_begin_in() {
        let mut score = score([
            part(Instrument::Program(5), &[note(17, 60, 40), note(0, 62, 1)]),
            part(Instrument::Drums(0), &[note(17, 36, 1), note(15, 38, 4)]),
        ]);
        score.meters = vec![Meter { at: Ticks(32), numerator: 3, denominator: 4 }];
        let bars = bars(&score);
        let ranges: Vec<_> = bars.iter().map(|it| (it.bar.start.0, it.bar.end().0, it.bar.meter.numerator)).collect();
        assert_eq!(ranges, [(0, 16, 4), (16, 32, 4), (32, 44, 3), (44, 56, 3), (56, 68, 3)]);
        let pitches: Vec<Vec<u8>> = bars.iter().map(|it| it.notes.iter().map(|n| n.note.pitch).collect()).collect();
        assert_eq!(pitches[..2], [vec![62, 38], vec![36, 60]]);
        assert!(pitches[2..].iter().all(Vec::is_empty));
        assert_eq!(bars[1].offset(&bars[1].notes[0]), Ticks(1));
    }

    #[test]
    fn a_note_without_length_on_the_last_bar_line_has_a_bar() {
        let bars = bars(&piano(&[note(16, 60, 0)]));
        assert_eq!((bars.len(), bars[1].notes.len()), (2, 1));
    }

    #[test]
    fn silence_has_no_bars_and_eternity_few() {
        assert!(bars(&Score::default()).is_empty());
        assert_eq!(bars(&piano(&[note(0, 60, 4), note(u64::MAX, 60, u64::MAX)])).len(), MAX_BARS);
    }
}
