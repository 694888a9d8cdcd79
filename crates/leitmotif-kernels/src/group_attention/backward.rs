//! Gradients of the attention within groups.

use super::{Config, Input, ROWS, Saved, Weights, stretches};
use crate::feed_forward::split;
use crate::gemm::{Packed, Pair, Start, in_pairs, outer};
use crate::isa::Isa;
use crate::layer_norm::{normalize, normalize_backward};
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add_columns, finish, stride};
use rayon::prelude::*;

/// Gradients, each shaped as what it belongs to.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Gradients {
    pub x: Vec<f32>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub w_qkv: Vec<f32>,
    pub w_o: Vec<f32>,
    pub b_o: Vec<f32>,
}

/// Gradients from `dy[rows, d]`; the other arguments are those of the forward pass.
///
/// # Panics
/// If the sizes do not fit or a group is empty.
#[must_use]
pub fn backward(input: &Input<'_>, dy: &[f32], w: &Weights<'_>, config: &Config, saved: &Saved) -> Gradients {
    let isa = Isa::current();
    let (d, dh) = input.widths(w);
    assert_eq!([dy.len(), saved.mixed.len()], [input.x.len(); 2], "dy is [rows, d], of the same rows");
    let (dmixed, [w_o, b_o]) = output_backward(isa, input, dy, w, config, saved);
    let mut dqkv = pool::take(3 * dy.len());
    let tasks = input.tasks(isa, &saved.qkv, d);
    let gradients = stretches(&mut dqkv, &tasks, 3 * dh);
    tasks.par_iter().zip(gradients).for_each(|(task, gradients)| match in_pairs(isa, d / input.heads) {
        true => task.backward::<Pair>(&dmixed, &saved.log_sum, gradients),
        false => task.backward::<f32>(&dmixed, &saved.log_sum, gradients),
    });
    drop(dmixed);
    let (x, [gamma, beta, w_qkv]) = input_backward(isa, input, &dqkv, w, config.residual.then_some(dy));
    Gradients { x, gamma, beta, w_qkv, w_o, b_o }
}

/// Through the output projection: the gradient `[rows, d]` of the heads' outputs, of the weights
/// and of the bias.
fn output_backward(
    isa: Isa,
    input: &Input<'_>,
    dy: &[f32],
    w: &Weights<'_>,
    config: &Config,
    saved: &Saved,
) -> (Buf, [Vec<f32>; 2]) {
    let d = w.norm.d();
    let d_row = stride(d);
    let packed = Packed::transposed(w.w_o, d, d);
    let parts = Parts::of(dy.len() / d, ROWS, d * d);
    let mut dmixed = pool::take(dy.len());
    let sums: Vec<Buf> = dmixed
        .par_chunks_mut(parts.len() * d)
        .enumerate()
        .map(|(part, dmixed)| {
            let mut sums = pool::take(d * d + d);
            let [dw, db] = split(&mut sums, [d * d, d]);
            db.fill(0.0);
            let (mut mixed, mut dropped) = (pool::take(ROWS * d_row), pool::take(ROWS * d));
            for (i, dmixed) in dmixed.chunks_mut(ROWS * d).enumerate() {
                let (first, n) = (part * parts.len() + i * ROWS, dmixed.len() / d);
                let mut dy = &dy[first * d..(first + n) * d];
                if config.output_dropout.is_active() {
                    let dropped = &mut dropped[..n * d];
                    dropped.copy_from_slice(dy);
                    finish(isa, dropped, config.output_dropout, (first * d) as u64, None);
                    dy = dropped;
                }
                packed.product(n, dy, d, dmixed, d, Start::Zero);
                input.join_heads(&saved.mixed, 1, first, (&mut mixed[..n * d_row], d_row), d);
                outer(isa, [d, d, n], (&mixed, d_row), (dy, d), (dw, d), i > 0);
                add_columns(isa, dy, d, db);
            }
            sums
        })
        .collect();
    (dmixed, [parts::add_up(&sums, 0, d * d), parts::add_up(&sums, d * d, d)])
}

/// Through the first projection and the normalisation: gradients of the input, and of scale, shift
/// and weights.
fn input_backward(
    isa: Isa,
    input: &Input<'_>,
    dqkv: &[f32],
    w: &Weights<'_>,
    residual: Option<&[f32]>,
) -> (Vec<f32>, [Vec<f32>; 3]) {
    let d = w.norm.d();
    let (d_row, row) = (stride(d), stride(3 * d));
    let packed = Packed::transposed(w.w_qkv, 3 * d, d);
    let lengths = [d, d, 3 * d * d];
    let parts = Parts::of(input.x.len() / d, ROWS, 3 * d * d);
    let mut dx = pool::zeros(input.x.len());
    let sums: Vec<Buf> = dx
        .par_chunks_mut(parts.len() * d)
        .enumerate()
        .map(|(part, dx)| {
            let mut sums = pool::take(lengths.iter().sum());
            let [gamma, beta, weights] = split(&mut sums, lengths);
            [&mut *gamma, beta].into_iter().for_each(|sum| sum.fill(0.0));
            let mut projected = pool::take(ROWS * row);
            let [mut normed, mut dnormed] = [(); 2].map(|()| pool::take(ROWS * d_row));
            for (i, dx) in dx.chunks_mut(ROWS * d).enumerate() {
                let (first, n) = (part * parts.len() + i * ROWS, dx.len() / d);
                let floats = first * d..(first + n) * d;
                let x = &input.x[floats.clone()];
                let projected = &mut projected[..n * row];
                input.join_heads(dqkv, 3, first, (projected, row), d);
                normalize(isa, x, w.norm, &mut normed[..n * d_row], d_row);
                packed.product(n, projected, row, &mut dnormed, d_row, Start::Zero);
                outer(isa, [d, 3 * d, n], (&normed, d_row), (projected, row), (weights, 3 * d), i > 0);
                let residual = residual.map(|residual| &residual[floats]);
                normalize_backward(isa, x, w.norm, (&dnormed, d_row), residual, dx, gamma, beta);
            }
            sums
        })
        .collect();
    let mut offset = 0;
    let sums = lengths.map(|len| {
        offset += len;
        parts::add_up(&sums, offset - len, len)
    });
    (dx, sums)
}
