//! One event as what it means, instead of as field values.

use super::fields::*;
use super::tempos;
use crate::{NONE, Value};

/// The meaning of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    End,
    /// The piece's genre: the kind that names it.
    Genre(Value),
    /// One instrument of the header.
    With(Value),
    /// A bar begins: number of its time signature.
    Bar(usize),
    /// A tempo holds from `position` (steps into the bar) on.
    Tempo {
        position: u64,
        bin: Value,
    },
    Note(NoteEvent),
}

/// A note; the order of the fields is the order of notes within a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NoteEvent {
    /// Steps into the bar.
    pub position: u64,
    pub instrument: Value,
    pub pitch: Value,
    pub duration: Value,
    pub velocity: Value,
}

/// Which fields besides the kind an event has.
pub(crate) fn applies(kind: Value, field: usize) -> bool {
    match kind {
        NOTE => true,
        WITH => field == INSTRUMENT,
        kind => field == POSITION && (TEMPOS..BARS).contains(&kind),
    }
}

impl Event {
    /// The values of the event.
    pub fn values(self, fields: &Fields) -> [Value; FIELDS] {
        match self {
            Self::Start => [START, NONE, NONE, NONE, NONE, NONE],
            Self::End => [END, NONE, NONE, NONE, NONE, NONE],
            Self::Genre(kind) => [kind, NONE, NONE, NONE, NONE, NONE],
            Self::With(instrument) => [WITH, NONE, instrument, NONE, NONE, NONE],
            Self::Bar(meter) => [fields.bar_kind(meter), NONE, NONE, NONE, NONE, NONE],
            Self::Tempo { position, bin } => [TEMPOS + bin, position as Value + 1, NONE, NONE, NONE, NONE],
            Self::Note(note) => {
                [NOTE, note.position as Value + 1, note.instrument, note.pitch, note.duration, note.velocity]
            }
        }
    }

    /// The meaning of an event's values, whatever stands before it.
    pub fn parse(values: &[Value], fields: &Fields, sizes: &[usize]) -> Result<Self, String> {
        if values.len() != FIELDS {
            return Err(format!("{} fields where an event has {FIELDS}", values.len()));
        }
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
        let position = u64::from(values[POSITION]).saturating_sub(1);
        Ok(match kind {
            START => Self::Start,
            END => Self::End,
            WITH => Self::With(values[INSTRUMENT]),
            NOTE => {
                let (instrument, pitch) = (values[INSTRUMENT], values[PITCH]);
                if !pitches_of(instrument).contains(&pitch) {
                    return Err("drum sounds belong to drums, and pitches to the other instruments".to_owned());
                }
                let (duration, velocity) = (values[DURATION], values[VELOCITY]);
                Self::Note(NoteEvent { position, instrument, pitch, duration, velocity })
            }
            _ if kind < BARS => Self::Tempo { position, bin: kind - TEMPOS },
            _ if kind < fields.first_genre() => Self::Bar(usize::from(kind - BARS)),
            _ => Self::Genre(kind),
        })
    }
}

const _: () = assert!(TEMPOS + tempos::COUNT == BARS);
