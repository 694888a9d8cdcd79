//! `fill`: bars of a piece written anew.

use super::{Desk, Writing};
use crate::base;
use crate::console::Console;
use crate::failure::Refusal;
use crate::values;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::cells::{CellSource, CellTask, Keep};
use serde_json::json;
use std::path::PathBuf;

/// Fill bars and parts of a piece anew, to fit what stands around them.
///
/// The model reads what comes before the hole, what plays beside it, and up to 16 bars after it.
/// Everything outside the chosen bars and parts stays exactly as it is in the file: notes,
/// controllers, lyrics, markers and tempo. A model of your own needs a corpus that was prepared
/// with --representation cells.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct Options {
    /// Run or model folder; `base` is the model that ships with the program
    #[arg(default_value = base::NAME)]
    model: PathBuf,
    /// MIDI file to fill
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// MIDI file to write; with --candidates, the folder to write into
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Bars to write, such as 9-16 or 9-12,25-28 [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::bars, allow_hyphen_values = true)]
    bars: Vec<(Option<usize>, Option<usize>)>,
    /// Parts to write: track names, instruments or families, or one of several alike, such as
    /// bass,drums,"Guitar R",guitar:2 [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    parts: Vec<String>,
    /// Keep the onsets and durations of the notes that stand there; only pitches are new
    #[arg(long, conflicts_with = "keep_pitches")]
    keep_rhythm: bool,
    /// Keep the pitches that stand there, in their order; only onsets and durations are new
    #[arg(long)]
    keep_pitches: bool,
    /// Let every chosen part play in every chosen bar
    #[arg(long)]
    no_rests: bool,
    /// Use only the music before the hole, not what follows it or plays beside it (for comparison)
    #[arg(long, conflicts_with_all = ["keep_rhythm", "keep_pitches"])]
    past_only: bool,
    #[command(flatten)]
    writing: Writing,
}

/// Fills and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let desk = Desk::open(&options.model, &options.input, &options.output, &options.writing, console)?;
    let source = desk.source(&[])?;
    let (bars, parts) = (bars(&source, &options.bars)?, parts(&source, &options.parts)?);
    let mut task = CellTask::new(&source, &bars, &parts);
    task.keep = match (options.keep_rhythm, options.keep_pitches) {
        (true, _) => Some(Keep::Rhythm),
        (_, true) => Some(Keep::Pitches),
        _ => None,
    };
    (task.rests, task.past_only) = (!options.no_rests, options.past_only);
    let kept = task.keep.map(|keep| if keep == Keep::Rhythm { "rhythm" } else { "pitches" });
    desk.write(&source, task, &json!({ "verb": "fill", "kept": kept, "past_only": options.past_only }))
}

/// The bars that the option names, counted from 0; all without it.
fn bars(source: &CellSource, ranges: &[(Option<usize>, Option<usize>)]) -> Result<Vec<usize>> {
    let count = source.bars();
    let mut bars = Vec::new();
    for &(from, to) in if ranges.is_empty() { &[(None, None)] } else { ranges } {
        let (from, to) = (from.unwrap_or(1), to.unwrap_or(count));
        if from > count || to > count {
            let refusal = Refusal::usage(format!("--bars {from}-{to}: the piece has {count} bars"));
            return Err(refusal.into());
        }
        bars.extend(from - 1..to);
    }
    bars.sort_unstable();
    bars.dedup();
    Ok(bars)
}

/// The parts that the option names; all without it.
fn parts(source: &CellSource, names: &[String]) -> Result<Vec<usize>> {
    if names.is_empty() {
        return Ok((0..source.parts().len()).collect());
    }
    let mut parts = Vec::new();
    for name in names {
        parts.extend(source.parts_named(name)?);
    }
    Ok(parts)
}
