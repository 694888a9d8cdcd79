//! `reconstruct`: a piece from its own latents.

use super::{Studio, Writing};
use crate::console::Console;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::latent::reconstruction;
use serde_json::json;
use std::path::PathBuf;

/// Reconstruct a piece from its latents.
///
/// Each bar is encoded as a latent and decoded again. Tempo, meter and instruments stay. The closer
/// the notes are to the source, the more of the piece the latents capture. Needs a model with
/// latents, for instance from --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// MIDI file to read
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// MIDI file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    writing: Writing,
}

/// Reads and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let studio = Studio::open(&options.model, std::slice::from_ref(&options.output), &options.writing, console)?;
    let (file, source) = studio.file(&options.input)?;
    studio.edit(&file, &source, &reconstruction(&source), &[], &json!({ "verb": "reconstruct" }), &options.output)
}
