//! Models from outside, as one program.
#![allow(clippy::unwrap_used)]

mod allocation;
mod common;
mod embed;
mod ensemble;
mod markov;
mod precision;
