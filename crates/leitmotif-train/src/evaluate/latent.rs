//! What the latents of some songs cost, and how many of their dimensions are active.

use super::{Estimate, SongLoss};
use crate::record::LatentLine;
use leitmotif_corpus::SegmentBatch;
use leitmotif_model::Posterior;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A dimension whose posterior mean varies more than this over latents is active (Burda, Grosse &
/// Salakhutdinov 2016).
const ACTIVE_VARIANCE: f64 = 0.01;

/// The latents of some songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatentEvaluation {
    /// Nats per note of the music once its latents are known.
    pub reconstruction: Estimate,
    /// Nats per note of the latents: the divergence of their posteriors from the standard normal.
    pub divergence: Estimate,
    /// Nats per latent (per bar, or phrase), the mean.
    pub per_latent: f64,
    /// Nats per event.
    pub per_event: f64,
    /// Latents.
    pub latents: f64,
    /// Dimensions of a latent.
    pub dimensions: usize,
    /// Those of them whose posterior mean varies (variance above 0.01).
    pub active_units: usize,
    /// Nats per latent of each dimension.
    pub by_dimension: Vec<f64>,
}

impl LatentEvaluation {
    /// As a line of the metrics, where the divergence is weighed by `beta`.
    pub(crate) fn line(&self, beta: f64) -> LatentLine {
        LatentLine {
            kl_per_event: self.per_event,
            kl_per_latent: self.per_latent,
            reconstruction_per_note: self.reconstruction.value,
            loss: beta * self.per_event,
            beta,
            active_units: Some(self.active_units),
        }
    }
}

/// Sums over the latents of segments.
pub(super) struct Tally {
    divergence: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
    latents: f64,
    songs: BTreeMap<usize, f64>,
}

impl Tally {
    pub fn new(dimensions: usize) -> Self {
        let zeros = || vec![0.0; dimensions];
        Self { divergence: zeros(), means: zeros(), squares: zeros(), latents: 0.0, songs: BTreeMap::new() }
    }

    /// Adds the groups of a segment, each with its share.
    pub fn add(&mut self, batch: &SegmentBatch, posteriors: &[Posterior]) {
        let Some(bars) = &batch.bars else { return };
        let mut songs = vec![None; posteriors.len()];
        for (input, &bar) in bars.of_input.iter().enumerate() {
            if let Ok(bar) = usize::try_from(bar) {
                songs[bars.group_of_bar[bar] as usize] = batch.songs[input / batch.segment];
            }
        }
        for ((posterior, &share), song) in posteriors.iter().zip(&bars.shares).zip(songs) {
            let share = f64::from(share);
            self.latents += share;
            let mut whole = 0.0;
            for (sum, nats) in self.divergence.iter_mut().zip(posterior.divergence()) {
                *sum += share * nats;
                whole += share * nats;
            }
            for ((sum, square), &mean) in self.means.iter_mut().zip(&mut self.squares).zip(&posterior.mean) {
                *sum += share * f64::from(mean);
                *square += share * f64::from(mean).powi(2);
            }
            if let Some(song) = song {
                *self.songs.entry(song).or_default() += whole;
            }
        }
    }

    /// The divergence of a song's latents in nats.
    pub fn divergence_of(&self, song: usize) -> f64 {
        self.songs.get(&song).copied().unwrap_or_default()
    }

    pub fn summary(&self, songs: &[SongLoss]) -> LatentEvaluation {
        let n = self.latents.max(1e-9);
        let variance = |(sum, square): (&f64, &f64)| square / n - (sum / n).powi(2);
        let per_note = |nats: &dyn Fn(&SongLoss) -> f64| {
            Estimate::of_ratio(&songs.iter().map(|song| (nats(song), song.notes as f64)).collect::<Vec<_>>())
        };
        let total: f64 = self.divergence.iter().sum();
        let events: usize = songs.iter().map(|song| song.events).sum();
        LatentEvaluation {
            reconstruction: per_note(&|song| song.nats - song.divergence),
            divergence: per_note(&|song| song.divergence),
            per_latent: total / n,
            per_event: total / events.max(1) as f64,
            latents: self.latents,
            dimensions: self.divergence.len(),
            active_units: self.means.iter().zip(&self.squares).filter(|pair| variance(*pair) > ACTIVE_VARIANCE).count(),
            by_dimension: self.divergence.iter().map(|sum| sum / n).collect(),
        }
    }
}
