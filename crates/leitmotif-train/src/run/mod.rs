//! Runs: a folder that a training fills, and can be taken up again in.
//!
//! | file | what |
//! |---|---|
//! | `config.toml` | the resolved configuration, every key |
//! | `run.json` | which corpus, which program |
//! | `metrics.jsonl`, `events.out.tfevents.*`, `curves.svg` | how it went |
//! | `checkpoints/step-N/` | everything needed to go on exactly |
//! | `best/`, `last/` | model folders |
//! | `run.lock` | held while a training uses the folder |

mod average;
mod counting;
mod learner;
mod prior;
mod session;
mod setup;
mod start;
mod window;

use crate::TrainError;
use crate::config::RunConfig;
use crate::evaluate::Evaluation;
use crate::record::{TrainLine, ValidationLine};
use crate::store::checkpoint::Best;
pub use learner::{Learner, StepMetrics};
use leitmotif_folder::RUN_CONFIG_FILE;
pub use prior::PriorSummary;
use serde::{Deserialize, Serialize};
pub use start::{Budget, give_up, resume, resume_together, train, train_together};
use std::path::{Path, PathBuf};

/// The corpus that a run trains on.
pub const INFO_FILE: &str = "run.json";
const INFO_FORMAT: u32 = 1;
/// Largest `config.toml` (of a run or of a user) or `run.json` that is read.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this file.
    pub format: u32,
    /// The program that began the run.
    pub program: String,
    /// Where the corpus was.
    pub corpus: PathBuf,
    /// What it was.
    pub fingerprint: String,
}

/// Something that happens in a training.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainEvent<'a> {
    /// The model is built, or read from a checkpoint.
    Started {
        /// Trainable values.
        parameters: usize,
        /// Optimiser steps done before (0 for a new run).
        step: u64,
        /// Whether matrix products multiply numbers of 16 bits.
        bf16: bool,
    },
    /// An optimiser step is done.
    Step {
        /// Optimiser steps done.
        step: u64,
        /// Passes over the training songs, fractions included.
        epochs: f64,
        /// Music loss of this step in nats per event.
        nats_per_event: f64,
        /// The same in nats per note, at the training songs' mean number of events per note: the
        /// measure of validations.
        nats_per_note: f64,
        /// Events per second since the last metrics line.
        events_per_second: f64,
        /// How much of the budget is used, 0 to 1.
        used: f64,
        /// Seconds left, as far as known.
        seconds_left: Option<f64>,
    },
    /// A line was added to `metrics.jsonl`.
    Line(&'a TrainLine),
    /// A validation is under way.
    Validating {
        /// Events scored.
        done: usize,
        /// Events to score.
        total: usize,
    },
    /// A validation is done.
    Validated(&'a ValidationLine, &'a Evaluation),
    /// A checkpoint is complete.
    Saved {
        /// Its step.
        step: u64,
    },
    /// A pass of the prior over the latents is done, after the training of the model itself.
    Prior {
        /// Passes done.
        epoch: u32,
        /// Passes in all.
        epochs: u32,
        /// What a latent of the validation songs costs now.
        nats_per_latent: f64,
    },
    /// Songs are being counted (Markov models).
    Counting {
        /// Songs counted.
        done: usize,
        /// Songs to count.
        total: usize,
    },
}

/// Receives the progress of a training.
pub trait TrainObserver {
    /// Something happened.
    fn observe(&self, event: &TrainEvent<'_>);
}

impl<F: Fn(&TrainEvent<'_>)> TrainObserver for F {
    fn observe(&self, event: &TrainEvent<'_>) {
        self(event);
    }
}

/// Why a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Its budget of steps, epochs or minutes is used up (or it was counted).
    Budget,
    /// Validation had not improved for long enough.
    Patience,
}

/// Where the time of a training went, in seconds of this session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Making batches.
    pub data: f64,
    /// From events to the loss.
    pub forward: f64,
    /// From the loss to gradients.
    pub backward: f64,
    /// Clipping and updating.
    pub optimiser: f64,
    /// Validation.
    pub validation: f64,
    /// Metrics, checkpoints, model folders, curves.
    pub saving: f64,
    /// Summing with other processes and waiting for them, which is part of the others; 0 for a
    /// process alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub exchange: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

/// What a training came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSummary {
    /// Optimiser steps done.
    pub step: u64,
    /// Passes over the training songs.
    pub epochs: f64,
    /// Events trained on.
    pub events: u64,
    /// Seconds, all sessions together.
    pub seconds: f64,
    /// Trainable values (contexts of a Markov model).
    pub parameters: usize,
    /// Steps skipped because loss or gradient was not finite.
    pub skipped: u64,
    /// The best validation, if there was one.
    pub best: Option<Best>,
    /// Whether the best validation is by nats per note with the latents' divergence weighed, as of
    /// models that have them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub best_is_weighed: bool,
    /// The training of the prior over latents, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorSummary>,
    /// Why it ended.
    pub ended: Ended,
    /// The model folder to use.
    pub model: PathBuf,
    /// Where this session's time went.
    pub timings: Timings,
}

/// The configuration of a run folder.
///
/// # Errors
/// [`TrainError::File`] if the folder holds no run, or its configuration cannot be read.
pub fn load_config(dir: &Path) -> Result<RunConfig, TrainError> {
    let path = dir.join(RUN_CONFIG_FILE);
    if !path.is_file() {
        return Err(TrainError::file(dir, format!("this is not a run folder: it has no {RUN_CONFIG_FILE}")));
    }
    let text = leitmotif_files::read_text(&path, MAX_CONFIG_BYTES).map_err(TrainError::io(&path))?;
    RunConfig::from_toml(&text).map_err(|error| TrainError::file(&path, error.to_string()))
}

/// What a run folder records of its corpus.
///
/// # Errors
/// [`TrainError::Io`] or [`TrainError::File`] if it cannot be read.
pub fn load_info(dir: &Path) -> Result<RunInfo, TrainError> {
    let path = dir.join(INFO_FILE);
    let text = leitmotif_files::read(&path, MAX_CONFIG_BYTES).map_err(TrainError::io(&path))?;
    serde_json::from_slice(&text).map_err(|error| TrainError::file(&path, error.to_string()))
}
