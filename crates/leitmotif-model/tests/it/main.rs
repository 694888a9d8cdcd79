//! Models from outside, as one program.
#![allow(clippy::unwrap_used)]

mod allocation;
mod common;
mod decoding_batch;
mod embed;
mod markov;
mod precision;
