//! What compression lost: the attention-reconstruction loss of the Compressive Transformer (Rae et
//! al. 2020, algorithm 1).
//!
//! The segment's queries attend, by content alone and without order, once the evicted states and
//! once the states that they were compressed into, both normalised and projected with the layer's
//! weights. The loss is the mean squared difference of what the heads find, over sequences that
//! evicted anything. It teaches the compressed states only, so its gradient with respect to them is
//! made in the same pass and everything else is constant.
//!
//! Of both kinds of states the last ones are real; what stands before them is never read.

mod core;
mod softmax;

use crate::feed_forward::split;
use crate::gemm::{Packed, Start};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize, normalize_backward};
use crate::pool::{self, Buf};
use crate::rows::{copy, stride};
use core::Head;
use rayon::prelude::*;

/// Sizes of one call.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of the segment.
    pub segment: usize,
    /// Slots for evicted states.
    pub evicted: usize,
    /// Slots for compressed states.
    pub compressed: usize,
    /// Heads; a divisor of the width.
    pub heads: usize,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Sizes.
    pub shape: Shape,
    /// The segment's hidden states, which queries are made of, `[batch, segment, d]`.
    pub x: &'a [f32],
    /// `[batch, evicted, d]`
    pub evicted: &'a [f32],
    /// `[batch, compressed, d]`
    pub compressed: &'a [f32],
    /// How many of each sequence's evicted states are real.
    pub filled_evicted: &'a [usize],
    /// How many of its compressed states are real: none where no evicted one is, else at least one.
    pub filled_compressed: &'a [usize],
}

/// The layer's parameters.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of all states, `[d]`.
    pub norm: LayerNorm<'a>,
    /// `[d, 3 d]`: queries, keys, values.
    pub w_qkv: &'a [f32],
}

/// What [`train`] returns.
#[derive(Debug)]
pub struct Trained {
    /// The mean squared difference; 0 where no sequence evicted anything.
    pub loss: f32,
    /// The loss's gradient, `[batch, compressed, d]`, zero in slots that are not real.
    pub compressed: Vec<f32>,
}

/// Rows of a task in projections.
const ROWS: usize = 64;

impl Input<'_> {
    /// Width.
    fn width(&self, w: &Weights<'_>) -> usize {
        let (Shape { batch, segment, evicted, compressed, heads }, d) = (self.shape, w.norm.d());
        assert!(heads > 0 && d % heads == 0, "heads divide the width");
        assert_eq!(w.norm.rows(self.x), batch * segment, "x is [batch, segment, d]");
        assert_eq!(self.evicted.len(), batch * evicted * d, "evicted states are [batch, evicted, d]");
        assert_eq!(self.compressed.len(), batch * compressed * d, "compressed states are [batch, compressed, d]");
        assert_eq!([self.filled_evicted.len(), self.filled_compressed.len()], [batch; 2], "filled counts are [batch]");
        let fits = |(&e, &c): (&usize, &usize)| e <= evicted && c <= compressed && (e == 0) == (c == 0);
        assert!(self.filled_evicted.iter().zip(self.filled_compressed).all(fits), "filled counts fit the slots");
        assert_eq!(w.w_qkv.len(), 3 * d * d, "w_qkv is [d, 3 d]");
        d
    }
}

/// The loss and its gradient.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn train(input: &Input<'_>, w: &Weights<'_>) -> Trained {
    let d = input.width(w);
    let Shape { segment, compressed, .. } = input.shape;
    let mut gradient = pool::zeros(input.compressed.len());
    let lanes = input.filled_evicted.iter().filter(|&&filled| filled > 0).count();
    if lanes == 0 || segment == 0 {
        return Trained { loss: 0.0, compressed: gradient };
    }
    let counted = (lanes * segment * d) as f64;
    let layer = Layer::new(input, w, d, (2.0 / counted) as f32);
    let sums: Vec<f64> =
        gradient.par_chunks_mut(compressed * d).enumerate().map(|(b, gradient)| layer.sequence(b, gradient)).collect();
    Trained { loss: (sums.iter().sum::<f64>() / counted) as f32, compressed: gradient }
}

/// What all sequences share.
struct Layer<'a> {
    isa: Isa,
    input: &'a Input<'a>,
    w: &'a Weights<'a>,
    d: usize,
    /// What a difference is multiplied with to become its gradient.
    slope: f32,
    to_queries: Packed,
    to_keys_and_values: Packed,
    /// Back from keys and values.
    back: Packed,
}

impl<'a> Layer<'a> {
    fn new(input: &'a Input<'a>, w: &'a Weights<'a>, d: usize, slope: f32) -> Self {
        Self {
            isa: Isa::current(),
            input,
            w,
            d,
            slope,
            to_queries: Packed::strided(w.w_qkv, d, d, 3 * d, 1),
            to_keys_and_values: Packed::strided(&w.w_qkv[d..], d, 2 * d, 3 * d, 1),
            back: Packed::strided(&w.w_qkv[d..], 2 * d, d, 1, 3 * d),
        }
    }

    /// The sum of squares of one sequence; writes the gradient of its compressed states
    /// `[compressed, d]`.
    fn sequence(&self, b: usize, gradient: &mut [f32]) -> f64 {
        let (d, Input { shape, filled_evicted, filled_compressed, .. }) = (self.d, *self.input);
        let Shape { segment, evicted, compressed, heads, .. } = shape;
        let (states, groups) = (filled_evicted[b], filled_compressed[b]);
        if states == 0 {
            return 0.0;
        }
        let real =
            |all: &'a [f32], slots: usize, filled: usize| &all[((b + 1) * slots - filled) * d..(b + 1) * slots * d];
        let found = real(self.input.compressed, compressed, groups);
        let queries = self.project(&self.to_queries, real(self.input.x, segment, segment));
        let of_evicted = self.project(&self.to_keys_and_values, real(self.input.evicted, evicted, states));
        let of_compressed = self.project(&self.to_keys_and_values, found);
        let dh = d / heads;
        let mut gradients = pool::take(groups * 2 * d);
        let sums: Vec<f64> = gradients
            .par_chunks_mut(groups * 2 * dh)
            .enumerate()
            .map(|(head, gradients)| {
                let column = head * dh;
                let [evicted, compressed] = [&of_evicted, &of_compressed].map(|kv| &kv[column..]);
                let head =
                    Head { isa: self.isa, d, dh, queries: &queries[column..], evicted, compressed, slope: self.slope };
                head.train([segment, states, groups], gradients)
            })
            .collect();
        self.back(&gradients, found, &mut gradient[(compressed - groups) * d..]);
        sums.iter().sum()
    }

    /// Rows normalised and projected.
    fn project(&self, packed: &Packed, x: &[f32]) -> Buf {
        let (d, n) = (self.d, packed.n());
        let mut y = pool::take(x.len() / d * n);
        y.par_chunks_mut(ROWS * n).zip(x.par_chunks(ROWS * d)).for_each(|(y, x)| {
            let mut normed = pool::take(x.len() / d * stride(d));
            normalize(self.isa, x, self.w.norm, &mut normed, stride(d));
            packed.product(x.len() / d, &normed, stride(d), y, n, Start::Zero);
        });
        y
    }

    /// From gradients of keys and values `[heads, groups, 2 dh]` to those of the rows
    /// `x[groups, d]`.
    fn back(&self, gradients: &[f32], x: &[f32], dx: &mut [f32]) {
        let (d, groups, heads) = (self.d, x.len() / self.d, self.input.shape.heads);
        let (dh, row, d_row) = (d / heads, stride(2 * d), stride(d));
        let blocks = dx.par_chunks_mut(ROWS * d).zip(x.par_chunks(ROWS * d)).enumerate();
        blocks.for_each(|(block, (dx, x))| {
            let n = x.len() / d;
            let lengths = [n * row, n * d_row, d, d];
            let mut scratch = pool::take(lengths.iter().sum());
            // Scale and shift are constant here.
            let [joined, dnormed, dgamma, dbeta] = split(&mut scratch, lengths);
            for (i, joined) in joined.chunks_exact_mut(row).enumerate() {
                for head in 0..heads {
                    let from = &gradients[(head * groups + block * ROWS + i) * 2 * dh..][..2 * dh];
                    copy(&from[..dh], &mut joined[head * dh..(head + 1) * dh]);
                    copy(&from[dh..], &mut joined[d + head * dh..d + (head + 1) * dh]);
                }
            }
            self.back.product(n, joined, row, dnormed, d_row, Start::Zero);
            normalize_backward(self.isa, x, self.w.norm, (dnormed, d_row), None, dx, dgamma, dbeta);
        });
    }
}
