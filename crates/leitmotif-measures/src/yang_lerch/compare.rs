//! Two sets of pieces, feature by feature.

use super::density::{Agreement, Density, agreement};
use super::{Feature, Features};
use serde::{Deserialize, Serialize};

/// The most pieces of a set that are compared; of more, as many evenly spaced ones.
pub const MAX_PIECES: usize = 256;

/// A feature's values in one set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Absolute {
    /// Pieces that have the feature.
    pub pieces: usize,
    /// Their mean, `[1]`, `[12]` or `[144]`; empty without pieces.
    pub mean: Vec<f64>,
    /// The standard deviation of each number, as `mean`.
    pub deviation: Vec<f64>,
}

/// Distances between pieces.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// How many pairs of pieces there are.
    pub pairs: usize,
    /// Their mean distance.
    pub mean: f64,
    /// The standard deviation of the distances.
    pub deviation: f64,
}

/// One feature of a set of generated pieces and of a set of real ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureComparison {
    /// Which feature.
    pub feature: Feature,
    /// Its values in the generated set.
    pub generated: Absolute,
    /// Its values in the real set.
    pub real: Absolute,
    /// Distances of generated pieces to each other; `None` where there are no two.
    pub intra_generated: Option<Distances>,
    /// Distances of real pieces to each other; `None` where there are no two.
    pub intra_real: Option<Distances>,
    /// Distances of generated pieces to real ones; `None` where either set is empty.
    pub inter: Option<Distances>,
    /// Distances within the generated set against those between the sets; `None` where either has
    /// no density: fewer than [`super::MIN_DISTINCT`] different distances, or none that vary.
    pub generated_agreement: Option<Agreement>,
    /// Distances within the real set against those between the sets.
    pub real_agreement: Option<Agreement>,
}

/// Compares two sets of pieces by each of the nine features. The work grows with the product of the
/// pieces (at most [`MAX_PIECES`] of each set).
pub fn compare(generated: &[Features], real: &[Features]) -> Vec<FeatureComparison> {
    let (generated, real) = (spread(generated), spread(real));
    Feature::ALL.into_iter().map(|feature| compare_one(feature, &generated, &real)).collect()
}

/// All of a small set, evenly spaced pieces of a large one.
fn spread(pieces: &[Features]) -> Vec<&Features> {
    let count = pieces.len().min(MAX_PIECES);
    (0..count).map(|index| &pieces[index * pieces.len() / count]).collect()
}

fn compare_one(feature: Feature, generated: &[&Features], real: &[&Features]) -> FeatureComparison {
    let vectors = |set: &[&Features]| set.iter().filter_map(|it| it.vector(feature)).collect::<Vec<_>>();
    let (generated, real) = (vectors(generated), vectors(real));
    let (within_generated, within_real) = (within(&generated), within(&real));
    let between: Vec<f64> = generated.iter().flat_map(|a| real.iter().map(move |b| distance(a, b))).collect();
    let inter = distances(&between);
    // `mgeval` measures each pair within a set from both ends.
    let [intra_generated, intra_real] = [&within_generated, &within_real].map(|it| distances(it));
    let densities = [(within_generated, 2), (within_real, 2), (between, 1)];
    let [of_generated, of_real, of_inter] = densities.map(|(values, times)| Density::new(values, times));
    let against_inter = |density: Option<Density>| Some(agreement(&density?, of_inter.as_ref()?));
    FeatureComparison {
        feature,
        generated: absolute(&generated),
        real: absolute(&real),
        intra_generated,
        intra_real,
        inter,
        generated_agreement: against_inter(of_generated),
        real_agreement: against_inter(of_real),
    }
}

/// The distance of each piece to every later one.
fn within(set: &[Vec<f64>]) -> Vec<f64> {
    set.iter().enumerate().flat_map(|(i, a)| set[i + 1..].iter().map(move |b| distance(a, b))).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn distances(values: &[f64]) -> Option<Distances> {
    let (mean, deviation) = mean_and_deviation(values.iter().copied())?;
    Some(Distances { pairs: values.len(), mean, deviation })
}

fn absolute(set: &[Vec<f64>]) -> Absolute {
    let width = set.first().map_or(0, Vec::len);
    let column = |index: usize| mean_and_deviation(set.iter().map(move |vector| vector[index])).unwrap_or_default();
    let (mean, deviation) = (0..width).map(column).unzip();
    Absolute { pieces: set.len(), mean, deviation }
}

fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let mean = crate::similarity::mean(values.clone())?;
    let variance = crate::similarity::mean(values.map(|value| (value - mean) * (value - mean)))?;
    Some((mean, variance.sqrt()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bars::tests::{note, piano};
    use crate::bootstrap::{below, stream};

    /// Pieces of about thirty notes, a quarter apart, of any pitches in `width` semitones or nearly
    /// and any lengths up to a half note.
    fn set(pieces: u64, width: usize, seed: u64) -> Vec<Features> {
        let mut stream = stream(seed);
        let mut piece = |_| {
            let (count, width) = (24 + below(&mut stream, 13), width + below(&mut stream, 5));
            let mut any = |k| note(4 * k, 40 + below(&mut stream, width) as u8, 1 + below(&mut stream, 8) as u64);
            Features::of(&piano(&(0..count as u64).map(&mut any).collect::<Vec<_>>()))
        };
        (0..pieces).map(&mut piece).collect()
    }

    fn named(comparison: &[FeatureComparison], feature: Feature) -> &FeatureComparison {
        comparison.iter().find(|it| it.feature == feature).unwrap()
    }

    #[test]
    fn sets_of_one_kind_agree_better_than_sets_of_two() {
        let (real, like, unlike) = (set(20, 24, 0), set(20, 24, 1000), set(20, 3, 0));
        let (like, unlike) = (compare(&like, &real), compare(&unlike, &real));
        for feature in [Feature::PitchCount, Feature::PitchRange, Feature::PitchClassHistogram, Feature::PitchInterval]
        {
            let [like, unlike] = [&like, &unlike].map(|it| named(it, feature).real_agreement.unwrap());
            assert!(like.overlap > 0.6 && unlike.overlap < 0.5 * like.overlap, "{feature:?} {like:?} {unlike:?}");
            assert!(like.kl < 0.5 && unlike.kl > 2.0 * like.kl, "{feature:?} {like:?} {unlike:?}");
        }
    }

    #[test]
    fn distances_by_hand() {
        let count = |pitch_count: usize| Features { pitch_count, ..set(1, 5, 0).remove(0) };
        let (generated, real) = ([1, 2, 4].map(count), [10, 20].map(count));
        let it = compare(&generated, &real).remove(0);
        assert_eq!(it.generated.mean, [7.0 / 3.0]);
        assert_eq!(it.intra_generated.map(|it| (it.pairs, it.mean)), Some((3, 2.0)));
        assert_eq!(it.intra_real, Some(Distances { pairs: 1, mean: 10.0, deviation: 0.0 }));
        assert_eq!(it.inter.map(|it| (it.pairs, it.mean)), Some((6, 15.0 - 7.0 / 3.0)));
        assert!(it.generated_agreement.is_some() && it.real_agreement.is_none());
    }

    #[test]
    fn turned_round_the_sets_change_places() {
        let (a, b) = (set(9, 12, 0), set(11, 30, 5));
        let mut compared = 0;
        for (there, back) in compare(&a, &b).into_iter().zip(compare(&b, &a)) {
            assert_eq!((&there.generated, there.intra_real), (&back.real, back.intra_generated));
            assert_eq!(there.real_agreement.is_some(), back.generated_agreement.is_some());
            if let Some((near, far)) = there.real_agreement.zip(back.generated_agreement) {
                compared += 1;
                assert!((near.overlap - far.overlap).abs() < 1e-12 && (near.kl - far.kl).abs() < 1e-12);
            }
        }
        assert!(compared >= 7, "{compared}");
    }

    #[test]
    fn empty_sets_and_large_ones() {
        let empty = compare(&[], &set(3, 9, 0));
        assert!(empty.iter().all(|it| it.inter.is_none() && it.generated.mean.is_empty()));
        let many = vec![set(1, 9, 0).remove(0); MAX_PIECES + 44];
        let it = compare(&many, &[]).remove(0);
        assert_eq!((it.generated.pieces, it.generated_agreement), (MAX_PIECES, None));
        let json = serde_json::to_string(&compare(&set(4, 9, 0), &set(4, 9, 1))).unwrap();
        assert_eq!(serde_json::from_str::<Vec<FeatureComparison>>(&json).unwrap().len(), 9);
    }
}
