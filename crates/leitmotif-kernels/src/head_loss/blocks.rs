//! What all losses of a head share: the rows that count, their logits block by block, and the
//! gradients of the weights.

use super::{Trained, Weights};
use crate::gemm::{Packed, Start, outer};
use crate::isa::Isa;
use crate::layer_norm::{normalize, normalize_backward};
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add_columns, stride};
use rayon::prelude::*;
use std::ops::Range;

/// What logits cost.
pub(super) trait Cost: Sync {
    /// Losses of each row.
    fn count(&self) -> usize;

    /// Writes the losses `[rows, count]` of these rows of the input from their logits, `row` floats
    /// apart; with `gradient` the logits become gradients times this.
    fn turn(&self, isa: Isa, rows: &[u32], logits: &mut [f32], row: usize, gradient: Option<f32>, losses: &mut [f32]);
}

/// The losses `[n, count]` of the rows `z[n, d]`, 0 in rows that do not count.
pub(super) fn losses(z: &[f32], w: &Weights<'_>, active: &Active, cost: &impl Cost) -> Vec<f32> {
    let isa = Isa::current();
    let (d, size, count) = (w.norm.d(), w.bias.len(), cost.count());
    let packed = Packed::transposed(w.table, d, size);
    let (block, row) = (block_rows(size), stride(size));
    let blocks: Vec<_> = active
        .rows
        .par_chunks(block)
        .map(|rows| {
            let n = rows.len();
            let (mut normed, mut logits) = (pool::take(n * stride(d)), pool::take(n * row));
            let (mut gathered, mut losses) = (pool::take(n * d), pool::take(n * count));
            gather(z, rows, d, &mut gathered);
            normalize(isa, &gathered, w.norm, &mut normed, stride(d));
            packed.product(n, &normed, stride(d), &mut logits, row, Start::Bias(w.bias));
            cost.turn(isa, rows, &mut logits, row, None, &mut losses);
            losses
        })
        .collect();
    let mut out = vec![0.0; z.len() / d * count];
    let values = blocks.iter().flat_map(|block| block.chunks_exact(count));
    for (&row, losses) in active.rows.iter().zip(values) {
        out[row as usize * count..][..count].copy_from_slice(losses);
    }
    out
}

/// The sum over rows of each of their losses, and the gradients of all of them together over
/// `denominator`.
pub(super) fn train(
    z: &[f32],
    w: &Weights<'_>,
    active: &Active,
    cost: &impl Cost,
    denominator: f32,
) -> (Vec<f64>, Trained) {
    let isa = Isa::current();
    let (d, size, count) = (w.norm.d(), w.bias.len(), cost.count());
    let (packed, back) = (Packed::transposed(w.table, d, size), Packed::new(w.table, size, d));
    let (block, row, d_row) = (block_rows(size), stride(size), stride(d));
    let lengths = [d, d, size, size * d];
    let parts = Parts::of(active.rows.len(), block, lengths.iter().sum());
    let mut dz = pool::zeros(z.len());
    let pieces = active.pieces(&mut dz, parts.len(), d);
    let sums: Vec<(Buf, Vec<f64>)> = pieces
        .into_par_iter()
        .with_max_len(1)
        .map(|(range, first_row, dz)| {
            let mut sums = pool::take(lengths.iter().sum());
            let [dgamma, dbeta, dbias, dtable] = crate::feed_forward::split(&mut sums, lengths);
            [&mut *dgamma, dbeta, dbias].into_iter().for_each(|sum| sum.fill(0.0));
            let [mut gathered, mut dgathered] = [(); 2].map(|()| pool::take(block * d));
            let [mut normed, mut dnormed] = [(); 2].map(|()| pool::take(block * d_row));
            let (mut logits, mut losses) = (pool::take(block * row), pool::take(block * count));
            let mut total = vec![0.0; count];
            for (i, rows) in active.rows[range].chunks(block).enumerate() {
                let n = rows.len();
                let (x, dx) = (&mut gathered[..n * d], &mut dgathered[..n * d]);
                let (normed, logits) = (&mut normed[..n * d_row], &mut logits[..n * row]);
                gather(z, rows, d, x);
                normalize(isa, x, w.norm, normed, d_row);
                packed.product(n, normed, d_row, logits, row, Start::Bias(w.bias));
                let losses = &mut losses[..n * count];
                cost.turn(isa, rows, logits, row, Some(1.0 / denominator), losses);
                for (column, total) in total.iter_mut().enumerate() {
                    *total += losses[column..].iter().step_by(count).map(|&x| f64::from(x)).sum::<f64>();
                }
                add_columns(isa, logits, row, dbias);
                back.product(n, logits, row, &mut dnormed, d_row, Start::Zero);
                outer(isa, [size, d, n], (logits, row), (normed, d_row), (dtable, d), i > 0);
                normalize_backward(isa, x, w.norm, (&dnormed, d_row), None, dx, dgamma, dbeta);
                for (&row, dx) in rows.iter().zip(dx.chunks_exact(d)) {
                    dz[(row as usize - first_row) * d..][..d].copy_from_slice(dx);
                }
            }
            (sums, total)
        })
        .collect();
    let totals = (0..count).map(|column| sums.iter().map(|(_, total)| total[column]).sum::<f64>()).collect::<Vec<_>>();
    let loss = totals.iter().sum::<f64>() / f64::from(denominator);
    let sums: Vec<Buf> = sums.into_iter().map(|(sums, _)| sums).collect();
    let mut offset = 0;
    let [gamma, beta, bias, table] = lengths.map(|len| {
        offset += len;
        parts::add_up(&sums, offset - len, len)
    });
    (totals, Trained { loss: loss as f32, z: dz, gamma, beta, table, bias })
}

/// Rows of a block: few enough for its logits to stay in cache.
fn block_rows(size: usize) -> usize {
    const FLOATS: usize = 1 << 16;
    (FLOATS / size).clamp(16, 128).next_multiple_of(16)
}

/// The rows that count.
pub(super) struct Active {
    rows: Vec<u32>,
}

impl Active {
    /// The rows of which any of `count` targets is named.
    pub fn of(targets: &[i32], count: usize) -> Self {
        let counts = |targets: &[i32]| targets.iter().any(|&target| target >= 0);
        let rows = (0..).zip(targets.chunks_exact(count)).filter(|(_, targets)| counts(targets));
        Self { rows: rows.map(|(row, _)| row).collect() }
    }

    /// Cuts `dz` between parts of `part` active rows: their ranges, the row that a piece begins
    /// with, and the piece.
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
