//! The tokens: start, end, the end of a frame, and 128 pitches.

use crate::{Field, Value, pitch_name};

pub(crate) const START: Value = 0;
pub(crate) const END: Value = 1;
/// The end of a frame.
pub(crate) const FRAME: Value = 2;
/// The first pitch; MIDI pitch 0.
pub(crate) const PITCHES: Value = 3;
/// The number of tokens.
const COUNT: Value = PITCHES + 128;

/// What a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Start,
    End,
    Frame,
    Pitch(u8),
}

impl Token {
    pub fn value(self) -> Value {
        match self {
            Self::Start => START,
            Self::End => END,
            Self::Frame => FRAME,
            Self::Pitch(pitch) => PITCHES + Value::from(pitch),
        }
    }

    pub fn parse(event: &[Value]) -> Result<Self, String> {
        match *event {
            [START] => Ok(Self::Start),
            [END] => Ok(Self::End),
            [FRAME] => Ok(Self::Frame),
            [value] if value < COUNT => Ok(Self::Pitch((value - PITCHES) as u8)),
            [value] => Err(format!("value {value} is not in the vocabulary")),
            _ => Err(format!("{} fields where an event has one", event.len())),
        }
    }

    /// The token `semitones` higher; `None` beyond the range of pitches.
    pub fn transposed(self, semitones: i8) -> Option<Self> {
        match self {
            Self::Pitch(pitch) => {
                let moved = i32::from(pitch) + i32::from(semitones);
                u8::try_from(moved).ok().filter(|pitch| *pitch < 128).map(Self::Pitch)
            }
            other => Some(other),
        }
    }
}

/// The names of all tokens.
pub(crate) fn field() -> Field {
    let fixed = ["start", "end", "frame"].map(str::to_owned).into_iter();
    Field { name: "token".to_owned(), values: fixed.chain((0..128).map(pitch_name::name)).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_value_is_read_back() {
        for value in 0..COUNT {
            assert_eq!(Token::parse(&[value]).unwrap().value(), value);
        }
        assert!(Token::parse(&[COUNT]).is_err() && Token::parse(&[]).is_err());
        assert_eq!(field().values.len(), usize::from(COUNT));
        assert_eq!(Token::Pitch(3).transposed(-4), None);
        assert_eq!(Token::Frame.transposed(-4), Some(Token::Frame));
    }
}
