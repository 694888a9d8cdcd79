//! The pre-norm feed-forward block, `y = [x +] drop(drop(act(norm(x) W1 + b1)) W2 + b2)`.
//!
//! `act` is GELU with the exact error function (Hendrycks and Gimpel 2016), or, gated,
//! `gelu(a) * b` with `a` the first and `b` the second half of the hidden columns (Shazeer 2020).
//! Rows are worked on in blocks whose intermediates stay in cache. Training saves the hidden rows
//! before activation, the only intermediate that costs a product to make again.

mod activation;

use crate::dropout::Dropout;
use crate::gemm::{Packed, Start, outer};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize, normalize_backward};
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add_columns, finish, stride};
use activation::activate_backward;
pub(crate) use activation::{Hidden, activate};
use rayon::prelude::*;

/// Parameters of the block.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of the input, `[d]`.
    pub norm: LayerNorm<'a>,
    /// `[d, ff]`, or `[d, 2 ff]` when gated.
    pub w1: &'a [f32],
    /// `[ff]`, or `[2 ff]` when gated.
    pub b1: &'a [f32],
    /// `[ff, d]`
    pub w2: &'a [f32],
    /// `[d]`
    pub b2: &'a [f32],
}

/// What the block does besides its weights.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Gate the activation with a second half of hidden columns.
    pub gated: bool,
    /// Add the input to the output.
    pub residual: bool,
    /// Dropout of the hidden layer; index `row * ff + column`.
    pub hidden_dropout: Dropout,
    /// Dropout of the output, before the residual; index `row * d + column`.
    pub output_dropout: Dropout,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct Saved {
    hidden: Buf,
}

/// Gradients, each shaped as what it belongs to.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Gradients {
    pub x: Vec<f32>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub w1: Vec<f32>,
    pub b1: Vec<f32>,
    pub w2: Vec<f32>,
    pub b2: Vec<f32>,
}

/// Sizes of one call.
#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    d: usize,
    ff: usize,
    /// Hidden columns before activation.
    hidden: usize,
    /// Rows of a block.
    block: usize,
}

impl Sizes {
    fn of(x: &[f32], w: &Weights<'_>, config: &Config) -> Self {
        let (rows, d, hidden) = (w.norm.rows(x), w.norm.d(), w.b1.len());
        let ff = if config.gated { hidden / 2 } else { hidden };
        assert!(ff > 0 && (!config.gated || hidden == 2 * ff), "b1 is [ff], or [2 ff] when gated");
        assert_eq!((w.w1.len(), w.w2.len()), (d * hidden, ff * d), "w1 is [d, hidden], w2 is [ff, d]");
        assert_eq!(w.b2.len(), d, "b2 is [d]");
        Self { rows, d, ff, hidden, block: block_rows(d, hidden + ff) }
    }

    fn at(&self, config: &Config, first_row: usize) -> Hidden {
        let Self { ff, hidden, .. } = *self;
        let Config { gated, hidden_dropout: dropout, .. } = *config;
        Hidden { ff, row: stride(hidden), out_row: stride(ff), gated, dropout, first_row }
    }
}

/// Rows whose intermediates (`2 d + hidden` floats each) fill about half of a second-level cache.
fn block_rows(d: usize, hidden: usize) -> usize {
    const FLOATS: usize = 1 << 18;
    (FLOATS / (2 * d + hidden)).clamp(64, 256).next_multiple_of(16)
}

/// The block's output `[rows, d]` for `x[rows, d]`, and with `save` what [`backward`] needs.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn forward(x: &[f32], w: &Weights<'_>, config: &Config, save: bool) -> (Vec<f32>, Option<Saved>) {
    let isa = Isa::current();
    let sizes @ Sizes { rows, d, ff, hidden, block } = Sizes::of(x, w, config);
    let (w1, w2) = (Packed::new(w.w1, d, hidden), Packed::new(w.w2, ff, d));
    let (d_row, h_row, g_row) = (stride(d), stride(hidden), stride(ff));
    let run = |i: usize, x: &[f32], h: &mut [f32], y: &mut [f32]| {
        let n = x.len() / d;
        let (mut normed, mut g) = (pool::take(n * d_row), pool::take(n * g_row));
        normalize(isa, x, w.norm, &mut normed, d_row);
        w1.product(n, &normed, d_row, h, h_row, Start::Bias(w.b1));
        activate(isa, sizes.at(config, i * block), h, &mut g);
        w2.product(n, &g, g_row, y, d, Start::Bias(w.b2));
        finish(isa, y, config.output_dropout, (i * block * d) as u64, config.residual.then_some(x));
    };
    let mut y = pool::zeros(rows * d);
    let blocks = y.par_chunks_mut(block * d).zip(x.par_chunks(block * d)).enumerate();
    if save {
        let mut saved = pool::take(rows * h_row);
        blocks.zip(saved.par_chunks_mut(block * h_row)).for_each(|((i, (y, x)), h)| run(i, x, h, y));
        (y, Some(Saved { hidden: saved }))
    } else {
        blocks.for_each(|(i, (y, x))| run(i, x, &mut pool::take(x.len() / d * h_row), y));
        (y, None)
    }
}

/// Gradients from `dy[rows, d]`; the other arguments are those of the forward pass.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn backward(x: &[f32], dy: &[f32], w: &Weights<'_>, config: &Config, saved: &Saved) -> Gradients {
    let isa = Isa::current();
    let sizes @ Sizes { rows, d, ff, hidden, block } = Sizes::of(x, w, config);
    let (d_row, h_row, g_row) = (stride(d), stride(hidden), stride(ff));
    assert_eq!((dy.len(), saved.hidden.len()), (rows * d, rows * h_row), "dy is [rows, d], of the same rows");
    let (w1, w2) = (Packed::transposed(w.w1, hidden, d), Packed::transposed(w.w2, d, ff));
    let lengths = [d, d, hidden, d, d * hidden, ff * d];
    let parts = Parts::of(rows, block, lengths.iter().sum());
    let part = parts.len();
    let mut dx = pool::zeros(rows * d);
    let sums: Vec<Buf> = dx
        .par_chunks_mut(part * d)
        .enumerate()
        .map(|(p, dx)| {
            let mut sums = pool::take(lengths.iter().sum());
            let [dgamma, dbeta, db1, db2, dw1, dw2] = split(&mut sums, lengths);
            [&mut *dgamma, dbeta, db1, db2].into_iter().for_each(|sum| sum.fill(0.0));
            let [mut normed, mut dnormed] = [(); 2].map(|()| pool::take(block * d_row));
            let (mut g, mut dh) = (pool::take(block * g_row), pool::take(block * h_row));
            let mut dropped = pool::take(if config.output_dropout.is_active() { block * d } else { 0 });
            for (i, dx) in dx.chunks_mut(block * d).enumerate() {
                let (first, n) = (p * part + i * block, dx.len() / d);
                let floats = first * d..(first + n) * d;
                let (x, dy_rows) = (&x[floats.clone()], &dy[floats.clone()]);
                let h = &saved.hidden[first * h_row..(first + n) * h_row];
                let (g, dh) = (&mut g[..n * g_row], &mut dh[..n * h_row]);
                let mut dout = dy_rows;
                if config.output_dropout.is_active() {
                    dropped[..n * d].copy_from_slice(dy_rows);
                    finish(isa, &mut dropped[..n * d], config.output_dropout, floats.start as u64, None);
                    dout = &dropped[..n * d];
                }
                w2.product(n, dout, d, g, g_row, Start::Zero);
                activate_backward(isa, sizes.at(config, first), h, g, dh, db1);
                normalize(isa, x, w.norm, &mut normed[..n * d_row], d_row);
                w1.product(n, dh, h_row, &mut dnormed, d_row, Start::Zero);
                outer(isa, [ff, d, n], (g, g_row), (dout, d), (dw2, d), i > 0);
                outer(isa, [d, hidden, n], (&normed, d_row), (dh, h_row), (dw1, hidden), i > 0);
                add_columns(isa, dout, d, db2);
                let residual = config.residual.then_some(dy_rows);
                normalize_backward(isa, x, w.norm, (&dnormed, d_row), residual, dx, dgamma, dbeta);
            }
            sums
        })
        .collect();
    let mut offset = 0;
    let [gamma, beta, b1, b2, w1, w2] = lengths.map(|len| {
        offset += len;
        parts::add_up(&sums, offset - len, len)
    });
    Gradients { x: dx, gamma, beta, w1, b1, w2, b2 }
}

/// Cuts a buffer into consecutive pieces.
pub(crate) fn split<const N: usize>(mut buf: &mut [f32], lengths: [usize; N]) -> [&mut [f32]; N] {
    lengths.map(|len| {
        let (head, tail) = std::mem::take(&mut buf).split_at_mut(len);
        buf = tail;
        head
    })
}
