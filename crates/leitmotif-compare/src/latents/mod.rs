//! What a model's latents can do, measured on held-out songs.
//!
//! Each section is a file: `control`, `fidelity`, `forced` (accuracy), `collapse`,
//! `interpolation`, `variation`, `form` (prior) and `map`. All work on the same
//! `experiment`; every song and every pair has a generator of its own, so that numbers do not
//! depend on the number of threads. Intervals are those of `estimates`. [`measure()`] gives a
//! [`Report`], [`write()`] puts it into a folder.

mod collapse;
mod control;
mod error;
mod estimates;
mod experiment;
mod fidelity;
mod figures;
mod forced;
mod form;
mod found;
mod interpolation;
mod map;
mod rng;
mod sections;
mod settings;
mod songs;
mod summary;
mod variation;

use crate::document::{self, FIGURES, REPORT_HTML, REPORT_MARKDOWN, ReportFiles, TABLES, csv};
pub use error::LatentsError;
use experiment::Experiment;
pub use found::Report;
use found::{Accuracy, Findings, Parameters};
use leitmotif_compose::latent::space;
pub use settings::{LatentsEvent, Settings, Subject, Topic};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The version of `report.json`.
const FORMAT: u32 = 1;
/// All that was found, in the report's folder.
pub const REPORT_JSON: &str = "report.json";
/// All files and folders that [`write()`] makes.
pub const OUTPUTS: [&str; 5] = [REPORT_JSON, REPORT_MARKDOWN, REPORT_HTML, TABLES, FIGURES];

/// Measures what a model's latents can do.
///
/// # Errors
/// Where the model has no latents, the corpus is of another representation or has too few songs, or
/// the work is stopped by `cancel`.
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
    let findings = find(&Experiment { subject, space, songs: &songs, settings, observer, cancel })?;
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
fn find(experiment: &Experiment<'_>) -> Result<Findings, LatentsError> {
    let only = &experiment.settings.only;
    let wanted = |topic| only.is_empty() || only.contains(&topic);
    let mut findings = Findings::default();
    if wanted(Topic::Collapse) {
        findings.collapse = Some(collapse::measure(experiment));
    }
    if wanted(Topic::Map) {
        findings.map = Some(map::measure(experiment)?);
    }
    if wanted(Topic::Control) {
        findings.control = control::measure(experiment)?;
    }
    if wanted(Topic::Fidelity) || wanted(Topic::Accuracy) {
        let anew = fidelity::reconstructions(experiment)?;
        findings.fidelity = wanted(Topic::Fidelity).then(|| fidelity::measure(experiment, &anew));
        if wanted(Topic::Accuracy) {
            let (sampled, teacher_forced) = (fidelity::sampled(experiment, &anew), forced::measure(experiment)?);
            findings.accuracy = Some(Accuracy { sampled, teacher_forced });
        }
    }
    if wanted(Topic::Interpolation) {
        findings.interpolation = interpolation::measure(experiment)?;
    }
    if wanted(Topic::Variation) {
        findings.variation = Some(variation::measure(experiment)?);
    }
    if wanted(Topic::Prior) {
        findings.prior = Some(form::measure(experiment)?);
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
    let document = sections::document(report, tool, REPORT_JSON);
    let tables = csv::shown(&document.sections).map_err(document::ReportError::from)?;
    let files = document::write(&document, dir, None, tables)?;
    document::put(dir.join(REPORT_JSON), (serde_json::to_string_pretty(report)? + "\n").as_bytes())?;
    Ok(files)
}
