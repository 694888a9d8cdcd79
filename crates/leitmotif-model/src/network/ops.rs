//! The operations that the blocks of a network are made of.
//!
//! A network is written once, over this trait. Its eager back end (of [`crate::NetworkModel`]) runs
//! the kernels on slices, with packed weights and without gradients; the other one, in
//! `leitmotif-network`, runs on tensors that learn. What goes by rows of states has one definition
//! for both; only attention and the LSTM have two forms, a whole segment and a step over a cache.

use super::{FeedForward, GroupAttention, Norm, Weight};
use std::ops::Range;

/// How much is dropped, and which mask is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Probability that a value is set to zero, at least 0 and below 1; the others grow by
    /// `1 / (1 - probability)`.
    pub probability: f32,
    /// Names the mask.
    pub seed: u64,
}

impl Dropout {
    /// Nothing is dropped.
    pub const NONE: Self = Self { probability: 0.0, seed: 0 };

    /// Whether every value stays.
    pub fn is_none(&self) -> bool {
        self.probability <= 0.0
    }
}

/// What a back end can do with rows of numbers, `[n, width]`. Indices below 0 name a row of zeros.
pub trait Ops {
    /// Rows of numbers.
    type Rows: Clone;

    /// Sums rows of a table, with `[n, k]` indices: row `i` of the result `[n, width]` is the sum
    /// of the `k` rows that indices `i * k..(i + 1) * k` name.
    fn gather(&self, table: Weight, indices: impl IntoIterator<Item = i32>, shape: [usize; 2]) -> Self::Rows;

    /// `x` plus [`Self::gather`], row by row.
    fn add_gathered(
        &self,
        x: Self::Rows,
        table: Weight,
        indices: impl IntoIterator<Item = i32>,
        k: usize,
    ) -> Self::Rows;

    /// `x` plus rows of a table, each of a row's `copies` (as many as `gains` `[copies, d]` has
    /// rows) times its own gains; `indices` are `[n, copies]`.
    fn add_copies(&self, x: Self::Rows, table: Weight, gains: Weight, indices: &[i32]) -> Self::Rows;

    /// As [`Self::gather`], of the rows of `x`.
    fn pick(&self, x: &Self::Rows, indices: impl IntoIterator<Item = i32>, shape: [usize; 2]) -> Self::Rows;

    /// As [`Self::pick`], the greatest of the `k` rows instead of their sum; rows of which all are
    /// named below 0 are zeros.
    fn pick_greatest(&self, x: &Self::Rows, indices: impl IntoIterator<Item = i32>, shape: [usize; 2]) -> Self::Rows;

    /// As [`Self::pick`], the `k` rows side by side instead of their sum: `[n, k * width]`. No
    /// gradient reaches `x`.
    fn pick_beside(&self, x: &Self::Rows, indices: impl IntoIterator<Item = i32>, shape: [usize; 2]) -> Self::Rows;

    /// `x W`, plus a bias.
    fn linear(&self, x: &Self::Rows, map: Weight, bias: Option<Weight>) -> Self::Rows;

    /// Each row normalised.
    fn norm(&self, x: &Self::Rows, norm: &Norm) -> Self::Rows;

    /// `dropout(outer(dropout(act(inner(norm(x))))))`, plus `x` if `residual`. `dropouts` are those
    /// of the hidden layer and of the result.
    fn feed_forward(&self, x: Self::Rows, block: &FeedForward, dropouts: [Dropout; 2], residual: bool) -> Self::Rows;

    /// `x` plus the attention of every row to all rows of its group; group `g` is rows
    /// `offsets[g]..offsets[g + 1]`, and the offsets rise strictly from 0 to `n`.
    fn group_attention(&self, x: Self::Rows, block: &GroupAttention, offsets: &[usize], dropout: Dropout)
    -> Self::Rows;

    /// `a + b`.
    fn add(&self, a: Self::Rows, b: &Self::Rows) -> Self::Rows;

    /// `x` with `part` added to its columns from number `column` on.
    fn add_at(&self, x: Self::Rows, part: &Self::Rows, column: usize) -> Self::Rows;

    /// `x` times a number.
    fn scale(&self, x: Self::Rows, by: f32) -> Self::Rows;

    /// Each row times its number.
    fn scale_rows(&self, x: Self::Rows, by: impl IntoIterator<Item = f32>) -> Self::Rows;

    /// `a / (b + least)`, value by value.
    fn divide(&self, a: Self::Rows, b: &Self::Rows, least: f32) -> Self::Rows;

    /// The columns `range` of every `block` columns, side by side.
    fn columns(&self, x: &Self::Rows, block: usize, range: Range<usize>) -> Self::Rows;

    /// All parts side by side.
    fn beside(&self, parts: &[Self::Rows]) -> Self::Rows;

    /// The softmax of each row.
    fn softmax(&self, x: Self::Rows) -> Self::Rows;

    /// Each row of `values` `[n, slots * width]` as `slots` rows, their sum weighed by a row of
    /// `weights` `[n, slots]`: `[n, width]`.
    fn mix(&self, weights: &Self::Rows, values: &Self::Rows) -> Self::Rows;

    /// Every one of the weights of a row times its values: `[n, slots * width]` of
    /// `[n, slots]` and `[n, width]`.
    fn outer(&self, weights: &Self::Rows, values: &Self::Rows) -> Self::Rows;

    /// `sigmoid(reset) * residual`, where `reset` is the first third of `input` `[n, 3 d]` plus the
    /// first half of `state` `[n, 2 d]`.
    fn gru_reset(&self, input: &Self::Rows, state: &Self::Rows, residual: &Self::Rows) -> Self::Rows;

    /// Moves `residual` towards `tanh(candidate)` by `sigmoid(update + bias)`: the sums are the
    /// rest of `input` and `state`, and `candidate` is added to the last third of `input`.
    fn gru_update(
        &self,
        input: &Self::Rows,
        state: &Self::Rows,
        candidate: &Self::Rows,
        bias: Weight,
        residual: Self::Rows,
    ) -> Self::Rows;
}
