//! A walk along the events of a piece: what is known of it so far, and what may come next.

mod step;

use super::event::CellEvent;
use super::fields::{BAR, CellFields, FIELDS, KIND, MAX_INTERVAL, MAX_WINDOW, PITCH, SCALE};
use super::harmony::{self, TONES, Tally};
use super::song::{Cell, CellNote, CellSong, MAX_PARTS_OF_INSTRUMENT, PartId, Place};
use crate::event::{EventKind, NoteEvent, TempoBin};
use crate::{NONE, Value};

/// What stands before the next event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Start,
    Genre,
    With,
    Window,
    /// A bar's own events: the positions of its last tempo and its last chord.
    Frame {
        tempo: Option<u64>,
        chord: Option<u64>,
    },
    /// A finished cell, or the opening of a bar to be written.
    Cell,
    /// The notes of a cell so far, and the cell whose rhythm they have.
    Notes(Vec<CellNote>, Option<Cell>),
    End,
}

/// Which part of a window the walk is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// A bar by itself, all of whose cells are written.
    Plain,
    /// The given cells of a window of `bars` bars, the first of which is bar `first`.
    Given { first: usize, bars: usize },
    /// The other cells of it.
    Writing { first: usize, bars: usize },
}

#[derive(Debug, Clone)]
pub(crate) struct Walk<'a> {
    pub fields: &'a CellFields,
    pub song: CellSong,
    /// The pitch classes of the known cells of each bar.
    tallies: Vec<Tally>,
    pub(super) before: Before,
    pub(super) section: Section,
    /// The bar that events belong to.
    pub(super) bar: usize,
    /// The part whose cell comes next, or is being written.
    pub(super) next: Option<usize>,
    pub tempo: Option<TempoBin>,
    pub notes: usize,
    /// The notes that the last event stands for.
    pub played: Vec<NoteEvent>,
    /// The step at which the bar begins, the step that `seconds` belongs to, and the last step.
    line: u64,
    clock: u64,
    end: u64,
    pub seconds: f64,
    pub accepted: usize,
}

impl<'a> Walk<'a> {
    pub fn new(fields: &'a CellFields) -> Self {
        Self {
            fields,
            song: CellSong::default(),
            tallies: Vec::new(),
            before: Before::Nothing,
            section: Section::Plain,
            bar: 0,
            next: None,
            tempo: None,
            notes: 0,
            played: Vec::new(),
            line: 0,
            clock: 0,
            end: 0,
            seconds: 0.0,
            accepted: 0,
        }
    }

    pub fn is_finished(&self) -> bool {
        self.before == Before::End
    }

    /// Bars whose cells are all known.
    pub fn complete_bars(&self) -> usize {
        match self.section {
            _ if self.is_complete() => self.song.bars.len(),
            Section::Given { first, .. } | Section::Writing { first, .. } => first,
            Section::Plain => self.song.bars.len().saturating_sub(1),
        }
    }

    /// Whether every cell so far is known.
    pub fn is_complete(&self) -> bool {
        let over = self.turn().is_none() && !matches!(self.before, Before::Notes(..) | Before::Window);
        let window = match self.section {
            Section::Plain => true,
            Section::Given { first, bars } => self.song.bars.len() == first + bars && self.unwritten().is_none(),
            Section::Writing { .. } => self.unwritten().is_none(),
        };
        over && window
    }

    /// The part whose cell may begin now.
    pub(super) fn turn(&self) -> Option<usize> {
        match self.before {
            Before::Frame { .. } | Before::Cell => self.next,
            _ => None,
        }
    }

    /// The bar and part of the first cell of the window that is not known.
    pub(super) fn unwritten(&self) -> Option<(usize, usize)> {
        let (Section::Given { first, .. } | Section::Writing { first, .. }) = self.section else { return None };
        let unknown = |bar: usize| Some((bar, self.song.bars[bar].cells.iter().position(Option::is_none)?));
        (first..self.song.bars.len()).find_map(unknown)
    }

    /// Whether the bar, and in it all cells that come now, are over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.before, Before::Frame { .. } | Before::Cell) && self.next.is_none()
    }

    /// Whether another bar of a window's given cells must come.
    fn given_goes_on(&self) -> bool {
        matches!(self.section, Section::Given { first, bars } if self.song.bars.len() < first + bars)
    }

    /// Whether a bar may begin.
    pub(super) fn bar_allowed(&self) -> bool {
        match self.before {
            Before::Start | Before::Genre | Before::With | Before::Window => true,
            _ => self.is_over() && self.tempo.is_some() && (self.given_goes_on() || self.unwritten().is_none()),
        }
    }

    /// Whether a window may begin.
    pub(super) fn window_allowed(&self) -> bool {
        self.before != Before::Window && self.bar_allowed() && !self.given_goes_on()
    }

    /// Whether the cells of a bar that are not given may begin.
    pub(super) fn write_allowed(&self) -> bool {
        self.is_over() && self.tempo.is_some() && !self.given_goes_on() && self.unwritten().is_some()
    }

    pub(super) fn end_allowed(&self) -> bool {
        self.tempo.is_some() && self.is_over() && self.is_complete()
    }

    pub(super) fn steps(&self) -> u64 {
        self.song.bars.get(self.bar).map_or(0, |bar| bar.frame.meter.steps)
    }

    /// The first position at which a tempo may stand; `None` where none may.
    pub(super) fn tempo_from(&self) -> Option<u64> {
        match self.before {
            Before::Frame { tempo, chord: None } => Some(tempo.map_or(0, |at| at + 1)),
            _ => None,
        }
    }

    pub(super) fn tempo_at(&self, position: u64) -> bool {
        let first = self.tempo.is_none();
        self.tempo_from().is_some_and(|from| position >= from) && position < self.steps() && !(first && position > 0)
    }

    pub(super) fn chord_at(&self, position: u64) -> bool {
        match self.before {
            Before::Frame { chord, .. } if self.tempo.is_some() => match chord {
                None => position == 0,
                Some(last) => position > last && position < self.steps(),
            },
            _ => false,
        }
    }

    /// Who may come after the part that plays, or first in the bar: any later part or nobody, but
    /// of a window's cells that were left open the next one.
    pub(super) fn nexts(&self) -> Vec<Option<usize>> {
        self.nexts_from(self.section, self.bar, self.next.map_or(0, |part| part + 1))
    }

    fn nexts_from(&self, section: Section, bar: usize, from: usize) -> Vec<Option<usize>> {
        let parts = self.song.parts.len();
        match section {
            Section::Plain | Section::Given { .. } => (from..parts).map(Some).chain([None]).collect(),
            Section::Writing { .. } => {
                let unknown = |part: &usize| self.song.cell(bar, *part).is_none();
                vec![(from..parts).find(unknown)]
            }
        }
    }

    /// Who may come first in a bar that begins now.
    pub(super) fn firsts(&self) -> Vec<Option<usize>> {
        let given = self.given_goes_on() || self.before == Before::Window;
        let section = if given { self.section } else { Section::Plain };
        self.nexts_from(section, self.bar, 0)
    }

    /// Who may come first of a bar's cells that are not given.
    pub(super) fn written(&self) -> Vec<Option<usize>> {
        self.unwritten().map_or_else(Vec::new, |(_, part)| vec![Some(part)])
    }

    /// Goes on to the next part of the bar. The parts between rest, but for cells of a window that
    /// were left open.
    fn go_on(&mut self, next: Option<usize>) {
        if !matches!(self.section, Section::Writing { .. }) {
            for part in self.next.map_or(0, |part| part + 1)..next.unwrap_or(self.song.parts.len()) {
                self.song.set(self.bar, part, Some(Cell::from([])));
            }
        }
        self.next = next;
    }

    /// Whether a cell may be a rest: one that was left open. Elsewhere, who rests is passed over.
    pub(super) fn rest_allowed(&self) -> bool {
        self.turn().is_some() && self.tempo.is_some() && matches!(self.section, Section::Writing { .. })
    }

    /// Whether a cell may be left open.
    pub(super) fn hole_allowed(&self) -> bool {
        self.turn().is_some() && self.tempo.is_some() && matches!(self.section, Section::Given { .. })
    }

    /// Whether the cell that begins now can be the same as the one at `place`.
    pub(super) fn can_repeat(&self, place: Place) -> bool {
        self.turn().is_some_and(|part| self.song.source(self.bar, part, place).is_some())
    }

    /// The lowest and highest interval by which the cell at `place` can be transposed; `None` where
    /// there is none.
    pub(super) fn intervals(&self, place: Place) -> Option<(i8, i8)> {
        let part = self.turn().filter(|part| !self.song.parts[*part].instrument.is_drums())?;
        let cell = self.song.source(self.bar, part, place)?;
        let pitches = || cell.iter().map(|note| note.pitch as i8);
        let low = pitches().min()?.min(MAX_INTERVAL);
        let high = (127 - pitches().max()?).min(MAX_INTERVAL);
        (low > 0 || high > 0).then_some((-low, high))
    }

    /// The cell whose rhythm the one that begins now can have.
    pub(super) fn rhythm(&self, place: Place) -> Option<&Cell> {
        self.song.source(self.bar, self.turn()?, place).filter(|cell| cell.len() > 1)
    }

    /// Whether a note may follow in the cell.
    pub(super) fn note_at(&self, position: u64) -> bool {
        match &self.before {
            Before::Notes(notes, Some(rhythm)) => rhythm.get(notes.len()).is_some_and(|note| note.position == position),
            Before::Notes(notes, None) => {
                let after = |last: &CellNote| (position, 127) > (last.position, last.pitch);
                position < self.steps() && notes.last().is_none_or(after)
            }
            _ => self.tempo.is_some() && self.turn().is_some() && position < self.steps(),
        }
    }

    /// Which pitches a note at `position` may have: the lowest and the highest.
    pub(super) fn pitches(&self, position: u64) -> std::ops::RangeInclusive<u8> {
        let Before::Notes(notes, rhythm) = &self.before else { return 0..=127 };
        let low = notes.last().filter(|last| last.position == position).map_or(0, |last| last.pitch.saturating_add(1));
        let together =
            |cell: &Cell| cell[notes.len() + 1..].iter().take_while(|note| note.position == position).count();
        let above = rhythm.as_ref().filter(|cell| notes.len() < cell.len()).map_or(0, together);
        low..=127u8.saturating_sub(above as u8)
    }

    /// Whether the cell may close.
    pub(super) fn close_allowed(&self) -> bool {
        matches!(&self.before, Before::Notes(notes, rhythm)
            if !notes.is_empty() && rhythm.as_ref().is_none_or(|rhythm| rhythm.len() == notes.len()))
    }

    /// The number of a part that comes next, if it is one of `nexts`.
    fn next_of(&self, next: Option<PartId>, nexts: &[Option<usize>]) -> Result<Option<usize>, &'static str> {
        let number = match next {
            None => None,
            Some(part) => Some(self.song.part(part).ok_or("the part is not in the header")?),
        };
        nexts.contains(&number).then_some(number).ok_or("another part comes next")
    }

    /// The values of an event that comes next, with what sounds where it is a note.
    pub fn values(&self, event: CellEvent) -> [Value; FIELDS] {
        let mut values = self.fields.values(event);
        if let CellEvent::Note { note, .. } = event {
            values[SCALE..PITCH].copy_from_slice(&self.context(note.position));
        }
        values[BAR] = self.bar_of(values[KIND]);
        values
    }

    /// The value of the bar that an event of this kind belongs to.
    pub(super) fn bar_of(&self, kind: Value) -> Value {
        let bar = match self.fields.kinds.get(usize::from(kind)) {
            Some(EventKind::Bar(_)) => self.song.bars.len(),
            Some(EventKind::Write) => self.unwritten().map_or(0, |(bar, _)| bar),
            Some(EventKind::Start | EventKind::End | EventKind::Genre(_) | EventKind::With | EventKind::Window)
            | None => return NONE,
            Some(_) => self.bar,
        };
        (bar % MAX_WINDOW) as Value + 1
    }

    /// The scale of a note of the cell being written, and the tones that sound where it begins.
    pub(super) fn context(&self, position: u64) -> [Value; 1 + TONES] {
        let own = match &self.before {
            Before::Notes(notes, _) => &notes[..],
            _ => &[],
        };
        let mut values = [NONE; 1 + TONES];
        if let Some(part) = self.next.filter(|part| !self.song.parts[*part].instrument.is_drums()) {
            values[0] = harmony::scale(&self.tallies, self.bar, own);
            values[1..].copy_from_slice(&harmony::context(&self.song, self.bar, part, own, position));
        }
        values
    }

    /// Whether a part may stand next in the header.
    pub(super) fn with_allowed(&self, part: PartId) -> bool {
        let at_header = matches!(self.before, Before::Start | Before::Genre | Before::With);
        at_header
            && part.number <= MAX_PARTS_OF_INSTRUMENT
            && match self.song.parts.last() {
                Some(last) if last.instrument == part.instrument => part.number == last.number + 1,
                Some(last) => part.instrument > last.instrument && part.number == 1,
                None => part.number == 1,
            }
    }
}
