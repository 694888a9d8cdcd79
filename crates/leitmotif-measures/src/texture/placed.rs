//! The notes of a piece by bar and step of the grid.

use crate::{BarNote, BarNotes, bars};
use leitmotif_score::{Instrument, Resolution, Score, Ticks};

/// Steps of the grid a quarter: sixteenths and triplets fall on it.
pub const GRID: u64 = 12;
/// Velocities of one class: 0 to 3 are one, 4 to 7 the next.
pub const VELOCITY_CLASS: u8 = 4;

/// A note by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// Its bar, from 0 at the bar of the piece's first note.
    pub bar: usize,
    /// Steps of the grid from the bar line.
    pub step: u64,
    /// Who plays it; any kit is `Drums(0)`.
    pub player: Instrument,
    /// Its pitch.
    pub pitch: u8,
    /// Steps of the grid that it is held, at least 1.
    pub steps: u64,
    /// Its velocity.
    pub velocity: u8,
}

/// A piece as notes by place.
#[derive(Debug)]
pub struct Piece {
    /// The notes, sorted by bar, step, player and pitch.
    pub notes: Vec<Placed>,
    /// How many bars there are; 0 without notes.
    pub bars: usize,
}

impl Piece {
    pub fn of(score: &Score) -> Self {
        let bars = bars(score);
        let sounds = |bar: &BarNotes| !bar.notes.is_empty();
        let (first, last) = (bars.iter().position(sounds), bars.iter().rposition(sounds));
        let (Some(first), Some(last)) = (first, last) else { return Self { notes: Vec::new(), bars: 0 } };
        let mut notes = Vec::with_capacity(score.note_count());
        for (number, bar) in bars[first..=last].iter().enumerate() {
            notes.extend(bar.notes.iter().map(|note| place(number, bar, note, score.resolution)));
        }
        notes.sort_unstable();
        Self { notes, bars: last - first + 1 }
    }
}

fn place(number: usize, bar: &BarNotes, note: &BarNote, resolution: Resolution) -> Placed {
    let player = if note.instrument.is_drums() { Instrument::Drums(0) } else { note.instrument };
    Placed {
        bar: number,
        step: steps(bar.offset(note), resolution),
        player,
        pitch: note.note.pitch,
        steps: steps(note.note.duration, resolution).max(1),
        velocity: note.note.velocity,
    }
}

/// The nearest whole number of steps.
fn steps(ticks: Ticks, resolution: Resolution) -> u64 {
    let quarter = u128::from(resolution.ticks_per_quarter());
    let nearest = (u128::from(ticks.0) * u128::from(GRID) + quarter / 2) / quarter;
    u64::try_from(nearest).unwrap_or(u64::MAX)
}
