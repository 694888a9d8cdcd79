//! The colour of each part.

use leitmotif_plot::{Ink, SERIES_COLOURS};
use leitmotif_score::Score;

/// The ink of part `index` and whether its notes are outlined, because its colour is used a second
/// time. The first drum kit is drawn in the colour of text: its lane is its own.
pub(super) fn part_ink(score: &Score, index: usize) -> (Ink, bool) {
    let drums = |part: usize| score.parts[part].instrument.is_drums();
    let first_kit = (0..score.parts.len()).find(|&part| drums(part));
    if first_kit == Some(index) {
        return (Ink::Text, false);
    }
    let place = index - usize::from(first_kit.is_some_and(|kit| kit < index));
    (Ink::Series(place), place >= SERIES_COLOURS)
}
