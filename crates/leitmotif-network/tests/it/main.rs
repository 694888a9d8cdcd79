//! The networks from outside; one program, because linking Burn is what takes time.
#![allow(clippy::unwrap_used)]

mod gradients;
mod memory;
mod names;
mod parity;
mod recall;
mod stepping;
mod support;
