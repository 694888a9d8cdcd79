//! The report on a piece: one line of JSON, and the text that the piece itself carries.

use crate::prime::Primed;
use crate::{ComposeError, Request};
use leitmotif_model::Precision;
use leitmotif_score::Score;
use serde::Serialize;
use std::path::PathBuf;

/// One composed piece in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PieceReport {
    /// Where it was written; filled in by the code that writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Its number among the pieces of the request, from 0.
    pub piece: u64,
    /// Bars, those of a prime included.
    pub bars: usize,
    /// Notes, those of a prime included.
    pub notes: usize,
    /// Seconds from the start to the end of the last note.
    pub seconds: f64,
    /// The instruments that play, programs first.
    pub instruments: Vec<String>,
    /// Bars of the prime.
    pub prime_bars: usize,
    /// Events composed.
    pub events: usize,
    /// How often an event was drawn again because a rule refused it.
    pub redrawn_events: usize,
    /// Events that masks chose field by field, because the rules left next to nothing of the
    /// model's probability.
    pub masked_events: usize,
    /// How often a bar was drawn again.
    pub redrawn_bars: usize,
    /// Events that the grammar would not have let through: 0 unless it was off.
    pub invalid_events: usize,
    /// Whether the events were a valid piece as they were drawn.
    pub valid: bool,
}

/// The text event of a piece: which model, seed and settings made it, as JSON.
pub(crate) fn provenance(
    request: &Request,
    primed: Option<&Primed>,
    piece: u64,
    precision: Precision,
) -> Result<String, ComposeError> {
    #[derive(Serialize)]
    struct Made<'a> {
        composer: &'static str,
        version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<Precision>,
        piece: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        prime: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        prime_bars: Option<usize>,
        settings: &'a Request,
    }
    let made = Made {
        composer: "leitmotif",
        version: env!("CARGO_PKG_VERSION"),
        model: request.model.as_deref(),
        precision: (precision == Precision::Half).then_some(precision),
        piece,
        prime: primed.map(|primed| fingerprint(&primed.score)).transpose()?,
        prime_bars: primed.map(|primed| primed.bars),
        settings: request,
    };
    json(&made)
}

fn fingerprint(score: &Score) -> Result<String, ComposeError> {
    Ok(blake3::hash(json(score)?.as_bytes()).to_hex().to_string())
}

fn json(value: &impl Serialize) -> Result<String, ComposeError> {
    serde_json::to_string(value).map_err(|error| ComposeError::Request(error.to_string()))
}

/// The text event of an edited piece: which model, seed and settings made what of it, as JSON.
pub(crate) fn edited(request: &Request, made: &serde_json::Value) -> Result<String, ComposeError> {
    #[derive(Serialize)]
    struct Made<'a> {
        composer: &'static str,
        version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
        seed: u64,
        sampling: &'a crate::Sampling,
        edit: &'a serde_json::Value,
    }
    json(&Made {
        composer: "leitmotif",
        version: env!("CARGO_PKG_VERSION"),
        model: request.model.as_deref(),
        seed: request.seed,
        sampling: &request.sampling,
        edit: made,
    })
}
