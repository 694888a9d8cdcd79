//! Whether the steps from one piece to another lead there: each like the first less than the one
//! before it, and like the last one more.

use super::error::LatentsError;
use super::estimates::RESAMPLES;
use super::experiment::{Counter, Experiment};
use super::rng::SeededRng;
use leitmotif_compose::latent::{self, Step};
use leitmotif_measures::{BarNotes, Estimate, bars, bootstrap_statistic, likeness, spearman};
use leitmotif_score::{Instrument, Note, Score};
use serde::Serialize;
use std::collections::BTreeSet;

/// Names the section's chance.
const SECTION: u64 = 4;
/// Draws in search of each pair.
const TRIES: usize = 200;

/// Paths between pairs of songs.
#[derive(Debug, Serialize)]
pub struct Interpolation {
    /// Pairs, by the numbers of their songs in the report's list, from 0.
    pub pairs: Vec<(usize, usize)>,
    /// Pieces of each path, both ends included.
    pub steps: usize,
    /// How often each piece between the ends was drawn.
    pub draws: usize,
    /// The correlation of a step's number with its likeness to the ends, over all steps.
    pub all: Trend,
    /// The same over the steps between the ends.
    pub inner: Trend,
    /// The share of pairs in which no step is more like the first end, or less like the last, than
    /// the step before it.
    pub monotonic: Option<Estimate>,
    /// The mean likeness of each step to both ends, 0 to 1.
    pub by_step: Vec<Likeness>,
    /// Steps that are valid pieces.
    pub valid: usize,
    /// Steps whose notes are those of an earlier step of the same path.
    pub copies: usize,
}

/// Spearman's correlation with the number of the step, the mean over pairs.
#[derive(Debug, Serialize)]
pub struct Trend {
    /// Of the likeness to the first end: -1 where it only falls.
    pub to_first: Option<Estimate>,
    /// Of the likeness to the last end: 1 where it only rises.
    pub to_last: Option<Estimate>,
}

/// How like the ends a step is.
#[derive(Debug, Serialize)]
pub struct Likeness {
    /// To the first.
    pub to_first: Option<Estimate>,
    /// To the last.
    pub to_last: Option<Estimate>,
}

/// One path: the likeness of each step to both ends, and its copies.
#[derive(Debug, Clone, Default)]
struct PathLikeness {
    to_first: Vec<f64>,
    to_last: Vec<f64>,
    copies: usize,
}

/// Follows all paths. `None` where no two songs have the same meters.
pub fn measure(experiment: &Experiment<'_>) -> Result<Option<Interpolation>, LatentsError> {
    let (songs, steps) = (experiment.songs, experiment.settings.steps);
    let fits = |a: usize, b: usize| songs[a].fits(&songs[b]);
    let pairs = pairs(&mut experiment.rng(SECTION, usize::MAX), songs.len(), experiment.settings.pairs, fits);
    let common = |&(a, b): &(usize, usize)| songs[a].source.bars.len().min(songs[b].source.bars.len());
    let bars = passage(experiment).drawn() * pairs.iter().map(common).sum::<usize>();
    let paths = experiment
        .each("interpolation", pairs.len(), bars, |pair, progress| go(experiment, pair, pairs[pair], progress))?;
    if paths.is_empty() {
        return Ok(None);
    }
    // A song that begins several paths is one observation.
    let first: Vec<usize> = pairs.iter().map(|pair| pair.0).collect();
    let mean = |of: &dyn Fn(&PathLikeness) -> Option<f64>| {
        let values: Vec<Option<f64>> = paths.iter().map(of).collect();
        bootstrap_statistic(&first, RESAMPLES, experiment.seed(), |chosen| {
            let known: Vec<f64> = chosen.iter().filter_map(|&pair| values[pair]).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        })
    };
    let trend = |from: usize, to: usize| Trend {
        to_first: mean(&|path| rising(&path.to_first[from..to])),
        to_last: mean(&|path| rising(&path.to_last[from..to])),
    };
    let by_step = (0..steps).map(|step| Likeness {
        to_first: mean(&|path| Some(path.to_first[step])),
        to_last: mean(&|path| Some(path.to_last[step])),
    });
    Ok(Some(Interpolation {
        steps,
        draws: experiment.settings.draws,
        all: trend(0, steps),
        inner: trend(1, steps - 1),
        monotonic: mean(&|path| Some(f64::from(u8::from(is_monotonic(path))))),
        by_step: by_step.collect(),
        valid: paths.iter().map(|path| path.to_first.len()).sum(),
        copies: paths.iter().map(|path| path.copies).sum(),
        pairs,
    }))
}

/// Different pairs of different songs that fit, at random, `wanted` of them, or as many as are
/// found.
fn pairs(rng: &mut SeededRng, songs: usize, wanted: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for _ in 0..wanted.saturating_mul(TRIES) {
        if pairs.len() == wanted || songs < 2 {
            break;
        }
        let a = rng.below(songs);
        let pair = (a, rng.other(a, songs));
        if fits(pair.0, pair.1) && !pairs.contains(&pair) && !pairs.contains(&(pair.1, pair.0)) {
            pairs.push(pair);
        }
    }
    pairs
}

fn passage(experiment: &Experiment<'_>) -> latent::Interpolation {
    latent::Interpolation {
        steps: experiment.settings.steps,
        draws: experiment.settings.draws,
        ..latent::Interpolation::default()
    }
}

/// Follows one path.
fn go(
    experiment: &Experiment<'_>,
    number: usize,
    (a, b): (usize, usize),
    progress: &Counter<'_>,
) -> Result<PathLikeness, LatentsError> {
    let request = experiment.request(experiment.rng(SECTION, number).draw());
    let (a, b) = (&experiment.songs[a].source, &experiment.songs[b].source);
    let told = |_: usize, _: usize| progress.advance(1);
    let made = serde_json::Value::Null;
    let steps = experiment.editor(&request, experiment.settings.candidates).interpolate(
        a,
        b,
        passage(experiment),
        &made,
        &told,
    )?;
    let music: Vec<Vec<BarNotes>> = steps.iter().map(|step| bars(&step.score)).collect();
    let to = |end: Option<&Vec<BarNotes>>| {
        let end = end.map_or(&[][..], Vec::as_slice);
        music.iter().map(|step| likeness(step, end).unwrap_or(0.0)).collect()
    };
    Ok(PathLikeness { to_first: to(music.first()), to_last: to(music.last()), copies: copies(&steps) })
}

/// Spearman's correlation of values with their places.
fn rising(values: &[f64]) -> Option<f64> {
    let places: Vec<f64> = (0..values.len()).map(|place| place as f64).collect();
    spearman(&places, values)
}

fn is_monotonic(path: &PathLikeness) -> bool {
    path.to_first.is_sorted_by(|a, b| a >= b) && path.to_last.is_sorted()
}

/// Steps that have the notes of an earlier one.
fn copies(steps: &[Step]) -> usize {
    let notes: BTreeSet<Vec<(Note, Instrument)>> = steps.iter().map(|step| notes(&step.score)).collect();
    steps.len() - notes.len()
}

fn notes(score: &Score) -> Vec<(Note, Instrument)> {
    let played = score.parts.iter().flat_map(|part| part.notes.iter().map(|note| (*note, part.instrument)));
    let mut notes: Vec<(Note, Instrument)> = played.collect();
    notes.sort_unstable();
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_fit_and_differ() {
        let even = |a: usize, b: usize| (a + b).is_multiple_of(2);
        let found = pairs(&mut SeededRng::of(0, SECTION, 0), 6, 5, even);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|&(a, b)| a != b && even(a, b)));
        let unordered: BTreeSet<_> = found.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
        assert_eq!(unordered.len(), 5);
        assert_eq!(pairs(&mut SeededRng::of(0, SECTION, 0), 6, 50, even).len(), 6, "there are no more");
        assert!(pairs(&mut SeededRng::of(0, SECTION, 0), 1, 5, |_, _| true).is_empty());
    }

    #[test]
    fn ways_lead_where_they_should() {
        let mut path =
            PathLikeness { to_first: vec![1.0, 0.6, 0.6, 0.2], to_last: vec![0.2, 0.3, 0.8, 1.0], copies: 0 };
        assert!(is_monotonic(&path));
        assert!(rising(&path.to_last).is_some_and(|rho| (rho - 1.0).abs() < 1e-12));
        path.to_last[1] = 0.1;
        assert!(!is_monotonic(&path));
    }
}
