//! One event as what it means, and the fields of all events.

use crate::{Field, NONE, Value, pitch_name};

/// Fields of an event: the step and four voices.
pub(crate) const FIELDS: usize = 1 + VOICES;
/// Voices.
pub(crate) const VOICES: usize = 4;
/// Their names, from above; the fields' and the decoded parts'.
pub(crate) const VOICE_NAMES: [&str; VOICES] = ["soprano", "alto", "tenor", "bass"];

pub(crate) const START: Value = 0;
pub(crate) const END: Value = 1;
/// The first step of a bar.
const STEPS: Value = 2;
/// A voice that rests.
const REST: Value = 1;
/// The first pitch; MIDI pitch 0.
const PITCHES: Value = 2;
/// Values of a voice's field.
const VOICE_VALUES: Value = PITCHES + 128;

/// The meaning of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    End,
    /// What the voices sing at a step of the bar.
    Frame {
        step: Value,
        voices: [Option<u8>; VOICES],
    },
}

impl Event {
    /// The values of the event.
    pub fn values(self) -> [Value; FIELDS] {
        match self {
            Self::Start => [START, NONE, NONE, NONE, NONE],
            Self::End => [END, NONE, NONE, NONE, NONE],
            Self::Frame { step, voices } => {
                let [soprano, alto, tenor, bass] = voices.map(|pitch| pitch.map_or(REST, |p| PITCHES + Value::from(p)));
                [STEPS + step, soprano, alto, tenor, bass]
            }
        }
    }

    /// The meaning of an event's values, in bars of `steps` steps.
    pub fn parse(values: &[Value], steps: u64) -> Result<Self, String> {
        let [kind, voices @ ..] = values else { return Err("an event without fields".to_owned()) };
        let Ok(voices) = <[Value; VOICES]>::try_from(voices) else {
            return Err(format!("{} fields where an event has {FIELDS}", values.len()));
        };
        if let Some(value) = voices.iter().find(|value| **value >= VOICE_VALUES) {
            return Err(format!("value {value} of a voice is not in the vocabulary"));
        }
        match *kind {
            START | END => match voices.iter().all(|value| *value == NONE) {
                true => Ok(if *kind == START { Self::Start } else { Self::End }),
                false => Err("no voice sings at the start or the end".to_owned()),
            },
            kind if u64::from(kind - STEPS) >= steps => Err(format!("value {kind} is not in the vocabulary")),
            kind => match voices.contains(&NONE) {
                true => Err("a voice is missing".to_owned()),
                false => Ok(Self::Frame { step: kind - STEPS, voices: voices.map(pitch) }),
            },
        }
    }
}

/// The pitch of a voice that sings or rests.
fn pitch(value: Value) -> Option<u8> {
    value.checked_sub(PITCHES).map(|pitch| pitch as u8)
}

/// A voice's value `semitones` higher; `None` beyond the range of pitches.
pub(crate) fn transposed(value: Value, semitones: i8) -> Option<Value> {
    if value < PITCHES {
        return Some(value);
    }
    let moved = i32::from(value) + i32::from(semitones);
    Value::try_from(moved).ok().filter(|moved| (PITCHES..VOICE_VALUES).contains(moved))
}

/// The value of step number `step` of the bar.
pub(crate) fn step_value(step: u64) -> usize {
    usize::from(STEPS) + step as usize
}

/// The fields and the names of their values.
pub(crate) fn fields(grid: u16) -> Vec<Field> {
    let steps = crate::settings::QUARTERS_PER_BAR * u64::from(grid);
    let kinds = ["start".to_owned(), "end".to_owned()].into_iter().chain((0..steps).map(|step| format!("step {step}")));
    let voice = |name: &str| {
        let fixed = ["none", "rest"].map(str::to_owned).into_iter();
        Field { name: name.to_owned(), values: fixed.chain((0..128).map(pitch_name::name)).collect() }
    };
    let first = Field { name: "step".to_owned(), values: kinds.collect() };
    std::iter::once(first).chain(VOICE_NAMES.into_iter().map(voice)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_event_is_read_back() {
        let frames = (0..16).map(|step| Event::Frame { step, voices: [Some(127), None, Some(0), Some(step as u8)] });
        for event in [Event::Start, Event::End].into_iter().chain(frames) {
            assert_eq!(Event::parse(&event.values(), 16).unwrap(), event);
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let wrong: [&[Value]; 7] =
            [&[], &[0], &[0, 1, 0, 0, 0], &[18, 1, 1, 1, 1], &[2, 1, 1, 0, 1], &[2, 1, 1, 130, 1], &[2, 1, 1, 1, 1, 1]];
        for values in wrong {
            assert!(Event::parse(values, 16).is_err(), "{values:?}");
        }
    }

    #[test]
    fn rests_stay_and_pitches_keep_to_their_range() {
        assert_eq!(transposed(NONE, 5), Some(NONE));
        assert_eq!(transposed(REST, 5), Some(REST));
        assert_eq!(transposed(PITCHES, -1), None);
        assert_eq!(transposed(PITCHES + 127, 1), None);
        assert_eq!(transposed(PITCHES + 60, -5), Some(PITCHES + 55));
    }
}
