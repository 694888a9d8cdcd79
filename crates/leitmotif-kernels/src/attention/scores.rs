//! Passes over a tile of scores: some queries by all the keys that they may see, keys in the lanes.
//!
//! The score of a query and a key is the sum of a content and a position score. Both come from
//! matrix products; the position scores of row `i` are shifted by one more column than those of row
//! `i + 1` (Transformer-XL's relative shift), which is here a plain offset.

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
    /// Floats between rows; at least `keys + rows + 16`.
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
    /// Columns by which the position scores of a row are shifted.
    #[inline(always)]
    fn shift(&self, row: usize) -> usize {
        self.rows - 1 - row
    }

    /// Keys that a row sees.
    #[inline(always)]
    fn end(&self, row: usize) -> usize {
        self.keys - self.shift(row)
    }
}

dispatch! {
    /// Turns `content` scores into unnormalised (and dropped) probabilities, zero where a key is
    /// not seen; writes the factor that normalises each row, and the logarithm of the sum of
    /// exponentials.
    pub(super) fn softmax(tile: Tile, content: &mut [f32], position: &[f32], factor: &mut [f32], log_sum: &mut [f32]) = softmax_rows;
}

dispatch! {
    /// From both scores and the gradient `dprobability` of the dropped probabilities: `content`
    /// becomes the dropped probabilities, `dprobability` the gradient of the scores, and `position`
    /// the same gradient, shifted like the position scores. `delta` is each row's product of output
    /// and its gradient.
    pub(super) fn softmax_backward(
        tile: Tile,
        content: &mut [f32],
        position: &mut [f32],
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
fn softmax_rows<S: Simd>(
    s: S,
    tile: Tile,
    content: &mut [f32],
    position: &[f32],
    factor: &mut [f32],
    log_sum: &mut [f32],
) {
    let mut factors = Factors::new(s, tile.dropout);
    let width = tile.keys.next_multiple_of(S::N);
    let mut largests = [0.0; MAX_ROWS];
    for r in 0..tile.rows {
        let end = tile.end(r);
        let (scores, rest) = content[r * tile.row..][..width].split_at_mut(end.next_multiple_of(S::N));
        rest.fill(0.0);
        let position = &position[r * tile.row + tile.shift(r)..][..scores.len()];
        let mut largest = s.splat(f32::NEG_INFINITY);
        for (j, (x, p)) in scores.chunks_exact_mut(S::N).zip(position.chunks_exact(S::N)).enumerate() {
            let mut v = s.add(s.load(x), s.load(p));
            if (j + 1) * S::N > end {
                v = first(s, v, end - j * S::N, f32::NEG_INFINITY);
            }
            largest = s.max(largest, v);
            s.store(x, v);
        }
        let mut largest = s.largest(largest);
        if tile.gap.0 < tile.gap.1 {
            scores[tile.gap.0..tile.gap.1].fill(f32::NEG_INFINITY);
            largest = scores.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
        }
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
        let sum = s.sum(sum);
        factor[r] = 1.0 / sum;
        log_sum[r] = sum;
        largests[r] = largest;
    }
    s.ln(&mut log_sum[..tile.rows]);
    log_sum.iter_mut().zip(&largests).take(tile.rows).for_each(|(x, largest)| *x += largest);
}

#[inline(always)]
fn backward_rows<S: Simd>(
    s: S,
    tile: Tile,
    content: &mut [f32],
    position: &mut [f32],
    dprobability: &mut [f32],
    log_sum: &[f32],
    delta: &[f32],
) {
    let mut factors = Factors::new(s, tile.dropout);
    let width = tile.keys.next_multiple_of(S::N);
    for r in 0..tile.rows {
        let (end, shift) = (tile.end(r), tile.shift(r));
        let seen = end.next_multiple_of(S::N);
        let scores = &mut content[r * tile.row..][..width];
        let gradients = &mut dprobability[r * tile.row..][..width];
        scores[seen..].fill(0.0);
        gradients[seen..].fill(0.0);
        let position = &mut position[r * tile.row..][..tile.row];
        position[..shift].fill(0.0);
        let position = &mut position[shift..][..seen];
        let (log_sum, delta) = (s.splat(log_sum[r]), s.splat(delta[r]));
        let mut index = tile.index + r as u64 * tile.index_row;
        let lanes = scores.chunks_exact_mut(S::N).zip(gradients.chunks_exact_mut(S::N));
        for (j, (p, (x, g))) in position.chunks_exact_mut(S::N).zip(lanes).enumerate() {
            let mut v = s.sub(s.add(s.load(x), s.load(p)), log_sum);
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
            s.store(p, gradient);
        }
        let (from, to) = tile.gap;
        if from < to {
            [scores, gradients, position].into_iter().for_each(|x| x[from..to].fill(0.0));
        }
    }
}
