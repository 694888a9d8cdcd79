//! Attention within groups of consecutive rows as one pre-norm block: every row of a group meets
//! every row of its group, without positions.
//!
//! `y = [x +] drop(attend(norm(x) W_qkv) W_o + b_o)`, where in each group and head `attend` is
//! `softmax(q kᵀ / sqrt(dh)) v` (Vaswani et al. 2017). A task is one head of one group. The heads'
//! results lie group by group, in a group head by head, so that each task owns one stretch.

mod backward;
mod core;
mod softmax;

use crate::dropout::Dropout;
use crate::gemm::{Packed, Pair, Start, in_pairs};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize};
use crate::pool::{self, Buf};
use crate::rows::{copy, finish, stride};
use core::Head;
use rayon::prelude::*;

pub use backward::{Gradients, backward};

/// What an attention reads: the states and their groups.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Hidden states, `[rows, d]`.
    pub x: &'a [f32],
    /// First row of each group, in order, and after them the number of rows, `[groups + 1]`.
    pub offsets: &'a [usize],
    /// Heads; a divisor of the width.
    pub heads: usize,
}

/// Parameters of the block.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of the input, `[d]`.
    pub norm: LayerNorm<'a>,
    /// `[d, 3 d]`: queries, keys, values.
    pub w_qkv: &'a [f32],
    /// `[d, d]`
    pub w_o: &'a [f32],
    /// `[d]`
    pub b_o: &'a [f32],
}

/// What the block does besides its weights.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Add the input to the output.
    pub residual: bool,
    /// Dropout of the output, before the residual; index `row * d + column`.
    pub output_dropout: Dropout,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct Saved {
    /// `[rows, 3 d]`
    qkv: Buf,
    /// Of each group `[heads, rows of the group, dh]`.
    mixed: Buf,
    /// Of each group `[heads, rows of the group]`.
    log_sum: Buf,
}

/// Rows of a task outside the core.
const ROWS: usize = 64;

impl Input<'_> {
    /// Width and width of a head.
    fn widths(&self, w: &Weights<'_>) -> (usize, usize) {
        let (rows, d) = (w.norm.rows(self.x), w.norm.d());
        assert!(self.heads > 0 && d % self.heads == 0, "heads divide the width");
        let ends = (self.offsets.first(), self.offsets.last());
        assert_eq!(ends, (Some(&0), Some(&rows)), "offsets lead from 0 to the number of rows");
        assert!(self.offsets.is_sorted_by(|a, b| a < b), "every group has a row");
        assert_eq!([w.w_qkv.len(), w.w_o.len()], [3 * d * d, d * d], "weights are [d, _]");
        assert_eq!(w.b_o.len(), d, "b_o is [d]");
        (d, d / self.heads)
    }

    /// One task for each head of each group, for `qkv[rows, 3 d]`.
    fn tasks<'a>(&self, isa: Isa, qkv: &'a [f32], d: usize) -> Vec<Head<'a>> {
        let (heads, dh) = (self.heads, d / self.heads);
        let of_group = |group: &[usize]| {
            let (first, rows) = (group[0], group[1] - group[0]);
            (0..heads).map(move |head| Head { isa, d, dh, first, rows, column: head * dh, qkv })
        };
        self.offsets.windows(2).flat_map(of_group).collect()
    }

    /// Rows `[_, parts d]`, beginning with row `first`, from what the heads hold of each group,
    /// `[heads, parts, rows of the group, dh]`.
    fn join_heads(&self, from: &[f32], parts: usize, first: usize, to: (&mut [f32], usize), d: usize) {
        let dh = d / self.heads;
        let mut group = self.offsets.partition_point(|&offset| offset <= first) - 1;
        for (row, to) in (first..).zip(to.0.chunks_mut(to.1)) {
            group += usize::from(row == self.offsets[group + 1]);
            let (start, end) = (self.offsets[group], self.offsets[group + 1]);
            let from = &from[start * parts * d + (row - start) * dh..];
            for (stretch, from) in from.chunks((end - start) * dh).take(self.heads * parts).enumerate() {
                let (head, part) = (stretch / parts, stretch % parts);
                copy(&from[..dh], &mut to[part * d + head * dh..][..dh]);
            }
        }
    }
}

/// The stretches that tasks own: `width` floats for each of their rows.
fn stretches<'a>(mut buf: &'a mut [f32], tasks: &[Head<'_>], width: usize) -> Vec<&'a mut [f32]> {
    let mut next = |task: &Head<'_>| {
        let (stretch, rest) = std::mem::take(&mut buf).split_at_mut(task.rows * width);
        buf = rest;
        stretch
    };
    tasks.iter().map(&mut next).collect()
}

/// The middle of the block alone: mixes the values of each group for each of its rows, from
/// `qkv[rows, 3 d]` into `mixed[rows, d]`, with these `heads` of a width `d`.
///
/// # Panics
/// If the sizes do not fit or a group is empty.
pub fn attend(qkv: &[f32], offsets: &[usize], [heads, d]: [usize; 2], mixed: &mut [f32]) {
    let rows = *offsets.last().expect("offsets lead from 0 to the number of rows");
    assert!(d > 0 && heads > 0 && d.is_multiple_of(heads), "heads divide the width");
    assert_eq!([qkv.len(), mixed.len()], [3 * rows * d, rows * d], "qkv is [rows, 3 d], mixed [rows, d]");
    assert!(offsets[0] == 0 && offsets.is_sorted_by(|a, b| a < b), "every group has a row");
    let input = Input { x: &[], offsets, heads };
    let (by_head, _) = heads_of(Isa::current(), &input, qkv, d);
    input.join_heads(&by_head, 1, 0, (mixed, d), d);
}

/// The heads' results, of each group `[heads, rows of the group, dh]`, and the logarithms of the
/// sums of their exponentials.
fn heads_of(isa: Isa, input: &Input<'_>, qkv: &[f32], d: usize) -> (Buf, Buf) {
    let n = qkv.len() / (3 * d);
    let (mut mixed, mut log_sum) = (pool::take(n * d), pool::take(n * input.heads));
    let tasks = input.tasks(isa, qkv, d);
    let results =
        stretches(&mut mixed, &tasks, d / input.heads).into_par_iter().zip(stretches(&mut log_sum, &tasks, 1));
    tasks.par_iter().zip(results).for_each(|(task, (mixed, log_sum))| match in_pairs(isa, d / input.heads) {
        true => task.forward::<Pair>(mixed, log_sum),
        false => task.forward::<f32>(mixed, log_sum),
    });
    (mixed, log_sum)
}

/// The block's output `[rows, d]`, and with `save` what [`backward`] needs.
///
/// # Panics
/// If the sizes do not fit or a group is empty.
#[must_use]
pub fn forward(input: &Input<'_>, w: &Weights<'_>, config: &Config, save: bool) -> (Vec<f32>, Option<Saved>) {
    let isa = Isa::current();
    let (d, _) = input.widths(w);
    let (n, d_row) = (input.x.len() / d, stride(d));
    let mut qkv = pool::take(n * 3 * d);
    let packed = Packed::new(w.w_qkv, d, 3 * d);
    qkv.par_chunks_mut(ROWS * 3 * d).zip(input.x.par_chunks(ROWS * d)).for_each(|(qkv, x)| {
        let n = x.len() / d;
        let mut normed = pool::take(n * d_row);
        normalize(isa, x, w.norm, &mut normed, d_row);
        packed.product(n, &normed, d_row, qkv, 3 * d, Start::Zero);
    });
    let (mixed, log_sum) = heads_of(isa, input, &qkv, d);
    let mut y = pool::zeros(n * d);
    let packed = Packed::new(w.w_o, d, d);
    y.par_chunks_mut(ROWS * d).zip(input.x.par_chunks(ROWS * d)).enumerate().for_each(|(block, (y, x))| {
        let n = x.len() / d;
        let mut rows = pool::take(n * d_row);
        input.join_heads(&mixed, 1, block * ROWS, (&mut rows, d_row), d);
        packed.product(n, &rows, d_row, y, d, Start::Bias(w.b_o));
        finish(isa, y, config.output_dropout, (block * ROWS * d) as u64, config.residual.then_some(x));
    });
    (y, save.then_some(Saved { qkv, mixed, log_sum }))
}
