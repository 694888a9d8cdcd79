//! `accompany`: new parts for a whole piece.

use super::{Desk, Writing};
use crate::base;
use crate::console::Console;
use crate::failure::Refusal;
use crate::values;
use anyhow::Result;
use clap::{ArgGroup, Args};
use leitmotif_compose::cells::CellTask;
use leitmotif_events::Header;
use leitmotif_score::{Instrument, InstrumentSelection, read_midi_file};
use serde_json::json;
use std::path::PathBuf;

/// Write new parts that accompany a piece, such as piano, bass and drums to a melody.
///
/// The piece stays exactly as it is; each new part is a track of its own. A model of your own needs
/// a corpus that was prepared with --representation cells.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true, group = ArgGroup::new("players").args(["with", "like"]).required(true))]
pub struct Options {
    /// Run or model folder; `base` is the model that ships with the program
    #[arg(default_value = base::NAME)]
    model: PathBuf,
    /// MIDI file to accompany
    #[arg(value_name = "MELODY.mid")]
    input: PathBuf,
    /// MIDI file to write; with --candidates, the folder to write into
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// New parts: numbers, names or families of instruments, such as piano,bass,drums
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::instruments)]
    with: Vec<InstrumentSelection>,
    /// Take the instruments from this MIDI file, and how often each of them plays
    #[arg(long, value_name = "STYLE.mid")]
    like: Option<PathBuf>,
    /// Let every new part play in every bar
    #[arg(long)]
    no_rests: bool,
    #[command(flatten)]
    writing: Writing,
}

/// Accompanies and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let desk = Desk::open(&options.model, &options.input, &options.output, &options.writing, console)?;
    let mut players: Vec<Instrument> = options.with.iter().map(values::player).collect();
    let mut ensemble = None;
    if let Some(path) = &options.like {
        let (score, _) = read_midi_file(path, &options.writing.pedal.read())?;
        let representation = &desk.opened.representation;
        let (sequence, _) = representation.encode(&score, &Header::default());
        let observed = representation.observe(&mut std::iter::once(sequence));
        ensemble = observed.and_then(|observed| observed.ensembles.into_iter().next());
        if players.is_empty() {
            let parts = ensemble.iter().flat_map(|ensemble| &ensemble.parts);
            players = parts.map(|part| part.instrument).collect();
        }
        if players.is_empty() {
            return Err(Refusal::because(format!("{} has no notes", path.display())).into());
        }
    }
    let source = desk.source(&players)?;
    let new: Vec<usize> = source.extra_parts();
    let bars: Vec<usize> = (0..source.bars()).collect();
    let mut task = CellTask::new(&source, &bars, &new);
    (task.rests, task.like, task.accompanies) = (!options.no_rests, ensemble, true);
    let names: Vec<String> = players.iter().map(|player| player.name()).collect();
    desk.write(&source, task, &json!({ "verb": "accompany", "with": names, "like": options.like.is_some() }))
}
