//! The practice corpus from outside, as one program.
#![allow(clippy::unwrap_used)]

mod any_seed;
mod collection;
mod golden;
