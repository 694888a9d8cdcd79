//! `inspect`: what a path holds, whichever of the project's kinds it is.

mod chords;
mod corpus;
mod midi;
mod model;
mod run;

use crate::base;
use crate::console::Console;
use crate::failure::Refusal;
use crate::files;
use crate::pedal::Pedal;
use anyhow::Result;
use clap::Args;
use leitmotif_corpus::MANIFEST_FILE;
use leitmotif_events::RepresentationConfig;
use std::path::{Path, PathBuf};

/// Show what is in a MIDI file, corpus, run or model folder.
#[derive(Debug, Args)]
pub struct Options {
    /// MIDI file, or the folder of a corpus, run or model
    path: PathBuf,
    /// Estimate the chords of a MIDI file and show them as a lead sheet of four bars a line: `%`
    /// repeats the bar before, `N.C.` is no chord, `G@4` begins on beat 4
    #[arg(long)]
    chords: bool,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Print one line of JSON; its key `kind` (midi, corpus, run or model) decides which other keys
    /// it has
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let path = &options.path;
    if path == Path::new(base::NAME) && !path.exists() {
        return model::show(&crate::model::find(path)?, options.json, console);
    }
    files::must_exist(path)?;
    if !path.is_dir() {
        return midi::show(path, options.pedal, options.chords, options.json, console);
    }
    if options.chords {
        let what = format!("{} is a folder, and --chords shows those of a MIDI file", path.display());
        return Err(Refusal::usage(what).into());
    }
    if path.join(MANIFEST_FILE).is_file() {
        return corpus::show(path, options.json, console);
    }
    if path.join(leitmotif_folder::RUN_CONFIG_FILE).is_file() {
        return run::show(path, options.json, console);
    }
    if path.join(leitmotif_folder::CONFIG_FILE).is_file() {
        return model::show(path, options.json, console);
    }
    let what = format!("{} is not a corpus, run or model folder", path.display());
    let remedy = "to make a corpus from a folder of MIDI files: leitmotif prepare DIR -o CORPUS";
    Err(Refusal::because(what).remedy(remedy).into())
}

/// A representation in one line.
fn representation(config: &RepresentationConfig) -> String {
    match config.grid() {
        Some(grid) => format!("{}, {grid} steps a quarter", config.name()),
        None => config.name().to_owned(),
    }
}

/// Lines of `name: value`, the values under one another.
fn pairs(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let lines = rows.iter().filter(|row| !row.1.is_empty());
    lines.map(|(name, value)| format!("{name:width$}  {value}")).collect::<Vec<_>>().join("\n")
}
