//! What was found: the content of `report.json`.

use super::settings::Settings;
use super::{collapse, control, fidelity, forced, form, interpolation, map, songs, variation};
use serde::Serialize;

/// `report.json`.
#[derive(Debug, Serialize)]
pub struct Report {
    pub(super) format: u32,
    /// The model's hash.
    pub(super) model: String,
    /// The corpus's fingerprint.
    pub(super) corpus: String,
    pub(super) parameters: Parameters,
    /// The songs, in the order of the corpus.
    pub(super) songs: Vec<songs::About>,
    /// Songs of the choice that the model cannot encode.
    pub(super) left_out: usize,
    #[serde(flatten)]
    pub(super) findings: Findings,
    #[serde(skip)]
    pub(super) free_bits: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Parameters {
    #[serde(flatten)]
    pub(super) settings: Settings,
    /// Resamples of each interval.
    pub(super) resamples: usize,
}

/// What was found, section by section.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) control: Option<control::Control>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fidelity: Option<fidelity::Fidelity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accuracy: Option<Accuracy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) collapse: Option<collapse::Collapse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interpolation: Option<interpolation::Interpolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variation: Option<variation::Variation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prior: Option<form::Form>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) map: Option<map::Map>,
}

/// How many notes are right.
#[derive(Debug, Serialize)]
pub struct Accuracy {
    pub(super) sampled: fidelity::Sampled,
    pub(super) teacher_forced: forced::Forced,
}
