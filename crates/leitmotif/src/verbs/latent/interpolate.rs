//! `interpolate`: from one piece to another.

use super::{Studio, Writing, report};
use crate::console::Console;
use crate::files;
use anyhow::Result;
use clap::{Args, ValueEnum};
use leitmotif_compose::latent::{Interpolation, InterpolationPath, through};
use leitmotif_score::{Automation, write_midi_file};
use serde_json::json;
use std::path::PathBuf;

/// The file that runs through all steps.
const THROUGH: &str = "through.mid";

/// Morph one piece into another in steps.
///
/// Writes DIR/01.mid, DIR/02.mid, … from the first piece (reconstructed) to the second, and
/// DIR/through.mid with all of them in a row. Each step is as long as the shorter piece. Both
/// pieces need the same time signature in each bar. Each piece in between is sampled several times,
/// and the candidates whose pitch classes and onsets change most evenly are kept. Needs a model
/// with latents, for instance from --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// MIDI file to start from
    #[arg(value_name = "A.mid")]
    from: PathBuf,
    /// MIDI file to end with
    #[arg(value_name = "B.mid")]
    to: PathBuf,
    /// Number of pieces, including both ends
    #[arg(long, value_name = "N", default_value_t = 7)]
    steps: usize,
    /// Candidates for each piece in between, 1 to 32; 1 is faster
    #[arg(long, value_name = "N", default_value_t = 16)]
    draws: usize,
    /// Output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Path between two latents
    #[arg(long, value_name = "PATH", default_value = "spherical", alias = "way")]
    path: PathOption,
    #[command(flatten)]
    writing: Writing,
}

/// The path between two latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PathOption {
    /// Along a great circle, which keeps the distance from the origin
    Spherical,
    /// Along a straight line
    Linear,
}

/// Interpolates and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let width = options.steps.to_string().len().max(2);
    let mut paths: Vec<PathBuf> = (1..=options.steps.min(leitmotif_compose::latent::MAX_STEPS))
        .map(|step| options.output.join(format!("{step:0width$}.mid")))
        .collect();
    paths.push(options.output.join(THROUGH));
    let studio = Studio::open(&options.model, &paths, &options.writing, console)?;
    let (a, b) = (studio.file(&options.from)?.1, studio.file(&options.to)?.1);
    let request = studio.request();
    let (path, name) = match options.path {
        PathOption::Spherical => (InterpolationPath::Spherical, "spherical"),
        PathOption::Linear => (InterpolationPath::Linear, "linear"),
    };
    let made = json!({ "verb": "interpolate", "steps": options.steps, "draws": options.draws, "path": name, "candidates": studio.candidates });
    let on_progress = |done: usize, bars: usize| studio.progress(done, bars);
    let passage = Interpolation { steps: options.steps, path, draws: options.draws };
    let steps = studio.editor(&request).interpolate(&a, &b, passage, &made, &on_progress)?;
    console.clear();
    files::make_folder(&options.output)?;
    for (step, path) in steps.iter().zip(&paths) {
        let mut score = step.score.clone();
        score.title.get_or_insert_with(|| crate::verbs::generate::title(path));
        write_midi_file(path, &score)?;
        studio.beside(path, &score, Automation::default(), None)?;
        studio.print_report(&report(path, &score, step.bars, Vec::new(), step.events, &a.score))?;
    }
    let (path, all) = (&paths[steps.len()], through(&steps));
    write_midi_file(path, &all)?;
    studio.beside(path, &all, Automation::default(), None)?;
    let (bars, events) = (steps.iter().map(|step| step.bars).sum(), steps.iter().map(|step| step.events).sum());
    studio.print_report(&report(path, &all, bars, Vec::new(), events, &a.score))
}
