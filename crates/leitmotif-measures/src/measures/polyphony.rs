//! How many pitches sound together. Drums are left out.

use super::{notes_of, share};
use leitmotif_score::Score;

/// MusPy's threshold: time counts as polyphonic when more pitches than this sound.
pub const POLYPHONY_THRESHOLD: usize = 2;

/// The mean number of pitches that sound together, at least 1, over the time at which any does; a
/// pitch that several parts play sounds once. `None` where nothing sounds.
pub fn polyphony(score: &Score) -> Option<f64> {
    let spans = spans(score);
    let sounding: u64 = spans.iter().filter(|span| span.pitches > 0).map(|span| span.ticks).sum();
    let notes: u128 = spans.iter().map(|span| u128::from(span.ticks) * span.pitches as u128).sum();
    (sounding > 0).then(|| notes as f64 / sounding as f64)
}

/// The share of the piece, from tick 0 to the end of its last note (drums included), at which more
/// than `threshold` pitches sound; `None` where it has no length.
pub fn polyphony_rate(score: &Score, threshold: usize) -> Option<f64> {
    let thick = spans(score).into_iter().filter(|span| span.pitches > threshold).map(|span| span.ticks).sum();
    share(thick, score.end().0)
}

/// A time through which the same number of pitches sounds.
struct Span {
    ticks: u64,
    pitches: usize,
}

/// The times from the first note to the last; they follow one another without gaps.
fn spans(score: &Score) -> Vec<Span> {
    // At each change, +1 for a pitch that begins to sound and -1 for one that ceases.
    let mut changes: Vec<(u64, i8)> = Vec::new();
    let mut notes: Vec<(u8, u64, u64)> =
        notes_of(score, false).map(|note| (note.pitch, note.onset.0, note.end().0)).collect();
    notes.sort_unstable();
    for same_pitch in notes.chunk_by(|a, b| a.0 == b.0) {
        let mut until = 0;
        for &(_, onset, end) in same_pitch {
            let from = onset.max(until);
            if from < end {
                changes.extend([(from, 1), (end, -1)]);
                until = end;
            }
        }
    }
    changes.sort_unstable();
    let mut pitches = 0usize;
    let count = |pair: &[(u64, i8)]| {
        pitches = pitches.saturating_add_signed(isize::from(pair[0].1));
        Span { ticks: pair[1].0 - pair[0].0, pitches }
    };
    changes.windows(2).map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::Instrument;

    #[test]
    fn chords_by_hand() {
        // Three pitches for 2 ticks, one for 4, none for 2, one for 2.
        let piece = piano(&[note(0, 60, 2), note(0, 64, 2), note(0, 67, 6), note(8, 60, 2)]);
        assert_eq!(polyphony(&piece), Some(12.0 / 8.0));
        assert_eq!(polyphony_rate(&piece, POLYPHONY_THRESHOLD), Some(0.2));
        assert_eq!(polyphony_rate(&piece, 0), Some(0.8));
        assert_eq!(polyphony_rate(&piece, 3), Some(0.0));
    }

    #[test]
    fn a_pitch_sounds_once_however_many_play_it() {
        let piece = score([
            part(Instrument::Program(0), &[note(0, 60, 4), note(2, 60, 4), note(0, 60, 2)]),
            part(Instrument::Program(7), &[note(0, 60, 8)]),
        ]);
        assert_eq!(polyphony(&piece), Some(1.0));
        assert_eq!(polyphony_rate(&piece, 1), Some(0.0));
    }

    #[test]
    fn drums_add_time_but_no_pitches() {
        let piece = score([
            part(Instrument::Program(0), &[note(0, 60, 4), note(0, 61, 4), note(0, 62, 4)]),
            part(Instrument::Drums(0), &[note(0, 36, 8)]),
        ]);
        assert_eq!((polyphony(&piece), polyphony_rate(&piece, 2)), (Some(3.0), Some(0.5)));
    }

    #[test]
    fn notes_without_length_do_not_sound() {
        assert_eq!(polyphony(&piano(&[note(4, 60, 0)])), None);
        assert_eq!(polyphony_rate(&piano(&[note(4, 60, 0)]), 2), Some(0.0));
        assert_eq!(polyphony_rate(&piano(&[note(0, 60, 0)]), 2), None);
        assert_eq!(polyphony(&piano(&[note(0, 60, u64::MAX), note(0, 61, u64::MAX)])), Some(2.0));
    }
}
