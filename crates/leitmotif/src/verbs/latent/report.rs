//! `latents`: what a model's latents can do, measured on songs that it has not seen.

use crate::console::Console;
use crate::failure::{Refusal, advise};
use crate::progress::Progress;
use crate::{files, interrupt, model, values};
use anyhow::{Error, Result};
use clap::{Args, ValueEnum};
use leitmotif_compare::latents::{LatentsError, LatentsEvent, OUTPUTS, Settings, Subject, Topic, measure, write};
use leitmotif_compose::latent::{MAX_DRAFTS, MAX_DRAWS, MAX_STEPS, MAX_TEMPERATURE};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_train::{INFO_FILE, load_config, load_info};
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

/// Report what a model's latents can do, on songs that it has not seen.
///
/// Writes DIR/report.json, DIR/report.md and figures: whether attributes follow what is asked (control), how like
/// its source a reconstruction is (fidelity, accuracy), whether latents say anything (collapse), whether steps
/// between songs lead there (interpolation), whether more variation changes more (variation), whether pieces from
/// nothing have form (prior), and where bars lie among each other (map). Only for models with latents, such as
/// those of --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// A run or model folder
    model: PathBuf,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The corpus [default: the one that the run learnt from]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Which of its songs
    #[arg(long, value_parser = values::split(), default_value = "test")]
    split: Split,
    /// The most songs, evenly spread over the split
    #[arg(long, value_name = "N", default_value_t = 24)]
    songs: usize,
    /// The first bars of each song, and the length of pieces from nothing
    #[arg(long, value_name = "N", default_value_t = 32)]
    bars: usize,
    /// Another seed draws other notes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Higher is bolder, lower is nearer to what is most probable
    #[arg(long, value_name = "T", default_value_t = 0.7)]
    temperature: f64,
    /// Only the most probable values that together have this probability
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    top_p: f64,
    /// Pairs of songs to interpolate between
    #[arg(long, value_name = "N", default_value_t = 20)]
    pairs: usize,
    /// Pieces from one song of a pair to the other, both ends included
    #[arg(long, value_name = "N", default_value_t = 7)]
    steps: usize,
    /// How often each piece between the ends is drawn, of which those are taken that lead there, 1 to 32; 1 is the model alone
    #[arg(long, value_name = "N", default_value_t = 16)]
    draws: usize,
    /// How often each bar is drafted, 1 to 64: of the drafts the one is kept that says most nearly what its latent says; pieces
    /// between the ends of an interpolation are of one draft
    #[arg(long, value_name = "N", default_value_t = 8)]
    drafts: usize,
    /// Pieces from nothing, of each prior
    #[arg(long, value_name = "N", default_value_t = 20)]
    pieces: usize,
    /// How far the learnt prior's latents may be from the most likely ones, 0 to 4; 1 is as learnt
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    latent_temperature: f64,
    /// Only these sections
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    only: Vec<Section>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    /// Print report.json as one line
    #[arg(long)]
    json: bool,
}

/// A part of the report, as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Section {
    /// Whether attributes follow what is asked, and others leak
    Control,
    /// How like its source a reconstruction is
    Fidelity,
    /// How many notes are right
    Accuracy,
    /// Whether latents say anything
    Collapse,
    /// Whether steps between songs lead there
    #[value(alias = "interpolate")]
    Interpolation,
    /// Whether more variation changes more
    #[value(alias = "vary")]
    Variation,
    /// Whether pieces from nothing have form
    Prior,
    /// Where bars lie among each other
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
            progress.iter().for_each(|progress: &Progress<'_>| progress.advance(bars));
        }
        LatentsEvent::Began { label, bars } => set(&progress, Some(Progress::new(console, label, "bars", bars))),
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
        LatentsError::Representation { .. } => advise(error, "name the corpus that it learnt from: --corpus DIR"),
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
        ("drafts", options.drafts, 1..=MAX_DRAFTS),
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
    let refusal = Refusal::usage(format!("{} does not say which corpus it learnt from", options.model.display()));
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
        drafts: options.drafts,
        pieces: options.pieces,
        latent_temperature: options.latent_temperature,
        only: options.only.iter().copied().map(Topic::from).collect(),
    }
}
