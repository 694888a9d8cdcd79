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
/// Before this step each one is an update, so that a short run publishes trained weights.
const EARLY: u64 = 8 * STRIDE;
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
        let every = if step < EARLY { 1 } else { STRIDE };
        if step.is_multiple_of(every) {
            let covered = self.horizon.min(SHARE * step as f64).max(every as f64);
            self.weights.mix(&weights(), (every as f64 / covered) as f32);
        }
    }

    /// The average.
    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_model::Array;

    fn weights(value: f32) -> Weights {
        [("a".to_owned(), Array::new([2], vec![value, -value]))].into_iter().collect()
    }

    /// The average after each of `steps` steps, whose weights are their number.
    fn averages(horizon: u64, steps: u64) -> Vec<f32> {
        let mut average = WeightAverage::new(weights(0.0), horizon);
        let mut after = |step| {
            average.update(step, || weights(step as f32));
            let [first, second] = average.weights().iter().next().unwrap().1.data[..] else { unreachable!() };
            assert_eq!(first, -second);
            first
        };
        (1..=steps).map(&mut after).collect()
    }

    #[test]
    fn a_short_run_publishes_trained_weights() {
        assert_eq!(averages(1000, 3), [1.0, 2.0, 3.0]);
        let early = averages(1000, EARLY);
        assert!(early.iter().zip(1..).all(|(average, step)| *average > 0.6 * step as f32), "{early:?}");
    }

    #[test]
    fn it_lags_by_its_horizon_and_never_by_more_than_its_share() {
        for (horizon, lag) in [(100, 100.0), (100_000, f64::from(4000) * SHARE)] {
            let last = averages(horizon, 4000)[3999];
            let lags = 4000.0 - f64::from(last);
            assert!(lags > 0.5 * lag && lags < 1.01 * lag, "{horizon}: {lags}");
        }
    }
}
