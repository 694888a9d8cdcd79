//! `latents`: what a model's latents can do, measured on held-out songs.

use crate::console::Console;
use crate::failure::{Refusal, advise};
use crate::progress::ProgressBar;
use crate::{files, interrupt, model, values};
use anyhow::{Error, Result};
use clap::{Args, ValueEnum};
use leitmotif_compare::latents::{LatentsError, LatentsEvent, OUTPUTS, Settings, Subject, Topic, measure, write};
use leitmotif_compose::latent::{MAX_CANDIDATES, MAX_DRAWS, MAX_STEPS, MAX_TEMPERATURE};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_train::{INFO_FILE, load_config, load_info};
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

/// Report how well a model's latents work, measured on held-out songs.
///
/// Writes DIR/report.html, the same as report.md and report.json, tables and figures: whether bars
/// get the requested attributes (control), how close reconstructions are to the source (fidelity,
/// accuracy), whether latents carry information (collapse), whether interpolations are smooth
/// (interpolation), whether more variation changes more (variation), whether new pieces have form
/// (prior), and a map of all bars (map). Needs a model with latents, for instance from --preset
/// tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// Output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Corpus [default: the corpus of the run]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Songs of the corpus to use
    #[arg(long, value_parser = values::split(), default_value = "test")]
    split: Split,
    /// Maximum number of songs, spread evenly over the split
    #[arg(long, value_name = "N", default_value_t = 24)]
    songs: usize,
    /// Use the first N bars of each song, and compose new pieces of N bars
    #[arg(long, value_name = "N", default_value_t = 32)]
    bars: usize,
    /// Random seed; another seed gives other notes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Sampling temperature: higher is bolder, lower is safer
    #[arg(long, value_name = "T", default_value_t = 0.7)]
    temperature: f64,
    /// Sample only from the most probable values that together reach this probability
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    top_p: f64,
    /// Number of pairs of songs to interpolate between
    #[arg(long, value_name = "N", default_value_t = 20)]
    pairs: usize,
    /// Pieces per interpolation, including both ends
    #[arg(long, value_name = "N", default_value_t = 7)]
    steps: usize,
    /// Candidates for each interpolated piece, 1 to 32; those that change most evenly are kept
    #[arg(long, value_name = "N", default_value_t = 16)]
    draws: usize,
    /// Candidates sampled for each bar, 1 to 64; the one closest to the bar's latent is kept.
    /// Interpolated pieces use one
    #[arg(long, value_name = "N", default_value_t = 8, alias = "drafts")]
    candidates: usize,
    /// Number of new pieces for each prior
    #[arg(long, value_name = "N", default_value_t = 20)]
    pieces: usize,
    /// Sampling temperature of the learnt prior, 0 to 4: below 1 stays closer to the most likely
    /// latents
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    latent_temperature: f64,
    /// Write only these sections
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    only: Vec<Section>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print report.json as one line of JSON
    #[arg(long)]
    json: bool,
}

/// A part of the report, as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Section {
    /// Whether bars get the requested attributes, and other attributes stay unchanged
    Control,
    /// How close reconstructions are to their source
    Fidelity,
    /// How many notes of a reconstruction are correct
    Accuracy,
    /// Whether latents carry information
    Collapse,
    /// Whether interpolations between songs are smooth
    #[value(alias = "interpolate")]
    Interpolation,
    /// Whether a larger variation changes more
    #[value(alias = "vary")]
    Variation,
    /// Whether new pieces have form
    Prior,
    /// A map of all bars
    Map,
}

impl From<Section> for Topic {
    fn from(section: Section) -> Self {
        match section {
            Section::Control => Self::Control,
            Section::Fidelity => Self::Fidelity,
            Section::Accuracy => Self::Accuracy,
            Section::Collapse => Self::Collapse,
            Section::Interpolation => Self::Interpolation,
            Section::Variation => Self::Variation,
            Section::Prior => Self::Prior,
            Section::Map => Self::Map,
        }
    }
}

/// Measures and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    check(options)?;
    OUTPUTS.iter().try_for_each(|name| refuse_existing(options, name))?;
    let opened = model::open(&options.model)?;
    let corpus = Corpus::open(corpus_of(options)?)?;
    let subject = Subject {
        model: &*opened.model,
        representation: &*opened.representation,
        request: &opened.request(),
        hash: &opened.hash,
        corpus: &corpus,
        free_bits: load_config(&options.model).ok().map(|config| config.latent.free_bits),
    };
    let progress = RwLock::new(None);
    let observer = |event: LatentsEvent<'_>| match event {
        LatentsEvent::Advanced(bars) => {
            let progress = progress.read().unwrap_or_else(PoisonError::into_inner);
            progress.iter().for_each(|progress: &ProgressBar<'_>| progress.advance(bars));
        }
        LatentsEvent::Began { label, bars } => set(&progress, Some(ProgressBar::new(console, label, "bars", bars))),
        _ => set(&progress, None),
    };
    let report = measure(&subject, &settings(options), &observer, interrupt::flag()).map_err(advised)?;
    files::make_folder(&options.output)?;
    write(&report, &options.output, format!("Leitmotif {}", env!("CARGO_PKG_VERSION")))?;
    if options.json { console.json(&report) } else { console.out(report.summary()) }
}

fn set<T>(place: &RwLock<T>, value: T) {
    *place.write().unwrap_or_else(PoisonError::into_inner) = value;
}

/// Refuses a file or folder of the report that exists, unless it may be replaced.
fn refuse_existing(options: &Options, name: &str) -> Result<()> {
    let path = options.output.join(name);
    if path.is_dir() && (options.force || files::is_empty_folder(&path)) {
        return Ok(());
    }
    files::refuse_existing(&path, options.force)
}

/// What to do about a failure.
fn advised(error: LatentsError) -> Error {
    match error {
        LatentsError::Songs { .. } => advise(error, "choose another --split, or prepare with other shares"),
        LatentsError::Representation { .. } => advise(error, "name the corpus it was trained on: --corpus DIR"),
        error => error.into(),
    }
}

/// Numbers that make no report.
fn check(options: &Options) -> Result<()> {
    let ranges = [
        ("songs", options.songs, 2..=usize::MAX),
        ("bars", options.bars, 2..=usize::MAX),
        ("pairs", options.pairs, 1..=usize::MAX),
        ("steps", options.steps, 3..=MAX_STEPS),
        ("draws", options.draws, 1..=MAX_DRAWS),
        ("candidates", options.candidates, 1..=MAX_CANDIDATES),
        ("pieces", options.pieces, 1..=usize::MAX),
    ];
    for (name, value, range) in ranges {
        if !range.contains(&value) {
            let bound = if value < *range.start() {
                format!("few: at least {}", range.start())
            } else {
                format!("many: at most {}", range.end())
            };
            return Err(Refusal::usage(format!("--{name} {value} is too {bound}")).into());
        }
    }
    let temperature = options.latent_temperature;
    if !(0.0..=MAX_TEMPERATURE).contains(&temperature) {
        let refusal = format!("--latent-temperature {temperature} is not between 0 and {MAX_TEMPERATURE}");
        return Err(Refusal::usage(refusal).into());
    }
    Ok(())
}

fn corpus_of(options: &Options) -> Result<PathBuf> {
    if let Some(corpus) = &options.corpus {
        return Ok(corpus.clone());
    }
    if options.model.join(INFO_FILE).is_file() {
        return Ok(load_info(&options.model)?.corpus);
    }
    let refusal = Refusal::usage(format!("{} does not record the corpus it was trained on", options.model.display()));
    Err(refusal.remedy("name it: --corpus DIR").into())
}

fn settings(options: &Options) -> Settings {
    Settings {
        split: options.split,
        songs: options.songs,
        bars: options.bars,
        seed: options.seed,
        temperature: options.temperature,
        top_p: options.top_p,
        pairs: options.pairs,
        steps: options.steps,
        draws: options.draws,
        candidates: options.candidates,
        pieces: options.pieces,
        latent_temperature: options.latent_temperature,
        only: options.only.iter().copied().map(Topic::from).collect(),
    }
}
