//! Corpora from outside, as one program.
#![allow(clippy::unwrap_used)]

mod batches;
mod classes;
mod collections;
mod common;
mod latents;
mod parts;
mod prepare;
mod real_corpora;
mod subset;
