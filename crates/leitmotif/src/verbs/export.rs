//! `export`: a corpus as JSON lines, a model to give away.

use crate::console::Console;
use crate::failure::Refusal;
use crate::files;
use crate::words::counted;
use crate::{model, values};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_corpus::{Corpus, MANIFEST_FILE, Split, export};
use leitmotif_folder::{
    CARD_FILE, CONFIG_FILE, CRITIC_FILE, ModelFolder, OBSERVED_FILE, VOCABULARY_FILE, WEIGHTS_FILE,
};
use leitmotif_model::{ModelKind, Precision};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Largest file of a model folder that is copied, weights aside.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Write a corpus as JSON lines for other tools, or a model to give away.
///
/// Of a corpus, writes one file per split (train.jsonl, valid.jsonl, test.jsonl) with one song per
/// line: its record, and its events as lists of field values and as text. tokenizer.json describes
/// the values.
///
/// Of a run or model, writes a model folder of half the size, with weights of 16 bits, and its
/// model card. Music composed with it is practically the same.
#[derive(Debug, Args)]
pub struct Options {
    /// Corpus folder, or run or model folder
    #[arg(value_name = "CORPUS|MODEL")]
    source: PathBuf,
    /// Output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Write only this split of a corpus (repeatable) [default: all three]
    #[arg(long, value_parser = values::split())]
    split: Vec<Split>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print one line of JSON per file: path, split, songs, events, bytes; of a model: path, bytes
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
    match model::find(&options.source) {
        Ok(model) if !options.source.join(MANIFEST_FILE).is_file() => export_model(&model, options, console),
        _ => export_corpus(options, console),
    }
}

#[derive(Serialize)]
struct WrittenModel<'a> {
    path: &'a Path,
    bytes: u64,
}

fn export_model(model: &Path, options: &Options, console: &Console) -> Result<()> {
    if !options.split.is_empty() {
        return Err(Refusal::usage("--split is for a corpus, and this is none").into());
    }
    let output = &options.output;
    let model = ModelFolder::open(model)?;
    if model.description().model.kind == ModelKind::Markov || model.has_prior() {
        let refusal = Refusal::because("only networks without a prior can be exported");
        return Err(refusal.remedy("copy the model folder instead").into());
    }
    files::refuse_existing(&output.join(WEIGHTS_FILE), options.force)?;
    let weights = model.weights()?;
    files::make_folder(output)?;
    for name in [CONFIG_FILE, VOCABULARY_FILE, OBSERVED_FILE, CRITIC_FILE, CARD_FILE] {
        let from = model.path().join(name);
        if from.is_file() {
            files::write(&output.join(name), &leitmotif_files::read(&from, MAX_FILE_BYTES)?)?;
        }
    }
    let path = output.join(WEIGHTS_FILE);
    weights.save_as(&path, Precision::Half)?;
    let bytes = path.metadata().with_context(|| path.display().to_string())?.len();
    match options.json {
        true => console.json(&WrittenModel { path: output, bytes }),
        false => console.out(format_args!("{}: {:.1} MB of weights", output.display(), bytes as f64 / 1e6)),
    }
}

fn export_corpus(options: &Options, console: &Console) -> Result<()> {
    let corpus = Corpus::open(&options.source)?;
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
