//! The events of the representation `cells`.

use super::song::{CellNote, PartId, Place};
use crate::event::{TempoBin, TimeSignature};
use leitmotif_score::Chord;

/// One event. `next` is the part whose cell the following events are, `None` where none of the bar
/// follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellEvent {
    /// The piece begins.
    Start,
    /// The piece is of this genre: its number in the vocabulary's list.
    Genre(usize),
    /// A part of the header.
    With(PartId),
    /// A window of several bars, some of whose cells are given before the others are written.
    Window {
        /// Its bars, 1 to [`super::MAX_WINDOW`].
        bars: usize,
    },
    /// A bar begins.
    Bar {
        /// Its length.
        meter: TimeSignature,
        /// Who plays first.
        next: Option<PartId>,
    },
    /// A tempo holds from a position on.
    Tempo {
        /// Grid steps from the beginning of the bar.
        position: u64,
        /// The tempo.
        tempo: TempoBin,
        /// Who plays first.
        next: Option<PartId>,
    },
    /// A chord holds from a position on.
    Chord {
        /// Grid steps from the beginning of the bar.
        position: u64,
        /// The chord, without its bass; `None` for no chord.
        chord: Option<Chord>,
        /// Who plays first.
        next: Option<PartId>,
    },
    /// Cells of a bar of the window follow that were not given.
    Write {
        /// The bar, from 1.
        bar: usize,
        /// Who plays first.
        next: Option<PartId>,
    },
    /// The part rests in this bar, where its cell was left open. Elsewhere, who rests is passed
    /// over.
    Rest {
        /// Who comes next.
        next: Option<PartId>,
    },
    /// The part's cell is not given; it is written later.
    Hole {
        /// Who comes next.
        next: Option<PartId>,
    },
    /// The cell is the same as another.
    Repeat {
        /// Which one.
        place: Place,
        /// Who comes next.
        next: Option<PartId>,
    },
    /// The cell is another, transposed.
    Transposed {
        /// Which one.
        place: Place,
        /// Semitones up; not 0.
        interval: i8,
        /// Who comes next.
        next: Option<PartId>,
    },
    /// The cell has the rhythm and velocities of another; its notes follow.
    Rhythm {
        /// Which one.
        place: Place,
        /// Whose cell it is.
        part: PartId,
    },
    /// A note of a new cell.
    Note {
        /// Whose cell it is.
        part: PartId,
        /// The note.
        note: CellNote,
    },
    /// The cell has no more notes.
    Close {
        /// Who comes next.
        next: Option<PartId>,
    },
    /// The piece ends.
    End,
}

impl CellEvent {
    /// The part whose cell the next event belongs to, or a part of the header.
    pub fn part(self) -> Option<PartId> {
        match self {
            Self::With(part) | Self::Note { part, .. } | Self::Rhythm { part, .. } => Some(part),
            Self::Bar { next, .. }
            | Self::Tempo { next, .. }
            | Self::Chord { next, .. }
            | Self::Write { next, .. }
            | Self::Rest { next }
            | Self::Hole { next }
            | Self::Repeat { next, .. }
            | Self::Transposed { next, .. }
            | Self::Close { next } => next,
            Self::Start | Self::Genre(_) | Self::Window { .. } | Self::End => None,
        }
    }
}
