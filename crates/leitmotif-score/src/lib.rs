//! The music itself: scores, time, instruments; MIDI in and out.

mod instrument;
mod score;
mod time;

pub use instrument::Instrument;
pub use score::{KeySignature, Marker, Meter, Note, Part, Score, Tempo};
pub use time::{Quarters, Resolution, Seconds, Ticks};
