//! `reconstruct`: a piece from its own latents.

use super::{Desk, Writing};
use crate::console::Console;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::latent::reconstruction;
use serde_json::json;
use std::path::PathBuf;

/// Write a piece anew from what the model has understood of it.
///
/// Each bar is read, becomes a latent, and is written from it. Tempo, meter and parts stay; how like the source the notes are says
/// how much of a piece the latents hold. Only for models with latents, such as those of --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// A run or model folder
    model: PathBuf,
    /// The MIDI file to read
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// The MIDI file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    writing: Writing,
}

/// Reads and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let desk = Desk::open(&options.model, std::slice::from_ref(&options.output), &options.writing, console)?;
    let source = desk.source(&options.input)?;
    desk.edit(&source, &reconstruction(&source), &[], &json!({ "verb": "reconstruct" }), &options.output)
}
