//! A moving average of the weights (Polyak & Juditsky 1992), which is what a run validates and
//! publishes.
//!
//! While the learning rate is high, each step moves the weights by more than it improves them.
//! Their average over the last steps is close to what they become when the rate falls, at any point
//! of a run.

use leitmotif_model::Weights;

/// Steps between two updates of the average: reading all weights costs less than a hundredth of a
/// step this way.
const STRIDE: u64 = 8;
/// The average covers at most this share of the steps so far, since the first weights are noise.
const SHARE: f64 = 0.3;

/// An exponential moving average of a network's weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WeightAverage {
    weights: Weights,
    /// About how many of the last steps it covers.
    horizon: f64,
}

impl WeightAverage {
    /// An average that begins with these weights.
    pub(super) fn new(weights: Weights, horizon: u64) -> Self {
        Self { weights, horizon: horizon as f64 }
    }

    /// Takes the weights after optimiser step `step` (from 1) into account, where an update is due.
    pub(super) fn update(&mut self, step: u64, weights: impl FnOnce() -> Weights) {
        if step.is_multiple_of(STRIDE) {
            let covered = self.horizon.min(SHARE * step as f64).max(STRIDE as f64);
            self.weights.mix(&weights(), (STRIDE as f64 / covered) as f32);
        }
    }

    /// The average.
    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }
}
