//! Scores and MIDI files from outside, as one program.
#![allow(clippy::unwrap_used)]

mod automation;
mod chords;
mod collections;
mod common;
mod damage;
mod files;
mod formats;
mod properties;
mod round_trips;
mod sharing;
mod splice;
mod wrong;
