//! Chords: what they are, how musicians write them, and which ones a score plays.
//!
//! A [`Chord`] is a root, a [`ChordQuality`] and sometimes another bass. [`parse_progression`]
//! reads what a musician types into a [`Progression`], [`Progression::spans`] lays that over bars.
//! The chord of a stretch of time is an `Option<Chord>` in a [`ChordSpan`]; `None` is "no chord",
//! which charts write as `N.C.` [`estimate_chords`] finds the spans of a score.

mod chord;
mod error;
mod estimate;
mod grid;
mod numeral;
mod progression;
mod quality;
mod sound;
mod span;
mod symbol;
mod templates;

pub use chord::Chord;
pub use error::{ChordError, ChordProblem};
pub use estimate::estimate_chords;
pub use grid::MAX_CHORD_CELLS;
pub use numeral::Tonality;
pub use progression::{MAX_CHORDS_A_BAR, MAX_PROGRESSION_BARS, MAX_PROGRESSION_BYTES, Progression, parse_progression};
pub use quality::ChordQuality;
pub use span::ChordSpan;

/// Pitch classes in an octave.
const OCTAVE: u8 = 12;
