//! The program from outside, as its users run it. One test program: linking the networks is slow.
#![allow(clippy::unwrap_used)]

mod demo;
mod errors;
mod golden;
mod help;
mod interrupt;
mod journey;
mod json_keys;
mod latents;
mod limits;
mod mpi;
mod music;
mod program;
mod robust;
mod write;
