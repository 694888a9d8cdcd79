//! The learning curve of a run: `curves.svg`.

use super::metrics::{MetricsLine, read_metrics};
use crate::TrainError;
use leitmotif_plot::{LineChart, Series, Theme};
use std::path::Path;

/// The file's name in a run folder.
pub const CURVES_FILE: &str = "curves.svg";
/// Points over which the training curve is averaged, unless they are too few to hide anything.
const SMOOTHED_POINTS: f64 = 10.0;
/// The share of a curve that may lag behind.
const SMOOTHED_SHARE: f64 = 0.1;

/// Draws nats per note over steps, training and validation, from `metrics.jsonl`.
///
/// # Errors
/// As [`read_metrics`].
pub fn learning_curve(dir: &Path) -> Result<String, TrainError> {
    let lines = read_metrics(dir)?;
    let (mut training, mut validation, mut best) = (Vec::new(), Vec::new(), None);
    for line in &lines {
        match line {
            MetricsLine::Train(line) => training.push((line.step as f64, line.nats_per_note)),
            MetricsLine::Validation(line) => {
                validation.push((line.step as f64, line.nats_per_note));
                best = if line.best { Some((line.step as f64, line.nats_per_note)) } else { best };
            }
        }
    }
    let over = (training.len() as f64 * SMOOTHED_SHARE).clamp(1.0, SMOOTHED_POINTS);
    let mut chart = LineChart::new("Learning curve")
        .labels("optimiser steps", "nats per note")
        .series(Series::new("training", training).smoothed(1.0 - 1.0 / over))
        .series(Series::new("validation", validation).dots());
    if let Some((step, nats)) = best {
        chart = chart.subtitle(format!("best validation: {nats:.3} nats per note at step {step}")).mark(step, "best");
    }
    Ok(chart.to_svg(Theme::Auto))
}

/// Draws and writes the curve of a run folder.
pub(crate) fn write(dir: &Path) -> Result<(), TrainError> {
    let path = dir.join(CURVES_FILE);
    leitmotif_files::write(&path, learning_curve(dir)?.as_bytes()).map_err(TrainError::io(&path))
}
