//! Gradients of the attention block.

use super::core::HeadGradients;
use super::position::{self, Positions, Rotation, Turn};
use super::{Config, Input, ROWS, Saved, SavedRef, Shape, Weights, join_heads};
use crate::feed_forward::split;
use crate::gemm::{Packed, Pair, Start, in_pairs, outer};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize, normalize_backward};
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add, add_columns, finish, stride};
use crate::transpose::transpose;
use rayon::prelude::*;

/// Gradients, each shaped as what it belongs to.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Gradients {
    pub x: Vec<f32>,
    /// Where [`Config::context_gradient`] is set; zero in invalid slots.
    pub context: Option<Vec<f32>>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub w_qkv: Vec<f32>,
    pub w_r: Vec<f32>,
    pub u: Vec<f32>,
    pub v: Vec<f32>,
    pub w_o: Vec<f32>,
    pub b_o: Vec<f32>,
}

/// At most so many sums of the gradients of positions and biases.
const CORE_PARTS: usize = 8;

/// Gradients from `dy[batch, segment, d]`; the other arguments are those of the forward pass.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn backward(input: &Input<'_>, dy: &[f32], w: &Weights<'_>, config: &Config, saved: &Saved) -> Gradients {
    let isa = Isa::current();
    let (d, _) = input.widths(w);
    assert_eq!(dy.len(), input.x.len(), "dy is [batch, segment, d]");
    let (dout, w_o, b_o) = output_backward(isa, input, dy, w, config, saved);
    let Core { dq, dkv, dpositions, u, v } = core_backward(isa, input, &dout, w, config, saved);
    drop(dout);
    let w_r = match w.rotates() {
        true => Vec::new(),
        false => Positions::backward(&dpositions, input.shape.keys(), d),
    };
    let [u, v] = [u, v].map(|bias| if w.rotates() { Vec::new() } else { bias });
    let rotation = w.rotates().then(|| Rotation::new(input.shape.keys(), d / input.shape.heads));
    let rows = Rows { isa, input, w, dq: &dq, dkv: &dkv, rotation };
    let (x, [mut gamma, mut beta, mut w_qkv]) = rows.segment(config.residual.then_some(dy));
    let mut context = None;
    if input.shape.context() > 0 {
        let sums = if config.context_gradient {
            let (dx, sums) = rows.context();
            context = Some(dx);
            sums
        } else {
            rows.context_weights()
        };
        add(isa, &sums[0], &mut gamma);
        add(isa, &sums[1], &mut beta);
        for (to, from) in w_qkv.chunks_exact_mut(3 * d).zip(sums[2].chunks_exact(2 * d)) {
            add(isa, from, &mut to[d..]);
        }
    } else if config.context_gradient {
        context = Some(Vec::new());
    }
    Gradients { x, context, gamma, beta, w_qkv, w_r, u, v, w_o, b_o }
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
) -> (Buf, Vec<f32>, Vec<f32>) {
    let (d, dh) = input.widths(w);
    let d_row = stride(d);
    let packed = Packed::transposed(w.w_o, d, d);
    let parts = Parts::of(dy.len() / d, ROWS, d * d);
    let mut dout = pool::take(dy.len());
    let sums: Vec<Buf> = dout
        .par_chunks_mut(parts.len() * d)
        .enumerate()
        .map(|(part, dout)| {
            let mut sums = pool::take(d + d * d);
            let [db, dw] = split(&mut sums, [d, d * d]);
            db.fill(0.0);
            let (mut out, mut dropped) = (pool::take(ROWS * d_row), pool::take(ROWS * d));
            for (i, dout) in dout.chunks_mut(ROWS * d).enumerate() {
                let (first, n) = (part * parts.len() + i * ROWS, dout.len() / d);
                let mut dy = &dy[first * d..(first + n) * d];
                if config.output_dropout.is_active() {
                    let dropped = &mut dropped[..n * d];
                    dropped.copy_from_slice(dy);
                    finish(isa, dropped, config.output_dropout, (first * d) as u64, None);
                    dy = dropped;
                }
                packed.product(n, dy, d, dout, d, Start::Zero);
                join_heads(&saved.out, input.shape, first, &mut out[..n * d_row], d_row, dh);
                outer(isa, [d, d, n], (&out, d_row), (dy, d), (dw, d), i > 0);
                add_columns(isa, dy, d, db);
            }
            sums
        })
        .collect();
    let (w_o, b_o) = (parts::add_up(&sums, d, d * d), parts::add_up(&sums, 0, d));
    (dout, w_o, b_o)
}

/// Gradients of the core.
struct Core {
    /// `[batch, heads, segment, dh]`
    dq: Buf,
    /// `[batch, heads, keys or values, dh, stride(keys)]`
    dkv: Buf,
    /// `[heads, dh, position::row]`
    dpositions: Vec<f32>,
    u: Vec<f32>,
    v: Vec<f32>,
}

fn core_backward(isa: Isa, input: &Input<'_>, dout: &[f32], w: &Weights<'_>, config: &Config, saved: &Saved) -> Core {
    let (d, dh) = input.widths(w);
    let Shape { batch, segment, heads, .. } = input.shape;
    let (row, position_row) = (stride(input.shape.keys()), position::row(input.shape.keys()));
    // A task is one head of one sequence, or all heads of several sequences.
    let lanes = batch.div_ceil(CORE_PARTS);
    let task = if lanes == 1 { 1 } else { lanes * heads };
    let slots = task.min(heads);
    let (mut dq, mut dkv) = (pool::take(batch * segment * d), pool::take(batch * 2 * d * row));
    let shared = SavedRef { qkv: &saved.qkv, kv: &saved.kv, positions: saved.positions.as_ref() };
    let sums: Vec<Buf> = dq
        .par_chunks_mut(task * segment * dh)
        .zip(dkv.par_chunks_mut(task * 2 * dh * row))
        .enumerate()
        .map(|(part, (dq, dkv))| {
            let mut sums = pool::take_zeroed(slots * dh * (position_row + 2));
            let heads_of_task = dq.chunks_mut(segment * dh).zip(dkv.chunks_mut(2 * dh * row));
            for (i, (dq, dkv)) in heads_of_task.enumerate() {
                let number = part * task + i;
                let (b, head) = (number / heads, number % heads);
                let slot = if slots == heads { head } else { 0 };
                dkv.fill(0.0);
                let (dk, dv) = dkv.split_at_mut(dh * row);
                let lengths = [slots * dh * position_row, slots * dh, slots * dh];
                let [positions, u_bias, v_bias] = split(&mut sums, lengths);
                let positions = &mut positions[slot * dh * position_row..][..dh * position_row];
                let (u_bias, v_bias) = (&mut u_bias[slot * dh..][..dh], &mut v_bias[slot * dh..][..dh]);
                let rows = number * segment..(number + 1) * segment;
                let out = &saved.out[rows.start * dh..rows.end * dh];
                let dout = &dout[b * segment * d..(b + 1) * segment * d][head * dh..];
                let gradients = HeadGradients { q: dq, k: dk, v: dv, row, positions, u_bias, v_bias };
                let head = input.head(isa, w, config, shared, number);
                let log_sum = &saved.log_sum[rows];
                match in_pairs(isa, dh) {
                    true => head.backward::<Pair>(dout, out, log_sum, gradients),
                    false => head.backward::<f32>(dout, out, log_sum, gradients),
                }
            }
            sums
        })
        .collect();
    // Per head the tasks that worked on it, in order.
    let gather = |offset: usize, len: usize| -> Vec<f32> {
        let mut out = vec![0.0; heads * len];
        out.par_chunks_mut(slots * len).enumerate().for_each(|(group, out)| {
            for sums in sums.iter().skip(group).step_by(heads / slots) {
                add(isa, &sums[slots * offset..][..slots * len], out);
            }
        });
        out
    };
    let positions = dh * position_row;
    let (dpositions, u, v) = (gather(0, positions), gather(positions, dh), gather(positions + dh, dh));
    Core { dq, dkv, dpositions, u, v }
}

/// Through the projections and the normalisation, rows by rows.
struct Rows<'a> {
    isa: Isa,
    input: &'a Input<'a>,
    w: &'a Weights<'a>,
    dq: &'a [f32],
    dkv: &'a [f32],
    rotation: Option<Rotation>,
}

impl Rows<'_> {
    /// Gradients of the segment, and of scale, shift and all three projections.
    fn segment(&self, residual: Option<&[f32]>) -> (Vec<f32>, [Vec<f32>; 3]) {
        let (isa, w) = (self.isa, self.w);
        let (d, dh) = self.input.widths(w);
        let (shape, x) = (self.input.shape, self.input.x);
        let (d_row, row) = (stride(d), stride(3 * d));
        let packed = Packed::transposed(w.w_qkv, 3 * d, d);
        self.blocks(x, 3 * d, |first, x, dx, scratch, [gamma, beta, weights], add| {
            let n = x.len() / d;
            let (dqkv, normed, dnormed) = scratch;
            join_heads(self.dq, shape, first, dqkv, row, dh);
            self.keys_and_values(first, shape.segment, shape.context(), dqkv, row, d);
            if let Some(rotation) = &self.rotation {
                let place = |row: usize| shape.context() + (first + row) % shape.segment;
                rotation.turn(dqkv, row, 0..2 * d, place, Turn::Back);
            }
            normalize(isa, x, w.norm, normed, d_row);
            packed.product(n, dqkv, row, dnormed, d_row, Start::Zero);
            outer(isa, [d, 3 * d, n], (normed, d_row), (dqkv, row), (weights, 3 * d), add);
            let residual = residual.map(|r| &r[first * d..(first + n) * d]);
            normalize_backward(isa, x, w.norm, (dnormed, d_row), residual, dx, gamma, beta);
        })
    }

    /// Gradients of the context, and of scale, shift and the projections to keys and values.
    fn context(&self) -> (Vec<f32>, [Vec<f32>; 3]) {
        let (isa, w) = (self.isa, self.w);
        let (d, _) = self.input.widths(w);
        let (d_row, row) = (stride(d), stride(2 * d));
        let packed = Packed::strided(&w.w_qkv[d..], 2 * d, d, 1, 3 * d);
        self.blocks(self.input.context, 2 * d, |first, x, dx, scratch, [gamma, beta, weights], add| {
            let n = x.len() / d;
            let (dkv, normed, dnormed) = scratch;
            self.keys_of_context(first, dkv, row);
            normalize(isa, x, w.norm, normed, d_row);
            packed.product(n, dkv, row, dnormed, d_row, Start::Zero);
            outer(isa, [d, 2 * d, n], (normed, d_row), (dkv, row), (weights, 2 * d), add);
            normalize_backward(isa, x, w.norm, (dnormed, d_row), None, dx, gamma, beta);
        })
    }

    /// The weights' part of [`Self::context`] without the product that leads back to the context:
    /// with `g` the outer product of rows normalised without scale and shift, and `s` the sum of
    /// gradients, the projection's gradient is `gamma g + beta s`, that of gamma the sum over
    /// columns of `w g`, and that of beta `w s`.
    fn context_weights(&self) -> [Vec<f32>; 3] {
        let (isa, w) = (self.isa, self.w);
        let (d, _) = self.input.widths(w);
        let (d_row, row) = (stride(d), stride(2 * d));
        let (ones, zeros) = (vec![1.0; d], vec![0.0; d]);
        let plain = LayerNorm { gamma: &ones, beta: &zeros[..w.norm.beta.len()] };
        let parts = Parts::of(self.input.context.len() / d, ROWS, 2 * d * d);
        let sums: Vec<Buf> = parts
            .ranges()
            .map(|range| {
                let mut sums = pool::take_zeroed(2 * d + 2 * d * d);
                let [s, g] = split(&mut sums, [2 * d, 2 * d * d]);
                let (mut dkv, mut normed) = (pool::take(ROWS * row), pool::take(ROWS * d_row));
                for first in range.clone().step_by(ROWS) {
                    let n = ROWS.min(range.end - first);
                    if !self.any_valid(first, n) {
                        continue;
                    }
                    let (dkv, normed) = (&mut dkv[..n * row], &mut normed[..n * d_row]);
                    self.keys_of_context(first, dkv, row);
                    normalize(isa, &self.input.context[first * d..(first + n) * d], plain, normed, d_row);
                    outer(isa, [d, 2 * d, n], (normed, d_row), (dkv, row), (g, 2 * d), true);
                    add_columns(isa, dkv, row, s);
                }
                sums
            })
            .collect();
        let (s, mut g) = (parts::add_up(&sums, 0, 2 * d), parts::add_up(&sums, 2 * d, 2 * d * d));
        let (mut gamma, mut beta) = (vec![0.0; d], vec![0.0; d]);
        for (i, g) in g.chunks_exact_mut(2 * d).enumerate() {
            let weights = &w.w_qkv[i * 3 * d + d..(i + 1) * 3 * d];
            let (scale, shift) = (w.norm.gamma[i], w.norm.beta.get(i).copied().unwrap_or(0.0));
            for ((g, &s), &weight) in g.iter_mut().zip(&s).zip(weights) {
                gamma[i] += weight * *g;
                beta[i] += weight * s;
                *g = scale * *g + shift * s;
            }
        }
        [gamma, beta, g]
    }

    /// Runs `work(first row, x, dx, (dprojected, normed, dnormed), [dgamma, dbeta, dweights], add)`
    /// on all blocks of `x[rows, d]`, whose projection has `columns`, and adds up its sums.
    fn blocks(&self, x: &[f32], columns: usize, work: impl Work) -> (Vec<f32>, [Vec<f32>; 3]) {
        let (d, _) = self.input.widths(self.w);
        let (d_row, row) = (stride(d), stride(columns));
        let lengths = [d, d, d * columns];
        let parts = Parts::of(x.len() / d, ROWS, d * columns);
        let mut dx = pool::zeros(x.len());
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
                    let scratch = (&mut projected[..n * row], &mut normed[..n * d_row], &mut dnormed[..n * d_row]);
                    let x = &x[first * d..(first + n) * d];
                    work(first, x, dx, scratch, [&mut *gamma, &mut *beta, &mut *weights], i > 0);
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

    /// Writes keys' and values' gradients of the context's rows from `first` on to `to` `[_, row]`.
    fn keys_of_context(&self, first: usize, to: &mut [f32], row: usize) {
        let context = self.input.shape.context();
        self.keys_and_values(first, context, 0, to, row, 0);
        if let Some(rotation) = &self.rotation {
            rotation.turn(to, row, 0..self.w.norm.d(), |row| (first + row) % context, Turn::Back);
        }
    }

    /// Whether any of the context's rows is valid.
    fn any_valid(&self, first: usize, n: usize) -> bool {
        let context = self.input.shape.context();
        (first..first + n).any(|row| {
            let (b, j) = (row / context, row % context);
            self.input.valid_rows(b, j..j + 1).iter().any(|rows| !rows.is_empty())
        })
    }

    /// Writes keys' and values' gradients of rows from `first` on to columns `column..column + 2 d`
    /// of `to`; a sequence has `per_sequence` rows, of which the first is key number `key`.
    fn keys_and_values(
        &self,
        first: usize,
        per_sequence: usize,
        key: usize,
        to: &mut [f32],
        to_row: usize,
        column: usize,
    ) {
        let (d, dh) = self.input.widths(self.w);
        let (heads, row) = (self.input.shape.heads, stride(self.input.shape.keys()));
        let n = to.len() / to_row;
        let mut r = 0;
        while r < n {
            let (b, j) = ((first + r) / per_sequence, (first + r) % per_sequence);
            let run = (per_sequence - j).min(n - r);
            for (part, head) in (0..2).flat_map(|part| (0..heads).map(move |head| (part, head))) {
                let from = ((b * heads + head) * 2 + part) * dh * row + key + j;
                let to = &mut to[r * to_row + column + part * d + head * dh..];
                transpose(self.isa, (&self.dkv[from..], row), (to, to_row), [dh, run]);
            }
            r += run;
        }
    }
}

/// The scratch of a block: gradient of the projection, normalised rows, their gradient.
type Scratch<'a> = (&'a mut [f32], &'a mut [f32], &'a mut [f32]);

/// What [`Rows::blocks`] runs.
trait Work: Fn(usize, &[f32], &mut [f32], Scratch<'_>, [&mut [f32]; 3], bool) + Sync {}
impl<F: Fn(usize, &[f32], &mut [f32], Scratch<'_>, [&mut [f32]; 3], bool) + Sync> Work for F {}
