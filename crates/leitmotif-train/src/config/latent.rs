//! How latents and attributes are trained: the table `[latent]`.

use crate::TrainError;
use leitmotif_corpus::Cuts;
use leitmotif_network::LatentObjective;
use serde::{Deserialize, Serialize};

/// Most classes of an attribute that is cut by the corpus.
const MAX_CLASSES: usize = 64;
/// Widest prior.
const MAX_PRIOR_WIDTH: usize = 4096;

/// How the weight of the divergence moves over the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum KlSchedule {
    /// In each cycle it rises from 0 to its peak during the first half, and stays there (Fu et al.
    /// 2019).
    #[default]
    Cyclic,
    /// It rises once, over the share of the budget that [`LatentConfig::kl_rise`] sets.
    Linear,
    /// It is at its peak throughout.
    Constant,
}

/// How latents and attributes are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatentConfig {
    /// The largest weight of the divergence from the prior; 1 makes the loss the evidence lower
    /// bound.
    pub kl_max_beta: f64,
    /// How the weight moves.
    pub kl_schedule: KlSchedule,
    /// Cycles of the cyclic schedule.
    pub kl_cycles: u32,
    /// Share of the budget in which the linear schedule rises.
    pub kl_rise: f64,
    /// Nats of each dimension of each latent that cost nothing.
    pub free_bits: f64,
    /// Word dropout probability in training; events that open a bar are exempt.
    pub word_dropout: f64,
    /// Probability that a bar in training has no copy features.
    #[serde(alias = "echo_dropout")]
    pub copy_dropout: f64,
    /// Where attributes are cut into classes.
    pub cuts: Cuts,
    /// Classes of an attribute that is cut by the corpus.
    pub classes: usize,
    /// Probability with which an attribute is left open in training.
    #[serde(alias = "attribute_drop")]
    pub attribute_dropout: f64,
    /// Passes over the training songs' latents in which the prior is trained, after the model; 0
    /// for none.
    pub prior_epochs: u32,
    /// Width of the prior's LSTM.
    pub prior_width: usize,
    /// Free components of the prior's mixture.
    pub prior_components: usize,
}

impl Default for LatentConfig {
    fn default() -> Self {
        Self {
            kl_max_beta: 0.1,
            kl_schedule: KlSchedule::Cyclic,
            kl_cycles: 4,
            kl_rise: 0.5,
            free_bits: 0.2,
            word_dropout: 0.1,
            copy_dropout: 0.0,
            cuts: Cuts::Corpus,
            classes: 8,
            attribute_dropout: 0.1,
            prior_epochs: 30,
            prior_width: 128,
            prior_components: 4,
        }
    }
}

impl LatentConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// [`TrainError::Config`] names the key, its value and what it may be.
    pub fn validate(&self) -> Result<(), TrainError> {
        let check = |holds: bool, key: &str, value: &dyn std::fmt::Display, want: &str| {
            if holds { Ok(()) } else { Err(TrainError::Config(format!("latent.{key} = {value}: it must be {want}"))) }
        };
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        check(finite(self.kl_max_beta), "kl_max_beta", &self.kl_max_beta, "0 or more")?;
        check(self.kl_cycles > 0, "kl_cycles", &self.kl_cycles, "at least 1")?;
        check(share(self.kl_rise), "kl_rise", &self.kl_rise, "between 0 and 1")?;
        check(finite(self.free_bits), "free_bits", &self.free_bits, "0 or more")?;
        check((0.0..1.0).contains(&self.word_dropout), "word_dropout", &self.word_dropout, "at least 0 and below 1")?;
        check((0.0..1.0).contains(&self.copy_dropout), "copy_dropout", &self.copy_dropout, "at least 0 and below 1")?;
        check((2..=MAX_CLASSES).contains(&self.classes), "classes", &self.classes, "between 2 and 64")?;
        check(share(self.attribute_dropout), "attribute_dropout", &self.attribute_dropout, "between 0 and 1")?;
        let width = self.prior_width;
        check((1..=MAX_PRIOR_WIDTH).contains(&width), "prior_width", &width, "between 1 and 4096")?;
        let components = self.prior_components;
        check((1..=MAX_CLASSES).contains(&components), "prior_components", &components, "between 1 and 64")
    }

    /// The weight of the divergence when so much of the budget is used, 0 to 1.
    pub fn beta(&self, used: f64) -> f64 {
        let risen = match self.kl_schedule {
            KlSchedule::Constant => 1.0,
            KlSchedule::Linear if self.kl_rise > 0.0 => used / self.kl_rise,
            KlSchedule::Linear => 1.0,
            KlSchedule::Cyclic if used >= 1.0 => 1.0,
            KlSchedule::Cyclic => 2.0 * (used * f64::from(self.kl_cycles)).fract(),
        };
        self.kl_max_beta * risen.clamp(0.0, 1.0)
    }

    /// The objective of a training step when so much of the budget is used.
    pub(crate) fn objective(&self, used: f64) -> LatentObjective {
        LatentObjective {
            beta: self.beta(used) as f32,
            free_bits: self.free_bits as f32,
            word_dropout: self.word_dropout as f32,
            copy_dropout: self.copy_dropout as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_rises_and_stays() {
        let linear = LatentConfig { kl_schedule: KlSchedule::Linear, kl_max_beta: 0.5, ..LatentConfig::default() };
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|used| linear.beta(used)), [0.0, 0.25, 0.5, 0.5]);
        let at_once = LatentConfig { kl_rise: 0.0, ..linear.clone() };
        assert_eq!(at_once.beta(0.0), 0.5);
        let cyclic = LatentConfig { kl_schedule: KlSchedule::Cyclic, kl_cycles: 2, ..linear };
        let betas = [0.0, 0.125, 0.25, 0.4, 0.5, 0.625, 0.9, 1.0].map(|used| cyclic.beta(used));
        assert_eq!(betas, [0.0, 0.25, 0.5, 0.5, 0.0, 0.25, 0.5, 0.5]);
        let constant = LatentConfig { kl_schedule: KlSchedule::Constant, ..cyclic };
        assert_eq!(constant.beta(0.0), 0.5);
    }

    #[test]
    fn ranges_are_checked_by_name() {
        let wrong = LatentConfig { word_dropout: 1.0, ..LatentConfig::default() };
        let error = wrong.validate().map_err(|error| error.to_string());
        assert_eq!(error, Err("latent.word_dropout = 1: it must be at least 0 and below 1".into()));
        assert!(LatentConfig::default().validate().is_ok());
    }
}
