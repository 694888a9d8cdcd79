//! The posterior of a latent: a Gaussian, and the noise that a draw from it is made of.

/// An encoder's posterior of a latent: a Gaussian with independent dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// Of each dimension.
    pub mean: Vec<f32>,
    /// The natural logarithm of each dimension's variance.
    pub log_variance: Vec<f32>,
}

/// The smallest and largest log-variance of a posterior, in training and after.
pub const LOG_VARIANCES: (f32, f32) = (-12.0, 4.0);

impl Posterior {
    /// A Gaussian of this mean; log-variances are brought within [`LOG_VARIANCES`].
    pub fn new(mean: Vec<f32>, mut log_variance: Vec<f32>) -> Self {
        let (low, high) = LOG_VARIANCES;
        log_variance.iter_mut().for_each(|value| *value = value.clamp(low, high));
        Self { mean, log_variance }
    }

    /// The divergence from the standard normal in nats, dimension by dimension (Kingma & Welling
    /// 2013, appendix B).
    pub fn divergence(&self) -> impl Iterator<Item = f64> + '_ {
        self.mean.iter().zip(&self.log_variance).map(|(&mean, &log_variance)| {
            let (mean, log_variance) = (f64::from(mean), f64::from(log_variance));
            0.5 * (mean * mean + log_variance.exp() - 1.0 - log_variance)
        })
    }

    /// The logarithm of its density at a latent of as many dimensions.
    pub fn log_density(&self, latent: &[f32]) -> f64 {
        let gaussians = self.mean.iter().zip(&self.log_variance).zip(latent);
        let nats = gaussians.map(|((&mean, &log_variance), &value)| {
            let (off, log_variance) = (f64::from(value) - f64::from(mean), f64::from(log_variance));
            -0.5 * (off * off * (-log_variance).exp() + log_variance + std::f64::consts::TAU.ln())
        });
        nats.sum()
    }

    /// The draw that standard normal `noise` makes: `mean + noise * exp(log_variance / 2)`.
    pub fn draw(&self, noise: &[f32]) -> Vec<f32> {
        let gaussians = self.mean.iter().zip(&self.log_variance);
        gaussians.zip(noise).map(|((mean, log_variance), noise)| mean + noise * (0.5 * log_variance).exp()).collect()
    }
}

/// Standard normal noise that a key names, the same wherever it is drawn (SplitMix64 and
/// Box-Muller).
pub fn latent_noise(key: u64, dimensions: usize) -> Vec<f32> {
    let uniform = |index| (leitmotif_hash::number(key, index) >> 11) as f64 / (1u64 << 53) as f64;
    let normal = |dimension| {
        let radius = (-2.0 * (1.0 - uniform(2 * dimension)).ln()).sqrt();
        (radius * (std::f64::consts::TAU * uniform(2 * dimension + 1)).cos()) as f32
    };
    (0..dimensions as u64).map(normal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_standard_normal_and_named_by_its_key() {
        let noise: Vec<f32> = (0..500).flat_map(|key| latent_noise(key, 40)).collect();
        let n = noise.len() as f32;
        let mean = noise.iter().sum::<f32>() / n;
        let variance = noise.iter().map(|x| x * x).sum::<f32>() / n;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "mean {mean}, variance {variance}");
        assert_eq!(latent_noise(7, 5), latent_noise(7, 9)[..5]);
        assert_ne!(latent_noise(7, 5), latent_noise(8, 5));
    }

    #[test]
    fn the_divergence_is_that_of_gaussians() {
        assert!(Posterior::new(vec![0.0; 3], vec![0.0; 3]).divergence().all(|nats| nats == 0.0));
        // Of N(1, e^-2) from N(0, 1): (1 + e^-2 - 1 + 2) / 2.
        let nats: f64 = Posterior::new(vec![1.0], vec![-2.0]).divergence().sum();
        assert!((nats - (2.0 + (-2f64).exp()) / 2.0).abs() < 1e-9);
        assert_eq!(Posterior::new(vec![0.0], vec![99.0]).log_variance, [LOG_VARIANCES.1]);
    }
}
