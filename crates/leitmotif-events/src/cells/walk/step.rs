//! What each event adds to what is known of the piece.

use super::{Before, Section, Walk};
use crate::cells::event::CellEvent;
use crate::cells::fields::MAX_WINDOW;
use crate::cells::harmony::{self, Tally};
use crate::cells::song::{BarFrame, Cell, CellBar, CellNote, PartId, transposed};
use crate::event::{TempoBin, TimeSignature};
use leitmotif_score::Chord;
use std::sync::Arc;

impl Walk<'_> {
    /// Steps over one event.
    ///
    /// # Errors
    /// Why it may not stand here; the walk then stays where it was.
    pub fn step(&mut self, event: CellEvent) -> Result<(), &'static str> {
        self.advance_over(event)?;
        self.accepted += 1;
        Ok(())
    }

    fn advance_over(&mut self, event: CellEvent) -> Result<(), &'static str> {
        match event {
            CellEvent::Start => {
                self.header(self.before == Before::Nothing, Before::Start, "a start within the piece")?
            }
            CellEvent::Genre(number) => {
                let allowed = self.before == Before::Start && number < self.fields.plain.genres.len();
                self.header(allowed, Before::Genre, "a genre stands right after the start")?;
                self.song.genre = Some(number);
            }
            CellEvent::With(part) => {
                self.header(self.with_allowed(part), Before::With, "the header's parts ascend, before the first bar")?;
                self.song.parts.push(part);
            }
            CellEvent::Window { bars } => {
                let allowed = self.window_allowed() && (1..=MAX_WINDOW).contains(&bars);
                self.header(allowed, Before::Window, "no window may begin here")?;
                self.section = Section::Given { first: self.song.bars.len(), bars };
            }
            CellEvent::Bar { meter, next } => self.bar(meter, next)?,
            CellEvent::Tempo { position, tempo, next } => self.tempo(position, tempo, next)?,
            CellEvent::Chord { position, chord, next } => self.chord(position, chord, next)?,
            CellEvent::Write { bar, next } => self.write(bar, next)?,
            CellEvent::End => {
                self.header(self.end_allowed(), Before::End, "a piece ends once, after a complete bar")?;
                self.advance(self.end);
            }
            _ => self.cell(event)?,
        }
        Ok(())
    }

    /// A bar begins.
    fn bar(&mut self, meter: TimeSignature, next: Option<PartId>) -> Result<(), &'static str> {
        if !self.bar_allowed() {
            return Err("no bar may begin here");
        }
        let next = self.next_of(next, &self.firsts())?;
        if !(self.given_goes_on() || self.before == Before::Window) {
            self.section = Section::Plain;
        }
        let cells = vec![None; self.song.parts.len()];
        let frame = BarFrame { meter, tempos: Vec::new(), chords: Vec::new() };
        self.song.bars.push(Arc::new(CellBar { frame, cells }));
        self.tallies.push(Tally::default());
        (self.line, self.end) = (self.end, self.end + meter.steps);
        self.advance(self.line);
        (self.bar, self.next) = (self.song.bars.len() - 1, None);
        self.go_on(next);
        self.before = Before::Frame { tempo: None, chord: None };
        self.played.clear();
        Ok(())
    }

    fn tempo(&mut self, position: u64, tempo: TempoBin, next: Option<PartId>) -> Result<(), &'static str> {
        if !self.tempo_at(position) || self.tempo == Some(tempo) {
            return Err("tempos stand first in a bar, ascend, and differ from the one before them");
        }
        self.next_of(next, &[self.next])?;
        self.advance(self.line + position);
        self.tempo = Some(tempo);
        self.frame().tempos.push((position, tempo));
        self.before = Before::Frame { tempo: Some(position), chord: None };
        self.played.clear();
        Ok(())
    }

    fn chord(&mut self, position: u64, chord: Option<Chord>, next: Option<PartId>) -> Result<(), &'static str> {
        if !self.chord_at(position) {
            return Err("chords stand after the tempos of a bar, from its beginning on");
        }
        self.next_of(next, &[self.next])?;
        self.frame().chords.push((position, chord));
        self.before = Before::Frame { tempo: None, chord: Some(position) };
        self.played.clear();
        Ok(())
    }

    /// The cells of a bar that are not given begin.
    fn write(&mut self, bar: usize, next: Option<PartId>) -> Result<(), &'static str> {
        let (true, Some((unwritten, _))) = (self.write_allowed(), self.unwritten()) else {
            return Err("no bar may be written here");
        };
        let (Section::Given { first, bars } | Section::Writing { first, bars }) = self.section else {
            return Err("no bar may be written here");
        };
        if bar != unwritten - first + 1 {
            return Err("the bars of a window are written in order");
        }
        let next = self.next_of(next, &self.written())?;
        self.section = Section::Writing { first, bars };
        (self.bar, self.before, self.next) = (unwritten, Before::Cell, None);
        self.go_on(next);
        self.played.clear();
        Ok(())
    }

    /// An event of a cell.
    fn cell(&mut self, event: CellEvent) -> Result<(), &'static str> {
        let turn = self.turn();
        let begins = || turn.ok_or("no cell begins here");
        match event {
            CellEvent::Rest { next } => {
                if !self.rest_allowed() {
                    return Err("parts that rest are passed over, but for cells that were left open");
                }
                self.finish(begins()?, Arc::from([]), next)?;
            }
            CellEvent::Hole { next } => {
                if !self.hole_allowed() {
                    return Err("only cells of a window are left open");
                }
                let next = self.next_of(next, &self.nexts())?;
                self.played.clear();
                self.before = Before::Cell;
                self.go_on(next);
            }
            CellEvent::Repeat { place, next } => {
                let source = self.song.source(self.bar, begins()?, place).ok_or("there is no such cell to repeat")?;
                self.finish(begins()?, source.clone(), next)?;
            }
            CellEvent::Transposed { place, interval, next } => {
                let (low, high) = self.intervals(place).ok_or("there is no such cell to transpose")?;
                if interval == 0 || !(low..=high).contains(&interval) {
                    return Err("the cell cannot be transposed so far");
                }
                let source = self.song.source(self.bar, begins()?, place);
                let cell = source.and_then(|cell| transposed(cell, interval)).ok_or("pitches leave their range")?;
                self.finish(begins()?, cell, next)?;
            }
            CellEvent::Rhythm { place, part } => {
                let rhythm = self.rhythm(place).ok_or("there is no such cell whose rhythm could be taken")?.clone();
                self.next_of(Some(part), &[turn])?;
                self.before = Before::Notes(Vec::new(), Some(rhythm));
                self.played.clear();
            }
            CellEvent::Note { part, note } => self.note(part, note)?,
            CellEvent::Close { next } => {
                let (true, Before::Notes(notes, _), Some(part)) = (self.close_allowed(), &self.before, self.next)
                else {
                    return Err("no cell closes here");
                };
                let cell: Cell = notes.as_slice().into();
                let next = self.next_of(next, &self.nexts())?;
                self.set(part, cell);
                self.played.clear();
                self.before = Before::Cell;
                self.go_on(next);
            }
            _ => return Err("not an event of a cell"),
        }
        Ok(())
    }

    fn header(&mut self, allowed: bool, before: Before, reason: &'static str) -> Result<(), &'static str> {
        if !allowed {
            return Err(reason);
        }
        self.before = before;
        self.played.clear();
        Ok(())
    }

    fn note(&mut self, part: PartId, note: CellNote) -> Result<(), &'static str> {
        let current = self.next.filter(|_| self.turn().is_some() || matches!(self.before, Before::Notes(..)));
        self.next_of(Some(part), &[current])?;
        if !self.note_at(note.position) || !self.pitches(note.position).contains(&note.pitch) {
            return Err("the notes of a cell ascend by position and pitch, within the bar");
        }
        if let Before::Notes(notes, Some(rhythm)) = &self.before
            && rhythm.get(notes.len()).is_none_or(|of| (of.duration, of.velocity) != (note.duration, note.velocity))
        {
            return Err("the note has not the rhythm of the cell");
        }
        if !matches!(self.before, Before::Notes(..)) {
            self.before = Before::Notes(Vec::new(), None);
        }
        if let Before::Notes(notes, _) = &mut self.before {
            notes.push(note);
        }
        self.notes += 1;
        self.played.clear();
        self.played.push(note.of(part));
        Ok(())
    }

    /// The cell of `part` is known as a whole.
    fn finish(&mut self, part: usize, cell: Cell, next: Option<PartId>) -> Result<(), &'static str> {
        if self.tempo.is_none() {
            return Err("the first bar begins with a tempo");
        }
        let next = self.next_of(next, &self.nexts())?;
        let id = self.song.parts[part];
        self.played.clear();
        self.played.extend(cell.iter().map(|note| note.of(id)));
        self.notes += cell.len();
        self.set(part, cell);
        self.before = Before::Cell;
        self.go_on(next);
        Ok(())
    }

    /// The cell of a part of the bar is known.
    fn set(&mut self, part: usize, cell: Cell) {
        if !self.song.parts[part].instrument.is_drums() {
            harmony::count(&mut self.tallies[self.bar], &cell);
        }
        self.song.set(self.bar, part, Some(cell));
    }

    fn frame(&mut self) -> &mut BarFrame {
        let last = self.song.bars.len() - 1;
        &mut Arc::make_mut(&mut self.song.bars[last]).frame
    }

    /// Moves the clock on to `step`.
    fn advance(&mut self, step: u64) {
        let micros = self.tempo.unwrap_or(TempoBin::MODERATE).micros_per_quarter();
        let steps = step.saturating_sub(self.clock) as f64;
        self.seconds += steps * f64::from(micros) * 1e-6 / self.fields.plain.grid as f64;
        self.clock = self.clock.max(step);
    }
}
