//! The density of distances, estimated with Gaussian kernels, and how two densities differ.

use serde::{Deserialize, Serialize};

/// How alike the densities of intra-set and inter-set distances are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The area below both, from the least to the largest distance: 0 to 1.
    pub overlap: f64,
    /// The Kullback-Leibler divergence of the intra-set from the inter-set density, in nats, both
    /// read at the same places.
    pub kl: f64,
    /// The same as `mgeval` computes it: each density is read along the range of its own distances.
    /// It does not see how far apart the two ranges are; only for comparison with published
    /// numbers.
    pub kl_own_grids: f64,
}

/// Fewer different distances than this have no density.
pub const MIN_DISTINCT: usize = 3;
/// Distances whose standard deviation is below this part of the largest do not vary.
pub const MIN_SPREAD: f64 = 1e-9;
/// Places at which two densities are compared.
pub const GRID_POINTS: usize = 2001;
/// Places at which `mgeval` reads each density.
pub const OWN_GRID_POINTS: usize = 1000;
/// The least density that counts, so that a divergence is a number.
pub const DENSITY_FLOOR: f64 = 1e-300;

/// A density on the line.
#[derive(Debug)]
pub(super) struct Density {
    /// Different values in order, with how often each is there.
    values: Vec<(f64, f64)>,
    bandwidth: f64,
    /// One over the integral of all kernels.
    scale: f64,
}

impl Density {
    /// The density of finite `values`, each there `times` times: a Gaussian around each, as wide as
    /// Scott's rule gives (Scott, *Multivariate Density Estimation*, 1992): the standard deviation
    /// times n to the power -1/5. `None` where there are too few or they do not vary.
    pub(super) fn new(mut values: Vec<f64>, times: usize) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let alike = values.chunk_by(|a, b| a == b);
        let values: Vec<(f64, f64)> = alike.map(|same| (same[0], (same.len() * times) as f64)).collect();
        let largest = values.iter().fold(0.0, |largest: f64, (value, _)| largest.max(value.abs()));
        let count: f64 = values.iter().map(|(_, weight)| weight).sum();
        let mean = values.iter().map(|(value, weight)| value * weight).sum::<f64>() / count;
        let squares: f64 = values.iter().map(|(value, weight)| weight * (value - mean) * (value - mean)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let varies = values.len() >= MIN_DISTINCT && deviation.is_finite() && deviation > MIN_SPREAD * largest;
        let bandwidth = deviation * count.powf(-0.2);
        let scale = 1.0 / (count * bandwidth * std::f64::consts::TAU.sqrt());
        varies.then_some(Self { values, bandwidth, scale })
    }

    fn at(&self, place: f64) -> f64 {
        let kernel = |&(value, weight): &(f64, f64)| {
            let distance = (place - value) / self.bandwidth;
            weight * (-0.5 * distance * distance).exp()
        };
        self.scale * self.values.iter().map(kernel).sum::<f64>()
    }

    fn ends(&self) -> (f64, f64) {
        (self.values[0].0, self.values[self.values.len() - 1].0)
    }

    /// The density at `points` places from `low` to `high`.
    fn along(&self, (low, high): (f64, f64), points: usize) -> Vec<f64> {
        let step = (high - low) / (points - 1) as f64;
        (0..points).map(|point| self.at(low + step * point as f64)).collect()
    }
}

/// How alike two densities are, from the least to the largest value of either.
pub(super) fn agreement(a: &Density, b: &Density) -> Agreement {
    let (ends_a, ends_b) = (a.ends(), b.ends());
    let range = (ends_a.0.min(ends_b.0), ends_a.1.max(ends_b.1));
    let (p, q) = (a.along(range, GRID_POINTS), b.along(range, GRID_POINTS));
    let least: Vec<f64> = p.iter().zip(&q).map(|(p, q)| p.min(*q)).collect();
    Agreement {
        overlap: simpson(&least, (range.1 - range.0) / (GRID_POINTS - 1) as f64),
        kl: divergence(&p, &q),
        kl_own_grids: divergence(&a.along(ends_a, OWN_GRID_POINTS), &b.along(ends_b, OWN_GRID_POINTS)),
    }
}

/// Simpson's rule over an odd number of values.
fn simpson(values: &[f64], step: f64) -> f64 {
    let last = values.len() - 1;
    let weight = |index: usize| match index {
        0 => 1.0,
        _ if index == last => 1.0,
        _ if index % 2 == 1 => 4.0,
        _ => 2.0,
    };
    step / 3.0 * values.iter().enumerate().map(|(index, value)| weight(index) * value).sum::<f64>()
}

/// The Kullback-Leibler divergence of `p` from `q` in nats, both scaled to sum to 1.
fn divergence(p: &[f64], q: &[f64]) -> f64 {
    let shares = |values: &[f64]| {
        let total: f64 = values.iter().map(|value| value.max(DENSITY_FLOOR)).sum();
        values.iter().map(move |value| value.max(DENSITY_FLOOR) / total).collect::<Vec<f64>>()
    };
    shares(p).iter().zip(shares(q)).map(|(p, q)| p * (p / q).ln()).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn density(values: &[f64]) -> Density {
        Density::new(values.to_vec(), 1).unwrap()
    }

    #[test]
    fn the_density_of_three_values_is_scipys() {
        // scipy.stats.gaussian_kde([1, 2, 4])(x)
        let it = density(&[1.0, 2.0, 4.0]);
        for (place, wanted) in SCIPY {
            assert!((it.at(place) - wanted).abs() < 1e-14, "{place}: {} {wanted}", it.at(place));
        }
        let doubled = Density::new(vec![1.0, 2.0, 4.0], 2).unwrap();
        let written_out = density(&[1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
        assert_eq!((doubled.at(2.5), doubled.bandwidth), (written_out.at(2.5), written_out.bandwidth));
    }

    const SCIPY: [(f64, f64); 3] = [(0.0, 0.1069768734720025), (2.0, 0.2148953653375138), (5.0, 0.08373715277184277)];

    #[test]
    fn alike_and_apart() {
        let values: Vec<f64> = (0..50).map(|k| f64::from(k * 37 % 50)).collect();
        let (near, far) = (density(&values), density(&values.iter().map(|it| it + 1000.0).collect::<Vec<_>>()));
        let same = agreement(&near, &near);
        assert!((same.kl, same.kl_own_grids) == (0.0, 0.0) && (0.8..1.0).contains(&same.overlap), "{same:?}");
        let apart = agreement(&near, &far);
        assert!(apart.overlap < 1e-9 && apart.kl > 100.0 && apart.kl.is_finite(), "{apart:?}");
        // Read each on its own range, they look the same.
        assert!(apart.kl_own_grids < 1e-9);
    }

    #[test]
    fn what_does_not_vary_has_no_density() {
        for values in [vec![], vec![1.0], vec![1.0, 2.0], vec![1.0, 1.0, 2.0], vec![1.0, 1.0 + 1e-12, 1.0 + 2e-12]] {
            assert!(Density::new(values, 2).is_none());
        }
    }
}
