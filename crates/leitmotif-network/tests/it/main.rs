//! The networks from outside; one program, because linking Burn is what takes time.
#![allow(clippy::unwrap_used)]

mod gradients;
mod latents;
mod memory;
mod names;
mod parity;
mod prior;
mod recall;
mod songs;
mod stepping;
mod support;
