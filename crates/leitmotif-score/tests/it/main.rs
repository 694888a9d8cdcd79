//! Scores and MIDI files from outside, as one program.
#![allow(clippy::unwrap_used)]

mod chords;
mod collections;
mod common;
mod files;
mod formats;
mod properties;
mod splice;
mod wrong;
