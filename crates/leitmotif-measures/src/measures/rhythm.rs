//! Where notes begin, and which stretches of time have none.

use super::{all_notes, notes_of, share};
use leitmotif_score::{Score, Ticks};
use serde::{Deserialize, Serialize};

/// How a drum pattern divides the quarter note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrumMeter {
    /// Into sixteenths (into eighths, or not at all, where the clock cannot).
    Duple,
    /// Into triplets of eighths (not at all where the clock cannot).
    Triple,
}

/// The share of quarters, to the one in which the last note ends, through which no note is held or
/// ends; `None` where the piece has no length.
pub fn empty_beat_rate(score: &Score) -> Option<f64> {
    empty_measure_rate(score, Ticks(score.resolution.ticks_per_quarter()))
}

/// As [`empty_beat_rate`], of stretches `measure` long; `None` for a length of 0.
pub fn empty_measure_rate(score: &Score, measure: Ticks) -> Option<f64> {
    let (length, end) = (measure.0, score.end().0);
    if length == 0 || end == 0 {
        return None;
    }
    let total = u128::from(end / length) + 1;
    let mut held: Vec<(u64, u64)> =
        all_notes(score).map(|note| (note.onset.0 / length, note.end().0 / length)).collect();
    held.sort_unstable();
    // Each note's stretches that no earlier note has filled.
    let (mut filled, mut next) = (0u128, 0u128);
    for (first, last) in held {
        let (first, after) = (u128::from(first).max(next), u128::from(last) + 1);
        filled += after.saturating_sub(first);
        next = next.max(after);
    }
    Some(1.0 - filled as f64 / total as f64)
}

/// How alike the rhythms of neighbouring stretches `measure` long are, 0 to 1: one minus the mean
/// share of ticks at which a note begins in one and not in the other. `None` where there are fewer
/// than two, or for a length of 0.
///
/// The finer the clock, the more ticks at which no note begins in either, and the nearer to 1 the
/// value: compare pieces of one resolution only.
pub fn groove_consistency(score: &Score, measure: Ticks) -> Option<f64> {
    let length = measure.0;
    let neighbours = score.end().0.checked_div(length)?;
    if neighbours == 0 {
        return None;
    }
    let mut onsets: Vec<u64> = all_notes(score).map(|note| note.onset.0).collect();
    onsets.sort_unstable();
    onsets.dedup();
    let begins = |tick: Option<u64>| tick.is_some_and(|tick| onsets.binary_search(&tick).is_ok());
    let mut differences = 0u64;
    for &onset in &onsets {
        let index = onset / length;
        differences += u64::from(index > 0 && !begins(onset.checked_sub(length)));
        differences += u64::from(index < neighbours && !begins(onset.checked_add(length)));
    }
    Some(1.0 - differences as f64 / (length as f64 * neighbours as f64))
}

/// The share of drum notes that begin on a division of the quarter; `None` without drum notes.
pub fn drum_in_pattern_rate(score: &Score, meter: DrumMeter) -> Option<f64> {
    let quarter = score.resolution.ticks_per_quarter();
    let divisions: &[u64] = match meter {
        DrumMeter::Duple => &[4, 2],
        DrumMeter::Triple => &[3],
    };
    let division = divisions.iter().find(|&&division| quarter.is_multiple_of(division)).unwrap_or(&1);
    let step = quarter / division;
    let (mut inside, mut all) = (0, 0);
    for note in notes_of(score, true) {
        all += 1;
        inside += u64::from(note.onset.0.is_multiple_of(step));
    }
    share(inside, all)
}

/// The larger of the duple and the triple [`drum_in_pattern_rate`]; `None` without drum notes.
pub fn drum_pattern_consistency(score: &Score) -> Option<f64> {
    let (duple, triple) = (DrumMeter::Duple, DrumMeter::Triple);
    Some(drum_in_pattern_rate(score, duple)?.max(drum_in_pattern_rate(score, triple)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, piano, score};
    use leitmotif_score::{Instrument, Resolution};

    #[test]
    fn a_note_that_ends_on_a_beat_fills_the_next() {
        // Beats 0 and 1 (by its end), 2 empty, 3 filled; the piece ends on beat 4, which its end
        // fills.
        assert_eq!(empty_beat_rate(&piano(&[note(0, 60, 4), note(12, 60, 4)])), Some(1.0 - 4.0 / 5.0));
        assert_eq!(empty_beat_rate(&piano(&[note(0, 60, 3), note(13, 60, 2)])), Some(0.5));
        assert_eq!(empty_beat_rate(&piano(&[note(0, 60, 16), note(5, 60, 1)])), Some(0.0));
        assert_eq!(empty_measure_rate(&piano(&[note(32, 60, 1)]), Ticks(16)), Some(1.0 - 1.0 / 3.0));
        assert_eq!(empty_measure_rate(&piano(&[note(32, 60, 1)]), Ticks(0)), None);
    }

    #[test]
    fn grooves_by_hand() {
        // Onsets at 0 and 8; 0 and 4; nothing; the third measure is begun.
        let piece = piano(&[note(0, 60, 1), note(8, 60, 1), note(16, 60, 1), note(20, 60, 12)]);
        // 8 and 4 differ; then 0 and 4 against none: 4 of 32 ticks.
        assert_eq!(groove_consistency(&piece, Ticks(16)), Some(1.0 - 4.0 / 32.0));
        let steady: Vec<_> = (0..16).map(|k| note(4 * k, 60, 1)).collect();
        assert_eq!(groove_consistency(&piano(&steady), Ticks(16)), Some(1.0));
        assert_eq!(groove_consistency(&piano(&[note(0, 60, 15)]), Ticks(16)), None);
        assert_eq!(groove_consistency(&piece, Ticks(0)), None);
    }

    #[test]
    fn drum_patterns_follow_the_clock() {
        let kit = |resolution: u16, onsets: &[u64]| {
            let notes: Vec<_> = onsets.iter().map(|&onset| note(onset, 38, 1)).collect();
            let mut score =
                score([part(Instrument::Drums(0), &notes), part(Instrument::Program(0), &[note(5, 60, 1)])]);
            score.resolution = Resolution::new(resolution).unwrap_or_default();
            (drum_in_pattern_rate(&score, DrumMeter::Duple), drum_in_pattern_rate(&score, DrumMeter::Triple))
        };
        assert_eq!(kit(12, &[0, 3, 6, 9]), (Some(1.0), Some(0.25)));
        assert_eq!(kit(12, &[0, 4, 8, 12]), (Some(0.5), Some(1.0)));
        // Neither 4 nor 3 divides 10: eighths, and quarters.
        assert_eq!(kit(10, &[0, 5, 2, 3]), (Some(0.5), Some(0.25)));
        assert_eq!(kit(12, &[]), (None, None));
    }
}
