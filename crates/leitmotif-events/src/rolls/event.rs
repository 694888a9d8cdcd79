//! One event as what it means, and the fields of all events.

use crate::{Field, NONE, Value, pitch_name};

/// MIDI pitch of the piano's lowest key, A0.
pub(crate) const LOWEST: u8 = 21;
/// Keys of a piano: A0 to C8.
pub(crate) const KEYS: usize = 88;
/// Fields of an event: the kind and every key.
pub(crate) const FIELDS: usize = 1 + KEYS;

pub(crate) const START: Value = 0;
pub(crate) const END: Value = 1;
/// A frame, whose keys follow.
pub(crate) const FRAME: Value = 2;
/// A key that is silent.
const SILENT: Value = 1;
/// A key that sounds.
const SOUNDING: Value = 2;

/// The meaning of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    End,
    /// The pitches that sound, ascending, each a key of the piano.
    Frame(Vec<u8>),
}

impl Event {
    /// The values of the event.
    pub fn values(&self) -> [Value; FIELDS] {
        let (kind, keys) = match self {
            Self::Start => (START, NONE),
            Self::End => (END, NONE),
            Self::Frame(_) => (FRAME, SILENT),
        };
        let mut values = [keys; FIELDS];
        values[0] = kind;
        if let Self::Frame(pitches) = self {
            pitches.iter().filter_map(|pitch| key(*pitch)).for_each(|key| values[1 + key] = SOUNDING);
        }
        values
    }

    /// The meaning of an event's values.
    pub fn parse(values: &[Value]) -> Result<Self, String> {
        let [kind, keys @ ..] = values else { return Err("an event without fields".to_owned()) };
        if keys.len() != KEYS {
            return Err(format!("{} fields where an event has {FIELDS}", values.len()));
        }
        if let Some(value) = keys.iter().find(|value| **value > SOUNDING) {
            return Err(format!("value {value} of a key is not in the vocabulary"));
        }
        match *kind {
            START | END => match keys.iter().all(|value| *value == NONE) {
                true => Ok(if *kind == START { Self::Start } else { Self::End }),
                false => Err("no key sounds at the start or the end".to_owned()),
            },
            FRAME => match keys.contains(&NONE) {
                true => Err("a key is missing".to_owned()),
                false => Ok(Self::Frame(
                    (LOWEST..).zip(keys).filter(|(_, value)| **value == SOUNDING).map(|(pitch, _)| pitch).collect(),
                )),
            },
            kind => Err(format!("value {kind} is not in the vocabulary")),
        }
    }
}

/// The key of a pitch, from 0, if a piano has it.
pub(crate) fn key(pitch: u8) -> Option<usize> {
    pitch.checked_sub(LOWEST).map(usize::from).filter(|key| *key < KEYS)
}

/// These pitches `semitones` higher; `None` if a piano has not all of them.
pub(crate) fn transposed(pitches: &[u8], semitones: i8) -> Option<Vec<u8>> {
    let moved = |pitch: &u8| u8::try_from(i16::from(*pitch) + i16::from(semitones)).ok().filter(|p| key(*p).is_some());
    pitches.iter().map(moved).collect()
}

/// The name of a key.
pub(crate) fn name(pitch: u8) -> String {
    pitch_name::name(pitch)
}

/// The fields and the names of their values.
pub(crate) fn fields() -> Vec<Field> {
    let field = |name: String, values: [&str; 3]| Field { name, values: values.map(str::to_owned).to_vec() };
    let keys = (LOWEST..).take(KEYS).map(|pitch| field(name(pitch), ["none", "silent", "sounding"]));
    std::iter::once(field("kind".to_owned(), ["start", "end", "frame"])).chain(keys).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_event_is_read_back() {
        let frames = [vec![], vec![21], vec![108], vec![21, 60, 64, 108]].map(Event::Frame);
        for event in [Event::Start, Event::End].into_iter().chain(frames) {
            assert_eq!(Event::parse(&event.values()).unwrap(), event);
        }
        assert_eq!((fields().len(), fields()[1].name.as_str(), fields()[88].name.as_str()), (FIELDS, "A0", "C8"));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let changed = |event: Event, place: usize, value: Value| {
            let mut values = event.values();
            values[place] = value;
            Event::parse(&values)
        };
        assert!(changed(Event::Start, 5, SILENT).is_err() && changed(Event::Frame(vec![60]), 88, NONE).is_err());
        assert!(changed(Event::End, 0, 3).is_err() && changed(Event::Frame(vec![]), 1, 3).is_err());
        assert!(Event::parse(&[]).is_err() && Event::parse(&[FRAME; 88]).is_err());
    }

    #[test]
    fn pitches_keep_to_the_piano() {
        assert_eq!([20, 21, 108, 109, 0, 127].map(key), [None, Some(0), Some(87), None, None, None]);
        assert_eq!(transposed(&[21, 60], -1), None);
        assert_eq!(transposed(&[60, 108], 1), None);
        assert_eq!(transposed(&[21, 60], 48), Some(vec![69, 108]));
        assert_eq!(transposed(&[], -128), Some(vec![]));
    }
}
