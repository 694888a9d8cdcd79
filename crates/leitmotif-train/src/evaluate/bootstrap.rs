//! The percentile bootstrap (Efron 1979) of a ratio of sums over songs.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How many times the songs are drawn anew.
pub const RESAMPLES: usize = 2000;
/// The share of resamples inside the interval.
pub const CONFIDENCE: f64 = 0.95;
/// Fixed, so that the same losses give the same interval.
const SEED: u64 = 0x6C65_6974;

/// A value with its 95 % interval over songs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value over all songs.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// The sum of the first over the sum of the second numbers, one pair a song. Zero if the second
    /// sum is.
    pub fn of_ratio(pairs: &[(f64, f64)]) -> Self {
        let ratio = |(above, below): (f64, f64)| if below > 0.0 { above / below } else { 0.0 };
        let add = |(a, b): (f64, f64), (c, d): (f64, f64)| (a + c, b + d);
        let value = ratio(pairs.iter().copied().fold((0.0, 0.0), add));
        if pairs.len() < 2 {
            return Self { value, low: value, high: value };
        }
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut resamples: Vec<f64> = (0..RESAMPLES)
            .map(|_| ratio((0..pairs.len()).map(|_| pairs[rng.random_range(0..pairs.len())]).fold((0.0, 0.0), add)))
            .collect();
        resamples.sort_by(f64::total_cmp);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let at = |share: f64| resamples[((RESAMPLES - 1) as f64 * share).round() as usize];
        Self { value, low: at(tail), high: at(1.0 - tail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_has_the_theoretical_width() {
        // A mean of 400 values of standard deviation 1: its own is 1/20, its 95 % interval about
        // ±0.098.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let normal = |rng: &mut ChaCha8Rng| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let pairs: Vec<(f64, f64)> = (0..400).map(|_| (5.0 + normal(&mut rng), 1.0)).collect();
        let estimate = Estimate::of_ratio(&pairs);
        let width = estimate.high - estimate.low;
        assert!((0.17..0.23).contains(&width), "{estimate:?}");
        assert!(estimate.low < estimate.value && estimate.value < estimate.high);
        assert_eq!(estimate, Estimate::of_ratio(&pairs), "the same losses give the same interval");
    }

    #[test]
    fn few_songs_and_empty_units_are_no_trouble() {
        assert_eq!(Estimate::of_ratio(&[]).value, 0.0);
        assert_eq!(Estimate::of_ratio(&[(3.0, 2.0)]), Estimate { value: 1.5, low: 1.5, high: 1.5 });
        assert_eq!(Estimate::of_ratio(&[(3.0, 0.0), (1.0, 0.0)]).value, 0.0);
        let two = Estimate::of_ratio(&[(1.0, 1.0), (3.0, 1.0)]);
        assert_eq!((two.low, two.value, two.high), (1.0, 2.0, 3.0));
    }
}
