//! `harmonise`: chords for a melody, and parts that play them.

use super::{Desk, Writing};
use crate::base;
use crate::console::Console;
use crate::files;
use crate::values;
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::cells::{CellSource, CellTask};
use leitmotif_score::{Instrument, InstrumentSelection, estimate_chords};
use serde_json::json;
use std::path::PathBuf;

/// Find chords for a melody, and write parts that play them.
///
/// First the chords: estimated from the melody, or those of --chords. They are printed, and written
/// to a file with --chords-out, in the form that --chords takes, so that you can change them and
/// write again. Then the parts. A model of your own needs a corpus that was prepared with
/// --representation cells.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct Options {
    /// Run or model folder; `base` is the model that ships with the program
    #[arg(default_value = base::NAME)]
    model: PathBuf,
    /// MIDI file to harmonise
    #[arg(value_name = "MELODY.mid")]
    input: PathBuf,
    /// MIDI file to write; with --candidates, the folder to write into
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// New parts: numbers, names or families of instruments, such as piano,bass
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments,
        default_value = "piano,bass")]
    with: Vec<InstrumentSelection>,
    /// Text file to write the chords to
    #[arg(long, value_name = "FILE")]
    chords_out: Option<PathBuf>,
    /// Let every new part play in every bar
    #[arg(long)]
    no_rests: bool,
    #[command(flatten)]
    writing: Writing,
}

/// Harmonises and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let Options { writing, .. } = options;
    if let Some(path) = &options.chords_out {
        files::refuse_existing(path, writing.force)?;
    }
    let desk = Desk::open(&options.model, &options.input, &options.output, writing, console)?;
    let players: Vec<Instrument> = options.with.iter().map(values::player).collect();
    let mut source = desk.source(&players)?;
    if !writing.chords.is_given() {
        source.set_chords(&estimate_chords(&desk.score));
    }
    let text = sheet(&source);
    if !writing.json {
        console.out(format_args!("{text}"))?;
    }
    if let Some(path) = &options.chords_out {
        files::make_parent(path)?;
        files::write(path, text.as_bytes()).with_context(|| path.display().to_string())?;
    }
    let bars: Vec<usize> = (0..source.bars()).collect();
    let mut task = CellTask::new(&source, &bars, &source.extra_parts());
    (task.rests, task.accompanies) = (!options.no_rests, true);
    let names: Vec<String> = players.iter().map(|player| player.name()).collect();
    desk.write(&source, task, &json!({ "verb": "harmonise", "with": names, "chords": text }))
}

/// Bars of a line.
const BARS_A_LINE: usize = 4;

/// The chords of all bars, four bars a line, as `--chords` takes them.
fn sheet(source: &CellSource) -> String {
    let bars = source.chords();
    let bar = |chords: &Vec<Option<leitmotif_score::Chord>>| {
        let names = chords.iter().map(|chord| chord.map_or("N.C.".to_owned(), |chord| chord.to_string()));
        names.collect::<Vec<_>>().join(" ")
    };
    let bars: Vec<String> = bars.iter().map(bar).collect();
    let lines = bars.chunks(BARS_A_LINE).map(|bars| format!("| {} |\n", bars.join(" | ")));
    lines.collect()
}
