//! Checkpoints: everything a run needs to go on as if it had never stopped.
//!
//! `checkpoints/step-00000500/` holds `model.safetensors`, `average.safetensors` (where weights are
//! averaged), `optimiser.safetensors`, `memory.safetensors` and `state.json`.
//! It appears complete or not at all; older ones are removed only after it is there.

use crate::TrainError;
use crate::record::metrics::RecordsMark;
use crate::schedule::StepTime;
use leitmotif_corpus::BatchState;
use leitmotif_model::{WEIGHTS_FILE, Weights};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of `state.json`.
pub(crate) const STATE_FORMAT: u32 = 1;
pub(crate) const CHECKPOINTS: &str = "checkpoints";
const AVERAGE_FILE: &str = "average.safetensors";
const OPTIMISER_FILE: &str = "optimiser.safetensors";
const MEMORY_FILE: &str = "memory.safetensors";
const STATE_FILE: &str = "state.json";
/// Largest `state.json` that is read.
const MAX_STATE_BYTES: u64 = 64 << 20;

/// Counters and positions of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunState {
    pub format: u32,
    /// Optimiser steps done.
    pub step: u64,
    /// Segments read: each has its own seed of dropout.
    pub segments: u64,
    /// Events trained on.
    pub events: u64,
    /// Seconds spent, all sessions together.
    pub seconds: f64,
    /// The best validation.
    pub best: Option<Best>,
    /// Validations in a row that were not better.
    pub worse: u32,
    /// The step of the last validation.
    pub validated: Option<u64>,
    /// Steps in a row that were skipped.
    pub bad: u32,
    /// Steps skipped altogether.
    pub skipped: u64,
    /// Sums since the last metrics line.
    pub window: Window,
    pub pace: StepTime,
    pub batches: BatchState,
    pub records: RecordsMark,
}

/// The best validation of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Optimiser steps done.
    pub step: u64,
    /// What it is the best by: its loss in nats per note; with latents, with their divergence
    /// weighed.
    pub nats_per_note: f64,
}

/// Sums over the steps since the last metrics line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub segments: u64,
    pub events: u64,
    pub loss: f64,
    pub nats: f64,
    pub compression: f64,
    /// Divergence of the latents in nats, and how many latents that was of.
    #[serde(default)]
    pub divergence: f64,
    #[serde(default)]
    pub latents: f64,
    /// The latents' part of the loss, times events.
    #[serde(default)]
    pub latent_loss: f64,
    /// Music loss by field.
    pub fields: Vec<f64>,
    pub norms: f64,
    pub steps: u64,
    pub seconds: f64,
}

/// A checkpoint in memory.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub state: RunState,
    pub model: Weights,
    /// The moving average of the weights; `None` for a run without one.
    pub average: Option<Weights>,
    pub optimiser: Weights,
    pub memory: Weights,
}

fn folder(dir: &Path, step: u64) -> PathBuf {
    dir.join(CHECKPOINTS).join(format!("step-{step:08}"))
}

impl Checkpoint {
    /// Writes the checkpoint of this step, then removes all but the newest `keep`.
    pub(crate) fn save(&self, dir: &Path, keep: usize) -> Result<(), TrainError> {
        let target = folder(dir, self.state.step);
        let parent = dir.join(CHECKPOINTS);
        std::fs::create_dir_all(&parent).map_err(TrainError::io(&parent))?;
        let write = |folder: &Path| {
            self.model.save(&folder.join(WEIGHTS_FILE))?;
            if let Some(average) = &self.average {
                average.save(&folder.join(AVERAGE_FILE))?;
            }
            self.optimiser.save(&folder.join(OPTIMISER_FILE))?;
            self.memory.save(&folder.join(MEMORY_FILE))?;
            let path = folder.join(STATE_FILE);
            let text = serde_json::to_vec_pretty(&self.state).expect("a state has only string keys");
            std::fs::write(&path, text).map_err(TrainError::io(&path))
        };
        leitmotif_files::replace(&target, write)?;
        Self::prune(dir, keep)
    }

    /// Removes all but the newest `keep`.
    pub(crate) fn prune(dir: &Path, keep: usize) -> Result<(), TrainError> {
        for step in steps(dir)?.iter().rev().skip(keep) {
            leitmotif_files::remove(&folder(dir, *step))?;
        }
        Ok(())
    }

    /// Reads the newest checkpoint of a run folder; `None` if it has none.
    pub(crate) fn newest(dir: &Path) -> Result<Option<Self>, TrainError> {
        let Some(step) = steps(dir)?.last().copied() else { return Ok(None) };
        leitmotif_files::recover(&folder(dir, step))?;
        Self::read(dir, step).map(Some)
    }

    /// Reads the checkpoint of this step.
    pub(crate) fn read(dir: &Path, step: u64) -> Result<Self, TrainError> {
        let folder = folder(dir, step);
        let path = folder.join(STATE_FILE);
        let text = leitmotif_files::read(&path, MAX_STATE_BYTES).map_err(TrainError::io(&path))?;
        let state: RunState =
            serde_json::from_slice(&text).map_err(|error| TrainError::file(&path, error.to_string()))?;
        if state.format != STATE_FORMAT {
            let reason = format!("format {}, this version reads {STATE_FORMAT}; train again", state.format);
            return Err(TrainError::file(&path, reason));
        }
        let average = folder.join(AVERAGE_FILE);
        Ok(Self {
            state,
            average: average.exists().then(|| Weights::load(&average)).transpose()?,
            model: Weights::load(&folder.join(WEIGHTS_FILE))?,
            optimiser: Weights::load(&folder.join(OPTIMISER_FILE))?,
            memory: Weights::load(&folder.join(MEMORY_FILE))?,
        })
    }
}

/// The steps of the complete checkpoints, in order.
pub(crate) fn steps(dir: &Path) -> Result<Vec<u64>, TrainError> {
    let parent = dir.join(CHECKPOINTS);
    let entries = match std::fs::read_dir(&parent) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(TrainError::io(&parent))?,
    };
    let mut steps = Vec::new();
    for entry in entries {
        let name = entry.map_err(TrainError::io(&parent))?.file_name();
        let name = name.to_string_lossy();
        // One that was being replaced by itself when the machine stopped lies complete under
        // `.new`.
        let digits = name.strip_prefix("step-").map(|rest| rest.strip_suffix(".new").unwrap_or(rest));
        steps.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    steps.sort_unstable();
    steps.dedup();
    Ok(steps)
}
