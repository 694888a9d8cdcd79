//! The music itself: scores, time, instruments; MIDI in and out.
//!
//! A [`Score`] is a piece free of any file format: parts with an [`Instrument`] and notes, and the
//! time they share. [`read_midi`] and [`write_midi`] bring it in and out, each with a report of
//! what it could not take over as it was; [`TempoMap`] and [`Bars`] answer when something sounds
//! and in which bar; the methods of [`Score`] transpose, scale, cut and re-clock it.
//!
//! ```
//! use leitmotif_score::{InstrumentSelection, Instrument, Note, Part, ReadOptions, Score, Ticks, read_midi, write_midi};
//!
//! let note = Note { onset: Ticks(0), pitch: 60, duration: Ticks(480), velocity: 90 };
//! let piano = Part { name: "Piano".into(), instrument: Instrument::Program(0), notes: vec![note] };
//! let score = Score { parts: vec![piano], ..Score::default() };
//!
//! let bytes = write_midi(&score)?;
//! let (back, report) = read_midi(&bytes, &ReadOptions::default())?;
//! assert_eq!(back, score);
//! assert!(report.findings.is_empty());
//! assert_eq!(back.duration().0, 0.5);
//! assert!(InstrumentSelection::parse("piano")?.matches(back.parts[0].instrument));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod bars;
mod chords;
mod general_midi;
mod instrument;
pub mod midi;
mod nearest;
mod score;
mod selection;
mod tempo;
mod time;
mod transform;

pub use bars::{Bar, Bars, MAX_BARS, MAX_QUARTERS};
pub use chords::{
    Chord, ChordError, ChordProblem, ChordQuality, ChordSpan, MAX_CHORD_CELLS, MAX_CHORDS_A_BAR, MAX_PROGRESSION_BARS,
    MAX_PROGRESSION_BYTES, Progression, Tonality, estimate_chords, parse_progression,
};
pub use general_midi::{DRUM_KEYS, FAMILIES, FIRST_DRUM_KEY, PROGRAMS, drum_key_name};
pub use instrument::Instrument;
pub use midi::{
    Automation, Control, ControlChange, Cut, Edits, PartEdits, ReadError, ReadOptions, ReadReport, SpliceError,
    SpliceReport, WriteError, WriteReport, read_automation, read_midi, read_midi_bytes, read_midi_file, splice_midi,
    write_midi, write_midi_file, write_midi_with_report,
};
pub use nearest::{edits, nearest_names};
pub use score::{KeySignature, Marker, Meter, Note, Part, Score, Tempo};
pub use selection::{InstrumentSelection, UnknownInstrument, family_names};
pub use tempo::TempoMap;
pub use time::{Quarters, Resolution, Seconds, Ticks};
