//! `interpolate`: from one piece to another.

use super::{Desk, Writing, report};
use crate::console::Console;
use crate::files;
use anyhow::Result;
use clap::{Args, ValueEnum};
use leitmotif_compose::latent::{Passage, Path, through};
use serde_json::json;
use std::path::PathBuf;

/// The file that runs through all steps.
const THROUGH: &str = "through.mid";

/// Go from one piece to another in steps.
///
/// Writes DIR/01.mid, 02.mid, … from the first piece (as reconstructed) to the second, and DIR/through.mid with all of them in a row. Each
/// step is as long as the shorter piece. The pieces need the same time signatures, bar by bar. Each piece between the ends is drawn several times, and
/// those are kept that, by pitch classes and onsets, lead most evenly from one end to the other. Only for models with latents, such as those of --preset
/// tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// A run or model folder
    model: PathBuf,
    /// The MIDI file to begin with
    #[arg(value_name = "A.mid")]
    from: PathBuf,
    /// The MIDI file to end with
    #[arg(value_name = "B.mid")]
    to: PathBuf,
    /// How many pieces, both ends included
    #[arg(long, value_name = "N", default_value_t = 7)]
    steps: usize,
    /// How often each piece between the ends is drawn, 1 to 32; 1 is the model alone, and faster
    #[arg(long, value_name = "N", default_value_t = 16)]
    draws: usize,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The way between two latents
    #[arg(long, value_name = "WAY", default_value = "spherical")]
    way: Way,
    #[command(flatten)]
    writing: Writing,
}

/// The way between two latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Along a great circle, as far from the middle as the ends are
    Spherical,
    /// Straight
    Linear,
}

/// Interpolates and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let width = options.steps.to_string().len().max(2);
    let mut paths: Vec<PathBuf> = (1..=options.steps.min(leitmotif_compose::latent::MAX_STEPS))
        .map(|step| options.output.join(format!("{step:0width$}.mid")))
        .collect();
    paths.push(options.output.join(THROUGH));
    let desk = Desk::open(&options.model, &paths, &options.writing, console)?;
    let (a, b) = (desk.source(&options.from)?, desk.source(&options.to)?);
    let request = desk.request();
    let (path, name) = match options.way {
        Way::Spherical => (Path::Spherical, "spherical"),
        Way::Linear => (Path::Linear, "linear"),
    };
    let made = json!({ "verb": "interpolate", "steps": options.steps, "draws": options.draws, "way": name, "drafts": desk.drafts });
    let told = |done: usize, bars: usize| desk.progress(done, bars);
    let passage = Passage { steps: options.steps, path, draws: options.draws };
    let steps = desk.rewriter(&request).interpolate(&a, &b, passage, &made, &told)?;
    console.clear();
    files::make_folder(&options.output)?;
    for (step, path) in steps.iter().zip(&paths) {
        let mut score = step.score.clone();
        score.title.get_or_insert_with(|| crate::verbs::generate::title(path));
        desk.write(path, &score, None)?;
        desk.tell(&report(path, &score, step.bars, Vec::new(), step.events, &a.score))?;
    }
    let (path, all) = (&paths[steps.len()], through(&steps));
    desk.write(path, &all, None)?;
    let (bars, events) = (steps.iter().map(|step| step.bars).sum(), steps.iter().map(|step| step.events).sum());
    desk.tell(&report(path, &all, bars, Vec::new(), events, &a.score))
}
