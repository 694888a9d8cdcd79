//! The weight of each chain in the mixture: a softmax over the chains, whose scores depend on how
//! often each has seen its context.
//!
//! Linear interpolation with weights that depend on how often a context was seen is Jelinek &
//! Mercer's (1980, "Interpolated estimation of Markov source parameters from sparse data"); instead
//! of their EM over one bucket at a time, the scores of all chains are fitted together by
//! stochastic gradient ascent of the log-likelihood of pieces kept out of the counts: for chain `c`
//! in bucket `b`, `d ln P / d score[c][b] = posterior(c) - weight(c)`.

/// Depths of a context that are distinguished.
const DEPTHS: usize = 13;
/// Degrees of confidence that are distinguished.
const CONFIDENCES: usize = 8;
/// Scores per chain.
pub(super) const BUCKETS: usize = DEPTHS * CONFIDENCES;
/// Passes over what was kept out.
const EPOCHS: usize = 6;
/// Step of the first pass; later ones are shorter.
const RATE: f32 = 0.1;

/// The bucket of a chain whose deepest known context is number `depth`, was seen `total` times and
/// was followed by `kinds` different values.
pub(super) fn bucket(depth: usize, total: u64, kinds: usize) -> usize {
    let often = match total {
        0..=1 => 0,
        2..=4 => 1,
        5..=20 => 2,
        _ => 3,
    };
    depth.min(DEPTHS - 1) * CONFIDENCES + often * 2 + usize::from(kinds <= 1)
}

/// The bucket of a cache in one of [`super::context::KINDS_OF_CACHE`] states, which holds `total`
/// values, `kinds` different ones.
pub(super) fn cache_bucket(state: usize, total: u64, kinds: usize) -> usize {
    let confidence = match (total, kinds) {
        (0, _) => return 0,
        (_, 1) => 1,
        (total, kinds) if 2 * kinds as u64 > total => 0,
        _ => 2,
    };
    (state * 3 + confidence).min(BUCKETS - 1)
}

/// The scores of the chains of one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gate {
    /// `[chains, BUCKETS]`.
    pub scores: Vec<f32>,
}

/// One thing that followed: for each chain its bucket and the probability it gave.
pub(super) type Trial = Vec<(u16, f32)>;

impl Gate {
    /// Gives deeper contexts more weight; used when nothing was kept out.
    pub fn new(chains: usize) -> Self {
        let score = |index: usize| 0.25 * (index % BUCKETS / CONFIDENCES) as f32;
        Self { scores: (0..chains * BUCKETS).map(score).collect() }
    }

    /// The weights of the chains in these buckets; they sum to 1.
    pub fn weights(&self, buckets: impl Iterator<Item = usize>, weights: &mut Vec<f32>) {
        weights.clear();
        weights.extend(buckets.enumerate().map(|(chain, bucket)| self.scores[chain * BUCKETS + bucket]));
        let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        weights.iter_mut().for_each(|weight| *weight = (*weight - most).exp());
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }

    /// Fits the scores to trials, in their order.
    pub fn fit(&mut self, trials: &[Trial]) {
        let mut weights = Vec::new();
        for epoch in 0..EPOCHS {
            let rate = RATE / (1 + epoch) as f32;
            for trial in trials {
                self.weights(trial.iter().map(|&(bucket, _)| usize::from(bucket)), &mut weights);
                let mass: f32 = weights.iter().zip(trial).map(|(weight, (_, p))| weight * p).sum();
                for (chain, (&(bucket, p), &weight)) in trial.iter().zip(&weights).enumerate() {
                    let posterior = weight * p / mass.max(f32::MIN_POSITIVE);
                    self.scores[chain * BUCKETS + usize::from(bucket)] += rate * (posterior - weight);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_trusts_the_chain_that_predicts_better() {
        let mut gate = Gate::new(2);
        let bucket = bucket(2, 10, 3) as u16;
        gate.fit(&vec![vec![(bucket, 0.9), (bucket, 0.1)]; 2000]);
        let mut weights = Vec::new();
        gate.weights([usize::from(bucket); 2].into_iter(), &mut weights);
        assert!(weights[0] > 0.95, "{weights:?}");
        assert!((weights[0] + weights[1] - 1.0).abs() < 1e-6);
    }
}
