//! Writing a piece's events bar by bar: what a bar has, what is given of it, and its cells.

use super::event::CellEvent;
use super::fields::{CellFields, FIELDS};
use super::reference::{Lags, Reference};
use super::song::{BarFrame, Cell, CellNote, CellSong, PartId, Place};
use super::walk::{Before, Walk};
use crate::{Grammar, RepresentationError, Sequence, Value};

/// Which cells of a song are given and which are written: consecutive windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellWindow {
    /// Its bars, 1 to [`super::MAX_WINDOW`].
    pub bars: usize,
    /// Whether each cell is given, `[bars, parts]`.
    pub given: Vec<bool>,
}

/// Writes the events of a piece, which it checks by the grammar. What others draw is added with
/// [`Self::push`].
#[derive(Debug, Clone)]
pub struct CellEncoder<'a> {
    walk: Walk<'a>,
    lags: Lags,
    sequence: Sequence,
    references: bool,
}

impl<'a> CellEncoder<'a> {
    pub(super) fn new(fields: &'a CellFields, references: bool) -> Self {
        let (walk, lags) = (Walk::new(fields), Lags::default());
        Self { walk, lags, sequence: Sequence::new(FIELDS), references }
    }

    /// The events so far.
    pub fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// What is known of the piece so far.
    pub fn song(&self) -> &CellSong {
        &self.walk.song
    }

    /// Where the grammar stands, and the events so far.
    pub fn grammar(&mut self) -> (&mut (dyn Grammar + 'a), &Sequence) {
        (&mut self.walk, &self.sequence)
    }

    /// The notes of the cell that is being written.
    pub fn notes_of_cell(&self) -> &[CellNote] {
        match &self.walk.before {
            Before::Notes(notes, _) => notes,
            _ => &[],
        }
    }

    /// The bar and the part of the cell that comes next, or is being written.
    pub fn turn(&self) -> Option<(usize, usize)> {
        self.walk.next.map(|part| (self.walk.bar, part))
    }

    /// Adds an event that the grammar has stepped over.
    pub fn follow(&mut self, values: &[Value], turn: Option<(usize, usize)>) {
        if let (Ok(event), Some((bar, part))) = (self.walk.fields.event(values), turn) {
            self.note_lag(event, bar, part);
        }
        self.sequence.push(values);
    }

    fn note_lag(&mut self, event: CellEvent, bar: usize, part: usize) {
        let (CellEvent::Repeat { place, .. } | CellEvent::Transposed { place, .. } | CellEvent::Rhythm { place, .. }) =
            event
        else {
            return;
        };
        self.lags.used(bar, part, place);
    }

    /// Adds an event.
    ///
    /// # Errors
    /// [`RepresentationError::Event`] if it may not stand here.
    pub fn push(&mut self, event: CellEvent) -> Result<(), RepresentationError> {
        let (index, turn) = (self.walk.accepted, self.turn());
        let values = self.walk.values(event);
        self.walk.step(event).map_err(|reason| RepresentationError::Event { index, reason: reason.to_owned() })?;
        self.follow(&values, turn);
        Ok(())
    }

    /// Adds the start, the genre and the parts.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn header(&mut self, genre: Option<usize>, parts: &[PartId]) -> Result<(), RepresentationError> {
        self.push(CellEvent::Start)?;
        genre.map_or(Ok(()), |genre| self.push(CellEvent::Genre(genre)))?;
        parts.iter().try_for_each(|part| self.push(CellEvent::With(*part)))
    }

    /// Begins a bar, before the cells of its parts; `first` is the first of them.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn bar(&mut self, frame: &BarFrame, first: Option<usize>) -> Result<(), RepresentationError> {
        let next = self.part(first);
        self.push(CellEvent::Bar { meter: frame.meter, next })?;
        for &(position, tempo) in &frame.tempos {
            if self.walk.tempo != Some(tempo) {
                self.push(CellEvent::Tempo { position, tempo, next })?;
            }
        }
        let chords = frame.chords.iter();
        chords.copied().try_for_each(|(position, chord)| self.push(CellEvent::Chord { position, chord, next }))
    }

    /// Adds the whole cell of the part whose turn it is, as a reference where there is one.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn cell(&mut self, cell: &Cell, next: Option<usize>) -> Result<(), RepresentationError> {
        let Some((bar, part)) = self.turn() else {
            let reason = "no cell begins here".to_owned();
            return Err(RepresentationError::Event { index: self.walk.accepted, reason });
        };
        let (id, next) = (self.walk.song.parts[part], self.part(next));
        if cell.is_empty() {
            return self.push(CellEvent::Rest { next });
        }
        let found = match self.references {
            true => Reference::find(&self.walk.song, &self.lags, bar, part, cell),
            false => None,
        };
        if let Some(reference) = found {
            self.push(reference.event(id, next))?;
            if !matches!(reference, Reference::Rhythm(_)) {
                return Ok(());
            }
        }
        cell.iter().try_for_each(|note| self.push(CellEvent::Note { part: id, note: *note }))?;
        self.push(CellEvent::Close { next })
    }

    /// Adds the bar of a song that comes next, as a window of its own.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn plain_bar(&mut self, song: &CellSong, bar: usize) -> Result<(), RepresentationError> {
        let parts = 0..self.walk.song.parts.len();
        let playing: Vec<usize> = parts.filter(|part| plays(song, bar, *part)).collect();
        let Some(known) = song.bars.get(bar) else {
            let reason = format!("the song has {} bars, none is number {bar}", song.bars.len());
            return Err(RepresentationError::Event { index: self.walk.accepted, reason });
        };
        self.bar(&known.frame, playing.first().copied())?;
        self.cells(song, bar, &playing)
    }

    /// Begins a window with the bars of a song that come next, of which those cells are added that
    /// are given.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn given(&mut self, song: &CellSong, window: &CellWindow) -> Result<(), RepresentationError> {
        let (from, parts) = (self.walk.song.bars.len(), self.walk.song.parts.len());
        if window.given.len() != window.bars.saturating_mul(parts) || window.bars > song.bars.len().saturating_sub(from)
        {
            let reason = "the window does not fit the song".to_owned();
            return Err(RepresentationError::Event { index: self.walk.accepted, reason });
        }
        self.push(CellEvent::Window { bars: window.bars })?;
        for bar in 0..window.bars {
            let given = |part: &usize| window.given[bar * parts + part];
            let named = |part: &usize| !given(part) || plays(song, from + bar, *part);
            let named: Vec<usize> = (0..parts).filter(named).collect();
            self.bar(&song.bars[from + bar].frame, named.first().copied())?;
            for (part, next) in in_turn(&named) {
                match given(&part) {
                    true => self.known(song, from + bar, part, next)?,
                    false => self.push(CellEvent::Hole { next: self.part(next) })?,
                }
            }
        }
        Ok(())
    }

    /// The next bar of a window whose cells are not given: its number in the song, and in the
    /// window from 1; `None` if there is none.
    pub fn unwritten(&self) -> Option<(usize, usize)> {
        self.walk.unwritten().map(|(bar, _)| (bar, self.walk.bar_of_window(bar)))
    }

    /// Adds the cells of a window that are not given, from the song that has them.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn written(&mut self, song: &CellSong) -> Result<(), RepresentationError> {
        while let Some((bar, in_window)) = self.unwritten() {
            let cells = &self.walk.song.bars[bar].cells;
            let open: Vec<usize> = (0..cells.len()).filter(|part| cells[*part].is_none()).collect();
            self.push(CellEvent::Write { bar: in_window, next: self.part(open.first().copied()) })?;
            self.cells(song, bar, &open)?;
        }
        Ok(())
    }

    /// Adds the cells of these parts, the first of which comes next.
    fn cells(&mut self, song: &CellSong, bar: usize, parts: &[usize]) -> Result<(), RepresentationError> {
        in_turn(parts).try_for_each(|(part, next)| self.known(song, bar, part, next))
    }

    /// Adds a cell of a song; one that is not known is a rest.
    fn known(
        &mut self,
        song: &CellSong,
        bar: usize,
        part: usize,
        next: Option<usize>,
    ) -> Result<(), RepresentationError> {
        let rest = Cell::from([]);
        self.cell(song.cell(bar, part).unwrap_or(&rest), next)
    }

    fn part(&self, number: Option<usize>) -> Option<PartId> {
        number.and_then(|number| self.walk.song.parts.get(number).copied())
    }
}

/// Whether a part plays in a bar.
fn plays(song: &CellSong, bar: usize, part: usize) -> bool {
    song.cell(bar, part).is_some_and(|cell| !cell.is_empty())
}

/// Each part with the one that comes after it.
fn in_turn(parts: &[usize]) -> impl Iterator<Item = (usize, Option<usize>)> + '_ {
    parts.iter().enumerate().map(|(index, part)| (*part, parts.get(index + 1).copied()))
}

/// The events of a song, in these windows; bars that no window holds are plain.
///
/// # Errors
/// [`RepresentationError::Event`] for a song that breaks the grammar.
pub(super) fn encode_song(
    fields: &CellFields,
    references: bool,
    song: &CellSong,
    windows: &[(usize, CellWindow)],
) -> Result<Sequence, RepresentationError> {
    let mut encoder = CellEncoder::new(fields, references);
    encoder.header(song.genre, &song.parts)?;
    let (mut bar, mut windows) = (0, windows.iter().peekable());
    while bar < song.bars.len() {
        match windows.next_if(|(first, _)| *first == bar) {
            Some((_, window)) => {
                encoder.given(song, window)?;
                encoder.written(song)?;
                bar += window.bars;
            }
            None => {
                encoder.plain_bar(song, bar)?;
                bar += 1;
            }
        }
    }
    encoder.push(CellEvent::End)?;
    Ok(encoder.sequence)
}

const _: () = assert!(Place::MOST_AHEAD as usize + 1 == super::fields::MAX_WINDOW);
