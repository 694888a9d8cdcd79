//! Training from outside, as one program.
#![allow(clippy::unwrap_used)]

mod common;
mod documents;
mod embedding;
mod floors;
mod frames;
mod fused;
mod latents;
mod resume;
mod together;
mod training;
mod transposed;
