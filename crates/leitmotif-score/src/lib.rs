//! The music itself: scores, time, instruments; MIDI in and out.

mod bars;
mod general_midi;
mod instrument;
pub mod midi;
mod score;
mod selection;
mod tempo;
mod time;
mod transform;

pub use bars::{Bar, Bars};
pub use general_midi::{DRUM_KEYS, FAMILIES, FIRST_DRUM_KEY, PROGRAMS, drum_key_name};
pub use instrument::Instrument;
pub use midi::{
    ReadError, ReadOptions, ReadReport, WriteError, WriteReport, read_midi, read_midi_file, write_midi,
    write_midi_file, write_midi_with_report,
};
pub use score::{KeySignature, Marker, Meter, Note, Part, Score, Tempo};
pub use selection::{InstrumentSelection, UnknownInstrument, family_names};
pub use tempo::TempoMap;
pub use time::{Quarters, Resolution, Seconds, Ticks};
