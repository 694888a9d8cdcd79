//! Rendering from outside, as one program.
#![allow(clippy::unwrap_used)]

mod instruments;
mod measure;
mod render;
mod roll;
