//! The output head with its loss: layer norm, a linear map whose weights are rows of a table (so that they can be tied
//! to an embedding), softmax and cross-entropy.
//!
//! Logits are never stored: the training form makes them block by block and turns them at once into gradients. Rows
//! whose target is [`IGNORED`] cost nothing.

mod softmax;

use crate::gemm::{Packed, Start, outer};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize, normalize_backward};
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add_columns, stride};
use rayon::prelude::*;
use softmax::{Block, cross_entropy};
use std::ops::Range;

/// The target of a row without loss. Every negative target means this.
pub const IGNORED: i32 = -1;

/// Parameters of the head.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of the input, `[d]`.
    pub norm: LayerNorm<'a>,
    /// One row per class, `[size, d]`: a stretch of rows of a larger table where weights are tied.
    pub table: &'a [f32],
    /// `[size]`
    pub bias: &'a [f32],
}

impl Weights<'_> {
    fn sizes(&self, z: &[f32], targets: &[i32]) -> (usize, usize) {
        let (d, size) = (self.norm.d(), self.bias.len());
        assert_eq!(self.norm.rows(z), targets.len(), "z is [n, d], targets are [n]");
        assert!(size > 0 && self.table.len() == size * d, "table is [size, d], size > 0");
        assert!(targets.iter().all(|&t| t < 0 || (t as usize) < size), "targets are below size");
        (d, size)
    }
}

/// What [`train`] returns.
#[derive(Debug)]
pub struct Trained {
    /// Sum of the rows' losses over the denominator.
    pub loss: f32,
    /// `[n, d]`, zero in ignored rows.
    pub z: Vec<f32>,
    /// `[d]`
    pub gamma: Vec<f32>,
    /// `[d]`
    pub beta: Vec<f32>,
    /// `[size, d]`
    pub table: Vec<f32>,
    /// `[size]`
    pub bias: Vec<f32>,
}

/// The loss of each row of `z[n, d]` in nats, 0 where ignored. With `smoothing` the target's distribution is mixed with
/// that share of the uniform one.
///
/// # Panics
/// If the sizes do not fit or a target is not a class.
#[must_use]
pub fn losses(z: &[f32], w: &Weights<'_>, targets: &[i32], smoothing: f32) -> Vec<f32> {
    let isa = Isa::current();
    let (d, size) = w.sizes(z, targets);
    let active = Active::of(targets);
    let packed = Packed::transposed(w.table, d, size);
    let (block, row) = (block_rows(size), stride(size));
    let blocks: Vec<_> = active
        .rows
        .par_chunks(block)
        .map(|rows| {
            let n = rows.len();
            let (mut normed, mut logits) = (pool::take(n * stride(d)), pool::take(n * row));
            let (mut gathered, mut losses) = (pool::take(n * d), pool::take(n));
            gather(z, rows, d, &mut gathered);
            normalize(isa, &gathered, w.norm, &mut normed, stride(d));
            packed.product(n, &normed, stride(d), &mut logits, row, Start::Bias(w.bias));
            let targets = &active.targets_of(rows, targets);
            cross_entropy(isa, Block { targets, size, row, smoothing, gradient: None }, &mut logits, &mut losses);
            losses
        })
        .collect();
    let mut out = vec![0.0; targets.len()];
    let values = blocks.iter().flat_map(|block| block.iter());
    active.rows.iter().zip(values).for_each(|(&row, &loss)| out[row as usize] = loss);
    out
}

/// The sum of losses over `denominator` (usually the number of rows that count), with all its gradients.
///
/// # Panics
/// If the sizes do not fit or a target is not a class.
#[must_use]
pub fn train(z: &[f32], w: &Weights<'_>, targets: &[i32], smoothing: f32, denominator: f32) -> Trained {
    let isa = Isa::current();
    let (d, size) = w.sizes(z, targets);
    let active = Active::of(targets);
    let (packed, back) = (Packed::transposed(w.table, d, size), Packed::new(w.table, size, d));
    let (block, row, d_row) = (block_rows(size), stride(size), stride(d));
    let lengths = [d, d, size, size * d];
    let parts = Parts::of(active.rows.len(), block, lengths.iter().sum());
    let mut dz = vec![0.0; z.len()];
    let pieces = active.pieces(&mut dz, parts.len(), d);
    let sums: Vec<(Buf, f64)> = pieces
        .into_par_iter()
        .with_max_len(1)
        .map(|(range, first_row, dz)| {
            let mut sums = pool::take(lengths.iter().sum());
            let [dgamma, dbeta, dbias, dtable] = crate::feed_forward::split(&mut sums, lengths);
            [&mut *dgamma, dbeta, dbias].into_iter().for_each(|sum| sum.fill(0.0));
            let [mut gathered, mut dgathered] = [(); 2].map(|()| pool::take(block * d));
            let [mut normed, mut dnormed] = [(); 2].map(|()| pool::take(block * d_row));
            let (mut logits, mut losses) = (pool::take(block * row), pool::take(block));
            let mut loss = 0.0;
            for (i, rows) in active.rows[range].chunks(block).enumerate() {
                let n = rows.len();
                let (x, dx) = (&mut gathered[..n * d], &mut dgathered[..n * d]);
                let (normed, logits) = (&mut normed[..n * d_row], &mut logits[..n * row]);
                gather(z, rows, d, x);
                normalize(isa, x, w.norm, normed, d_row);
                packed.product(n, normed, d_row, logits, row, Start::Bias(w.bias));
                let targets = &active.targets_of(rows, targets);
                let gradient = Some(1.0 / denominator);
                cross_entropy(isa, Block { targets, size, row, smoothing, gradient }, logits, &mut losses);
                loss += losses[..n].iter().map(|&x| f64::from(x)).sum::<f64>();
                add_columns(isa, logits, row, dbias);
                back.product(n, logits, row, &mut dnormed, d_row, Start::Zero);
                outer(isa, [size, d, n], (logits, row), (normed, d_row), (dtable, d), i > 0);
                normalize_backward(isa, x, w.norm, (&dnormed, d_row), None, dx, dgamma, dbeta);
                for (&row, dx) in rows.iter().zip(dx.chunks_exact(d)) {
                    dz[(row as usize - first_row) * d..][..d].copy_from_slice(dx);
                }
            }
            (sums, loss)
        })
        .collect();
    let loss = sums.iter().map(|(_, loss)| loss).sum::<f64>() / f64::from(denominator);
    let sums: Vec<Buf> = sums.into_iter().map(|(sums, _)| sums).collect();
    let mut offset = 0;
    let [gamma, beta, bias, table] = lengths.map(|len| {
        offset += len;
        parts::add_up(&sums, offset - len, len)
    });
    Trained { loss: loss as f32, z: dz, gamma, beta, table, bias }
}

/// The logits `[n, size]` of all rows.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn logits(z: &[f32], w: &Weights<'_>) -> Vec<f32> {
    let (d, size) = (w.norm.d(), w.bias.len());
    let normed = crate::layer_norm::forward(z, w.norm);
    crate::gemm::nt(&normed, w.table, Some(w.bias), [z.len() / d, d, size])
}

/// Rows of a block: few enough for its logits to stay in cache.
fn block_rows(size: usize) -> usize {
    const FLOATS: usize = 1 << 16;
    (FLOATS / size).clamp(16, 128).next_multiple_of(16)
}

/// The rows that count.
struct Active {
    rows: Vec<u32>,
}

impl Active {
    fn of(targets: &[i32]) -> Self {
        Self { rows: (0..).zip(targets).filter(|&(_, &t)| t >= 0).map(|(i, _)| i).collect() }
    }

    fn targets_of(&self, rows: &[u32], targets: &[i32]) -> Vec<i32> {
        rows.iter().map(|&row| targets[row as usize]).collect()
    }

    /// Cuts `dz` between parts of `part` active rows: their ranges, the row that a piece begins with, and the piece.
    fn pieces<'a>(&self, mut dz: &'a mut [f32], part: usize, d: usize) -> Vec<(Range<usize>, usize, &'a mut [f32])> {
        let mut first = 0;
        (0..self.rows.len())
            .step_by(part)
            .map(|start| {
                let end = self.rows.len().min(start + part);
                let rows = self.rows[end - 1] as usize + 1 - first;
                let (piece, rest) = std::mem::take(&mut dz).split_at_mut(rows * d);
                dz = rest;
                first += rows;
                (start..end, first - rows, piece)
            })
            .collect()
    }
}

fn gather(z: &[f32], rows: &[u32], d: usize, to: &mut [f32]) {
    for (&row, to) in rows.iter().zip(to.chunks_exact_mut(d)) {
        to.copy_from_slice(&z[row as usize * d..][..d]);
    }
}
