//! Studies from outside, as one program.
#![allow(clippy::unwrap_used)]

mod apart;
mod common;
mod report;
mod specimen;
mod studies;
