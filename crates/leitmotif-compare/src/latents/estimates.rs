//! Numbers with their 95 % intervals; songs are what is drawn again, not bars or notes.

use leitmotif_measures::{Estimate, bootstrap_mean, bootstrap_statistic, spearman};

/// Resamples of every interval.
pub const RESAMPLES: usize = 1000;

/// Hits and trials of one song.
pub type Count = (usize, usize);

/// The mean over songs; songs without a value do not count.
pub fn mean(values: &[Option<f64>], seed: u64) -> Option<Estimate> {
    let values: Vec<f64> = values.iter().copied().flatten().collect();
    bootstrap_mean(&values, RESAMPLES, seed)
}

/// The mean difference over the songs in which both have a value.
pub fn difference(a: &[Option<f64>], b: &[Option<f64>], seed: u64) -> Option<Estimate> {
    let differences: Vec<Option<f64>> = a.iter().zip(b).map(|(a, b)| Some((*a)? - (*b)?)).collect();
    mean(&differences, seed)
}

/// The share of all songs' trials that hit.
pub fn share(songs: &[Count], seed: u64) -> Option<Estimate> {
    by_song(songs.len(), seed, |chosen| pooled(songs, chosen))
}

/// How much larger the share of `a` is than that of `b`, on the same songs.
pub fn share_difference(a: &[Count], b: &[Count], seed: u64) -> Option<Estimate> {
    by_song(a.len().min(b.len()), seed, |chosen| Some(pooled(a, chosen)? - pooled(b, chosen)?))
}

fn pooled(songs: &[Count], chosen: &[usize]) -> Option<f64> {
    let (hits, trials) = chosen.iter().fold((0, 0), |sum, &song| (sum.0 + songs[song].0, sum.1 + songs[song].1));
    (trials > 0).then(|| hits as f64 / trials as f64)
}

/// Any statistic of songs, of which it is given the numbers.
pub fn by_song(songs: usize, seed: u64, statistic: impl FnMut(&[usize]) -> Option<f64>) -> Option<Estimate> {
    let each_alone: Vec<usize> = (0..songs).collect();
    bootstrap_statistic(&each_alone, RESAMPLES, seed, statistic)
}

/// Spearman's correlation of observations `(song, x, y)`.
pub fn correlation(observations: &[(usize, f64, f64)], seed: u64) -> Option<Estimate> {
    correlated(observations, seed, |rho| rho)
}

/// Its magnitude.
pub fn correlation_magnitude(observations: &[(usize, f64, f64)], seed: u64) -> Option<Estimate> {
    correlated(observations, seed, f64::abs)
}

fn correlated(observations: &[(usize, f64, f64)], seed: u64, of: impl Fn(f64) -> f64) -> Option<Estimate> {
    let songs: Vec<usize> = observations.iter().map(|it| it.0).collect();
    bootstrap_statistic(&songs, RESAMPLES, seed, |chosen| {
        let (x, y): (Vec<f64>, Vec<f64>) = chosen.iter().map(|&it| (observations[it].1, observations[it].2)).unzip();
        spearman(&x, &y).map(&of)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_pooled_over_songs() {
        let (a, b) = ([(1, 2), (9, 18), (0, 0)], [(1, 2), (0, 18), (0, 0)]);
        assert_eq!(share(&a, 0).map(|it| (it.value, it.low, it.high)), Some((0.5, 0.5, 0.5)));
        assert_eq!(share_difference(&a, &b, 0).map(|it| it.value), Some(0.45));
        assert_eq!(share(&[(0, 0)], 0), None);
    }

    #[test]
    fn songs_without_a_value_do_not_count() {
        let (a, b) = ([Some(1.0), None, Some(3.0)], [Some(0.0), Some(9.0), Some(1.0)]);
        assert_eq!(mean(&a, 0).map(|it| it.value), Some(2.0));
        assert_eq!(difference(&a, &b, 0).map(|it| it.value), Some(1.5));
        assert_eq!(mean(&[None], 0), None);
    }

    #[test]
    fn a_magnitude_has_no_sign() {
        let falling: Vec<_> = (0..6).map(|k| (k / 2, k as f64, -(k as f64))).collect();
        assert_eq!(correlation(&falling, 0).map(|it| it.value), Some(-1.0));
        assert_eq!(correlation_magnitude(&falling, 0).map(|it| it.value), Some(1.0));
    }
}
