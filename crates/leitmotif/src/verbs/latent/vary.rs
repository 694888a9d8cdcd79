//! `vary`: other notes of the same kind.

use super::{Studio, Writing, chosen};
use crate::console::Console;
use crate::values;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::latent::variation;
use serde_json::json;
use std::path::PathBuf;

/// Vary some bars of a piece.
///
/// Moves the latents of these bars at random: --amount 0 leaves them unchanged (the bars are
/// reconstructed), 1 replaces them completely. All other bars stay exactly as they are. Needs a
/// model with latents, for instance from --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// MIDI file to vary
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// MIDI file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Strength of the variation, from 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.3, allow_negative_numbers = true)]
    amount: f64,
    /// Change only these bars, such as 5-12, 5- or -8 [default: all]
    #[arg(long, value_name = "A-B", value_parser = values::bars, allow_hyphen_values = true)]
    bars: Option<(Option<usize>, Option<usize>)>,
    #[command(flatten)]
    writing: Writing,
}

/// Varies and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let studio = Studio::open(&options.model, std::slice::from_ref(&options.output), &options.writing, console)?;
    let (file, source) = studio.file(&options.input)?;
    let bars = chosen(options.bars, source.bars.len());
    let tasks = variation(&source, bars.clone(), options.amount, options.writing.seed)?;
    let made = json!({ "verb": "vary", "amount": options.amount, "bars": [bars.start + 1, bars.end] });
    studio.edit(&file, &source, &tasks, &[], &made, &options.output)
}
