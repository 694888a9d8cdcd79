//! Events as field values, and field values as events.

use super::fields::*;
use crate::event::{Event, FIRST_POSITION, NoteEvent, TempoBin, step_of};
use crate::{NONE, Value};

/// Which fields besides the kind an event has.
pub(crate) fn applies(kind: Value, field: usize) -> bool {
    match kind {
        NOTE => true,
        WITH => field == INSTRUMENT,
        kind => field == POSITION && (TEMPOS..BARS).contains(&kind),
    }
}

/// The value of a position.
fn position_value(position: u64) -> Value {
    position as Value + FIRST_POSITION
}

impl Fields {
    /// The values of an event.
    pub fn values(&self, event: Event) -> [Value; FIELDS] {
        match event {
            Event::Start => [START, NONE, NONE, NONE, NONE, NONE],
            Event::End => [END, NONE, NONE, NONE, NONE, NONE],
            Event::Genre(number) => [self.first_genre() + number as Value, NONE, NONE, NONE, NONE, NONE],
            Event::With(instrument) => [WITH, NONE, instrument_value(instrument), NONE, NONE, NONE],
            Event::Bar(signature) => {
                let number = self.meters.find(signature.numerator, signature.denominator).unwrap_or(0);
                [BARS + number as Value, NONE, NONE, NONE, NONE, NONE]
            }
            Event::Tempo { position, tempo } => [TEMPOS + tempo.0, position_value(position), NONE, NONE, NONE, NONE],
            Event::Note(note) => [
                NOTE,
                position_value(note.position),
                instrument_value(note.instrument),
                pitch_value(note.instrument, note.pitch),
                self.durations.value_of(note.duration),
                velocity_value(note.velocity),
            ],
        }
    }

    /// The event that values stand for, whatever comes before it.
    ///
    /// # Errors
    /// What is wrong with values that stand for none.
    pub fn event(&self, values: &[Value]) -> Result<Event, String> {
        if values.len() != FIELDS {
            return Err(format!("{} fields where an event has {FIELDS}", values.len()));
        }
        let sizes = self.sizes();
        if let Some(field) = (0..FIELDS).find(|field| usize::from(values[*field]) >= sizes[*field]) {
            return Err(format!("value {} of field {field} is not in the vocabulary", values[field]));
        }
        let kind = values[KIND];
        if let Some(field) = (1..FIELDS).find(|field| (values[*field] != NONE) != applies(kind, *field)) {
            return Err(match values[field] {
                NONE => format!("field {field} is missing"),
                _ => format!("field {field} does not apply to this kind"),
            });
        }
        let position = step_of(values[POSITION]).unwrap_or(0);
        Ok(match kind {
            START => Event::Start,
            END => Event::End,
            WITH => Event::With(instrument_of(values[INSTRUMENT])),
            NOTE => {
                let instrument = instrument_of(values[INSTRUMENT]);
                let Some(pitch) = pitch_of(instrument, values[PITCH]) else {
                    return Err("drum sounds belong to drums, and pitches to the other instruments".to_owned());
                };
                let (duration, velocity) = (self.durations.of(values[DURATION]), velocity_of(values[VELOCITY]));
                Event::Note(NoteEvent { position, instrument, pitch, duration, velocity })
            }
            _ if kind < BARS => Event::Tempo { position, tempo: TempoBin(kind - TEMPOS) },
            _ if kind < self.first_genre() => Event::Bar(self.meters.list()[usize::from(kind - BARS)]),
            _ => Event::Genre(usize::from(kind - self.first_genre())),
        })
    }
}

const _: () = assert!(TEMPOS + TempoBin::COUNT == BARS);
