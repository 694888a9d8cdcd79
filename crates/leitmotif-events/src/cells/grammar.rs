//! Which events may follow.
//!
//! ```text
//! piece  = start [genre] with* (bar | window)+ end
//! bar    = bar-event tempo* chord* cell*          the parts that play, in the header's order
//! window = window-event given+ written+
//! given  = bar-event tempo* chord* (cell | hole)* those that play or are left open
//! written = write-event (cell | rest)+           the cells of a bar that were left open
//! cell   = repeat | transposed | (note+ | rhythm note+) close
//! ```
//!
//! An event names the part whose cell the next event belongs to, so that a cell is decided upon
//! when it is known whose it is.

use super::event::CellEvent;
use super::fields::*;
use super::harmony::TONES;
use super::song::{MAX_PARTS_OF_INSTRUMENT, PartId, Place, transposed};
use super::walk::{Before, Walk};
use crate::event::{EventKind, NoteEvent};
use crate::events::fields::{instrument_of, instrument_value, pitch_of, velocity_value};
use crate::{Grammar, NONE, RepresentationError, Value};

impl Walk<'_> {
    fn mark_kinds(&self, allowed: &mut [bool]) {
        let ready = self.turn().is_some() && self.tempo.is_some();
        let repeats = ready && Place::all().any(|place| self.can_repeat(place));
        let transposes = repeats && Place::all().any(|place| self.intervals(place).is_some());
        let rhythm = repeats && Place::all().any(|place| self.rhythm(place).is_some());
        let (bar, window, write) = (self.bar_allowed(), self.window_allowed(), self.write_allowed());
        let tempo = self.tempo_from().is_some_and(|from| self.tempo_at(from));
        let chord = (0..self.steps()).rev().take(1).chain([0]).any(|step| self.chord_at(step));
        let note = ready || matches!(self.before, Before::Notes(..)) && self.any_note();
        let last = PartId { instrument: instrument_of(crate::events::fields::DRUMS), number: 1 };
        let with = match self.song.parts.last() {
            Some(part) if part.instrument == last.instrument => part.number < MAX_PARTS_OF_INSTRUMENT,
            _ => true,
        };
        for (value, (allowed, kind)) in allowed.iter_mut().zip(&self.fields.kinds).enumerate() {
            *allowed = match kind {
                EventKind::Start => self.before == Before::Nothing,
                // Nothing follows the end; a mask still needs one value.
                EventKind::End => self.end_allowed() || self.before == Before::End,
                EventKind::With => with && matches!(self.before, Before::Start | Before::Genre | Before::With),
                EventKind::Note => note,
                EventKind::Tempo(_) => tempo && self.tempo.is_none_or(|it| usize::from(TEMPOS + it.0) != value),
                EventKind::Bar(_) => bar,
                EventKind::Close => self.close_allowed(),
                EventKind::Rest => self.rest_allowed(),
                EventKind::Hole => self.hole_allowed(),
                EventKind::Repeat => repeats,
                EventKind::Transposed => transposes,
                EventKind::Rhythm => rhythm,
                EventKind::Window => window,
                EventKind::Write => write,
                EventKind::Chord(_) => chord,
                EventKind::Genre(_) => self.before == Before::Start,
            };
        }
    }

    fn any_note(&self) -> bool {
        (0..self.steps()).any(|position| self.note_at(position))
    }

    /// The parts that an event of this kind may name.
    fn named(&self, kind: EventKind) -> Vec<Option<usize>> {
        match kind {
            EventKind::Bar(_) => self.firsts(),
            EventKind::Rest | EventKind::Hole | EventKind::Repeat | EventKind::Transposed | EventKind::Close => {
                self.nexts()
            }
            EventKind::Write => self.written(),
            _ => vec![self.next],
        }
    }

    fn mark_part(&self, kind: EventKind, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if kind == EventKind::With {
            for (value, allowed) in allowed.iter_mut().enumerate().skip(1) {
                *allowed = match field {
                    INSTRUMENT => (1..=MAX_PARTS_OF_INSTRUMENT)
                        .any(|number| self.with_allowed(PartId { instrument: instrument_of(value as Value), number })),
                    _ => self
                        .with_allowed(PartId { instrument: instrument_of(earlier[INSTRUMENT]), number: value as u8 }),
                };
            }
            return;
        }
        for part in self.named(kind) {
            let part = part.map(|part| self.song.parts[part]);
            let instrument = part.map_or(NONE, |part| instrument_value(part.instrument));
            match field {
                INSTRUMENT => allowed[usize::from(instrument)] = true,
                _ if earlier[INSTRUMENT] == instrument => {
                    allowed[usize::from(part.map_or(0, |part| part.number))] = true;
                }
                _ => {}
            }
        }
    }

    fn mark_place(&self, kind: EventKind, allowed: &mut [bool]) {
        let step = |value: Value, test: &dyn Fn(u64) -> bool| self.fields.step_of(value).is_some_and(test);
        let place = |value: Value, test: &dyn Fn(Place) -> bool| self.fields.place_of(value).is_some_and(test);
        for (value, allowed) in allowed.iter_mut().enumerate().skip(1) {
            let value = value as Value;
            *allowed = match kind {
                EventKind::Note => step(value, &|step| self.note_at(step)),
                EventKind::Tempo(_) => step(value, &|step| self.tempo_at(step)),
                EventKind::Chord(_) => step(value, &|step| self.chord_at(step)),
                EventKind::Repeat => place(value, &|place| self.can_repeat(place)),
                EventKind::Transposed => place(value, &|place| self.intervals(place).is_some()),
                EventKind::Rhythm => place(value, &|place| self.rhythm(place).is_some()),
                EventKind::Window => self.fields.window_of(value).is_some(),
                EventKind::Write => {
                    let bar = self.unwritten().map(|(bar, _)| self.bar_of_window(bar));
                    self.fields.window_of(value).is_some_and(|it| Some(it) == bar)
                }
                _ => false,
            };
        }
    }

    /// The number of a bar in its window, from 1.
    pub(super) fn bar_of_window(&self, bar: usize) -> usize {
        use super::walk::Section;
        match self.section {
            Section::Given { first, .. } | Section::Writing { first, .. } => bar - first + 1,
            Section::Plain => 1,
        }
    }

    fn mark_pitch(&self, kind: EventKind, earlier: &[Value], allowed: &mut [bool]) {
        let step = self.fields.step_of(earlier[PLACE]).unwrap_or(0);
        let range = self.pitches(step);
        let intervals = self.fields.place_of(earlier[PLACE]).and_then(|place| self.intervals(place));
        let instrument = instrument_of(earlier[INSTRUMENT]);
        for (value, allowed) in allowed.iter_mut().enumerate().skip(1) {
            let value = value as Value;
            *allowed = match kind {
                EventKind::Note => pitch_of(instrument, value).is_some_and(|pitch| range.contains(&pitch)),
                EventKind::Transposed => interval_of(value).is_some_and(|interval| {
                    interval != 0 && intervals.is_some_and(|(low, high)| (low..=high).contains(&interval))
                }),
                EventKind::Chord(Some(_)) => is_root(value),
                _ => false,
            };
        }
    }
}

impl Grammar for Walk<'_> {
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        allowed.fill(false);
        if field == KIND {
            return self.mark_kinds(allowed);
        }
        if self.fields.applies(earlier[KIND], field) == Applies::Never {
            allowed[usize::from(NONE)] = true;
            return;
        }
        let kind = self.fields.kinds.get(usize::from(earlier[KIND])).copied().unwrap_or(EventKind::Start);
        // The note of a cell whose rhythm is known.
        let known = match &self.before {
            Before::Notes(notes, Some(rhythm)) => rhythm.get(notes.len()),
            _ => None,
        };
        match field {
            PLACE => self.mark_place(kind, allowed),
            INSTRUMENT | PART => self.mark_part(kind, earlier, field, allowed),
            PITCH => self.mark_pitch(kind, earlier, allowed),
            BAR => allowed[usize::from(self.bar_of(earlier[KIND]))] = true,
            SCALE..PITCH => {
                let context = self.context(self.fields.step_of(earlier[PLACE]).unwrap_or(0));
                allowed[usize::from(context[field - SCALE])] = true;
            }
            DURATION => match known {
                Some(note) => allowed[usize::from(self.fields.plain.durations.value_of(note.duration))] = true,
                None => allowed[1..].fill(true),
            },
            _ => match known {
                Some(note) => allowed[usize::from(velocity_value(note.velocity))] = true,
                None => allowed[1..].fill(true),
            },
        }
    }

    fn accept(&mut self, values: &[Value]) -> Result<(), RepresentationError> {
        let index = self.accepted;
        let fields = self.fields;
        let step = |event: CellEvent| {
            let context = match event {
                CellEvent::Note { note, .. } => self.context(note.position),
                _ => [NONE; 1 + TONES],
            };
            if values[SCALE..PITCH] != context {
                return Err("scale and tones are not those that sound".to_owned());
            }
            if values[BAR] != self.bar_of(values[KIND]) {
                return Err("the bar has another number".to_owned());
            }
            self.step(event).map_err(str::to_owned)
        };
        let taken = fields.event(values).and_then(step);
        taken.map_err(|reason| RepresentationError::Event { index, reason })
    }

    fn is_finished(&self) -> bool {
        Walk::is_finished(self)
    }

    fn bars(&self) -> usize {
        if Walk::is_finished(self) { self.song.bars.len() } else { self.complete_bars() }
    }

    fn notes(&self) -> usize {
        self.notes
    }

    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn played(&self) -> &[NoteEvent] {
        &self.played
    }

    fn stands_for(&self, event: &[Value]) -> Vec<NoteEvent> {
        let place = event.get(PLACE).and_then(|value| self.fields.place_of(*value));
        let (Some(part), Some(place)) = (self.turn(), place) else { return Vec::new() };
        let Some(source) = self.song.source(self.bar, part, place) else { return Vec::new() };
        let interval = match self.fields.kinds.get(usize::from(event[KIND])) {
            Some(EventKind::Repeat) => Some(0),
            Some(EventKind::Transposed) => event.get(PITCH).and_then(|value| interval_of(*value)),
            _ => None,
        };
        let cell = interval.and_then(|interval| transposed(source, interval));
        let id = self.song.parts[part];
        cell.map_or_else(Vec::new, |cell| cell.iter().map(|note| note.of(id)).collect())
    }

    fn fork<'b>(&self) -> Box<dyn Grammar + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}
