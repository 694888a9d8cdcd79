//! A piece as bars of cells: a cell is what one part plays in one bar.

use crate::event::{NoteEvent, TempoBin, TimeSignature};
use leitmotif_score::{Chord, Instrument};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many parts of one instrument are kept apart; the notes of further ones join the last.
pub const MAX_PARTS_OF_INSTRUMENT: u8 = 8;

/// A part of a piece: an instrument, and which of the parts with that instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartId {
    /// Who plays it; all drum kits are kit 0.
    pub instrument: Instrument,
    /// From 1, in the order of the score, to [`MAX_PARTS_OF_INSTRUMENT`].
    pub number: u8,
}

/// A note of a cell. The order of the fields is the order of notes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellNote {
    /// Grid steps from the beginning of the bar.
    pub position: u64,
    /// MIDI pitch, or drum sound: 0 to 127.
    pub pitch: u8,
    /// Length in grid steps; it may reach into later bars.
    pub duration: u64,
    /// 1 to 127, the middle of its bin.
    pub velocity: u8,
}

impl CellNote {
    /// The note as one of a part.
    pub fn of(self, part: PartId) -> NoteEvent {
        let Self { position, pitch, duration, velocity } = self;
        NoteEvent { position, instrument: part.instrument, pitch, duration, velocity }
    }
}

/// What a part plays in a bar: notes that strictly ascend by position and pitch; none for a rest.
pub type Cell = Arc<[CellNote]>;

/// What a bar has besides cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarFrame {
    /// Its length.
    pub meter: TimeSignature,
    /// Changes of tempo, by ascending grid steps from the beginning of the bar.
    pub tempos: Vec<(u64, TempoBin)>,
    /// Chords by ascending grid steps from the beginning of the bar, the first at 0; `None` for no
    /// chord. An empty list leaves chords open.
    pub chords: Vec<(u64, Option<Chord>)>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellBar {
    /// Meter, tempos and chords.
    pub frame: BarFrame,
    /// The cell of each part of the song, in its order; `None` where it is not known, or still to
    /// be written.
    pub cells: Vec<Option<Cell>>,
}

/// A piece as bars of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellSong {
    /// The number of its genre in the vocabulary's list.
    pub genre: Option<usize>,
    /// Its parts, ascending; those of one instrument are numbered from 1 without gaps.
    pub parts: Vec<PartId>,
    /// Its bars. They are shared, so that copies of a song are cheap.
    pub bars: Vec<Arc<CellBar>>,
}

/// Where a cell that is repeated stands, as seen from the cell that repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// So many bars ago in the same part, 1 to [`Self::MOST_BACK`].
    Back(u8),
    /// So many bars later in the same part, 1 to [`Self::MOST_AHEAD`], where that is given.
    Ahead(u8),
    /// In the same bar, so many parts further on in the order of parts (before, if negative), 1 to
    /// [`Self::MOST_PARTS`].
    Part(i8),
}

impl Place {
    /// The farthest bar back.
    pub const MOST_BACK: u8 = 64;
    /// The farthest bar ahead.
    pub const MOST_AHEAD: u8 = 31;
    /// The farthest part.
    pub const MOST_PARTS: i8 = 16;
    /// Places of all kinds.
    pub const COUNT: usize = Self::MOST_BACK as usize + Self::MOST_AHEAD as usize + 2 * Self::MOST_PARTS as usize;

    /// All places: back, ahead, and other parts.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        let back = (1..=Self::MOST_BACK).map(Self::Back);
        let ahead = (1..=Self::MOST_AHEAD).map(Self::Ahead);
        let parts = (1..=Self::MOST_PARTS).flat_map(|by| [Self::Part(-by), Self::Part(by)]);
        back.chain(ahead).chain(parts)
    }
}

impl CellSong {
    /// The number of a part.
    pub fn part(&self, part: PartId) -> Option<usize> {
        self.parts.binary_search(&part).ok()
    }

    /// A cell, if it is known.
    pub fn cell(&self, bar: usize, part: usize) -> Option<&Cell> {
        self.bars.get(bar)?.cells.get(part)?.as_ref()
    }

    /// The cell at a place that cell `part` of bar `bar` can repeat: it has notes, its bar is as
    /// long, and it is of drums where the other is. There is none at a place that has no value.
    pub fn source(&self, bar: usize, part: usize, place: Place) -> Option<&Cell> {
        let (from, other) = match place {
            Place::Back(bars) if bars > Place::MOST_BACK => return None,
            Place::Ahead(bars) if bars > Place::MOST_AHEAD => return None,
            Place::Part(by) if by.unsigned_abs() > Place::MOST_PARTS.unsigned_abs() => return None,
            Place::Back(0) | Place::Ahead(0) | Place::Part(0) => return None,
            Place::Back(bars) => (bar.checked_sub(usize::from(bars))?, part),
            Place::Ahead(bars) => (bar + usize::from(bars), part),
            Place::Part(by) => (bar, part.checked_add_signed(isize::from(by))?),
        };
        let (here, there) = (self.bars.get(bar)?, self.bars.get(from)?);
        let drums = |part: usize| self.parts.get(part).map(|it| it.instrument.is_drums());
        let fits = here.frame.meter.steps == there.frame.meter.steps && drums(part) == drums(other);
        self.cell(from, other).filter(|cell| fits && !cell.is_empty())
    }

    /// Sets a cell.
    pub(super) fn set(&mut self, bar: usize, part: usize, cell: Option<Cell>) {
        if let Some(place) = self.bars.get_mut(bar).and_then(|bar| Arc::make_mut(bar).cells.get_mut(part)) {
            *place = cell;
        }
    }

    /// Sets the chords of a bar, by ascending grid steps from its beginning, the first at 0.
    pub fn set_chords(&mut self, bar: usize, chords: Vec<(u64, Option<Chord>)>) {
        if let Some(bar) = self.bars.get_mut(bar) {
            Arc::make_mut(bar).frame.chords = chords;
        }
    }

    /// The notes of a bar in the order of the representation `events`: by position, instrument and
    /// pitch.
    pub fn notes_of_bar(&self, bar: usize) -> Vec<NoteEvent> {
        let cells = self.bars.get(bar).map_or(&[][..], |bar| &bar.cells[..]);
        let known = self.parts.iter().zip(cells).filter_map(|(part, cell)| Some((part, cell.as_ref()?)));
        let mut notes: Vec<NoteEvent> = known.flat_map(|(part, cell)| cell.iter().map(|note| note.of(*part))).collect();
        notes.sort_unstable();
        notes
    }
}

/// A cell `semitones` higher; `None` if a note would leave the range of pitches.
pub(super) fn transposed(cell: &[CellNote], semitones: i8) -> Option<Cell> {
    let move_up = |note: &CellNote| {
        let pitch = note.pitch.checked_add_signed(semitones).filter(|pitch| *pitch < 128)?;
        Some(CellNote { pitch, ..*note })
    };
    cell.iter().map(move_up).collect()
}
