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
mod window;

use crate::config::RunConfig;
use crate::evaluate::Evaluation;
use crate::record::{TrainLine, ValidationLine};
use crate::store::RunLock;
use crate::store::checkpoint::{Best, Checkpoint};
use crate::{TrainError, store};
pub use learner::{Learner, StepMetrics};
use leitmotif_corpus::Corpus;
use leitmotif_folder::{BEST, LAST, RUN_CONFIG_FILE};
use leitmotif_model::ModelKind;
pub use prior::PriorSummary;
use serde::{Deserialize, Serialize};
use session::Session;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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

/// A larger (or smaller) budget for a run that is taken up again; what is `None` stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// [`crate::TrainConfig::steps`].
    pub steps: Option<u64>,
    /// [`crate::TrainConfig::epochs`].
    pub epochs: Option<f64>,
    /// [`crate::TrainConfig::minutes`].
    pub minutes: Option<f64>,
}

/// Trains a new model in the folder `dir`, which must not hold a run yet. Raise `cancel` to stop:
/// the step at hand is finished and everything saved.
///
/// # Errors
/// [`TrainError::Interrupted`] after `cancel`; [`TrainError::Config`] for settings that make no
/// run; the others as documented there. Whatever the error, the last checkpoint and the best model
/// stay whole.
pub fn train(
    corpus: &Arc<Corpus>,
    dir: &Path,
    config: &RunConfig,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    config.validate()?;
    let plan = plan(corpus, config)?;
    std::fs::create_dir_all(dir).map_err(TrainError::io(dir))?;
    let lock = RunLock::take(dir)?;
    if dir.join(RUN_CONFIG_FILE).exists() {
        return Err(TrainError::file(dir, "there is a run here already: resume it, or choose another folder"));
    }
    let here = leitmotif_files::real_path(corpus.dir()).unwrap_or_else(|_| corpus.dir().to_owned());
    let program = format!("leitmotif {}", env!("CARGO_PKG_VERSION"));
    let info = RunInfo { format: INFO_FORMAT, program, corpus: here, fingerprint: corpus.fingerprint() };
    let text = serde_json::to_vec_pretty(&info).expect("a run's information has only string keys");
    put(&dir.join(INFO_FILE), &text)?;
    put(&dir.join(RUN_CONFIG_FILE), config.to_toml().as_bytes())?;
    let summary = go(corpus, dir, (config, plan), None, observer, cancel);
    drop(lock);
    summary
}

/// Takes a run up where its last checkpoint left it (or begins it again if it has none), with the
/// same corpus.
///
/// # Errors
/// As [`train`]; [`TrainError::Corpus`] if the corpus is not the one that the run began with.
pub fn resume(
    corpus: &Arc<Corpus>,
    dir: &Path,
    budget: Budget,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    let mut config = load_config(dir)?;
    let lock = RunLock::take(dir)?;
    let info = load_info(dir)?;
    if info.fingerprint != corpus.fingerprint() {
        return Err(TrainError::Corpus(format!(
            "the run began with another corpus (fingerprint {}…, this one has {}…); it was at {}",
            info.fingerprint.get(..12).unwrap_or_default(),
            &corpus.fingerprint()[..12],
            info.corpus.display()
        )));
    }
    config.train.steps = budget.steps.unwrap_or(config.train.steps);
    config.train.epochs = budget.epochs.unwrap_or(config.train.epochs);
    config.train.minutes = budget.minutes.unwrap_or(config.train.minutes);
    config.validate()?;
    for model in [BEST, LAST] {
        leitmotif_files::recover(&dir.join(model))?;
    }
    let checkpoint = Checkpoint::newest(dir)?;
    for folder in [dir.to_owned(), dir.join(store::checkpoint::CHECKPOINTS)] {
        leitmotif_files::sweep(&folder)?;
    }
    // A program that was killed between its last checkpoint and their clearing away has left one
    // too many.
    Checkpoint::prune(dir, config.train.keep_checkpoints)?;
    let mut plan = plan(corpus, &config)?;
    if budget != Budget::default() {
        if let (Some(checkpoint), Some(plan)) = (&checkpoint, &mut plan) {
            budget.check(checkpoint, plan)?;
        }
        put(&dir.join(RUN_CONFIG_FILE), config.to_toml().as_bytes())?;
    }
    let summary = go(corpus, dir, (&config, plan), checkpoint, observer, cancel);
    drop(lock);
    summary
}

impl Budget {
    /// Refuses a limit that the run has passed: with it nothing would be trained.
    fn check(&self, Checkpoint { state, .. }: &Checkpoint, plan: &mut setup::TrainingSetup) -> Result<(), TrainError> {
        plan.batches.restore(&state.batches).map_err(|error| TrainError::Corpus(error.to_string()))?;
        let (epochs, minutes) = (plan.batches.epochs(), state.seconds / 60.0);
        let passed = |key: &str, limit: String, done: String| {
            let reason = "which is more; a limit counts the run from its beginning, so give a higher one";
            Err(TrainError::Config(format!("train.{key} = {limit}: the run has done {done} already, {reason}")))
        };
        match *self {
            Self { steps: Some(limit), .. } if state.step > limit => {
                passed("steps", limit.to_string(), format!("{} steps", state.step))
            }
            Self { epochs: Some(limit), .. } if epochs > limit => {
                passed("epochs", limit.to_string(), format!("{epochs:.1} passes"))
            }
            Self { minutes: Some(limit), .. } if minutes > limit => {
                passed("minutes", limit.to_string(), format!("{minutes:.1} minutes"))
            }
            _ => Ok(()),
        }
    }
}

/// The training objective of a network on this corpus; nothing for a Markov model, which counts.
fn plan(corpus: &Arc<Corpus>, config: &RunConfig) -> Result<Option<setup::TrainingSetup>, TrainError> {
    let learns = config.model.kind != ModelKind::Markov;
    learns.then(|| setup::TrainingSetup::of(corpus, config)).transpose()
}

fn go(
    corpus: &Arc<Corpus>,
    dir: &Path,
    (config, plan): (&RunConfig, Option<setup::TrainingSetup>),
    checkpoint: Option<Checkpoint>,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    match plan {
        Some(plan) => Session::begin(corpus, dir, (config, plan), checkpoint, observer, cancel)?.run(),
        None => counting::count(corpus, dir, config, observer, cancel),
    }
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

fn put(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    leitmotif_files::write(path, bytes).map_err(TrainError::io(path))
}
