//! How sure a number is: the bootstrap (Efron 1979) with 95% percentile intervals.
//!
//! Observations are drawn again, with replacement, as many as there are; the interval holds the
//! middle 95% of the statistic's values. Notes or bars of one song are not independent
//! observations: [`bootstrap_statistic`] draws whole clusters (songs) instead (Davison and Hinkley,
//! *Bootstrap Methods and their Application*, 1997, section 3.8).
//!
//! The ChaCha8 key stream is the only source of chance, so a seed gives the same interval
//! everywhere.

use crate::similarity::mean;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most resamples that are drawn.
pub const MAX_RESAMPLES: usize = 100_000;
/// The part of the resamples that lies below the interval, and above it.
const TAIL: f64 = 0.025;

/// A number and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The statistic of the observations themselves.
    pub value: f64,
    /// The low end of the 95% interval.
    pub low: f64,
    /// The high end of the 95% interval.
    pub high: f64,
    /// Resamples behind the interval: those in which the statistic had a value.
    pub resamples: usize,
}

/// The mean of `values` with its interval from `resamples` resamples (1 to [`MAX_RESAMPLES`]).
/// `None` of no values or where one is not finite.
pub fn bootstrap_mean(values: &[f64], resamples: usize, seed: u64) -> Option<Estimate> {
    let each_alone: Vec<usize> = (0..values.len()).collect();
    bootstrap_statistic(&each_alone, resamples, seed, |chosen| mean(chosen.iter().map(|&index| values[index])))
}

/// The mean of `a[i] - b[i]` with its interval, as [`bootstrap_mean`]: for two systems measured on
/// the same pieces. `None` where the two differ in length.
pub fn bootstrap_paired_difference(a: &[f64], b: &[f64], resamples: usize, seed: u64) -> Option<Estimate> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    (a.len() == b.len()).then(|| bootstrap_mean(&differences, resamples, seed)).flatten()
}

/// Any statistic with its interval. `clusters[i]` names the cluster of observation i; every
/// resample draws as many clusters as there are, and passes the indices of all their observations
/// to `statistic`, which may have no value (`None`, or not finite) on some of them. `None` where it
/// has no value on the observations themselves, or on no resample.
///
/// ```
/// use leitmotif_measures::{bootstrap_statistic, spearman};
///
/// let (asked, got) = ([0.1, 0.5, 0.9, 0.2, 0.6, 0.8], [0.2, 0.4, 0.7, 0.1, 0.9, 0.8]);
/// let songs = [0, 0, 0, 1, 1, 1];
/// let rho = bootstrap_statistic(&songs, 200, 1, |chosen| {
///     let (x, y): (Vec<f64>, Vec<f64>) = chosen.iter().map(|&i| (asked[i], got[i])).unzip();
///     spearman(&x, &y)
/// });
/// assert!(rho.is_some_and(|rho| rho.low <= rho.value && rho.value <= rho.high));
/// ```
pub fn bootstrap_statistic(
    clusters: &[usize],
    resamples: usize,
    seed: u64,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<Estimate> {
    let mut defined = |chosen: &[usize]| statistic(chosen).filter(|value| value.is_finite());
    let all: Vec<usize> = (0..clusters.len()).collect();
    let value = defined(&all)?;
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, &cluster) in clusters.iter().enumerate() {
        members.entry(cluster).or_default().push(index);
    }
    let members: Vec<Vec<usize>> = members.into_values().collect();
    let mut stream = stream(seed);
    let mut chosen = Vec::with_capacity(clusters.len());
    let mut values = Vec::new();
    for _ in 0..resamples.clamp(1, MAX_RESAMPLES) {
        chosen.clear();
        for _ in 0..members.len() {
            chosen.extend_from_slice(&members[below(&mut stream, members.len())]);
        }
        values.extend(defined(&chosen));
    }
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (quantile(&values, TAIL)?, quantile(&values, 1.0 - TAIL)?);
    Some(Estimate { value, low, high, resamples: values.len() })
}

/// The stream of chance that `seed` names.
pub(crate) fn stream(seed: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A number from 0 to `count - 1`.
pub(crate) fn below(stream: &mut ChaCha8Rng, count: usize) -> usize {
    ((u128::from(stream.next_u64()) * count as u128) >> 64) as usize
}

/// The numbers below `count` in random order (Fisher and Yates).
pub(crate) fn shuffled(count: usize, stream: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, below(stream, last + 1));
    }
    order
}

/// The quantile of sorted values, interpolated between neighbours (type 7 of Hyndman and Fan 1996).
pub(crate) fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let position = part * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (*sorted.get(position.floor() as usize)?, *sorted.get(position.ceil() as usize)?);
    Some(below + (above - below) * position.fract())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), Some(2.0));
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_interval_of_a_mean_has_the_theoretical_width() {
        // 400 evenly spread values: the standard error of the mean is sqrt(1 / 12 / 400).
        let values: Vec<f64> = (0..400).map(|k| (f64::from(k) + 0.5) / 400.0).collect();
        let it = bootstrap_mean(&values, 4000, 7).unwrap();
        let half = 1.96 * (1.0f64 / 12.0 / 400.0).sqrt();
        assert!((it.value - 0.5).abs() < 1e-12 && it.resamples == 4000);
        assert!((it.value - it.low - half).abs() < 0.1 * half && (it.high - it.value - half).abs() < 0.1 * half);
    }

    #[test]
    fn a_seed_gives_one_interval() {
        let values = [1.0, 5.0, 2.0, 8.0, 3.0];
        assert_eq!(bootstrap_mean(&values, 500, 3), bootstrap_mean(&values, 500, 3));
        assert_ne!(bootstrap_mean(&values, 501, 3), bootstrap_mean(&values, 501, 4));
    }

    #[test]
    fn pairing_takes_out_what_the_pieces_share() {
        let b: Vec<f64> = (0..40).map(|k| f64::from(k * 37 % 40)).collect();
        let a: Vec<f64> = b.iter().map(|b| b + 1.0).collect();
        let it = bootstrap_paired_difference(&a, &b, 300, 1).unwrap();
        assert_eq!((it.value, it.low, it.high), (1.0, 1.0, 1.0));
        assert_eq!(bootstrap_paired_difference(&a, &b[1..], 300, 1), None);
    }

    #[test]
    fn clusters_are_drawn_whole_and_make_intervals_honest() {
        // Ten songs of twenty bars that all have the same value: the bars are worth ten
        // observations, not two hundred.
        let songs: Vec<usize> = (0..200).map(|bar| bar / 20).collect();
        let values: Vec<f64> = songs.iter().map(|&song| (song * 7 % 10) as f64).collect();
        let statistic = |chosen: &[usize]| {
            assert_eq!(chosen.len(), 200);
            assert!(chosen.chunks(20).all(|bars| bars.iter().all(|bar| bar / 20 == bars[0] / 20)));
            mean(chosen.iter().map(|&bar| values[bar]))
        };
        let honest = bootstrap_statistic(&songs, 1000, 5, statistic).unwrap();
        let naive = bootstrap_mean(&values, 1000, 5).unwrap();
        assert!((honest.high - honest.low) > 3.0 * (naive.high - naive.low));
    }

    #[test]
    fn what_has_no_value_has_no_interval() {
        assert_eq!(bootstrap_mean(&[], 100, 0), None);
        assert_eq!(bootstrap_mean(&[1.0, f64::NAN], 100, 0), None);
        let mut calls = 0;
        let often_undefined = bootstrap_statistic(&[0, 1], 100, 0, |_| {
            calls += 1;
            (calls % 2 == 1).then_some(1.0)
        });
        assert_eq!(often_undefined.unwrap().resamples, 50);
        assert_eq!(bootstrap_mean(&[2.0], 0, 0).unwrap().resamples, 1);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_mean(values in prop::collection::vec(-1e6..1e6f64, 1..30), seed in any::<u64>()) {
            let it = bootstrap_mean(&values, 400, seed).unwrap();
            let slack = 1e-9 * 1e6;
            prop_assert!(it.low <= it.value + slack && it.value <= it.high + slack, "{:?}", it);
            let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
            prop_assert!(least - slack <= it.low && it.high <= most + slack);
        }
    }
}
