//! Model folders of a run: `best` and `last`, and the prior beside their weights.
//!
//! The process that writes files publishes; where several train, only the first comes here.

use super::Session;
use crate::TrainError;
use crate::evaluate::Evaluation;
use crate::record::curves;
use crate::run::{PriorSummary, prior};
use crate::store::card::Card;
use crate::store::model_folder::{self, Trained};
use leitmotif_folder::{LAST, PRIOR_FILE, WEIGHTS_FILE, find_model};
use leitmotif_model::Weights;
use leitmotif_network::Network;
use std::sync::atomic::Ordering;

impl Session<'_> {
    /// Publishes the network as the last model where there is neither that nor a best one, so that
    /// a run can compose before its first validation.
    pub(super) fn publish_first(&mut self) -> Result<(), TrainError> {
        if self.processes.is_first() && !self.has_model && self.state.step > 0 {
            self.has_model = find_model(self.dir).is_ok();
            if !self.has_model {
                self.publish(LAST, None)?;
                self.has_model = true;
            }
        }
        Ok(())
    }

    pub(super) fn publish(&self, name: &str, validation: Option<&Evaluation>) -> Result<(), TrainError> {
        let network = self.learner.published()?;
        let card = Card {
            corpus: self.corpus,
            config: self.config,
            steps: Some(self.state.step),
            epochs: self.batches.epochs(),
            parameters: network.size(),
            validation,
        };
        let trained = Trained::Network(&network.weights());
        let vocabulary = (self.corpus.vocabulary(), self.observed.as_ref());
        model_folder::write(&self.dir.join(name), &self.description, vocabulary, &trained, &card)
    }

    /// Publishes the finished network, with its validation and, of a model with latents, a prior.
    pub(super) fn publish_last(&mut self) -> Result<Option<PriorSummary>, TrainError> {
        let step = self.state.step;
        let judged = match self.judged.take().filter(|(at, _)| *at == step) {
            // The session that validated this step was stopped before it came here.
            None if self.state.validated == Some(step) => match self.validation_loss()? {
                None => return Err(TrainError::Interrupted { step }),
                judged => judged,
            },
            judged => judged.map(|(_, evaluation)| evaluation),
        };
        self.publish(LAST, judged.as_ref())?;
        curves::write(self.dir)?;
        self.learn_prior()
    }

    /// Trains the prior over the latents of the model to use, and adds it to its folder (and to the
    /// last one's, if that is the same model).
    fn learn_prior(&self) -> Result<Option<PriorSummary>, TrainError> {
        if self.description.model.bars_per_latent() == 0 || self.config.latent.prior_epochs == 0 {
            return Ok(None);
        }
        let step = self.state.step;
        let folder = find_model(self.dir)?;
        let weights = Weights::load(&folder.join(WEIGHTS_FILE))?;
        let device = self.learner.network().device().clone();
        let network = Network::from_weights(&self.description, &weights, &device)?.valid();
        let trained = prior::learn(self.corpus, self.config, &network, &device, self.observer, self.cancel)?;
        if self.cancel.load(Ordering::Relaxed) {
            return Err(TrainError::Interrupted { step });
        }
        let Some((weights, summary)) = trained else { return Ok(None) };
        weights.save(&folder.join(PRIOR_FILE))?;
        if self.state.best.is_none_or(|best| best.step == step) {
            weights.save(&self.dir.join(LAST).join(PRIOR_FILE))?;
        }
        Ok(Some(summary))
    }
}
