//! A composed piece.

use crate::{PieceReport, TracedEvent};
use leitmotif_events::Sequence;
use leitmotif_score::Score;

/// A composed piece.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The music, with how it was made in [`Score::texts`].
    pub score: Score,
    /// Its events: the opening or prime, and what was composed.
    pub sequence: Sequence,
    /// It in numbers.
    pub report: PieceReport,
    /// How each event after the opening was drawn; empty unless [`crate::Request::trace`] is set.
    pub trace: Vec<TracedEvent>,
}
