//! What the steps between two lines of metrics came to.

use super::learner::StepMetrics;
use crate::record::{LatentLine, TrainLine};
use crate::store::checkpoint::Window;
use leitmotif_events::Field;

/// Where a run stands when a line is written.
pub(super) struct Place<'a> {
    pub step: u64,
    pub epoch: u64,
    pub seconds: f64,
    pub learning_rate: f64,
    /// Weight of the divergence of latents.
    pub beta: f64,
    /// Of the training songs, on the whole.
    pub events_per_note: f64,
    pub skipped: u64,
    pub fields: &'a [Field],
}

impl Window {
    pub(super) fn add(&mut self, metrics: &StepMetrics) {
        self.segments += 1;
        self.events += metrics.events as u64;
        self.nats += metrics.nll();
        self.compression += metrics.compression;
        if let Some(latent) = &metrics.latent {
            self.divergence += latent.divergence;
            self.latents += latent.groups;
            self.latent_loss += latent.loss * metrics.events as f64;
        }
        self.fields.resize(metrics.field_nll.len(), 0.0);
        self.fields.iter_mut().zip(&metrics.field_nll).for_each(|(sum, nats)| *sum += nats);
    }

    /// The line of a window that has events.
    pub(super) fn line(&self, place: Place<'_>) -> TrainLine {
        let events = self.events as f64;
        let compression = self.compression / self.segments.max(1) as f64;
        let nats_per_event = self.nats / events;
        let nats_per_note = nats_per_event * place.events_per_note;
        let names = place.fields.iter().map(|field| field.name.clone());
        TrainLine {
            step: place.step,
            epoch: place.epoch,
            seconds: place.seconds,
            events_per_second: events / self.seconds.max(1e-9),
            loss: nats_per_event + compression + self.latent_loss / events,
            nats_per_event,
            nats_per_note,
            fields: names.zip(self.fields.iter().map(|nats| nats / events)).collect(),
            compression,
            latent: (self.latents > 0.0).then(|| LatentLine {
                kl_per_event: self.divergence / events,
                kl_per_latent: self.divergence / self.latents,
                reconstruction_per_note: nats_per_note,
                loss: self.latent_loss / events,
                beta: place.beta,
                active_units: None,
            }),
            learning_rate: place.learning_rate,
            gradient_norm: self.norms / self.steps.max(1) as f64,
            skipped: place.skipped,
        }
    }
}
