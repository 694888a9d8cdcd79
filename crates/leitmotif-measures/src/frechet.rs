//! How far a set of generated pieces lies from a set of real ones, in a model's states: Fréchet's
//! distance.
//!
//! Dowson and Landau (*The Fréchet distance between multivariate normal distributions*, 1982); for
//! sets of embeddings, Heusel et al. (*GANs trained by a two time-scale update rule*, 2017), for
//! music Kilgour et al. (*Fréchet audio distance*, 2019). A Gaussian is fitted to each set, and
//! `distance = |m1 - m2|² + tr(C1 + C2 - 2 (C1^½ C2 C1^½)^½)`, in the square of the embedding's
//! unit.
//!
//! Embeddings have more dimensions than small sets can resolve. So both sets are first projected on
//! the principal components of the real one ([`MAX_COMPONENTS`] at most), and covariances are
//! shrunk towards a multiple of the identity by the oracle approximating shrinkage (Chen, Wiesel,
//! Eldar and Hero, *Shrinkage algorithms for MMSE covariance estimation*, 2010, eq. 23), of which
//! little remains in large sets.
//!
//! The number has no scale of its own, and grows as sets become smaller. [`compare`] gives it one:
//! the distance between random halves of the real pieces, and that between equally many generated
//! and real ones. Passages of a piece are alike, so pieces are drawn whole.

use crate::bootstrap::{quantile, shuffled, stream};
use crate::jacobi::eigenpairs;
use crate::similarity::mean;
use crate::{MAX_RESAMPLES, Pca};
use serde::{Deserialize, Serialize};

/// The most dimensions that sets are compared in.
pub const MAX_COMPONENTS: usize = 32;
/// Sets of fewer embeddings have no distance.
pub const MIN_EMBEDDINGS: usize = 8;
/// The part of the splits that lies below an interval, and above it.
const TAIL: f64 = 0.025;

/// The embeddings of the passages of one piece, `[passages, d]`.
pub type Passages = Vec<Vec<f32>>;

/// A distance between two sets, and what it was measured in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// The Fréchet distance, 0 or more.
    pub value: f64,
    /// The principal components of the real set that span the space.
    pub components: usize,
    /// The share of the real set's variance in this space, 0 to 1.
    pub real_inside: f64,
    /// The share of the generated set's square distance from the real mean in this space. Where it
    /// is much below `real_inside`, generated pieces vary in ways real ones do not, which the
    /// distance leaves out.
    pub generated_inside: f64,
}

/// A distance over many random splits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The low end of the middle 95%.
    pub low: f64,
    /// The high end of the middle 95%.
    pub high: f64,
    /// Splits that had a distance.
    pub splits: usize,
}

/// A distance with its scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrechetComparison {
    /// Of all generated pieces to all real ones.
    pub distance: Distance,
    /// Of half the real pieces to the other half: what cannot be told from real. `None` where
    /// halves are too small.
    pub real_to_real: Option<Spread>,
    /// Of as many generated pieces (or all, if there are fewer) to the other half of the real ones:
    /// the number to set beside `real_to_real`.
    pub generated_to_real: Option<Spread>,
}

/// The distance of `generated` to `real`, both `[n, d]`. `None` where either has fewer than
/// [`MIN_EMBEDDINGS`], or for embeddings that [`Pca::fit`] refuses: of unequal or too great width,
/// or not finite.
pub fn distance(generated: &[Vec<f32>], real: &[Vec<f32>]) -> Option<Distance> {
    let space = Space::new(&real.iter().collect::<Vec<_>>())?;
    let (generated, real) = (space.project(generated.iter())?, space.project(real.iter())?);
    Some(Distance {
        value: frechet(&generated.rows, &real.rows)?,
        components: space.0.components.len(),
        real_inside: real.inside,
        generated_inside: generated.inside,
    })
}

/// The distance of all passages of `generated` to all of `real`, and from `splits` random halves (1
/// to [`MAX_RESAMPLES`]) its scale; the same for the same `seed`. `None` as [`distance`].
pub fn compare(generated: &[Passages], real: &[Passages], splits: usize, seed: u64) -> Option<FrechetComparison> {
    let space = Space::new(&real.iter().flatten().collect::<Vec<_>>())?;
    let whole = [generated, real].map(|set| space.project(set.iter().flatten()));
    let [Some(all_generated), Some(all_real)] = whole else { return None };
    let pieces = |set: &[Passages]| {
        set.iter().map(|piece| Some(space.project(piece.iter())?.rows)).collect::<Option<Vec<Vec<Vec<f64>>>>>()
    };
    let (generated, real) = (pieces(generated)?, pieces(real)?);
    let mut stream = stream(seed);
    let (mut to_itself, mut to_other) = (Vec::new(), Vec::new());
    let half = real.len() / 2;
    for _ in 0..splits.clamp(1, MAX_RESAMPLES) {
        let (mine, theirs) = (shuffled(real.len(), &mut stream), shuffled(generated.len(), &mut stream));
        let joined = |set: &[Vec<Vec<f64>>], chosen: &[usize]| {
            chosen.iter().flat_map(|&piece| set[piece].iter().cloned()).collect::<Vec<_>>()
        };
        let other = joined(&real, &mine[half..]);
        to_itself.extend(frechet(&joined(&real, &mine[..half]), &other));
        to_other.extend(frechet(&joined(&generated, &theirs[..half.min(theirs.len())]), &other));
    }
    Some(FrechetComparison {
        distance: Distance {
            value: frechet(&all_generated.rows, &all_real.rows)?,
            components: space.0.components.len(),
            real_inside: all_real.inside,
            generated_inside: all_generated.inside,
        },
        real_to_real: spread(to_itself),
        generated_to_real: spread(to_other),
    })
}

/// The principal components of the real set.
struct Space(Pca);

/// Embeddings in the space, `[n, components]`.
struct Projected {
    rows: Vec<Vec<f64>>,
    /// The share of square distance from the mean that lies in the space.
    inside: f64,
}

impl Space {
    fn new(real: &[&Vec<f32>]) -> Option<Self> {
        let rows: Vec<Vec<f32>> = real.iter().map(|&row| row.clone()).collect();
        let components = MAX_COMPONENTS.min(rows.len().saturating_sub(1));
        (rows.len() >= MIN_EMBEDDINGS).then(|| Pca::fit(&rows, components).ok()).flatten().map(Self)
    }

    fn project<'a>(&self, rows: impl Iterator<Item = &'a Vec<f32>>) -> Option<Projected> {
        let (mut projected, mut inside, mut all) = (Vec::new(), 0.0, 0.0);
        for row in rows {
            let found = self.0.project(row).filter(|it| it.iter().all(|value| value.is_finite()))?;
            let squares = row.iter().zip(&self.0.mean).map(|(&value, mean)| (f64::from(value) - mean).powi(2));
            all += squares.sum::<f64>();
            inside += found.iter().map(|value| value * value).sum::<f64>();
            projected.push(found);
        }
        let inside = if all > 0.0 { (inside / all).min(1.0) } else { 1.0 };
        Some(Projected { rows: projected, inside })
    }
}

type Square = Vec<Vec<f64>>;

/// The distance of the Gaussians fitted to `a` and `b`.
fn frechet(a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<f64> {
    if a.len().min(b.len()) < MIN_EMBEDDINGS {
        return None;
    }
    let ((mean_a, covariance_a), (mean_b, covariance_b)) = (gaussian(a), gaussian(b));
    let means: f64 = mean_a.iter().zip(&mean_b).map(|(a, b)| (a - b) * (a - b)).sum();
    let root = square_root(covariance_a.clone());
    let inner = product(&product(&root, &covariance_b), &root);
    let d = inner.len();
    // Symmetric but for rounding.
    let middle = |i: usize, j: usize| 0.5 * (inner[i][j] + inner[j][i]);
    let inner = (0..d).map(|i| (0..d).map(|j| middle(i, j)).collect()).collect();
    let shared: f64 = eigenpairs(inner).iter().map(|pair| pair.value.max(0.0).sqrt()).sum();
    let distance = means + trace(&covariance_a) + trace(&covariance_b) - 2.0 * shared;
    distance.is_finite().then_some(distance.max(0.0))
}

/// The mean and the shrunk covariance of rows.
fn gaussian(rows: &[Vec<f64>]) -> (Vec<f64>, Square) {
    let (d, n) = (rows.first().map_or(0, Vec::len), rows.len() as f64);
    let mean: Vec<f64> = (0..d).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / n).collect();
    let mut covariance = vec![vec![0.0; d]; d];
    for row in rows {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(value, mean)| value - mean).collect();
        for (sums, x) in covariance.iter_mut().zip(&centred) {
            sums.iter_mut().zip(&centred).for_each(|(sum, y)| *sum += x * y / n);
        }
    }
    shrink(&mut covariance, n);
    (mean, covariance)
}

/// Oracle approximating shrinkage of the covariance of `n` rows.
fn shrink(covariance: &mut Square, n: f64) {
    let d = covariance.len() as f64;
    let (trace, squares) = (trace(covariance), covariance.iter().flatten().map(|it| it * it).sum::<f64>());
    let over = (1.0 - 2.0 / d) * squares + trace * trace;
    let under = (n + 1.0 - 2.0 / d) * (squares - trace * trace / d);
    let part = if under > over { over / under } else { 1.0 };
    for (i, row) in covariance.iter_mut().enumerate() {
        row.iter_mut().for_each(|value| *value *= 1.0 - part);
        row[i] += part * trace / d;
    }
}

fn trace(matrix: &Square) -> f64 {
    matrix.iter().enumerate().map(|(i, row)| row[i]).sum()
}

/// The symmetric square root of a covariance.
fn square_root(matrix: Square) -> Square {
    let d = matrix.len();
    let mut root = vec![vec![0.0; d]; d];
    for pair in eigenpairs(matrix) {
        let size = pair.value.max(0.0).sqrt();
        for (row, x) in root.iter_mut().zip(&pair.vector) {
            row.iter_mut().zip(&pair.vector).for_each(|(cell, y)| *cell += size * x * y);
        }
    }
    root
}

fn product(a: &Square, b: &Square) -> Square {
    let row = |row: &Vec<f64>| {
        let mut sums = vec![0.0; b.len()];
        for (weight, row) in row.iter().zip(b) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
        }
        sums
    };
    a.iter().map(row).collect()
}

fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (quantile(&values, TAIL)?, quantile(&values, 1.0 - TAIL)?);
    Some(Spread { mean: mean(values.iter().copied())?, low, high, splits: values.len() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bootstrap::below;

    /// Pieces of eight passages: noise around a centre of the piece, stretched along some axes and
    /// moved by `shift`.
    fn set(pieces: usize, d: usize, shift: f32, seed: u64) -> Vec<Passages> {
        let mut stream = stream(seed);
        let mut noise =
            move || (0..12).map(|_| below(&mut stream, 1 << 20) as f32 / (1 << 20) as f32).sum::<f32>() - 6.0;
        let mut vector = |size: f32| (0..d).map(|i| size * noise() / (1 + i) as f32).collect::<Vec<f32>>();
        let mut piece = || {
            let centre = vector(0.5);
            let passage = |noise: Vec<f32>| noise.iter().zip(&centre).map(|(a, b)| a + b + shift).collect();
            (0..8).map(|_| passage(vector(1.0))).collect()
        };
        (0..pieces).map(|_| piece()).collect()
    }

    #[test]
    fn the_distance_of_two_gaussians_by_hand() {
        // One dimension: (m1 - m2)² + (s1 - s2)². Shrinkage changes nothing in one dimension.
        let line =
            |mean: f32, size: f32| (0..100).map(|k| vec![mean + size * (k % 2 * 2 - 1) as f32]).collect::<Vec<_>>();
        let it = distance(&line(3.0, 5.0), &line(1.0, 2.0)).unwrap();
        assert!((it.value - 13.0).abs() < 1e-9 && it.components == 1, "{it:?}");
        assert!((it.real_inside, it.generated_inside) == (1.0, 1.0));
    }

    #[test]
    fn a_set_is_nowhere_from_itself_and_directions_do_not_matter() {
        let a: Vec<Vec<f32>> = set(10, 6, 0.0, 1).concat();
        let itself = distance(&a, &a).unwrap();
        assert!(itself.value < 1e-9, "{itself:?}");
        // Turned and mirrored alike, both sets are as far apart as before.
        let b: Vec<Vec<f32>> = set(10, 6, 0.4, 2).concat();
        let turned = |set: &[Vec<f32>]| {
            let turn = |row: &Vec<f32>| {
                let (x, y) = (row[0], row[4]);
                let mut row: Vec<f32> = row.iter().rev().map(|it| -it).collect();
                (row[5], row[1]) = (0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y);
                row
            };
            set.iter().map(turn).collect::<Vec<_>>()
        };
        let (there, after) = (distance(&b, &a).unwrap().value, distance(&turned(&b), &turned(&a)).unwrap().value);
        assert!(there > 0.5 && (there - after).abs() < 1e-5 * there, "{there} {after}");
    }

    #[test]
    fn halves_of_one_kind_are_nearer_than_another_kind() {
        let (real, like, unlike) = (set(40, 40, 0.0, 1), set(30, 40, 0.0, 2), set(30, 40, 0.5, 3));
        let [like, unlike] = [like, unlike].map(|generated| compare(&generated, &real, 40, 7).unwrap());
        let scale = like.real_to_real.unwrap();
        assert_eq!((like.distance.components, scale.splits, unlike.real_to_real), (32, 40, Some(scale)));
        let [near, far] = [like, unlike].map(|it| it.generated_to_real.unwrap());
        assert!(scale.low < near.mean && near.mean < 1.5 * scale.high, "{near:?} {scale:?}");
        assert!(far.low > 2.0 * scale.high, "{far:?} {scale:?}");
        assert_eq!(compare(&set(30, 40, 0.0, 2), &real, 40, 7), Some(like));
        // The whole is less noisy than halves, and the same as without splits.
        assert!(like.distance.value < near.mean);
        let flat = distance(&set(30, 40, 0.0, 2).concat(), &real.concat()).unwrap();
        assert!((flat.value - like.distance.value).abs() < 1e-12);
    }

    #[test]
    fn what_real_pieces_never_do_is_outside() {
        let mut real: Vec<Vec<f32>> = set(10, 50, 0.0, 1).concat();
        real.iter_mut().for_each(|row| row[40..].fill(0.0));
        let mut generated = real.clone();
        generated.iter_mut().enumerate().for_each(|(k, row)| row[45] = (k % 2 * 2) as f32 - 1.0);
        let it = distance(&generated, &real).unwrap();
        assert!(it.real_inside > 0.99 && it.generated_inside < 0.9, "{it:?}");
    }

    #[test]
    fn a_covariance_shrinks_less_the_more_rows_it_has() {
        let shrunk = |n: f64| {
            let mut covariance = vec![vec![2.0, 1.0], vec![1.0, 1.0]];
            shrink(&mut covariance, n);
            covariance
        };
        assert!((trace(&shrunk(10.0)) - 3.0).abs() < 1e-12);
        assert!(shrunk(10.0)[0][1] < shrunk(1000.0)[0][1] && shrunk(1000.0)[0][1] < 1.0);
        // Chen et al. for d = 2, n = 10: 9 / (11 - 1) / (7 - 4.5).
        assert!((shrunk(10.0)[0][1] - (1.0 - 9.0 / 25.0)).abs() < 1e-12);
    }

    #[test]
    fn too_few_or_unfit_embeddings_have_no_distance() {
        let good = set(4, 3, 0.0, 1).concat();
        assert!(distance(&good, &good).is_some());
        assert_eq!(distance(&good[..MIN_EMBEDDINGS - 1], &good), None);
        assert_eq!(distance(&good, &good[..MIN_EMBEDDINGS - 1]), None);
        let spoiled = |row: Vec<f32>| [good.clone(), vec![row]].concat();
        assert_eq!(distance(&spoiled(vec![1.0]), &good), None);
        assert_eq!(distance(&spoiled(vec![1.0, f32::NAN, 0.0]), &good), None);
        assert_eq!(distance(&good, &spoiled(vec![1.0, f32::NAN, 0.0])), None);
        assert_eq!(compare(&[], &set(4, 3, 0.0, 1), 5, 0), None);
        // Two real pieces of eight passages can be halved, one cannot.
        assert!(compare(&set(4, 3, 0.0, 2), &set(2, 3, 0.0, 1), 5, 0).unwrap().real_to_real.is_some());
        assert!(compare(&set(4, 3, 0.0, 2), &set(1, 3, 0.0, 1), 5, 0).unwrap().real_to_real.is_none());
        let same = vec![vec![1.0, 2.0]; 10];
        assert_eq!(distance(&same, &same).unwrap().value, 0.0);
    }
}
