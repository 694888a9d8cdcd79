//! How long a study will take, before it begins: a few steps of each kind of run, timed.
//!
//! Runs of the same configuration but for their budget and seed, on the same representation, take
//! as long a step. The evaluation and the composing of a run are not counted.

use crate::datasets::Datasets;
use crate::plan::{RunPlan, Shard};
use crate::run::stored;
use crate::{Arm, CompareError, PlannedRun};
use leitmotif_corpus::Split;
use leitmotif_train::{RunConfig, TrainEvent, TrainSummary, train};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Steps that are timed.
const TIMED_STEPS: u64 = 4;
/// Where the timed steps are made, below the study's folder; removed afterwards.
const SCRATCH: &str = ".estimate";

/// One run as it is planned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunEstimate {
    /// Its name.
    pub id: String,
    /// Trainable values.
    pub parameters: usize,
    /// Songs to learn from.
    pub songs: usize,
    /// Notes to learn from.
    pub notes: usize,
    /// Events to learn from.
    pub events: usize,
    /// Optimiser steps, where the budget is in steps or passes.
    pub steps: Option<u64>,
    /// Seconds of training with nothing beside it; `None` where only patience ends the run.
    pub seconds: Option<f64>,
    /// Whether it is finished already.
    pub finished: bool,
}

/// Estimates every run of a shard.
///
/// # Errors
/// [`CompareError::Train`] for a configuration that cannot be trained: better now than in the
/// middle of a study.
pub fn estimate(
    dir: &Path,
    datasets: &Datasets,
    plan: &RunPlan,
    shard: Shard,
    cancel: &AtomicBool,
) -> Result<Vec<RunEstimate>, CompareError> {
    let mut timed: BTreeMap<(String, String), TrainSummary> = BTreeMap::new();
    let mut estimates = Vec::new();
    for run in plan.runs.iter().filter(|run| shard.has(run.number)) {
        let arm = &datasets.arms[run.arm];
        let kind = (arm.facts.representation.clone(), timing_config(&run.config, 0).to_toml());
        let summary = match timed.get(&kind) {
            Some(summary) => summary.clone(),
            None => {
                let summary = time(&dir.join(SCRATCH), arm, &run.config, cancel)?;
                timed.insert(kind, summary.clone());
                summary
            }
        };
        let finished = stored(dir, run)?.is_some_and(|result| result.finished().is_some());
        estimates.push(of(run, arm, &summary, finished));
    }
    Ok(estimates)
}

/// The configuration for timing: nothing that ends a run, validates or saves along the way.
fn timing_config(config: &RunConfig, steps: u64) -> RunConfig {
    let mut config = config.clone();
    let train = &mut config.train;
    (train.steps, train.seed, train.accumulate) = (steps, 0, 1);
    (train.epochs, train.minutes, train.patience) = (0.0, 0.0, 0);
    (train.validate_every, train.validate_events, train.checkpoint_every) = (0, 2000, 0);
    config.latent.prior_epochs = 0;
    config
}

fn time(scratch: &Path, arm: &Arm, config: &RunConfig, cancel: &AtomicBool) -> Result<TrainSummary, CompareError> {
    let clear = || match std::fs::remove_dir_all(scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CompareError::io(scratch)(error)),
        _ => Ok(()),
    };
    clear()?;
    let summary = train(&arm.corpus, scratch, &timing_config(config, TIMED_STEPS), &|_: &TrainEvent<'_>| (), cancel);
    clear()?;
    Ok(summary?)
}

fn of(run: &PlannedRun, arm: &Arm, summary: &TrainSummary, finished: bool) -> RunEstimate {
    let train = &run.config.train;
    let timings = &summary.timings;
    // One segment a stream was timed, of those whose gradients make a step.
    let segments = train.accumulate as f64 / summary.step.max(1) as f64;
    let step = (timings.data + timings.forward + timings.backward + timings.optimiser) * segments;
    let events_a_step = summary.events as f64 * segments;
    let (steps, seconds) = if summary.step == 0 {
        // Counted, not trained.
        (None, Some(summary.seconds))
    } else {
        let of_epochs =
            train.epochs * arm.corpus.manifest().splits[&Split::Train].events as f64 / events_a_step.max(1.0);
        let ends = [(train.steps > 0).then_some(train.steps as f64), (train.epochs > 0.0).then_some(of_epochs.ceil())];
        let steps =
            ends.into_iter().flatten().fold(None, |least: Option<f64>, end| Some(least.map_or(end, |it| it.min(end))));
        let by_clock = (train.minutes > 0.0).then_some(train.minutes * 60.0);
        let by_steps = steps.map(|steps| steps * step);
        let seconds = match (by_clock, by_steps) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        (steps.map(|steps| steps as u64), seconds)
    };
    RunEstimate {
        id: run.id.clone(),
        parameters: summary.parameters,
        songs: arm.facts.train.songs,
        notes: arm.facts.train.notes,
        events: arm.facts.train.events,
        steps,
        seconds,
        finished,
    }
}
