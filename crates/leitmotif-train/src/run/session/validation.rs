//! Validations of a run: the first process validates, and all learn what the loss is.

use super::Session;
use crate::TrainError;
use crate::evaluate::{Evaluation, evaluate_songs};
use crate::record::{MetricsLine, ValidationLine, curves};
use crate::run::TrainEvent;
use crate::store::checkpoint::Best;
use leitmotif_folder::BEST;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Session<'_> {
    /// Validates unless this step has been validated; returns whether it did. A validation that is
    /// stopped from outside leaves no trace.
    pub(super) fn validate(&mut self) -> Result<bool, TrainError> {
        if self.state.validated == Some(self.state.step) || self.validation_songs.is_empty() {
            return Ok(false);
        }
        let beta = self.config.latent.kl_max_beta;
        let evaluation = if self.processes.is_first() { self.validation_loss()? } else { None };
        let loss = evaluation.as_ref().map(|evaluation| evaluation.objective(beta));
        let Some(loss) = self.known_to_all(loss)? else { return Ok(false) };
        let is_best = loss.is_finite() && self.state.best.is_none_or(|best| loss < best.nats_per_note);
        self.state.validated = Some(self.state.step);
        self.saved = None;
        self.state.worse = if is_best { 0 } else { self.state.worse + 1 };
        if is_best {
            self.state.best = Some(Best { step: self.state.step, nats_per_note: loss });
        }
        let Some(evaluation) = evaluation else { return Ok(true) };
        let latent = evaluation.latent.as_ref().map(|latent| latent.line(beta));
        let line = ValidationLine {
            step: self.state.step,
            epoch: self.batches.epoch(),
            seconds: self.clock(),
            nats_per_event: evaluation.nats_per_event.value,
            nats_per_note: evaluation.nats_per_note.value,
            nats_per_second: evaluation.nats_per_second.value,
            fields: evaluation.fields.clone(),
            objective: latent.map(|_| loss),
            latent,
            best: is_best,
        };
        let start = Instant::now();
        self.write(MetricsLine::Validation(line.clone()))?;
        if is_best {
            self.publish(BEST, Some(&evaluation))?;
        }
        curves::write(self.dir)?;
        self.timings.saving += start.elapsed().as_secs_f64();
        self.observer.observe(&TrainEvent::Validated(&line, &evaluation));
        self.judged = Some((self.state.step, evaluation));
        Ok(true)
    }

    /// A number that the first process has found, or has not.
    fn known_to_all(&self, found: Option<f64>) -> Result<Option<f64>, TrainError> {
        let bytes = found.map(f64::to_le_bytes);
        let known = self.processes.broadcast(bytes.as_ref().map_or(&[], |bytes| &bytes[..]))?;
        Ok(known.first_chunk().map(|bytes| f64::from_le_bytes(*bytes)))
    }

    /// What the network costs the validation songs; `None` if it is stopped from outside.
    pub(super) fn validation_loss(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let start = Instant::now();
        let (observer, cancel) = (self.observer, self.cancel);
        let (network, streams) = (self.learner.published()?, self.config.train.batch_size);
        let judged =
            evaluate_songs(network.as_ref(), self.corpus, &self.validation_songs, streams, &mut |done, total| {
                observer.observe(&TrainEvent::Validating { done, total });
                !cancel.load(Ordering::Relaxed)
            })?;
        self.timings.validation += start.elapsed().as_secs_f64();
        Ok(judged)
    }
}
