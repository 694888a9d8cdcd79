//! `export`: a corpus as JSON lines.

use crate::console::Console;
use crate::files;
use crate::values;
use crate::words::counted;
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_corpus::{Corpus, Split, export};
use leitmotif_events::VOCABULARY_FILE;
use serde::Serialize;
use std::path::PathBuf;

/// Write a corpus as JSON lines, for training with other tools.
///
/// Writes one file per split (train.jsonl, valid.jsonl, test.jsonl) with one song per line: its
/// record, and its events as lists of field values and as text. tokenizer.json describes the
/// values.
#[derive(Debug, Args)]
pub struct Options {
    /// Corpus folder
    corpus: PathBuf,
    /// Output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Write only this split (repeatable) [default: all three]
    #[arg(long, value_parser = values::split())]
    split: Vec<Split>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print one line of JSON per file: path, split, songs, events, bytes
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Written {
    path: PathBuf,
    split: Split,
    songs: usize,
    events: usize,
    bytes: u64,
}

/// Writes the files.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let corpus = Corpus::open(&options.corpus)?;
    let mut splits = if options.split.is_empty() { Split::ALL.to_vec() } else { options.split.clone() };
    splits.sort_unstable();
    splits.dedup();
    let vocabulary = options.output.join(VOCABULARY_FILE);
    for path in splits.iter().map(|split| options.output.join(format!("{split}.jsonl"))).chain([vocabulary.clone()]) {
        files::refuse_existing(&path, options.force)?;
    }
    for split in splits {
        console.progress(&format!("writing {split}.jsonl"));
        let path = export(&corpus, split, &options.output)?;
        let songs = corpus.split(split);
        let events = songs.iter().map(|song| corpus.songs()[*song].events).sum();
        let bytes = path.metadata().with_context(|| path.display().to_string())?.len();
        let written = Written { path, split, songs: songs.len(), events, bytes };
        if options.json {
            console.json(&written)?;
        } else {
            let Written { path, songs, events, .. } = &written;
            console.out(format_args!(
                "{}: {}, {}",
                path.display(),
                counted(*songs, "song"),
                counted(*events, "event")
            ))?;
        }
    }
    let text = serde_json::to_vec_pretty(corpus.vocabulary()).context("the vocabulary could not be written as JSON")?;
    files::write(&vocabulary, &text)
}
