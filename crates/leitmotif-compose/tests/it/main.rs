//! Composing from outside, as one program.
#![allow(clippy::unwrap_used)]

mod bars;
mod cells;
mod common;
mod copies;
mod form;
mod generate;
mod latent;
mod long;
#[path = "../../../leitmotif-model/tests/it/common.rs"]
mod networks;
mod rolls;
mod songs;
mod together;
