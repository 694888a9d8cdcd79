//! What the report's numbers rest on: paired differences over songs, and means over seeds.
//!
//! A *paired difference* compares two models on the same songs: per song, the nats of one less the
//! nats of the other; their sum over the sum of notes. How hard a song is cancels out. Where
//! several pairs of runs answer the same question (seeds, levels of other factors), a song's
//! difference is their mean. The interval is the percentile bootstrap over songs of
//! `leitmotif-train`; a file that stands in several test sets is one song of it, since its parts
//! are not independent. The interval covers the choice of songs, not the choice of seeds: the least
//! and the largest difference over the pairs of runs stand beside it.

use crate::Loss;
use leitmotif_measures::bootstrap_statistic;
use leitmotif_train::{Estimate, SongLoss};
use std::collections::BTreeMap;

/// Below so many songs, a bootstrap interval is rather too narrow than too wide.
pub const FEW_SONGS: usize = 10;
/// Resamples of the mean over test sets.
const RESAMPLES: usize = 2000;
/// Their seed: the same results give the same interval.
const SEED: u64 = 1;

/// Two models' costs of one test set's songs.
#[derive(Debug, Clone, Copy)]
pub struct Pairing<'a> {
    /// Which pair of runs: a pair that is evaluated on several test sets has one number.
    pub pair: usize,
    /// The test set.
    pub test: &'a str,
    /// What the songs cost the model in question.
    pub model: &'a [SongLoss],
    /// What they cost the one that it is compared with.
    pub baseline: &'a [SongLoss],
}

/// A paired difference in nats per note; positive where the model in question is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// With its 95 % interval over songs.
    pub estimate: Estimate,
    /// Songs behind it.
    pub songs: usize,
    /// Pairs of runs behind it.
    pub pairs: usize,
    /// The least and the largest difference over the pairs of runs.
    pub range: (f64, f64),
}

/// How a difference is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The interval lies above 0: it costs more.
    Worse,
    /// The interval lies below 0: it costs less.
    Better,
    /// The interval holds 0.
    NotDistinguishable,
    /// Fewer than two songs have no interval.
    NoInterval,
}

impl Difference {
    /// How it is read.
    pub fn verdict(&self) -> Verdict {
        let Estimate { low, high, .. } = self.estimate;
        match () {
            () if self.songs < 2 => Verdict::NoInterval,
            () if low > 0.0 => Verdict::Worse,
            () if high < 0.0 => Verdict::Better,
            () => Verdict::NotDistinguishable,
        }
    }

    /// Whether the pairs of runs differ in which model is better.
    pub fn pairs_disagree(&self) -> bool {
        self.range.0 < 0.0 && self.range.1 > 0.0
    }
}

/// The paired difference over songs that both models of a pairing were evaluated on. `None` where
/// there is no such song, or none with notes. Where the two count a song's notes differently, the
/// baseline's count is used.
pub fn paired_difference(pairings: &[Pairing<'_>]) -> Option<Difference> {
    // Per test set and song: the sum of differences, how many there are, notes.
    let mut songs: BTreeMap<(&str, &str), (f64, f64, f64)> = BTreeMap::new();
    let mut pairs: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for pairing in pairings {
        let baseline: BTreeMap<&str, &SongLoss> = pairing.baseline.iter().map(|it| (it.path.as_str(), it)).collect();
        for song in pairing.model {
            let Some(other) = baseline.get(song.path.as_str()) else { continue };
            let (difference, notes) = (song.nats - other.nats, other.notes as f64);
            if !difference.is_finite() {
                continue;
            }
            let entry = songs.entry((pairing.test, &song.path)).or_insert((0.0, 0.0, notes));
            (entry.0, entry.1) = (entry.0 + difference, entry.1 + 1.0);
            let pair = pairs.entry(pairing.pair).or_default();
            *pair = (pair.0 + difference, pair.1 + notes);
        }
    }
    let mut files: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for ((_, path), (difference, count, notes)) in songs {
        let file = files.entry(path).or_default();
        *file = (file.0 + difference / count, file.1 + notes);
    }
    let files: Vec<(f64, f64)> = files.into_values().collect();
    let ratios = pairs.values().filter(|pair| pair.1 > 0.0).map(|pair| pair.0 / pair.1);
    let range = ratios.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
    (range.0 <= range.1).then(|| Difference {
        estimate: Estimate::of_ratio(&files),
        songs: files.len(),
        pairs: pairs.len(),
        range,
    })
}

/// What a loss is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Events, the tokens of the representation.
    Token,
    /// Notes.
    Note,
}

impl Unit {
    /// `nats per token`, `nats per note`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Token => "nats per token",
            Self::Note => "nats per note",
        }
    }

    /// The loss in this unit.
    pub fn of(self, loss: &Loss) -> Estimate {
        match self {
            Self::Token => loss.per_event,
            Self::Note => loss.per_note,
        }
    }

    fn count(self, song: &SongLoss) -> f64 {
        match self {
            Self::Token => song.events as f64,
            Self::Note => song.notes as f64,
        }
    }
}

/// A mean over runs that differ in nothing but the seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverSeeds {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of a sample: divided by one less than the runs); `None` of one run.
    pub deviation: Option<f64>,
    /// The least value.
    pub least: f64,
    /// The largest value.
    pub most: f64,
    /// Runs.
    pub runs: usize,
}

/// Mean, spread and range of one value a run; `None` of no values.
pub fn over_seeds(values: &[f64]) -> Option<OverSeeds> {
    let n = values.len() as f64;
    let (first, rest) = values.split_first()?;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(OverSeeds {
        mean,
        deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
        least: rest.iter().copied().fold(*first, f64::min),
        most: rest.iter().copied().fold(*first, f64::max),
        runs: values.len(),
    })
}

/// Per song that all of `losses` have: its path, the mean of its nats, and its size in `unit`.
fn mean_songs<'a>(losses: &[&'a Loss], unit: Unit) -> Vec<(&'a str, f64, f64)> {
    let Some((first, _)) = losses.split_first() else { return Vec::new() };
    let mut songs: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    for song in losses.iter().flat_map(|loss| &loss.songs) {
        let entry = songs.entry(&song.path).or_default();
        *entry = (entry.0 + song.nats, entry.1 + 1);
    }
    let mean = |song: &'a SongLoss| {
        let (nats, count) = songs.get(song.path.as_str())?;
        (*count == losses.len()).then(|| (song.path.as_str(), nats / *count as f64, unit.count(song)))
    };
    first.songs.iter().filter_map(mean).collect()
}

/// What a test set costs on average over `losses`, one a seed, with its interval over songs. With
/// one loss, its own value. `None` of none.
pub fn mean_loss(losses: &[&Loss], unit: Unit) -> Option<Estimate> {
    if let [loss] = losses {
        return Some(unit.of(loss));
    }
    let value = over_seeds(&losses.iter().map(|loss| unit.of(loss).value).collect::<Vec<_>>())?.mean;
    let songs: Vec<(f64, f64)> = mean_songs(losses, unit).into_iter().map(|(_, nats, size)| (nats, size)).collect();
    if songs.is_empty() {
        return Some(Estimate { value, low: value, high: value });
    }
    Some(Estimate { value, ..Estimate::of_ratio(&songs) })
}

/// The mean of several test sets' losses, each set counting alike, with its interval over songs:
/// `tests[t]` holds the losses of test set t, one a seed. `None` where a test set has none.
pub fn mean_over_tests(tests: &[Vec<&Loss>], unit: Unit) -> Option<Estimate> {
    let means: Option<Vec<f64>> = tests.iter().map(|losses| Some(mean_loss(losses, unit)?.value)).collect();
    let value = over_seeds(&means?)?.mean;
    if let [losses] = tests {
        return mean_loss(losses, unit);
    }
    let songs: Vec<(usize, &str, f64, f64)> = tests
        .iter()
        .enumerate()
        .flat_map(|(t, losses)| {
            mean_songs(losses, unit).into_iter().map(move |(path, nats, size)| (t, path, nats, size))
        })
        .collect();
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, path, _, _) in &songs {
        let next = files.len();
        files.entry(path).or_insert(next);
    }
    let clusters: Vec<usize> = songs.iter().filter_map(|(_, path, _, _)| files.get(path).copied()).collect();
    let statistic = |chosen: &[usize]| {
        let mut sums = vec![(0.0, 0.0); tests.len()];
        for (t, _, nats, size) in chosen.iter().filter_map(|&index| songs.get(index)) {
            sums[*t] = (sums[*t].0 + nats, sums[*t].1 + size);
        }
        let ratios: Option<Vec<f64>> = sums.iter().map(|sum| (sum.1 > 0.0).then(|| sum.0 / sum.1)).collect();
        Some(over_seeds(&ratios?)?.mean)
    };
    let interval = bootstrap_statistic(&clusters, RESAMPLES, SEED, statistic);
    Some(interval.map_or(Estimate { value, low: value, high: value }, |it| Estimate {
        value,
        low: it.low,
        high: it.high,
    }))
}

#[cfg(test)]
mod tests;
