//! Rendering from outside, as one program.
#![allow(clippy::unwrap_used)]

mod automation;
mod instruments;
mod measure;
mod render;
mod roll;
