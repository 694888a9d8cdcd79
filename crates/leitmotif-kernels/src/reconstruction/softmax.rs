//! Passes over a tile of scores, keys in the lanes, and over a tile of what was found.

use crate::simd::{Simd, dispatch};

/// Scores of some queries and keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores {
    /// Queries.
    pub rows: usize,
    pub keys: usize,
    /// Floats between rows.
    pub row: usize,
    /// What scores are multiplied with first.
    pub scale: f32,
}

dispatch! {
    /// Turns scores into probabilities.
    pub(super) fn softmax(tile: Scores, scores: &mut [f32]) = softmax_rows;
}

dispatch! {
    /// Turns the gradient of probabilities into that of unscaled scores.
    pub(super) fn softmax_backward(tile: Scores, probabilities: &[f32], gradient: &mut [f32]) = backward_rows;
}

dispatch! {
    /// The sum of squares of `found - target`; `found` becomes the difference times `slope`.
    pub(super) fn difference(found: &mut [f32], target: &[f32], slope: f32) -> f64 = difference_lanes;
}

#[inline(always)]
fn softmax_rows<S: Simd>(s: S, tile: Scores, scores: &mut [f32]) {
    let scale = s.splat(tile.scale);
    for scores in scores.chunks_mut(tile.row).take(tile.rows) {
        let (whole, rest) = scores[..tile.keys].split_at_mut(tile.keys - tile.keys % S::N);
        let mut largest = s.splat(f32::NEG_INFINITY);
        for x in whole.chunks_exact(S::N) {
            largest = s.max(largest, s.load(x));
        }
        // The scale is positive.
        let largest = rest.iter().fold(s.largest(largest), |m, &x| m.max(x));
        let shift = s.splat(-largest * tile.scale);
        let mut sum = s.zero();
        for x in whole.chunks_exact_mut(S::N) {
            let e = s.exp(s.fma(s.load(x), scale, shift));
            sum = s.add(sum, e);
            s.store(x, e);
        }
        if !rest.is_empty() {
            s.store_part(rest, s.exp(s.fma(s.load_part(rest), scale, shift)));
        }
        let factor = s.splat(1.0 / (s.sum(sum) + rest.iter().sum::<f32>()));
        for x in scores[..tile.keys].chunks_mut(S::N) {
            s.store_part(x, s.mul(s.load_part(x), factor));
        }
    }
}

#[inline(always)]
fn backward_rows<S: Simd>(s: S, tile: Scores, probabilities: &[f32], gradient: &mut [f32]) {
    let rows = gradient.chunks_mut(tile.row).zip(probabilities.chunks(tile.row));
    for (gradient, probabilities) in rows.take(tile.rows) {
        let (gradient, probabilities) = (&mut gradient[..tile.keys], &probabilities[..tile.keys]);
        let mut sum = s.zero();
        for (g, p) in gradient.chunks(S::N).zip(probabilities.chunks(S::N)) {
            sum = s.fma(s.load_part(g), s.load_part(p), sum);
        }
        let (mean, scale) = (s.splat(s.sum(sum)), s.splat(tile.scale));
        for (g, p) in gradient.chunks_mut(S::N).zip(probabilities.chunks(S::N)) {
            let weight = s.mul(s.load_part(p), scale);
            s.store_part(g, s.mul(weight, s.sub(s.load_part(g), mean)));
        }
    }
}

#[inline(always)]
fn difference_lanes<S: Simd>(s: S, found: &mut [f32], target: &[f32], slope: f32) -> f64 {
    let (mut sum, slope) = (s.zero(), s.splat(slope));
    for (found, target) in found.chunks_mut(S::N).zip(target.chunks(S::N)) {
        let difference = s.sub(s.load_part(found), s.load_part(target));
        sum = s.fma(difference, difference, sum);
        s.store_part(found, s.mul(difference, slope));
    }
    f64::from(s.sum(sum))
}
