//! The tokens: start, end, part, 128 notes, and a chord for every set of pitch classes.

use super::normal_order::{self, PitchClasses, SETS};
use crate::{Field, Value, pitch_name};

pub(crate) const START: Value = 0;
pub(crate) const END: Value = 1;
/// Between two parts.
pub(crate) const PART: Value = 2;
/// The first note; MIDI pitch 0.
const NOTES: Value = 3;
/// The first chord; the set of pitch class 0 alone.
const CHORDS: Value = NOTES + 128;
/// The number of tokens.
pub(crate) const COUNT: Value = CHORDS + SETS;

/// What a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Start,
    End,
    Part,
    /// A single MIDI pitch.
    Note(u8),
    /// Several pitches at once, of which the pitch classes are kept.
    Chord(PitchClasses),
}

impl Token {
    pub fn value(self) -> Value {
        match self {
            Self::Start => START,
            Self::End => END,
            Self::Part => PART,
            Self::Note(pitch) => NOTES + Value::from(pitch),
            Self::Chord(set) => CHORDS + set - 1,
        }
    }

    pub fn parse(event: &[Value]) -> Result<Self, String> {
        match *event {
            [START] => Ok(Self::Start),
            [END] => Ok(Self::End),
            [PART] => Ok(Self::Part),
            [value] if value < CHORDS => Ok(Self::Note((value - NOTES) as u8)),
            [value] if value < COUNT => Ok(Self::Chord(value - CHORDS + 1)),
            [value] => Err(format!("value {value} is not in the vocabulary")),
            _ => Err(format!("{} fields where an event has one", event.len())),
        }
    }

    /// Whether this is a note or a chord.
    pub fn sounds(self) -> bool {
        matches!(self, Self::Note(_) | Self::Chord(_))
    }

    /// The token `semitones` higher; `None` beyond the range of pitches.
    pub fn transposed(self, semitones: i32) -> Option<Self> {
        match self {
            Self::Note(pitch) => {
                u8::try_from(i32::from(pitch) + semitones).ok().filter(|pitch| *pitch < 128).map(Self::Note)
            }
            Self::Chord(set) => Some(Self::Chord(normal_order::transpose(set, semitones))),
            other => Some(other),
        }
    }
}

/// The names of all tokens.
pub(crate) fn field() -> Field {
    let fixed = ["start", "end", "part"].map(str::to_owned).into_iter();
    let notes = (0..128).map(pitch_name::name);
    let chords = (1..=SETS).map(normal_order::name);
    Field { name: "token".to_owned(), values: fixed.chain(notes).chain(chords).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_value_is_read_back_and_has_its_own_name() {
        for value in 0..COUNT {
            assert_eq!(Token::parse(&[value]).unwrap().value(), value);
        }
        assert!(Token::parse(&[COUNT]).is_err() && Token::parse(&[]).is_err());
        let names = field().values;
        assert_eq!(names.len(), usize::from(COUNT));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn names_are_those_of_the_study() {
        let names = field().values;
        let named = |token: Token| names[usize::from(token.value())].as_str();
        assert_eq!(named(Token::Note(61)), "C#4");
        assert_eq!(named(Token::Chord(1 << 4 | 1 << 7 | 1 << 11)), "4.7.11");
        assert_eq!(named(Token::Chord(1)), "0");
    }
}
