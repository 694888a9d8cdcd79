//! Sets of one distribution and of two.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::bootstrap::{below, stream};

const NAMES: [&str; 4] = ["a", "b", "c", "constant"];
const OPTIONS: Options = Options { paired: false, resamples: 400, seed: 11 };

/// Pieces whose first three figures are about normal (a mean of twelve dice), shifted by so many
/// deviations; one figure in eight is absent.
fn set(pieces: usize, shift: [f64; 3], seed: u64) -> Vec<Figures> {
    let mut stream = stream(seed);
    let mut normal = || (0..12).map(|_| below(&mut stream, 1000) as f64 / 999.0).sum::<f64>() - 6.0;
    let mut piece = |_| {
        let mut figures: Figures = shift.iter().map(|shift| Some(normal() + shift)).collect();
        if normal() < -1.15 {
            figures[2] = None;
        }
        figures.push(Some(3.0));
        figures
    };
    (0..pieces).map(&mut piece).collect()
}

fn accuracy(first: &[Figures], second: &[Figures]) -> f64 {
    two_sample(first, second, &NAMES, OPTIONS).unwrap().accuracy.value
}

#[test]
fn halves_of_one_distribution_are_distinguished_by_chance_only() {
    let seeds = 0..8;
    let values: Vec<f64> =
        seeds.map(|seed| accuracy(&set(24, [0.0; 3], seed), &set(24, [0.0; 3], seed + 100))).collect();
    let middle = mean(values.iter().copied()).unwrap();
    assert!((middle - 0.5).abs() < 0.06 && values.iter().all(|it| (0.25..0.75).contains(it)), "{values:?}");
}

#[test]
fn sets_far_apart_are_distinguished_for_certain() {
    let it = two_sample(&set(24, [0.0, 8.0, 0.0], 1), &set(24, [0.0; 3], 2), &NAMES, OPTIONS).unwrap();
    assert_eq!((it.accuracy.value, it.accuracy.low), (1.0, 1.0));
    assert_eq!((it.figures[0].figure.as_str(), it.figures[0].above.value), ("b", 1.0));
    assert_eq!(it.figures[0].direction(), Some(Direction::Higher));
    assert_eq!(it.figures.len(), 3, "what does not vary says nothing");
}

#[test]
fn what_gives_pieces_away_is_named_with_its_direction() {
    let it = two_sample(&set(60, [0.0, 0.0, -2.0], 1), &set(50, [0.0; 3], 52), &NAMES, OPTIONS).unwrap();
    assert!(it.accuracy.low > 0.55 && it.accuracy.value < 0.95, "{:?}", it.accuracy);
    assert_eq!((it.figures[0].figure.as_str(), it.figures[0].direction()), ("c", Some(Direction::Lower)));
    // Theory: the difference of two normal values, of mean -2 here, is above 0 with probability
    // 0.079.
    assert!((it.figures[0].above.value - 0.079).abs() < 0.05);
    assert!(it.figures[1..].iter().all(|shift| shift.strength() < 0.65));
}

#[test]
fn pairs_that_are_alike_are_not_distinguished_by_their_twins() {
    // Every pair shares its figures, so that a twin in training would always be the nearest piece
    // of the wrong set.
    let pieces = set(20, [0.0; 3], 3);
    let it = two_sample(&pieces, &pieces, &NAMES, Options { paired: true, ..OPTIONS }).unwrap();
    assert_eq!((it.accuracy.value, it.accuracy.low, it.accuracy.high), (0.5, 0.5, 0.5));
    assert!(it.figures.iter().all(|shift| shift.above.value == 0.5 && shift.direction().is_none()));
}

#[test]
fn a_seed_gives_one_result() {
    let (first, second) = (set(9, [0.4; 3], 1), set(30, [0.0; 3], 2));
    let test = |seed| two_sample(&first, &second, &NAMES, Options { seed, ..OPTIONS }).unwrap();
    assert_eq!(test(5), test(5));
    assert_ne!(test(5).accuracy, test(6).accuracy);
}

#[test]
fn the_area_counts_ties_half() {
    let value = |piece: usize| [Some(1.0), Some(2.0), None, Some(1.0), Some(0.0)][piece];
    // 1 and 2 against 1 and 0: three larger, one tie.
    assert_eq!(area(&[0, 1, 2, 3, 4], &|piece| piece < 3, &value), Some(3.5 / 4.0));
    assert_eq!(area(&[0, 1, 2], &|piece| piece < 3, &value), None);
}

#[test]
fn too_few_pieces_or_nothing_that_varies_is_no_test() {
    let few = set(LEAST_PIECES - 1, [0.0; 3], 1);
    assert_eq!(two_sample(&few, &set(40, [0.0; 3], 2), &NAMES, OPTIONS), None);
    let same = vec![vec![Some(1.0), None]; 8];
    assert_eq!(two_sample(&same, &same, &["a", "b"], OPTIONS), None);
}
