//! Tasks for training: which cells of a piece are given, and which are written.
//!
//! A piece is read as consecutive windows of 1 to 32 bars, with plain bars between some of them. A
//! task is one of: whole parts are written; every part but one that leads is written; a run of bars
//! is written, in all parts, or in each of some parts another run; cells are written at random.

use super::encoder::CellWindow;
use super::fields::MAX_WINDOW;
use super::song::CellSong;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// The most bars of a run that is written.
const MOST_RUN: usize = 8;
/// The most plain bars between two windows.
const MOST_PLAIN: usize = 8;
/// Shares of the other parts in which a run is written too, where one is written in one part.
const OTHERS: Range<f64> = 0.0..0.6;
/// Shares of cells that are written, where they are chosen at random.
const SHARES: Range<f64> = 0.1..0.7;

/// What is written.
#[derive(Debug, Clone)]
enum Task {
    /// These parts, throughout.
    Parts(Vec<bool>),
    /// A run of bars of all parts.
    Bars,
    /// A run of bars of a part that each window chooses, and one in each of a share of the others.
    Runs(f64),
    /// A share of all cells.
    Cells(f64),
}

/// Windows for a song, each with its first bar.
pub(super) fn draw(song: &CellSong, rng: &mut ChaCha8Rng) -> Vec<(usize, CellWindow)> {
    let parts = song.parts.len();
    if parts == 0 {
        return Vec::new();
    }
    let task = task(song, rng);
    let throughout = matches!(task, Task::Parts(_));
    let (mut windows, mut bar) = (Vec::new(), 0);
    loop {
        bar += if throughout { 0 } else { rng.random_range(0..=MOST_PLAIN) };
        let left = song.bars.len().saturating_sub(bar);
        if left == 0 {
            return windows;
        }
        // Short windows are as likely as long ones on a scale of ratios.
        let length = 2f64.powf(rng.random_range(0.0..=(MAX_WINDOW as f64).log2())).round() as usize;
        let bars = length.min(left);
        let given = given(&task, bars, parts, rng);
        if given.contains(&false) {
            windows.push((bar, CellWindow { bars, given }));
        }
        bar += bars;
    }
}

fn task(song: &CellSong, rng: &mut ChaCha8Rng) -> Task {
    let parts = song.parts.len();
    match rng.random_range(0..6) {
        0 if parts > 1 => {
            let mut order: Vec<usize> = (0..parts).collect();
            order.shuffle(rng);
            let written = rng.random_range(1..parts);
            Task::Parts((0..parts).map(|part| order[..written].contains(&part)).collect())
        }
        1 if parts > 1 => {
            let lead = lead(song).unwrap_or_else(|| rng.random_range(0..parts));
            Task::Parts((0..parts).map(|part| part != lead).collect())
        }
        2 => Task::Bars,
        3 | 4 => Task::Runs(rng.random_range(OTHERS)),
        _ => Task::Cells(rng.random_range(SHARES)),
    }
}

/// Which cells of a window are given.
fn given(task: &Task, bars: usize, parts: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    match task {
        Task::Parts(written) => (0..bars * parts).map(|cell| !written[cell % parts]).collect(),
        Task::Cells(share) => (0..bars * parts).map(|_| !rng.random_bool(*share)).collect(),
        Task::Bars => {
            let run = run(bars, rng);
            (0..bars * parts).map(|cell| !run.contains(&(cell / parts))).collect()
        }
        Task::Runs(others) => {
            let one = rng.random_range(0..parts);
            let mut runs = |part| (part == one || rng.random_bool(*others)).then(|| run(bars, rng));
            let runs: Vec<Option<Range<usize>>> = (0..parts).map(&mut runs).collect();
            let written = |cell: usize| runs[cell % parts].as_ref().is_some_and(|run| run.contains(&(cell / parts)));
            (0..bars * parts).map(|cell| !written(cell)).collect()
        }
    }
}

/// Consecutive bars of a window.
fn run(bars: usize, rng: &mut ChaCha8Rng) -> Range<usize> {
    let run = rng.random_range(1..=MOST_RUN.min(bars));
    let first = rng.random_range(0..=bars - run);
    first..first + run
}

/// The part that leads: of those that play in at least half as many bars as the busiest, the one
/// whose highest notes are highest on average, drums apart.
pub(super) fn lead(song: &CellSong) -> Option<usize> {
    let figures = |part: usize| {
        let cells = (0..song.bars.len()).filter_map(|bar| song.cell(bar, part));
        let (mut plays, mut notes, mut sum) = (0, 0, 0);
        for cell in cells.filter(|cell| !cell.is_empty()) {
            plays += 1;
            // The highest note of each position.
            let tops = cell.chunk_by(|a, b| a.position == b.position).filter_map(|chord| chord.last());
            for note in tops {
                (notes, sum) = (notes + 1, sum + u64::from(note.pitch));
            }
        }
        (plays, sum as f64 / f64::from(notes.max(1)))
    };
    let pitched = (0..song.parts.len()).filter(|part| !song.parts[*part].instrument.is_drums());
    let figures: Vec<(usize, (usize, f64))> = pitched.map(|part| (part, figures(part))).collect();
    let most = figures.iter().map(|it| it.1.0).max()?;
    let busy = figures.into_iter().filter(|(_, (plays, _))| 2 * plays >= most);
    busy.max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|it| it.0)
}
