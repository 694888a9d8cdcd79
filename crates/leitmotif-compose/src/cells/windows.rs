//! How a piece is cut into windows around what is written.

use super::task::CellTask;
use leitmotif_events::cells::{CellSong, CellWindow, MAX_WINDOW};

/// The longest run of bars that is written within one window.
const MOST_WRITTEN: usize = 16;
/// Bars after a run that its window gives, at most.
const AHEAD: usize = 16;

/// What the model reads next.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// A bar that is known.
    Known(usize),
    /// The bars that come next, some of whose cells are to be written.
    Window(CellWindow),
}

/// The bars of a song in order, up to the last window.
pub(super) fn items(song: &CellSong, task: &CellTask) -> Vec<Item> {
    let (bars, parts) = (song.bars.len(), song.parts.len());
    let written = |bar: usize| task.written[bar * parts..(bar + 1) * parts].contains(&true);
    let (mut items, mut bar) = (Vec::new(), 0);
    while bar < bars && (bar..bars).any(written) {
        if !written(bar) {
            items.push(Item::Known(bar));
            bar += 1;
            continue;
        }
        let run = (bar..bars).take_while(|bar| written(*bar)).take(MOST_WRITTEN).count();
        let goes_on = run == MOST_WRITTEN && bar + run < bars && written(bar + run);
        let ahead = if task.past_only || goes_on { 0 } else { AHEAD };
        let length = (run + ahead).min(MAX_WINDOW).min(bars - bar);
        let cells = bar * parts..(bar + length) * parts;
        let given = task.written[cells].iter().map(|written| !written && !task.past_only).collect();
        items.push(Item::Window(CellWindow { bars: length, given }));
        bar += length;
    }
    items
}
