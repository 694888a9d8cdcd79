//! Posterior collapse: what latents cost, and how many of their dimensions are in use.

use super::estimates::by_song;
use super::experiment::Experiment;
use leitmotif_measures::Estimate;
use leitmotif_model::Posterior;
use serde::Serialize;

/// The variance of posterior means from which a dimension counts as in use (Burda et al. 2015,
/// section 4.2).
pub const ACTIVE: f64 = 0.01;

/// How much information latents carry.
#[derive(Debug, Serialize)]
pub struct Collapse {
    /// Bars that share a latent.
    pub bars_per_latent: usize,
    /// Latents that were looked at.
    pub latents: usize,
    /// Dimensions of a latent.
    pub dimensions: usize,
    /// The divergence of a latent's posterior from the standard normal, in nats.
    pub kl_per_latent: Option<Estimate>,
    /// Dimensions whose posterior mean varies by more than [`ACTIVE`].
    pub active_units: Option<Estimate>,
    /// The mean divergence of each dimension, in nats.
    pub kl_by_dimension: Vec<f64>,
}

/// Sums over latents.
#[derive(Debug, Clone, PartialEq)]
struct Sums {
    count: f64,
    kl: Vec<f64>,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Sums {
    fn new(dimensions: usize) -> Self {
        let zeros = vec![0.0; dimensions];
        Self { count: 0.0, kl: zeros.clone(), mean: zeros.clone(), square: zeros }
    }

    fn of(dimensions: usize, posteriors: &[Posterior]) -> Self {
        let mut sums = Self::new(dimensions);
        for posterior in posteriors {
            sums.count += 1.0;
            sums.kl.iter_mut().zip(posterior.divergence()).for_each(|(sum, nats)| *sum += nats);
            for (index, &value) in posterior.mean.iter().enumerate() {
                sums.mean[index] += f64::from(value);
                sums.square[index] += f64::from(value).powi(2);
            }
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        let add = |sums: &mut [f64], other: &[f64]| sums.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        add(&mut self.kl, &other.kl);
        add(&mut self.mean, &other.mean);
        add(&mut self.square, &other.square);
    }

    fn kl_per_latent(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.kl.iter().sum::<f64>() / self.count)
    }

    fn active(&self) -> f64 {
        let variance = |(mean, square): (&f64, &f64)| square / self.count - (mean / self.count).powi(2);
        self.mean.iter().zip(&self.square).map(variance).filter(|variance| *variance > ACTIVE).count() as f64
    }
}

/// Looks at the songs' latents.
pub fn measure(experiment: &Experiment<'_>) -> Collapse {
    let dimensions = experiment.space.dimensions();
    let songs: Vec<Sums> = experiment.songs.iter().map(|song| Sums::of(dimensions, &song.source.posteriors)).collect();
    let together = |chosen: &[usize]| {
        let mut sums = Sums::new(dimensions);
        chosen.iter().for_each(|&song| sums.add(&songs[song]));
        sums
    };
    let all = together(&(0..songs.len()).collect::<Vec<_>>());
    Collapse {
        bars_per_latent: experiment.space.bars_per_latent(),
        latents: all.count as usize,
        dimensions,
        kl_per_latent: by_song(songs.len(), experiment.seed(), |chosen| together(chosen).kl_per_latent()),
        active_units: by_song(songs.len(), experiment.seed(), |chosen| Some(together(chosen).active())),
        kl_by_dimension: all.kl.iter().map(|sum| sum / all.count.max(1.0)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_that_never_moves_is_not_in_use() {
        let posterior = |mean: f32| Posterior::new(vec![mean, 0.5], vec![0.0, 0.0]);
        let mut sums = Sums::of(2, &[posterior(1.0)]);
        sums.add(&Sums::of(2, &[posterior(-1.0)]));
        assert_eq!((sums.count, sums.active()), (2.0, 1.0));
        // Half the square of each mean: 0.5 and 0.125.
        assert_eq!(sums.kl_per_latent(), Some(0.625));
        assert_eq!(Sums::new(2).kl_per_latent(), None);
    }
}
