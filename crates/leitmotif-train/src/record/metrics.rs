//! `metrics.jsonl`: one JSON object a line, in the order in which things happened.

use super::tensorboard::{EventWriter, cut};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, Write};
use std::path::{Path, PathBuf};

/// The file's name in a run folder.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricsLine {
    /// Means over the steps since the last such line.
    Train(TrainLine),
    /// One validation.
    Validation(ValidationLine),
}

/// Means over the last steps of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainLine {
    /// Optimiser steps done.
    pub step: u64,
    /// Passes over the training songs begun, from 0.
    pub epoch: u64,
    /// Wall-clock seconds of the run so far, all its sessions together.
    pub seconds: f64,
    /// Events trained on per second.
    pub events_per_second: f64,
    /// Music and compression losses and the latents' part together: what the gradient is of. Nats
    /// per event.
    pub loss: f64,
    /// Music loss in nats per event (per token); with latents, their divergence not counted.
    pub nats_per_event: f64,
    /// Music loss in nats per note, at the training songs' mean number of events per note.
    pub nats_per_note: f64,
    /// Music loss in nats per event, by field, where the model reports it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, f64>,
    /// Compression loss.
    pub compression: f64,
    /// The latents, of a model that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentLine>,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Global norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Steps skipped so far because loss or gradient was not finite.
    pub skipped: u64,
}

/// What the latents came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatentLine {
    /// Divergence of the posteriors from the standard normal, in nats per event.
    pub kl_per_event: f64,
    /// The same in nats per latent (per bar, or phrase).
    pub kl_per_latent: f64,
    /// Music loss in nats per note, the divergence not counted: what the music costs once its
    /// latents are known.
    pub reconstruction_per_note: f64,
    /// The part of the loss in nats per event: weighed, and with what is free.
    pub loss: f64,
    /// The weight of the divergence, in the last step; in validations its largest.
    pub beta: f64,
    /// Dimensions whose posterior mean varies (variance over latents above 0.01; Burda et al.
    /// 2016); in validations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_units: Option<usize>,
}

/// One validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationLine {
    /// Optimiser steps done.
    pub step: u64,
    /// Passes over the training songs begun, from 0.
    pub epoch: u64,
    /// Wall-clock seconds of the run so far.
    pub seconds: f64,
    /// Nats per event (per token); with latents an upper bound, their divergence counted.
    pub nats_per_event: f64,
    /// Nats per note, likewise.
    pub nats_per_note: f64,
    /// Nats per second of music, likewise.
    pub nats_per_second: f64,
    /// Nats per event, by field.
    pub fields: BTreeMap<String, f64>,
    /// The latents, of a model that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentLine>,
    /// What the best validation is chosen by, in nats per note: with latents, the divergence
    /// weighed by its largest weight; else nats per note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<f64>,
    /// Whether it is the best so far.
    pub best: bool,
}

/// Both record files of a run, appended to together and cut back together.
#[derive(Debug)]
pub(crate) struct Records {
    path: PathBuf,
    file: File,
    events: EventWriter,
}

/// How far the record files had come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordsMark {
    metrics_bytes: u64,
    events_file: String,
    events_bytes: u64,
}

impl Records {
    /// Starts the records of a new run.
    pub(crate) fn create(dir: &Path) -> Result<Self, TrainError> {
        let path = dir.join(METRICS_FILE);
        let file = leitmotif_files::create(&path).map_err(TrainError::io(&path))?;
        let events = EventWriter::create(dir).map_err(TrainError::io(dir))?;
        Ok(Self { path, file, events })
    }

    /// Goes on after `mark`; what was written beyond it is cut off.
    pub(crate) fn reopen(dir: &Path, mark: &RecordsMark) -> Result<Self, TrainError> {
        let path = dir.join(METRICS_FILE);
        let file = cut(&path, mark.metrics_bytes).map_err(TrainError::io(&path))?;
        let events = dir.join(&mark.events_file);
        let events = EventWriter::reopen(&events, mark.events_bytes).map_err(TrainError::io(&events))?;
        Ok(Self { path, file, events })
    }

    /// Forces everything to the disk and marks the place.
    pub(crate) fn mark(&mut self) -> Result<RecordsMark, TrainError> {
        self.file.sync_all().map_err(TrainError::io(&self.path))?;
        let metrics_bytes = self.file.stream_position().map_err(TrainError::io(&self.path))?;
        let events_file = self.events.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = self.events.path().to_owned();
        let events_bytes = self.events.sync().map_err(TrainError::io(&path))?;
        Ok(RecordsMark { metrics_bytes, events_file, events_bytes })
    }

    /// Appends one line, and its scalars.
    pub(crate) fn write(&mut self, line: &MetricsLine) -> Result<(), TrainError> {
        let mut text = serde_json::to_string(line).expect("a metrics line has only string keys");
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(TrainError::io(&self.path))?;
        let (step, scalars, fields, prefix) = match line {
            MetricsLine::Train(line) => (line.step, train_scalars(line), &line.fields, "train/fields/"),
            MetricsLine::Validation(line) => (line.step, validation_scalars(line), &line.fields, "validation/fields/"),
        };
        let tags: Vec<String> = fields.keys().map(|name| format!("{prefix}{name}")).collect();
        let fields = tags.iter().map(String::as_str).zip(fields.values().copied());
        let scalars: Vec<(&str, f64)> = scalars.into_iter().chain(fields).collect();
        let path = self.events.path().to_owned();
        self.events.scalars(step, &scalars).map_err(TrainError::io(&path))
    }
}

fn train_scalars(line: &TrainLine) -> Vec<(&'static str, f64)> {
    let mut scalars = vec![
        ("train/loss", line.loss),
        ("train/nats_per_event", line.nats_per_event),
        ("train/nats_per_note", line.nats_per_note),
        ("train/compression", line.compression),
        ("train/learning_rate", line.learning_rate),
        ("train/gradient_norm", line.gradient_norm),
        ("train/events_per_second", line.events_per_second),
        ("train/epoch", line.epoch as f64),
    ];
    if let Some(latent) = &line.latent {
        scalars.extend([
            ("train/latent/kl_per_event", latent.kl_per_event),
            ("train/latent/kl_per_latent", latent.kl_per_latent),
            ("train/latent/loss", latent.loss),
            ("train/latent/beta", latent.beta),
        ]);
    }
    scalars
}

fn validation_scalars(line: &ValidationLine) -> Vec<(&'static str, f64)> {
    let mut scalars = vec![
        ("validation/nats_per_event", line.nats_per_event),
        ("validation/nats_per_note", line.nats_per_note),
        ("validation/nats_per_second", line.nats_per_second),
    ];
    if let Some(latent) = &line.latent {
        scalars.extend([
            ("validation/latent/kl_per_event", latent.kl_per_event),
            ("validation/latent/kl_per_latent", latent.kl_per_latent),
            ("validation/latent/reconstruction_per_note", latent.reconstruction_per_note),
        ]);
        scalars.extend(latent.active_units.map(|units| ("validation/latent/active_units", units as f64)));
    }
    scalars
}

/// Reads the metrics of a run folder.
///
/// # Errors
/// [`TrainError::Io`] if there are none, [`TrainError::File`] at the first line that is none (a
/// last line that a killed run left unfinished is passed over).
pub fn read_metrics(dir: &Path) -> Result<Vec<MetricsLine>, TrainError> {
    let path = dir.join(METRICS_FILE);
    let mut reader = BufReader::new(leitmotif_files::open(&path).map_err(TrainError::io(&path))?);
    let (mut lines, mut text) = (Vec::new(), String::new());
    while reader.read_line(&mut text).map_err(TrainError::io(&path))? > 0 {
        if text.ends_with('\n') {
            let line = serde_json::from_str(&text)
                .map_err(|error| TrainError::file(&path, format!("line {}: {error}", lines.len() + 1)))?;
            lines.push(line);
        }
        text.clear();
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line(step: u64) -> MetricsLine {
        MetricsLine::Validation(ValidationLine {
            step,
            epoch: 0,
            seconds: 1.0,
            nats_per_event: 2.0,
            nats_per_note: 0.1 + step as f64 / 3.0,
            nats_per_second: 9.0,
            fields: [("pitch".to_owned(), 1.25)].into(),
            latent: None,
            objective: None,
            best: true,
        })
    }

    #[test]
    fn lines_come_back_and_are_cut_back_to_a_mark() {
        let folder = tempfile::tempdir().unwrap();
        let mut records = Records::create(folder.path()).unwrap();
        records.write(&line(1)).unwrap();
        let mark = records.mark().unwrap();
        records.write(&line(2)).unwrap();
        records.file.write_all(b"{\"kind\":\"trai").unwrap();
        drop(records);
        assert_eq!(read_metrics(folder.path()).unwrap(), [line(1), line(2)]);
        let mut records = Records::reopen(folder.path(), &mark).unwrap();
        records.write(&line(3)).unwrap();
        assert_eq!(read_metrics(folder.path()).unwrap(), [line(1), line(3)]);
    }
}
