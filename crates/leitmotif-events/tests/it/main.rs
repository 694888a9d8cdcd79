//! Representations from outside, as one program.
#![allow(clippy::unwrap_used)]

mod arbitrary;
mod attributes;
mod cells;
mod events;
mod notes;
mod observed;
mod real_music;
mod rolls;
