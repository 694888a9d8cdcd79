//! Passes over a tile of scores: some queries of a group by all its keys, keys in the lanes.

use crate::simd::{Simd, dispatch};

/// Queries of a tile.
pub(super) const TILE: usize = 32;

/// Scores of some queries and keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Queries.
    pub rows: usize,
    pub keys: usize,
    /// Floats between rows; full vectors of keys.
    pub row: usize,
    /// What scores are multiplied with first.
    pub scale: f32,
}

dispatch! {
    /// Turns scores into probabilities and writes the logarithm of each row's sum of exponentials.
    pub(super) fn softmax(tile: Tile, scores: &mut [f32], log_sum: &mut [f32]) = softmax_rows;
}

dispatch! {
    /// Turns scores into probabilities, and their `gradient` into that of the unscaled scores.
    pub(super) fn softmax_backward(tile: Tile, scores: &mut [f32], gradient: &mut [f32], log_sum: &[f32]) = backward_rows;
}

/// The keys of a row as full vectors, those that do not exist set to `value`.
#[inline(always)]
fn vectors<S: Simd>(_: S, row: &mut [f32], keys: usize, value: f32) -> &mut [f32] {
    let row = &mut row[..keys.next_multiple_of(S::N)];
    row[keys..].fill(value);
    row
}

#[inline(always)]
fn softmax_rows<S: Simd>(s: S, tile: Tile, scores: &mut [f32], log_sum: &mut [f32]) {
    let scale = s.splat(tile.scale);
    let log_sum = &mut log_sum[..tile.rows];
    let mut largests = [0.0; TILE];
    for (r, scores) in scores.chunks_mut(tile.row).take(tile.rows).enumerate() {
        let scores = vectors(s, scores, tile.keys, f32::NEG_INFINITY);
        let mut largest = s.splat(f32::NEG_INFINITY);
        for x in scores.chunks_exact(S::N) {
            largest = s.max(largest, s.load(x));
        }
        largests[r] = s.largest(largest) * tile.scale;
        let (shift, mut sum) = (s.splat(-largests[r]), s.zero());
        for x in scores.chunks_exact_mut(S::N) {
            let e = s.exp(s.fma(s.load(x), scale, shift));
            sum = s.add(sum, e);
            s.store(x, e);
        }
        log_sum[r] = s.sum(sum);
        let factor = s.splat(1.0 / log_sum[r]);
        for x in scores.chunks_exact_mut(S::N) {
            s.store(x, s.mul(s.load(x), factor));
        }
    }
    s.ln(log_sum);
    log_sum.iter_mut().zip(&largests).for_each(|(x, largest)| *x += largest);
}

#[inline(always)]
fn backward_rows<S: Simd>(s: S, tile: Tile, scores: &mut [f32], gradient: &mut [f32], log_sum: &[f32]) {
    let scale = s.splat(tile.scale);
    let rows = scores.chunks_mut(tile.row).zip(gradient.chunks_mut(tile.row));
    for ((scores, gradient), &log_sum) in rows.zip(&log_sum[..tile.rows]) {
        let scores = vectors(s, scores, tile.keys, f32::NEG_INFINITY);
        let gradient = vectors(s, gradient, tile.keys, 0.0);
        let (shift, mut mean) = (s.splat(-log_sum), s.zero());
        for (x, g) in scores.chunks_exact_mut(S::N).zip(gradient.chunks_exact(S::N)) {
            let probability = s.exp(s.fma(s.load(x), scale, shift));
            mean = s.fma(probability, s.load(g), mean);
            s.store(x, probability);
        }
        let mean = s.splat(s.sum(mean));
        for (x, g) in scores.chunks_exact(S::N).zip(gradient.chunks_exact_mut(S::N)) {
            let weight = s.mul(s.load(x), scale);
            s.store(g, s.mul(weight, s.sub(s.load(g), mean)));
        }
    }
}
