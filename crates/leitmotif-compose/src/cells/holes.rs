//! What a model takes the cells of a hole to cost, with what surrounds it and with the past alone.

use super::source::{CellSource, cells};
use super::task::{CellTask, nll};
use super::windows::{Item, items};
use crate::ComposeError;
use leitmotif_events::Representation;
use leitmotif_events::cells::{CellEvent, CellSong};
use leitmotif_model::Scorer;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// The most bars of a hole that is not a whole part.
const MOST_BARS: usize = 8;

/// The shape of a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoleShape {
    /// 1 to 8 bars of one part.
    BarsOfPart,
    /// 1 to 8 bars of all parts.
    BarsOfAll,
    /// A whole part.
    WholePart,
}

impl HoleShape {
    /// All shapes.
    pub const ALL: [Self; 3] = [Self::BarsOfPart, Self::BarsOfAll, Self::WholePart];

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::BarsOfPart => "1 to 8 bars of a part",
            Self::BarsOfAll => "1 to 8 bars of all parts",
            Self::WholePart => "a whole part",
        }
    }

    /// A hole of this shape, number `number` of a seed. One that is not a whole part does not begin
    /// the piece and has a bar after it; `None` where the piece is too short, or has one part.
    pub fn draw(self, source: &CellSource, seed: u64, number: u64) -> Option<CellTask> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        let (bars, parts) = (source.bars(), source.parts().len());
        let one = rng.random_range(0..parts);
        let whole =
            |bars: std::ops::Range<usize>, parts: &[usize]| CellTask::new(source, &bars.collect::<Vec<_>>(), parts);
        if self == Self::WholePart {
            return (parts > 1).then(|| whole(0..bars, &[one]));
        }
        let length = rng.random_range(1..=MOST_BARS);
        if bars < length + 2 {
            return None;
        }
        let first = rng.random_range(1..bars - length);
        let all: Vec<usize> = if self == Self::BarsOfAll { (0..parts).collect() } else { vec![one] };
        Some(whole(first..first + length, &all))
    }
}

/// What the notes that stand in a hole cost, in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoleCost {
    /// Notes in the hole.
    pub notes: usize,
    /// Given everything else, up to a window's length ahead.
    pub surrounded: f64,
    /// Given what comes before each cell in the plain order of bars.
    pub past: f64,
}

/// Scores the cells that a task would write, as they stand in the piece.
///
/// The events of a cell count: what it repeats and its notes. With the past alone it also counts
/// whose cell comes next, as that says who rests; with what surrounds the hole, a rest is an event
/// of its own, and whose cell comes next is given.
///
/// # Errors
/// [`ComposeError`] if the representation has no cells, or the piece breaks its grammar.
pub fn hole_cost(
    scorer: &dyn Scorer,
    representation: &dyn Representation,
    source: &CellSource,
    task: &CellTask,
) -> Result<HoleCost, ComposeError> {
    let cells = cells(representation)?;
    let song = &source.read.song;
    let (mut windows, mut bars) = (Vec::new(), 0);
    for item in items(song, task) {
        bars += match item {
            Item::Known(_) => 1,
            Item::Window(window) => {
                windows.push((bars, window.clone()));
                window.bars
            }
        };
    }
    let song = CellSong { bars: song.bars[..bars].to_vec(), ..song.clone() };
    let parts = song.parts.len();
    let cost = |windows: &[_]| -> Result<f64, ComposeError> {
        let sequence = cells.encode_song(&song, windows)?;
        let mut encoder = cells.encoder();
        let mut counted = Vec::new();
        for (index, values) in sequence.events().enumerate() {
            let event = cells.cell_event(values)?;
            let written = encoder.turn().is_some_and(|(bar, part)| task.written[bar * parts + part]);
            // Tempos and chords stand before the first cell of a bar, which they do not belong to.
            let frame = matches!(event, CellEvent::Tempo { .. } | CellEvent::Chord { .. });
            if written && !frame {
                counted.push(index);
            }
            encoder.push(event)?;
        }
        nll(&sequence, scorer, &counted, (!windows.is_empty()).then_some(cells))
    };
    let notes = (0..bars * parts).filter(|cell| task.written[*cell]);
    let notes = notes.filter_map(|cell| song.cell(cell / parts, cell % parts)).map(|cell| cell.len()).sum();
    Ok(HoleCost { notes, surrounded: cost(&windows)?, past: cost(&[])? })
}
