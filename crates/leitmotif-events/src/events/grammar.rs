//! Which events may follow.
//!
//! ```text
//! piece  = start [genre] with* bar+ end
//! bar    = bar-event (tempo | note)*
//! ```
//!
//! so ordered that a piece has one sequence only: the header's instruments ascend; the first bar
//! begins with a tempo; within a bar positions ascend, a tempo stands before the notes of its
//! position and differs from the one before it, and notes of one position strictly ascend by
//! instrument and pitch: an instrument never strikes a pitch twice at once. At most
//! [`super::voices::VOICES`] notes of one pitch and instrument sound at once. After
//! [`MAX_SILENT_BARS`] bars without notes the next one must play, or end the piece.
//!
//! A complete walk decodes to a score that encodes to the same walk, but for: bars without notes at
//! the end (a score ends with its last note), a header that does not name exactly the instruments
//! that play, and pieces of more than [`super::MAX_QUARTERS`] quarters.

use super::MAX_SILENT_BARS;
use super::fields::*;
use super::values::applies;
use super::voices::Voices;
use crate::event::{Event, NoteEvent, TempoBin, step_of};
use crate::{Grammar, NONE, RepresentationError, Value};
use leitmotif_score::Instrument;

/// What stands before the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Start,
    Genre,
    With(Instrument),
    Bar,
    Tempo(u64),
    Note(NoteEvent),
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct EventsGrammar<'a> {
    fields: &'a Fields,
    before: Before,
    /// The bar being written: its first step and its length.
    bar: (u64, u64),
    bars: usize,
    notes: usize,
    /// Bars since the last note, the one being written included.
    silent: usize,
    tempo: Option<TempoBin>,
    voices: Voices,
    /// The step that `seconds` belongs to.
    clock: u64,
    seconds: f64,
    accepted: usize,
}

impl<'a> EventsGrammar<'a> {
    pub fn new(fields: &'a Fields) -> Self {
        Self {
            fields,
            before: Before::Nothing,
            bar: (0, 0),
            bars: 0,
            notes: 0,
            silent: 0,
            tempo: None,
            voices: Voices::default(),
            clock: 0,
            seconds: 0.0,
            accepted: 0,
        }
    }

    /// The first position at which a tempo may stand.
    fn tempo_from(&self) -> Option<u64> {
        match self.before {
            Before::Bar => Some(0),
            Before::Tempo(position) | Before::Note(NoteEvent { position, .. }) => Some(position + 1),
            _ => None,
        }
    }

    fn tempo_at(&self, position: u64) -> bool {
        let first = self.tempo.is_none();
        self.tempo_from().is_some_and(|from| position >= from) && position < self.bar.1 && !(first && position > 0)
    }

    fn note_at(&self, position: u64) -> bool {
        let after = match self.before {
            Before::Bar => self.tempo.is_some(),
            Before::Tempo(at) => position >= at,
            Before::Note(note) => position >= note.position,
            _ => false,
        };
        after && position < self.bar.1 && (1..=DRUMS).any(|value| self.instrument_at(position, instrument_of(value)))
    }

    /// Whether the note at `position` may be of `instrument`; the position is known to be possible.
    fn instrument_at(&self, position: u64, instrument: Instrument) -> bool {
        let pitches = match self.at_last(position) {
            Some(last) if instrument < last.instrument => return false,
            Some(last) if instrument == last.instrument => last.pitch + 1..128,
            _ => 0..128,
        };
        self.voices.any_free(instrument, pitches, self.bar.0 + position)
    }

    /// Whether a note comes after the last one in the order of a position's notes.
    fn ascends(&self, position: u64, instrument: Instrument, pitch: u8) -> bool {
        self.at_last(position).is_none_or(|last| (instrument, pitch) > (last.instrument, last.pitch))
    }

    /// The note before, if `position` is its position.
    fn at_last(&self, position: u64) -> Option<&NoteEvent> {
        match &self.before {
            Before::Note(last) if last.position == position => Some(last),
            _ => None,
        }
    }

    fn note_allowed(&self, note: &NoteEvent) -> bool {
        let NoteEvent { position, instrument, pitch, .. } = *note;
        self.note_at(position)
            && self.ascends(position, instrument, pitch)
            && self.voices.free(instrument, pitch, self.bar.0 + position).is_some()
    }

    fn bar_allowed(&self) -> bool {
        match self.before {
            Before::Start | Before::Genre | Before::With(_) => true,
            Before::Bar | Before::Tempo(_) => self.tempo.is_some() && self.silent <= MAX_SILENT_BARS,
            Before::Note(_) => true,
            Before::Nothing | Before::End => false,
        }
    }

    fn with_allowed(&self, instrument: Instrument) -> bool {
        match self.before {
            Before::Start | Before::Genre => true,
            Before::With(last) => instrument > last,
            _ => false,
        }
    }

    fn end_allowed(&self) -> bool {
        self.tempo.is_some() && self.before != Before::End
    }

    /// Whether some note may follow in this bar.
    fn any_note(&self) -> bool {
        let from = match self.before {
            Before::Bar => 0,
            Before::Tempo(position) | Before::Note(NoteEvent { position, .. }) => position,
            _ => return false,
        };
        (from..self.bar.1).any(|position| self.note_at(position))
    }

    fn mark_kinds(&self, allowed: &mut [bool]) {
        let (tempos, bars) = (usize::from(TEMPOS), usize::from(BARS));
        let genres = usize::from(self.fields.first_genre());
        allowed[usize::from(START)] = self.before == Before::Nothing;
        // Nothing follows the end; a mask still needs one value.
        allowed[usize::from(END)] = self.end_allowed() || self.before == Before::End;
        allowed[usize::from(WITH)] = self.with_allowed(instrument_of(DRUMS));
        allowed[usize::from(NOTE)] = self.any_note();
        if self.tempo_from().is_some_and(|from| self.tempo_at(from)) {
            allowed[tempos..bars].fill(true);
            if let Some(current) = self.tempo {
                allowed[tempos + usize::from(current.0)] = false;
            }
        }
        allowed[bars..genres].fill(self.bar_allowed());
        allowed[genres..].fill(self.before == Before::Start);
    }

    /// Moves the clock on to `step`.
    fn advance(&mut self, step: u64) {
        let micros = self.tempo.unwrap_or(TempoBin::MODERATE).micros_per_quarter();
        let steps = step.saturating_sub(self.clock) as f64;
        self.seconds += steps * f64::from(micros) * 1e-6 / self.fields.grid as f64;
        self.clock = self.clock.max(step);
    }

    fn check(&self, event: &Event) -> Result<(), &'static str> {
        let (allowed, reason) = match event {
            Event::Start => (self.before == Before::Nothing, "a start within the piece"),
            Event::Genre(_) => (self.before == Before::Start, "a genre stands right after the start"),
            Event::With(instrument) => {
                (self.with_allowed(*instrument), "the header's instruments ascend, before the first bar")
            }
            Event::Bar(_) => (self.bar_allowed(), "no bar may begin here"),
            Event::Tempo { position, tempo } => (
                self.tempo_at(*position) && self.tempo != Some(*tempo),
                "a tempo stands before the notes of its position and differs from the one before it",
            ),
            Event::Note(note) => {
                (self.note_allowed(note), "the note is out of order, doubles another, or is one too many of its pitch")
            }
            Event::End => (self.end_allowed(), "a piece ends once, after a bar with a tempo"),
        };
        if allowed { Ok(()) } else { Err(reason) }
    }

    fn step_over(&mut self, event: Event) {
        self.before = match event {
            Event::Start => Before::Start,
            Event::Genre(_) => Before::Genre,
            Event::With(instrument) => Before::With(instrument),
            Event::Bar(signature) => {
                self.bar = (self.bar.0 + self.bar.1, signature.steps);
                self.advance(self.bar.0);
                self.bars += 1;
                self.silent += 1;
                Before::Bar
            }
            Event::Tempo { position, tempo } => {
                self.advance(self.bar.0 + position);
                self.tempo = Some(tempo);
                Before::Tempo(position)
            }
            Event::Note(note) => {
                let at = self.bar.0 + note.position;
                self.advance(at);
                self.voices.sound(note.instrument, note.pitch, at, at + note.duration);
                self.notes += 1;
                self.silent = 0;
                Before::Note(note)
            }
            Event::End => {
                self.advance(self.bar.0 + self.bar.1);
                Before::End
            }
        };
    }
}

impl Grammar for EventsGrammar<'_> {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        let mut mark = |test: &dyn Fn(Value) -> bool| {
            for (value, allowed) in allowed.iter_mut().enumerate().skip(usize::from(field != KIND)) {
                *allowed = test(value as Value);
            }
        };
        let kind = earlier.first().copied().unwrap_or(NONE);
        let step = |value: Value| step_of(value).unwrap_or(0);
        let position = step(earlier.get(POSITION).copied().unwrap_or(NONE));
        let instrument = instrument_of(earlier.get(INSTRUMENT).copied().unwrap_or(NONE));
        match field {
            KIND => self.mark_kinds(allowed),
            _ if !applies(kind, field) => allowed[usize::from(NONE)] = true,
            POSITION if kind == NOTE => mark(&|value| self.note_at(step(value))),
            POSITION => mark(&|value| self.tempo_at(step(value))),
            INSTRUMENT if kind == NOTE => mark(&|value| self.instrument_at(position, instrument_of(value))),
            INSTRUMENT => mark(&|value| self.with_allowed(instrument_of(value))),
            PITCH => {
                let full = self.voices.full(instrument, self.bar.0 + position);
                mark(&|value| {
                    pitch_of(instrument, value)
                        .is_some_and(|pitch| full >> pitch & 1 == 0 && self.ascends(position, instrument, pitch))
                });
            }
            _ => mark(&|_| true),
        }
    }

    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError> {
        let index = self.accepted;
        let parsed = self.fields.event(event);
        let event = parsed.and_then(|event| self.check(&event).map(|()| event).map_err(str::to_owned));
        let event = event.map_err(|reason| RepresentationError::Event { index, reason })?;
        self.step_over(event);
        self.accepted += 1;
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.before == Before::End
    }

    fn bars(&self) -> usize {
        if self.is_finished() { self.bars } else { self.bars.saturating_sub(1) }
    }

    fn notes(&self) -> usize {
        self.notes
    }

    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn fork<'b>(&self) -> Box<dyn Grammar + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}
