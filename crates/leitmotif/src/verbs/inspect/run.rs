//! What is in a run folder.

use super::model::architecture;
use super::pairs;
use crate::console::Console;
use crate::words::{clock, count};
use anyhow::Result;
use leitmotif_folder::find_model;
use leitmotif_train::{
    METRICS_FILE, MetricsLine, RunConfig, RunInfo, TrainLine, ValidationLine, load_config, load_info, read_metrics,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Report {
    kind: &'static str,
    path: String,
    /// The model folder to use, once there is one.
    model: Option<PathBuf>,
    info: RunInfo,
    steps: u64,
    seconds: f64,
    /// The last line of training, the last validation and the best one.
    training: Option<TrainLine>,
    validation: Option<ValidationLine>,
    best: Option<ValidationLine>,
    config: RunConfig,
}

/// Shows it.
pub fn show(path: &Path, json: bool, console: &Console) -> Result<()> {
    let config = load_config(path)?;
    let info = load_info(path)?;
    let lines = if path.join(METRICS_FILE).is_file() { read_metrics(path)? } else { Vec::new() };
    let (mut training, mut validation, mut best) = (None, None, None);
    for line in lines {
        match line {
            MetricsLine::Train(line) => training = Some(line),
            MetricsLine::Validation(line) => {
                best = if line.best { Some(line.clone()) } else { best };
                validation = Some(line);
            }
        }
    }
    let last = |train: fn(&TrainLine) -> f64, valid: fn(&ValidationLine) -> f64| {
        training.as_ref().map(train).into_iter().chain(validation.as_ref().map(valid)).fold(0.0, f64::max)
    };
    let steps = last(|line| line.step as f64, |line| line.step as f64) as u64;
    let seconds = last(|line| line.seconds, |line| line.seconds);
    let (kind, path_text) = ("run", path.display().to_string());
    let model = find_model(path).ok();
    let report = Report { kind, path: path_text, model, info, steps, seconds, training, validation, best, config };
    if json { console.json(&report) } else { console.out(report.describe()) }
}

impl Report {
    fn describe(&self) -> String {
        let train = &self.config.train;
        let budget = [
            (train.steps > 0).then(|| format!("{} steps", count(train.steps as usize))),
            (train.epochs > 0.0).then(|| format!("{} passes", train.epochs)),
            (train.minutes > 0.0).then(|| format!("{} minutes", train.minutes)),
            (train.patience > 0).then(|| format!("{} validations without an improvement", train.patience)),
        ];
        let judged = |line: &ValidationLine| format!("{:.4} nats per note at step {}", line.nats_per_note, line.step);
        let training = self.training.as_ref();
        pairs(&[
            ("run", self.path.clone()),
            ("model", self.model.as_ref().map_or("none yet".into(), |model| model.display().to_string())),
            ("architecture", architecture(&self.config.model)),
            ("corpus", self.info.corpus.display().to_string()),
            ("done", format!("{} steps in {}", count(self.steps as usize), clock(self.seconds))),
            ("until", budget.into_iter().flatten().collect::<Vec<_>>().join(", or ")),
            ("best", self.best.as_ref().map(judged).unwrap_or_default()),
            ("validation", self.validation.as_ref().map(judged).unwrap_or_default()),
            (
                "training",
                training
                    .map(|line| format!("{:.4} nats per note at step {}", line.nats_per_note, line.step))
                    .unwrap_or_default(),
            ),
            (
                "speed",
                training.map(|line| format!("{:.0} events a second", line.events_per_second)).unwrap_or_default(),
            ),
            ("seed", format!("{}", train.seed)),
        ])
    }
}
