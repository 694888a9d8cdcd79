//! A piece of music, free of any file format.
//!
//! Invariants, kept by [`Score::normalise`] and by everything that returns a score: `tempos`,
//! `meters` and `keys` are sorted by tick, one per tick; notes of a part are sorted by
//! `(onset, pitch, duration, velocity)`; durations and velocities are at least 1; a score that names no
//! tempo plays at 120 quarters a minute, one that names no meter is in 4/4.

use crate::{Instrument, Resolution, Ticks};
use serde::{Deserialize, Serialize};

/// A sounding note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Where it begins.
    pub onset: Ticks,
    /// MIDI pitch, 0 to 127 (60 is middle C); for drums, the percussion instrument.
    pub pitch: u8,
    /// How long it is held, at least one tick.
    pub duration: Ticks,
    /// How hard it is struck, 1 to 127.
    pub velocity: u8,
}

/// One player's notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What the file calls it; may be empty.
    pub name: String,
    /// Who plays it.
    pub instrument: Instrument,
    /// Its notes in order. Notes of one pitch may overlap in a score; files written from it never do.
    pub notes: Vec<Note>,
}

/// A tempo that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tempo {
    /// Where it begins.
    pub at: Ticks,
    /// Microseconds a quarter note, at least 1.
    pub micros_per_quarter: u32,
}

/// A time signature that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Where it begins.
    pub at: Ticks,
    /// Beats in a bar, at least 1.
    pub numerator: u8,
    /// The note value of a beat: a power of two.
    pub denominator: u8,
}

/// A key signature that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySignature {
    /// Where it begins.
    pub at: Ticks,
    /// Sharps (positive) or flats (negative), -7 to 7.
    pub sharps: i8,
    /// Whether the mode is minor.
    pub minor: bool,
}

/// A named place (rehearsal mark, section, lyric-free cue).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Where it stands.
    pub at: Ticks,
    /// What it says.
    pub text: String,
}

/// A piece of music: its parts, and the time they share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The clock that every tick of this score counts in.
    pub resolution: Resolution,
    /// The piece's name, where it has one.
    pub title: Option<String>,
    /// The players.
    pub parts: Vec<Part>,
    /// The tempo map.
    pub tempos: Vec<Tempo>,
    /// The time signatures.
    pub meters: Vec<Meter>,
    /// The key signatures.
    pub keys: Vec<KeySignature>,
    /// Named places.
    pub markers: Vec<Marker>,
    /// Free text about the piece (how it was made); written as text events at the start of a file.
    pub texts: Vec<String>,
}
