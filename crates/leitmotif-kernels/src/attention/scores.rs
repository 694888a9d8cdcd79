//! Passes over a tile of scores: some queries by all the keys that they may see, keys in the lanes.
//!
//! The score of a query and a key is the sum of a content and a position score, both from matrix
//! products. Distances begin one column earlier with each query (Transformer-XL's relative shift):
//! to the product of positions, rows of a tile are one float further apart and begin
//! [`Tile::rows`]` - 1` floats earlier. What it writes before a row's first column falls into the
//! margin before that row, and what it reads there is zero.

use crate::dropout::{Dropout, Factors};
use crate::simd::{Simd, dispatch};

/// Most queries of a tile.
pub(super) const MAX_ROWS: usize = 32;

/// A tile of scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Queries.
    pub rows: usize,
    /// Keys that the last query sees; the first sees `rows - 1` fewer.
    pub keys: usize,
    /// Floats between rows; at least `keys + rows + 16`, so that there is a margin between them.
    pub row: usize,
    /// Keys that nobody sees.
    pub gap: (usize, usize),
    /// Of the probabilities.
    pub dropout: Dropout,
    /// Dropout index of the first query and key.
    pub index: u64,
    /// Dropout indices from one query to the next.
    pub index_row: u64,
}

impl Tile {
    /// Keys that a row sees.
    #[inline(always)]
    fn end(&self, row: usize) -> usize {
        self.keys - (self.rows - 1 - row)
    }
}

dispatch! {
    /// Turns scores into unnormalised (and dropped) probabilities, zero where a key is
    /// not seen; writes the factor that normalises each row, and the logarithm of the sum of
    /// exponentials.
    pub(super) fn softmax(tile: Tile, scores: &mut [f32], factor: &mut [f32], log_sum: &mut [f32]) = softmax_rows;
}

dispatch! {
    /// From scores and the gradient `dprobability` of the dropped probabilities: the scores become
    /// the dropped probabilities, `dprobability` the gradient of the scores. `delta` is each row's
    /// product of output and its gradient.
    pub(super) fn softmax_backward(
        tile: Tile,
        scores: &mut [f32],
        dprobability: &mut [f32],
        log_sum: &[f32],
        delta: &[f32],
    ) = backward_rows;
}

/// The first `count` lanes of `v`, the others `other`.
#[inline(always)]
fn first<S: Simd>(s: S, v: S::V, count: usize, other: f32) -> S::V {
    const LANES: [f32; 16] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
    s.if_negative(s.sub(s.load(&LANES), s.splat(count as f32)), v, s.splat(other))
}

#[inline(always)]
fn softmax_rows<S: Simd>(s: S, tile: Tile, scores: &mut [f32], factor: &mut [f32], log_sum: &mut [f32]) {
    let mut factors = Factors::new(s, tile.dropout);
    let width = tile.keys.next_multiple_of(S::N);
    // Row by row in two passes, so that the sums across lanes of several rows overlap.
    let mut largests = [0.0; MAX_ROWS];
    for (r, largest) in largests.iter_mut().enumerate().take(tile.rows) {
        let end = tile.end(r);
        let (scores, rest) = scores[r * tile.row..][..width].split_at_mut(end.next_multiple_of(S::N));
        rest.chunks_exact_mut(S::N).for_each(|x| s.store(x, s.zero()));
        if tile.gap.0 < tile.gap.1 {
            scores[tile.gap.0..tile.gap.1].fill(f32::NEG_INFINITY);
        }
        let (whole, part) = scores.split_at_mut(end - end % S::N);
        let mut most = s.splat(f32::NEG_INFINITY);
        if !part.is_empty() {
            most = first(s, s.load(part), end % S::N, f32::NEG_INFINITY);
            s.store(part, most);
        }
        for x in whole.chunks_exact(S::N) {
            most = s.max(most, s.load(x));
        }
        *largest = s.largest(most);
    }
    for (r, (&largest, log_sum)) in largests.iter().zip(&mut *log_sum).enumerate().take(tile.rows) {
        let scores = &mut scores[r * tile.row..][..tile.end(r).next_multiple_of(S::N)];
        let (shift, mut sum) = (s.splat(largest), s.zero());
        if tile.dropout.is_active() {
            let mut index = tile.index + r as u64 * tile.index_row;
            for x in scores.chunks_exact_mut(S::N) {
                let e = s.exp(s.sub(s.load(x), shift));
                sum = s.add(sum, e);
                s.store(x, s.mul(e, factors.at(index)));
                index += S::N as u64;
            }
        } else {
            for x in scores.chunks_exact_mut(S::N) {
                let e = s.exp(s.sub(s.load(x), shift));
                sum = s.add(sum, e);
                s.store(x, e);
            }
        }
        *log_sum = s.sum(sum);
    }
    let sums = log_sum.chunks_mut(S::N).zip(factor.chunks_mut(S::N).zip(largests.chunks(S::N)));
    for (sum, (factor, largest)) in sums {
        let (count, v) = (sum.len(), s.load_part(sum));
        s.store_part(&mut factor[..count], s.div(s.splat(1.0), v));
        s.ln(sum);
        let v = s.add(s.load_part(sum), s.load_part(&largest[..count]));
        s.store_part(sum, v);
    }
}

#[inline(always)]
fn backward_rows<S: Simd>(
    s: S,
    tile: Tile,
    scores: &mut [f32],
    dprobability: &mut [f32],
    log_sum: &[f32],
    delta: &[f32],
) {
    let mut factors = Factors::new(s, tile.dropout);
    let width = tile.keys.next_multiple_of(S::N);
    for r in 0..tile.rows {
        let end = tile.end(r);
        let seen = end.next_multiple_of(S::N);
        let scores = &mut scores[r * tile.row..][..width];
        let gradients = &mut dprobability[r * tile.row..][..width];
        scores[seen..].fill(0.0);
        gradients[seen..].fill(0.0);
        let (log_sum, delta) = (s.splat(log_sum[r]), s.splat(delta[r]));
        let mut index = tile.index + r as u64 * tile.index_row;
        let lanes = scores[..seen].chunks_exact_mut(S::N).zip(gradients[..seen].chunks_exact_mut(S::N));
        for (j, (x, g)) in lanes.enumerate() {
            let mut v = s.sub(s.load(x), log_sum);
            let mut dp = s.load(g);
            if (j + 1) * S::N > end {
                v = first(s, v, end - j * S::N, f32::NEG_INFINITY);
                dp = first(s, dp, end - j * S::N, 0.0);
            }
            let probability = s.exp(v);
            let mut dropped = probability;
            if tile.dropout.is_active() {
                let factor = factors.at(index);
                dropped = s.mul(probability, factor);
                dp = s.mul(dp, factor);
                index += S::N as u64;
            }
            let gradient = s.mul(probability, s.sub(dp, delta));
            s.store(x, dropped);
            s.store(g, gradient);
        }
        let (from, to) = tile.gap;
        if from < to {
            [scores, gradients].into_iter().for_each(|x| x[from..to].fill(0.0));
        }
    }
}
