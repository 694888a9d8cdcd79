//! `latents`: what a model's latents can do, measured on songs that it has not seen.
//!
//! Each section is a file: [`control`], [`fidelity`], [`forced`] (accuracy), [`collapse`], [`interpolation`],
//! [`variation`], [`form`] (prior) and [`map`]. All work on the same [`mod@bench`]; every song and every pair has
//! chance of its own, so that numbers do not depend on the number of threads. Intervals are those of [`estimates`].

mod bench;
mod collapse;
mod control;
mod dice;
mod estimates;
mod fidelity;
mod figures;
mod forced;
mod form;
mod interpolation;
mod map;
mod markdown;

mod songs;
mod summary;
mod variation;

use crate::console::Console;
use crate::failure::Refusal;
use crate::{files, model, values};
use anyhow::Result;
use bench::Bench;
use clap::{Args, ValueEnum};
use leitmotif_compose::latent::{MAX_DRAFTS, MAX_DRAWS, MAX_STEPS, MAX_TEMPERATURE, space};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_render::{Theme, svg_to_png};
use leitmotif_train::{INFO_FILE, load_config, load_info};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The version of `report.json`.
const FORMAT: u32 = 1;

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

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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

/// `report.json`.
#[derive(Debug, Serialize)]
struct Report {
    format: u32,
    /// The model's hash.
    model: String,
    /// The corpus's fingerprint.
    corpus: String,
    parameters: Parameters,
    /// The songs, in the order of the corpus.
    songs: Vec<songs::About>,
    /// Songs of the choice that the model cannot understand.
    left_out: usize,
    #[serde(flatten)]
    findings: Findings,
}

#[derive(Debug, Serialize)]
struct Parameters {
    split: Split,
    songs: usize,
    bars: usize,
    seed: u64,
    temperature: f64,
    top_p: f64,
    pairs: usize,
    steps: usize,
    draws: usize,
    drafts: usize,
    pieces: usize,
    latent_temperature: f64,
    /// Resamples of each interval.
    resamples: usize,
}

/// What was found, section by section.
#[derive(Debug, Default, Serialize)]
struct Findings {
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<control::Control>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity: Option<fidelity::Fidelity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<Accuracy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collapse: Option<collapse::Collapse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interpolation: Option<interpolation::Interpolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variation: Option<variation::Variation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prior: Option<form::Form>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<map::Map>,
}

/// How many notes are right.
#[derive(Debug, Serialize)]
struct Accuracy {
    sampled: fidelity::Sampled,
    teacher_forced: forced::Forced,
}

/// Measures and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    check(options)?;
    outputs(options).iter().try_for_each(|path| files::refuse_existing(path, options.force))?;
    let opened = model::open(&options.model)?;
    let space = space(&*opened.model)?;
    let corpus = Corpus::open(corpus_of(options)?)?;
    if corpus.vocabulary().fingerprint() != opened.representation.vocabulary().fingerprint() {
        let what = format!("{} is not of the representation that the model writes in", corpus.dir().display());
        return Err(Refusal::because(what).remedy("name the corpus that it learnt from: --corpus DIR").into());
    }
    files::make_folder(&options.output)?;
    let (songs, left_out) = songs::held_out(&opened, &corpus, options.split, (options.songs, options.bars))?;
    let bench = Bench { opened: &opened, space, songs: &songs, options, console };
    let report = Report {
        format: FORMAT,
        model: opened.hash.clone(),
        corpus: corpus.fingerprint(),
        parameters: parameters(options),
        songs: songs.iter().map(|song| song.about.clone()).collect(),
        left_out,
        findings: find(&bench, &corpus)?,
    };
    write(options, &report)?;
    if options.json { console.json(&report) } else { console.out(summary::lines(&report)) }
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

fn parameters(options: &Options) -> Parameters {
    Parameters {
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
        resamples: estimates::RESAMPLES,
    }
}

fn wants(options: &Options, section: Section) -> bool {
    options.only.is_empty() || options.only.contains(&section)
}

/// Works through the sections.
fn find(bench: &Bench<'_>, corpus: &Corpus) -> Result<Findings> {
    let wanted = |section| wants(bench.options, section);
    let mut findings = Findings::default();
    if wanted(Section::Collapse) {
        findings.collapse = Some(collapse::measure(bench));
    }
    if wanted(Section::Map) {
        findings.map = Some(map::measure(bench, corpus)?);
    }
    if wanted(Section::Control) {
        findings.control = control::measure(bench)?;
    }
    if wanted(Section::Fidelity) || wanted(Section::Accuracy) {
        let anew = fidelity::reconstructions(bench)?;
        findings.fidelity = wanted(Section::Fidelity).then(|| fidelity::measure(bench, &anew));
        if wanted(Section::Accuracy) {
            let (sampled, teacher_forced) = (fidelity::sampled(bench, &anew), forced::measure(bench)?);
            findings.accuracy = Some(Accuracy { sampled, teacher_forced });
        }
    }
    if wanted(Section::Interpolation) {
        findings.interpolation = interpolation::measure(bench)?;
    }
    if wanted(Section::Variation) {
        findings.variation = Some(variation::measure(bench)?);
    }
    if wanted(Section::Prior) {
        findings.prior = Some(form::measure(bench)?);
    }
    Ok(findings)
}

/// The names of figures, without their endings, by section.
const FIGURES: [(Section, &str); 4] = [
    (Section::Control, "control-rhythm"),
    (Section::Control, "control-polyphony"),
    (Section::Collapse, "kl"),
    (Section::Map, "latents"),
];

/// Everything that may be written.
fn outputs(options: &Options) -> Vec<PathBuf> {
    let figures = FIGURES.iter().filter(|(section, _)| wants(options, *section));
    let figures = figures.flat_map(|(_, name)| [format!("{name}.svg"), format!("{name}.png")]);
    let reports = ["report.json", "report.md"].map(str::to_owned);
    reports.into_iter().chain(figures).map(|name| options.output.join(name)).collect()
}

fn write(options: &Options, report: &Report) -> Result<()> {
    let path = |name: &str| options.output.join(name);
    let findings = &report.findings;
    for asked in findings.control.iter().flat_map(|control| &control.asked).filter(|asked| asked.kept) {
        let figure = figures::control(asked);
        draw(&path(&format!("control-{}", asked.attribute)), |theme| figure.to_svg(theme))?;
    }
    if let Some(collapse) = &findings.collapse {
        let free_bits = load_config(&options.model).ok().map(|config| config.latent.free_bits);
        let figure = figures::divergence(collapse, free_bits);
        draw(&path("kl"), |theme| figure.to_svg(theme))?;
    }
    if let Some(map) = &findings.map {
        let figure = figures::map(map);
        draw(&path("latents"), |theme| figure.to_svg(theme))?;
    }
    files::write(&path("report.md"), markdown::page(report).as_bytes())?;
    files::write(&path("report.json"), (serde_json::to_string_pretty(report)? + "\n").as_bytes())
}

/// Writes a figure as SVG and as PNG.
fn draw(path: &Path, figure: impl Fn(Theme) -> String) -> Result<()> {
    files::write(&path.with_extension("svg"), figure(Theme::Auto).as_bytes())?;
    files::write(&path.with_extension("png"), &svg_to_png(&figure(Theme::Light), super::PNG_SCALE)?)
}
