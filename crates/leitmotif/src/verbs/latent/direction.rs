//! `direction`: more of this, less of that.

use crate::console::Console;
use crate::failure::Refusal;
use crate::model::Opened;
use crate::pedal::Pedal;
use crate::progress::Throttle;
use crate::words::counted;
use crate::{files, interrupt, model};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::latent::{Source, space};
use leitmotif_corpus::prepare::midi_files;
use leitmotif_score::read_midi_file;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The version of the file.
const FORMAT: u32 = 1;
/// Largest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Learn a latent direction from two folders of examples.
///
/// Writes the average difference between the latents of the two folders to FILE, for `leitmotif
/// restyle --direction FILE`. Pieces that cannot be read are listed and skipped. Needs a model with
/// latents, for instance from --preset tiny-vae.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// Folder of MIDI files that have the quality (including subfolders)
    #[arg(long, value_name = "DIR")]
    more: PathBuf,
    /// Folder of MIDI files that lack the quality (including subfolders)
    #[arg(long, value_name = "DIR")]
    less: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// Print the contents of the file, without the direction's numbers, as one line of JSON
    #[arg(long)]
    json: bool,
}

/// A direction among a model's latents.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    format: u32,
    /// The model's hash.
    model: String,
    /// Pieces of the two folders.
    more: usize,
    less: usize,
    /// How far apart the folders' pieces lie along the direction, in standard deviations of the
    /// pieces of one folder.
    separation: f64,
    /// From the middle of the one folder to that of the other.
    direction: Vec<f32>,
}

impl Direction {
    /// The direction, so many times as long.
    pub fn scaled(&self, strength: f64) -> Vec<f32> {
        self.direction.iter().map(|&value| (f64::from(value) * strength) as f32).collect()
    }
}

/// Learns and writes.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    files::refuse_existing(&options.output, options.force)?;
    let opened = model::open(&options.model)?;
    let middles = |folder| middles(folder, options.pedal, &opened, console);
    let (more, less) = (middles(&options.more)?, middles(&options.less)?);
    let (high, low) = (mean(&more), mean(&less));
    let direction: Vec<f32> = high.iter().zip(&low).map(|(high, low)| (high - low) as f32).collect();
    let separation = separation(&direction, &more, &less);
    let learnt =
        Direction { format: FORMAT, model: opened.hash, more: more.len(), less: less.len(), separation, direction };
    let text = serde_json::to_string_pretty(&learnt)?;
    files::write(&options.output, (text + "\n").as_bytes())?;
    if options.json {
        let Direction { format, model, more, less, separation, .. } = &learnt;
        return console.json(&serde_json::json!({
            "path": options.output, "format": format, "model": model, "more": more, "less": less, "separation": separation,
        }));
    }
    console.out(format_args!(
        "{}: {} against {}, {separation:.1} standard deviations apart",
        options.output.display(),
        counted(learnt.more, "piece"),
        counted(learnt.less, "piece")
    ))
}

/// Reads a direction, which must be of this model.
pub fn read(path: &Path, opened: &Opened) -> Result<Direction> {
    let bytes = leitmotif_files::read(path, MAX_BYTES).with_context(|| path.display().to_string())?;
    let direction: Direction = serde_json::from_slice(&bytes).with_context(|| {
        format!("{} is not a direction file: create one with `leitmotif direction`", path.display())
    })?;
    if direction.format != FORMAT || direction.direction.iter().any(|value| !value.is_finite()) {
        return Err(Refusal::because(format!("{} is a direction of another version", path.display())).into());
    }
    if direction.model != opened.hash {
        let refusal = Refusal::because(format!("{} was made with another model", path.display()));
        return Err(refusal.remedy("make it again with this model: leitmotif direction").into());
    }
    Ok(direction)
}

/// The mean latent of each piece of a folder.
fn middles(folder: &Path, pedal: Pedal, opened: &Opened, console: &Console) -> Result<Vec<Vec<f64>>> {
    let space = space(&*opened.model)?;
    let paths = midi_files(folder)?;
    let (pace, mut middles) = (Throttle::new(), Vec::new());
    for (number, path) in paths.iter().enumerate() {
        if interrupt::flag().load(Ordering::Relaxed) {
            return Err(leitmotif_compose::ComposeError::Cancelled.into());
        }
        if console.shows_progress() && pace.is_due() {
            console.progress(&format!("{}  {number}/{} pieces", folder.display(), paths.len()));
        }
        let source = read_midi_file(path, &pedal.read())
            .map_err(anyhow::Error::from)
            .and_then(|(score, _)| Ok(Source::of(space, &*opened.representation, &score, None)?));
        match source {
            Ok(source) => {
                let means: Vec<Vec<f64>> = source
                    .posteriors
                    .iter()
                    .map(|posterior| posterior.mean.iter().map(|&value| f64::from(value)).collect())
                    .collect();
                middles.push(mean(&means));
            }
            Err(error) => console.note(format_args!("{}: {error:#}; left out", path.display())),
        }
    }
    console.clear();
    if middles.is_empty() {
        let refusal = Refusal::because(format!("{} has no pieces that can be read", folder.display()));
        return Err(refusal.remedy("name a folder of MIDI files").into());
    }
    Ok(middles)
}

fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / rows.len() as f64);
    }
    sum
}

/// The distance of the means along the direction, over the pooled standard deviation (Cohen's d); 0
/// where there is no spread.
fn separation(direction: &[f32], more: &[Vec<f64>], less: &[Vec<f64>]) -> f64 {
    let along = |rows: &[Vec<f64>]| -> (f64, f64) {
        let at: Vec<f64> =
            rows.iter().map(|row| row.iter().zip(direction).map(|(a, &b)| a * f64::from(b)).sum()).collect();
        let mean = at.iter().sum::<f64>() / at.len() as f64;
        (mean, at.iter().map(|value| (value - mean).powi(2)).sum())
    };
    let ((high, a), (low, b)) = (along(more), along(less));
    let freedom = (more.len() + less.len()).saturating_sub(2);
    let deviation = ((a + b) / freedom.max(1) as f64).sqrt();
    if freedom > 0 && deviation > 0.0 { (high - low) / deviation } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_far_apart_as_their_means_over_their_spread() {
        let (more, less) = (vec![vec![3.0, 0.0], vec![5.0, 1.0]], vec![vec![0.0, 1.0], vec![2.0, 0.0]]);
        assert_eq!(mean(&more), [4.0, 0.5]);
        // Means 4 and 1 along the first axis, deviations of the square root of two.
        assert!((separation(&[1.0, 0.0], &more, &less) - 3.0 / 2f64.sqrt()).abs() < 1e-9);
        assert_eq!(separation(&[1.0, 0.0], &more[..1], &less[..1]), 0.0);
    }
}
