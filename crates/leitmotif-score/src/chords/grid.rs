//! The cells of time that chords are estimated in: halves of beats, thirds in compound meters.

use crate::{Bar, Bars, Meter, Score, Ticks};

/// The most cells in which chords are estimated: 8192 bars of 4/4. Music after them
/// has no spans.
pub const MAX_CHORD_CELLS: usize = 1 << 16;

/// Where in its bar a cell begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Bar,
    Beat,
    WithinBeat,
}

/// A part of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) at: Ticks,
    pub(super) until: Ticks,
    pub(super) place: Place,
}

/// The cells of a score, one after another from tick 0 to the end of its last bar.
pub(super) fn cells(score: &Score) -> Vec<Cell> {
    let mut cells = Vec::new();
    for bar in Bars::new(score.resolution, &score.meters, score.end()) {
        let (beats, parts) = division(bar.meter);
        let count = count(&bar, beats * parts, bar.meter.bar_length(score.resolution));
        if cells.len() as u64 + count > MAX_CHORD_CELLS as u64 {
            break;
        }
        let edge = |index: u64| bar.start + Ticks(scaled(bar.length.0, index, count));
        cells.extend((0..count).map(|index| {
            let place = match index {
                0 => Place::Bar,
                _ if index.is_multiple_of(parts) => Place::Beat,
                _ => Place::WithinBeat,
            };
            Cell { at: edge(index), until: edge(index + 1), place }
        }));
    }
    cells
}

/// Beats of a whole bar, and cells of a beat. A beat of a compound meter (6/8) is three of what its
/// numerator counts.
fn division(meter: Meter) -> (u64, u64) {
    let numerator = u64::from(meter.numerator.max(1));
    if meter.denominator >= 8 && numerator.is_multiple_of(3) { (numerator / 3, 3) } else { (numerator, 2) }
}

/// How many cells a bar has: those of its meter, fewer where it is cut short or has fewer ticks.
fn count(bar: &Bar, whole: u64, full: Ticks) -> u64 {
    let full = full.0.max(1);
    scaled(whole, bar.length.0, full)
        .saturating_add(u64::from(!bar.length.0.is_multiple_of(full)))
        .clamp(1, bar.length.0.max(1))
}

/// `value * share / of`, rounded down.
fn scaled(value: u64, share: u64, of: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(share) / u128::from(of.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Instrument, Note, Part, Resolution};

    fn cells_of(resolution: u16, meters: &[(u64, u8, u8)], end: u64) -> Vec<Cell> {
        let note = Note { onset: Ticks(0), pitch: 60, duration: Ticks(end), velocity: 64 };
        let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: vec![note] };
        let meter = |&(at, numerator, denominator)| Meter { at: Ticks(at), numerator, denominator };
        cells(&Score {
            resolution: Resolution::new(resolution).unwrap(),
            parts: vec![part],
            meters: meters.iter().map(meter).collect(),
            ..Score::default()
        })
    }

    #[test]
    fn beats_are_halved_and_compound_beats_have_thirds() {
        let places = |cells: Vec<Cell>| -> String {
            let letter = |cell: &Cell| match cell.place {
                Place::Bar => '|',
                Place::Beat => '.',
                Place::WithinBeat => ' ',
            };
            cells.iter().map(letter).collect()
        };
        assert_eq!(places(cells_of(4, &[], 17)), "| . . . | . . . ");
        assert_eq!(places(cells_of(4, &[(0, 6, 8)], 12)), "|  .  ");
        assert_eq!(places(cells_of(4, &[(0, 4, 4), (20, 4, 4), (21, 3, 4)], 22)), "| . . . | .| . . ");
        assert_eq!(places(cells_of(1, &[(0, 3, 8)], 2)), "| ");
        assert_eq!(places(cells_of(1, &[], 0)), "");
    }

    #[test]
    fn cells_follow_one_another() {
        for (resolution, numerator, denominator) in [(480, 4, 4), (1, 7, 8), (7, 255, 128), (5, 5, 4), (96, 12, 8)] {
            let cells = cells_of(resolution, &[(0, numerator, denominator)], 1000);
            assert!(cells.iter().all(|cell| cell.at < cell.until));
            assert!(cells.windows(2).all(|pair| pair[0].until == pair[1].at));
            assert!(cells[0].at == Ticks(0) && cells[cells.len() - 1].until >= Ticks(1000));
        }
        let endless = cells_of(1, &[], 1 << 40);
        assert!((MAX_CHORD_CELLS - 4..=MAX_CHORD_CELLS).contains(&endless.len()));
    }
}
