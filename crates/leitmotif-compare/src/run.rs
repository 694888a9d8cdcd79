//! One run: train, evaluate, compose, and report the result.
//!
//! A run's folder below `runs` is an ordinary run folder, with `pieces` and, once it is finished,
//! `result.json` beside what training leaves. Where that file has the key of the planned run, the
//! run is never made again.

use crate::datasets::{Arm, Test};
use crate::losses::{TestLosses, judge};
use crate::study::MusicOptions;
use crate::{BestFacts, CompareError, CurvePoint, Curves, Finished, Outcome, PlannedRun, RESULTS_FORMAT, RunResult};
use leitmotif_compose::{Length, Request, generate_many};
use leitmotif_folder::{ModelFolder, RUN_CONFIG_FILE};
use leitmotif_model::Precision;
use leitmotif_score::{Score, write_midi_file};
use leitmotif_train::{
    Budget, METRICS_FILE, MetricsLine, TrainError, TrainEvent, TrainSummary, load_scorer, read_metrics, resume, train,
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a run found, in its folder.
pub const RESULT_FILE: &str = "result.json";
/// The folder of composed pieces in a run's folder.
pub const PIECES_FOLDER: &str = "pieces";
/// The folder of runs in a study's folder.
pub const RUNS_FOLDER: &str = "runs";
/// Most points of a learning curve that are kept.
const MOST_POINTS: usize = 400;
/// Largest `result.json` that is read.
const MAX_RESULT_BYTES: u64 = 64 << 20;

/// `result.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    key: String,
    result: RunResult,
}

/// Where something of a run stands.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEvent<'a> {
    /// It trains.
    Train(&'a TrainEvent<'a>),
    /// Its model is evaluated on training songs, validation songs and test sets.
    Evaluating,
    /// Its model composes.
    Composing,
}

/// The result of a planned run from a study's folder; `None` if it is not finished there.
///
/// # Errors
/// [`CompareError::File`] for a result that cannot be read.
pub fn stored(study: &Path, run: &PlannedRun) -> Result<Option<RunResult>, CompareError> {
    let path = study.join(RUNS_FOLDER).join(run.folder()).join(RESULT_FILE);
    let bytes = match leitmotif_files::read(&path, MAX_RESULT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CompareError::io(&path)(error)),
    };
    let stored: Stored = serde_json::from_slice(&bytes)
        .map_err(|error| CompareError::file(&path, format!("{error}; remove it to have the run judged again")))?;
    Ok((stored.format == RESULTS_FORMAT && stored.key == run.key).then_some(stored.result))
}

/// Writes what came of a run into its folder.
pub(crate) fn store(study: &Path, run: &PlannedRun, result: &RunResult) -> Result<(), CompareError> {
    let folder = study.join(RUNS_FOLDER).join(run.folder());
    std::fs::create_dir_all(&folder).map_err(CompareError::io(&folder))?;
    let stored = Stored { format: RESULTS_FORMAT, key: run.key.clone(), result: result.clone() };
    let text = serde_json::to_vec(&stored).map_err(|error| CompareError::file(&folder, error.to_string()))?;
    let path = folder.join(RESULT_FILE);
    leitmotif_files::write(&path, &text).map_err(CompareError::io(&path))
}

/// What a run works with.
pub(crate) struct RunContext<'a> {
    pub(crate) study: &'a Path,
    pub(crate) arm: &'a Arm,
    pub(crate) tests: &'a [Test],
    pub(crate) music: &'a MusicOptions,
    pub(crate) train_events: u64,
    pub(crate) cancel: &'a AtomicBool,
}

impl RunContext<'_> {
    /// Makes a run, or goes on with it where it was stopped. `None` once `cancel` is raised;
    /// everything is saved then.
    pub(crate) fn make(
        &self,
        run: &PlannedRun,
        tell: &dyn Fn(&RunEvent<'_>),
    ) -> Result<Option<Finished>, CompareError> {
        let folder = self.study.join(RUNS_FOLDER).join(run.folder());
        let Some(summary) = self.trained(run, &folder, tell)? else { return Ok(None) };
        tell(&RunEvent::Evaluating);
        let model = ModelFolder::open(&folder)?;
        let found = judge(&*load_scorer(model.path(), "cpu")?, self.arm, self.tests, self.train_events, self.cancel)?;
        let Some(judged) = found else { return Ok(None) };
        tell(&RunEvent::Composing);
        let mut notes = Vec::new();
        if let Err(error) = self.compose(&folder, &model) {
            if self.cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            notes.push(format!("nothing was composed: {error}"));
        }
        finished(run, &folder, &model, &summary, judged, notes).map(Some)
    }

    fn trained(
        &self,
        run: &PlannedRun,
        folder: &Path,
        tell: &dyn Fn(&RunEvent<'_>),
    ) -> Result<Option<TrainSummary>, CompareError> {
        let observer = |event: &TrainEvent<'_>| tell(&RunEvent::Train(event));
        let corpus = &self.arm.corpus;
        let result = match folder.join(RUN_CONFIG_FILE).is_file() {
            true => resume(corpus, folder, Budget::default(), &observer, self.cancel),
            false => train(corpus, folder, &run.config, &observer, self.cancel),
        };
        match result {
            Ok(summary) => Ok(Some(summary)),
            Err(TrainError::Interrupted { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Composes the pieces, whole or not at all.
    fn compose(&self, folder: &Path, model: &ModelFolder) -> Result<(), CompareError> {
        let output = folder.join(PIECES_FOLDER);
        if self.music.pieces == 0 || output.is_dir() {
            return Ok(());
        }
        let request = Request {
            length: Length::Bars(self.music.bars),
            seed: self.music.seed,
            model: Some(model.fingerprint()?),
            observed: model.observed().cloned(),
            ..Request::default()
        };
        let (network, representation) = (model.model(Precision::Single)?, model.representation());
        let pieces = generate_many(&*network, &**representation, &request, self.music.pieces, &|_| (), self.cancel)?;
        leitmotif_files::publish(&output, |made| {
            for (number, piece) in pieces.into_iter().enumerate() {
                let path = made.join(piece_name(number as u64));
                let score = Score { title: Some(format!("Piece {}", number + 1)), ..piece.score };
                write_midi_file(&path, &score).map_err(|error| CompareError::file(&path, error.to_string()))?;
            }
            Ok(())
        })
    }
}

/// The file of piece number `number`, from 0, in [`PIECES_FOLDER`].
pub fn piece_name(number: u64) -> String {
    format!("{:03}.mid", number + 1)
}

fn finished(
    run: &PlannedRun,
    folder: &Path,
    model: &ModelFolder,
    summary: &TrainSummary,
    judged: TestLosses,
    notes: Vec<String>,
) -> Result<Finished, CompareError> {
    let epochs_a_step = if summary.step == 0 { 0.0 } else { summary.epochs / summary.step as f64 };
    let best = summary.best.map(|best| BestFacts {
        step: best.step,
        epoch: if summary.step == 0 { summary.epochs } else { best.step as f64 * epochs_a_step },
        nats_per_note: best.nats_per_note,
    });
    Ok(Finished {
        parameters: summary.parameters,
        steps: summary.step,
        epochs: summary.epochs,
        events: summary.events,
        seconds: summary.seconds,
        best,
        ended: match summary.ended {
            leitmotif_train::Ended::Patience => "patience".into(),
            _ => "budget".into(),
        },
        config: run.config.to_toml(),
        model: model.fingerprint()?,
        train: judged.train,
        valid: judged.valid,
        tests: judged.tests,
        curves: curves(folder, epochs_a_step)?,
        music: None,
        notes,
    })
}

fn curves(folder: &Path, epochs_a_step: f64) -> Result<Curves, CompareError> {
    let mut curves = Curves::default();
    if !folder.join(METRICS_FILE).is_file() {
        return Ok(curves);
    }
    let point = |step: u64, per_event: f64, per_note: f64| CurvePoint {
        step,
        epoch: step as f64 * epochs_a_step,
        per_event,
        per_note,
    };
    for line in read_metrics(folder)? {
        match line {
            MetricsLine::Train(line) => curves.train.push(point(line.step, line.nats_per_event, line.nats_per_note)),
            MetricsLine::Validation(line) => {
                curves.valid.push(point(line.step, line.nats_per_event, line.nats_per_note));
            }
        }
    }
    curves.train = thinned(curves.train);
    curves.valid = thinned(curves.valid);
    Ok(curves)
}

/// At most [`MOST_POINTS`] points, the last one among them.
fn thinned(points: Vec<CurvePoint>) -> Vec<CurvePoint> {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points.into_iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(every)).map(|(_, point)| point).collect()
}

/// A run's name with what came of it.
pub(crate) fn result(run: &PlannedRun, arm: &Arm, outcome: Outcome) -> RunResult {
    RunResult { id: run.id.clone(), arm: arm.facts.name.clone(), levels: run.levels.clone(), seed: run.seed, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_thinned_but_keep_their_end() {
        for count in [0, 1, 399, 400, 401, 5000] {
            let points: Vec<CurvePoint> =
                (0..count).map(|step| CurvePoint { step, epoch: 0.0, per_event: 0.0, per_note: 0.0 }).collect();
            let thin = thinned(points);
            assert!(thin.len() <= MOST_POINTS && (count > 400 || thin.len() == count as usize), "{count}");
            assert_eq!(thin.last().map(|point| point.step), count.checked_sub(1));
        }
    }
}
