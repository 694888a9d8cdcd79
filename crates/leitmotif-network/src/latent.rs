//! The variational auto-encoder's loss.
//!
//! The evidence lower bound of a piece is its music's log-likelihood, given latents drawn from
//! their posteriors, less the divergence of the posteriors from the prior (Kingma & Welling 2013).
//! Per event, with the divergence weighed by `beta` (Higgins et al. 2017) and each dimension's free
//! up to `free_bits` nats a group (Kingma et al. 2016):
//!
//! ```text
//! loss = music + beta / events * sum_d max(KL_d, free_bits * groups)      KL_d = sum_g share_g KL_gd
//! ```
//!
//! A group that reaches into several segments is encoded in each, from all its events and with the
//! same noise; its divergence is divided among them by the events that each has of it (`share`), so
//! that over a piece it counts once.

use burn::tensor::{Tensor, TensorData};
use leitmotif_model::{LOG_VARIANCES, Posterior, latent_noise};

/// The objective for the latents in one training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentObjective {
    /// Weight of the divergence: 1 is the evidence lower bound.
    pub beta: f32,
    /// Nats of each dimension of each latent that cost nothing.
    pub free_bits: f32,
    /// Word dropout probability; events that open a bar are exempt.
    pub word_dropout: f32,
    /// Probability that a bar has no copy features.
    pub copy_dropout: f32,
}

impl Default for LatentObjective {
    fn default() -> Self {
        Self { beta: 1.0, free_bits: 0.0, word_dropout: 0.0, copy_dropout: 0.0 }
    }
}

/// What a step's latents came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentStep {
    /// Divergence from the standard normal in nats, summed over the segment's shares of groups.
    pub divergence: f64,
    /// The sum of the shares.
    pub groups: f64,
    /// What was added to the loss, in nats per event, weighed and with what is free.
    pub loss: f64,
}

/// The divergence of a whole batch, which other processes may have parts of.
pub(crate) struct WholeDivergence<'a> {
    /// Of each dimension in nats.
    pub(crate) by_dimension: &'a [f64],
    /// The sum of the shares of groups.
    pub(crate) groups: f64,
    /// The events that count.
    pub(crate) events: f64,
}

impl WholeDivergence<'_> {
    /// What is weighed and free in it.
    pub(crate) fn step(&self, objective: LatentObjective) -> LatentStep {
        let (least, weight) = self.scale(objective);
        let loss: f64 = self.by_dimension.iter().map(|nats| nats.max(f64::from(least))).sum();
        let divergence = self.by_dimension.iter().sum();
        LatentStep { divergence, groups: self.groups, loss: loss * f64::from(weight) }
    }

    /// The part of the loss that the divergence is, of which `own` `[1, d_latent]` has gradients:
    /// what is free is free of the whole.
    pub(crate) fn loss(&self, own: Tensor<2>, objective: LatentObjective) -> Tensor<1> {
        let (least, weight) = self.scale(objective);
        let known = own.clone().inner().into_data();
        let others = self.by_dimension.iter().zip(known.iter::<f32>()).map(|(all, own)| (all - f64::from(own)) as f32);
        let others = TensorData::new(others.collect::<Vec<f32>>(), own.dims());
        let others = Tensor::<2>::from_data(others, &own.device());
        (own + others).clamp_min(least).sum() * weight
    }

    fn scale(&self, objective: LatentObjective) -> (f32, f32) {
        (objective.free_bits * self.groups as f32, objective.beta / self.events.max(1.0) as f32)
    }
}

/// The Gaussians of a segment's groups.
pub(crate) struct Gaussians {
    /// `[groups, d_latent]`.
    mean: Tensor<2>,
    /// `[groups, d_latent]`.
    log_variance: Tensor<2>,
}

impl Gaussians {
    /// Of means and log-variances side by side, `[groups, 2 d_latent]`.
    pub(crate) fn new(both: Tensor<2>) -> Self {
        let ([_, width], (low, high)) = (both.dims(), LOG_VARIANCES);
        let d = width / 2;
        Self { mean: both.clone().narrow(1, 0, d), log_variance: both.narrow(1, d, d).clamp(low, high) }
    }

    /// The draws that the groups' keys name, `[groups, d_latent]`.
    pub(crate) fn draw(&self, keys: &[u64]) -> Tensor<2> {
        let [groups, d] = self.mean.dims();
        let noise: Vec<f32> = keys.iter().flat_map(|&key| latent_noise(key, d)).collect();
        let noise = Tensor::from_data(TensorData::new(noise, [groups, d]), &self.mean.device());
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * noise
    }

    /// The divergence of each dimension in nats, summed over the groups' shares, `[1, d_latent]`.
    pub(crate) fn divergence(&self, shares: &[f32]) -> Tensor<2> {
        let shares = Tensor::<2>::from_data(TensorData::new(shares.to_vec(), [shares.len(), 1]), &self.mean.device());
        let (mean, log_variance) = (self.mean.clone(), self.log_variance.clone());
        let divergence = (mean.clone() * mean + log_variance.clone().exp() - log_variance - 1.0) * shares * 0.5;
        divergence.sum_dim(0)
    }

    /// As plain numbers.
    pub(crate) fn posteriors(&self) -> Vec<Posterior> {
        let [_, d] = self.mean.dims();
        let values = |tensor: &Tensor<2>| tensor.clone().inner().into_data().iter::<f32>().collect::<Vec<f32>>();
        let (means, variances) = (values(&self.mean), values(&self.log_variance));
        means.chunks_exact(d).zip(variances.chunks_exact(d)).map(|(a, b)| Posterior::new(a.into(), b.into())).collect()
    }
}
