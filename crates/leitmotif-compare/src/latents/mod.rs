//! What a model's latents can do, measured on songs that it has not seen.
//!
//! Each section is a file: [`control`], [`fidelity`], [`forced`] (accuracy), [`collapse`], [`interpolation`],
//! [`variation`], [`form`] (prior) and [`map`]. All work on the same [`mod@bench`]; every song and every pair has
//! a generator of its own, so that numbers do not depend on the number of threads. Intervals are those of [`estimates`].
//! [`measure()`] gives a [`Report`], [`write()`] puts it into a folder.

mod bench;
mod collapse;
mod control;
mod error;
mod estimates;
mod fidelity;
mod figures;
mod forced;
mod form;
mod interpolation;
mod map;
mod rng;
mod sections;
mod songs;
mod summary;
mod variation;

use crate::document::{self, FIGURES, REPORT_HTML, REPORT_MARKDOWN, ReportFiles, TABLES, csv};
use bench::Bench;
pub use error::LatentsError;
use leitmotif_compose::Request;
use leitmotif_compose::latent::space;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Representation;
use leitmotif_model::Model;
use serde::Serialize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The version of `report.json`.
const FORMAT: u32 = 1;
/// All that was found, in the report's folder.
pub const REPORT_JSON: &str = "report.json";
/// All files and folders that [`write()`] makes.
pub const OUTPUTS: [&str; 5] = [REPORT_JSON, REPORT_MARKDOWN, REPORT_HTML, TABLES, FIGURES];

/// A model with latents, and the corpus that it learnt from.
#[derive(Clone)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a dyn Model,
    /// How it writes music as events.
    pub representation: &'a dyn Representation,
    /// What every request to it holds.
    pub request: &'a Request,
    /// Its hash.
    pub hash: &'a str,
    /// The corpus.
    pub corpus: &'a Corpus,
    /// The nats of a dimension that its training left free, where that is known.
    pub free_bits: Option<f64>,
}

/// What is measured, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The split of the songs.
    pub split: Split,
    /// The most songs, at least 2.
    pub songs: usize,
    /// The first bars of each song, and the length of pieces from nothing; at least 2.
    pub bars: usize,
    /// Decides all that is drawn.
    pub seed: u64,
    /// The temperature of notes.
    pub temperature: f64,
    /// The probability of the values that notes are drawn from, 0 to 1.
    pub top_p: f64,
    /// Pairs of songs to interpolate between, at least 1.
    pub pairs: usize,
    /// Pieces of an interpolation, both ends included; at least 3.
    pub steps: usize,
    /// How often each piece between the ends is drawn, at least 1.
    pub draws: usize,
    /// Candidates of each bar, at least 1.
    pub drafts: usize,
    /// Pieces from nothing of each prior, at least 1.
    pub pieces: usize,
    /// The temperature of the learnt prior's latents.
    pub latent_temperature: f64,
    /// Only these sections; all where it is empty.
    #[serde(skip)]
    pub only: Vec<Topic>,
}

/// A section of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Whether attributes follow what is asked, and others leak.
    Control,
    /// How like its source a reconstruction is.
    Fidelity,
    /// How many notes are right.
    Accuracy,
    /// Whether latents say anything.
    Collapse,
    /// Whether steps between songs lead there.
    Interpolation,
    /// Whether more variation changes more.
    Variation,
    /// Whether pieces from nothing have form.
    Prior,
    /// Where bars lie among each other.
    Map,
}

/// How far the work has come.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum LatentsEvent<'a> {
    /// A section begins.
    Began {
        /// What is done.
        label: &'a str,
        /// Bars that it takes.
        bars: u64,
    },
    /// So many more of its bars are done.
    Advanced(u64),
    /// It is done, or has failed.
    Ended,
}

/// `report.json`.
#[derive(Debug, Serialize)]
pub struct Report {
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
    #[serde(skip)]
    free_bits: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Parameters {
    #[serde(flatten)]
    settings: Settings,
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

/// Measures what a model's latents can do.
///
/// # Errors
/// Where the model has no latents, the corpus is of another representation or has too few songs, or the work is
/// stopped by `cancel`.
pub fn measure(
    subject: &Subject<'_>,
    settings: &Settings,
    observer: &(dyn Fn(LatentsEvent<'_>) + Sync),
    cancel: &AtomicBool,
) -> Result<Report, LatentsError> {
    let (space, corpus) = (space(subject.model)?, subject.corpus);
    if corpus.vocabulary().fingerprint() != subject.representation.vocabulary().fingerprint() {
        return Err(LatentsError::Representation { corpus: corpus.dir().to_owned() });
    }
    let (songs, left_out) = songs::held_out(subject, settings)?;
    let findings = find(&Bench { subject, space, songs: &songs, settings, observer, cancel })?;
    Ok(Report {
        format: FORMAT,
        model: subject.hash.to_owned(),
        corpus: corpus.fingerprint(),
        parameters: Parameters { settings: settings.clone(), resamples: estimates::RESAMPLES },
        songs: songs.into_iter().map(|song| song.about).collect(),
        left_out,
        findings,
        free_bits: subject.free_bits,
    })
}

/// Works through the sections.
fn find(bench: &Bench<'_>) -> Result<Findings, LatentsError> {
    let only = &bench.settings.only;
    let wanted = |topic| only.is_empty() || only.contains(&topic);
    let mut findings = Findings::default();
    if wanted(Topic::Collapse) {
        findings.collapse = Some(collapse::measure(bench));
    }
    if wanted(Topic::Map) {
        findings.map = Some(map::measure(bench)?);
    }
    if wanted(Topic::Control) {
        findings.control = control::measure(bench)?;
    }
    if wanted(Topic::Fidelity) || wanted(Topic::Accuracy) {
        let anew = fidelity::reconstructions(bench)?;
        findings.fidelity = wanted(Topic::Fidelity).then(|| fidelity::measure(bench, &anew));
        if wanted(Topic::Accuracy) {
            let (sampled, teacher_forced) = (fidelity::sampled(bench, &anew), forced::measure(bench)?);
            findings.accuracy = Some(Accuracy { sampled, teacher_forced });
        }
    }
    if wanted(Topic::Interpolation) {
        findings.interpolation = interpolation::measure(bench)?;
    }
    if wanted(Topic::Variation) {
        findings.variation = Some(variation::measure(bench)?);
    }
    if wanted(Topic::Prior) {
        findings.prior = Some(form::measure(bench)?);
    }
    Ok(findings)
}

impl Report {
    /// It in a line a section.
    pub fn summary(&self) -> String {
        summary::lines(self)
    }
}

/// Writes the [`OUTPUTS`] into the folder `dir`; `tool` is the program with its version.
///
/// # Errors
/// Where a file cannot be written, or a figure cannot be drawn.
pub fn write(report: &Report, dir: &Path, tool: String) -> Result<ReportFiles, LatentsError> {
    let document = sections::document(report, tool);
    let tables = csv::shown(&document.sections).map_err(document::ReportError::from)?;
    let files = document::write(&document, dir, None, tables)?;
    document::put(dir.join(REPORT_JSON), (serde_json::to_string_pretty(report)? + "\n").as_bytes())?;
    Ok(files)
}
