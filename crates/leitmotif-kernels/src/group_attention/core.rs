//! One head of one group: scores, softmax and weighted sum, some queries at a time, and its
//! gradient.
//!
//! Probabilities are never stored whole: the backward pass makes each tile again from queries, keys
//! and the saved logarithm of the row's sum (as FlashAttention, Dao et al. 2022).

use super::softmax::{TILE, Tile, softmax, softmax_backward};
use crate::feed_forward::split;
use crate::gemm::{Dims, Start, product};
use crate::isa::Isa;
use crate::pool;
use crate::rows::stride;
use crate::transpose::transpose;

/// One head of one group.
pub(super) struct Head<'a> {
    pub isa: Isa,
    pub d: usize,
    pub dh: usize,
    /// The group's first row.
    pub first: usize,
    /// Rows of the group.
    pub rows: usize,
    /// This head's first column.
    pub column: usize,
    /// Of all groups, `[_, 3 d]`.
    pub qkv: &'a [f32],
}

impl Head<'_> {
    /// Queries, keys and values from the group's first row and this head's first column on, `3 d`
    /// floats between rows.
    fn qkv(&self) -> [&[f32]; 3] {
        [0, 1, 2].map(|part| &self.qkv[(3 * self.first + part) * self.d + self.column..])
    }

    /// The tile that begins with query `i`.
    fn tile(&self, i: usize) -> Tile {
        let rows = TILE.min(self.rows - i);
        Tile { rows, keys: self.rows, row: stride(self.rows), scale: 1.0 / (self.dh as f32).sqrt() }
    }

    /// Of the products of a tile's queries, `a_row` floats apart, and the columns of keys or
    /// values.
    fn across(&self, tile: &Tile, a_row: usize) -> Dims {
        Dims { m: tile.rows, n: tile.keys, k: self.dh, a_row, a_col: 1, b_row: tile.row, c_row: tile.row }
    }

    /// Of the products of a tile and the rows of keys or values.
    fn along(&self, tile: &Tile) -> Dims {
        Dims { m: tile.rows, n: self.dh, k: tile.keys, a_row: tile.row, a_col: 1, b_row: 3 * self.d, c_row: self.dh }
    }

    /// Of the products of a transposed tile and its queries' rows, `b_row` floats apart.
    fn down(&self, tile: &Tile, b_row: usize) -> Dims {
        Dims { m: tile.keys, n: self.dh, k: tile.rows, a_row: 1, a_col: tile.row, b_row, c_row: self.dh }
    }

    /// Writes `mixed[rows, dh]` and the logarithm of each query's sum of exponentials.
    pub(super) fn forward(&self, mixed: &mut [f32], log_sum: &mut [f32]) {
        let Self { isa, d, dh, rows, .. } = *self;
        let [q, k, v] = self.qkv();
        let row = stride(rows);
        let lengths = [dh * row, TILE * row];
        let mut scratch = pool::take(lengths.iter().sum());
        let [keys, scores] = split(&mut scratch, lengths);
        transpose(isa, (k, 3 * d), (keys, row), [rows, dh]);
        for i in (0..rows).step_by(TILE) {
            let tile = self.tile(i);
            product(isa, self.across(&tile, 3 * d), &q[i * 3 * d..], keys, scores, Start::Zero);
            softmax(isa, tile, scores, &mut log_sum[i..]);
            product(isa, self.along(&tile), scores, v, &mut mixed[i * dh..], Start::Zero);
        }
    }

    /// Writes the gradients of queries, keys and values, `[3, rows, dh]`, from the gradient
    /// `[_, d]` of what all tasks have mixed, and from their logarithms.
    pub(super) fn backward(&self, dmixed: &[f32], log_sum: &[f32], gradients: &mut [f32]) {
        let Self { isa, d, dh, rows, .. } = *self;
        let [q, k, v] = self.qkv();
        let dmixed = &dmixed[self.first * d + self.column..];
        // Before this one lie `d / dh` heads of the earlier rows and `column / dh` heads of this
        // group's.
        let log_sum = &log_sum[(self.first * d + rows * self.column) / dh..];
        let row = stride(rows);
        let lengths = [dh * row, dh * row, TILE * row, TILE * row];
        let mut scratch = pool::take(lengths.iter().sum());
        let [keys, values, scores, dscores] = split(&mut scratch, lengths);
        let [dq, dk, dv] = split(gradients, [rows * dh; 3]);
        transpose(isa, (k, 3 * d), (keys, row), [rows, dh]);
        transpose(isa, (v, 3 * d), (values, row), [rows, dh]);
        for i in (0..rows).step_by(TILE) {
            let tile = self.tile(i);
            let (q, dmixed) = (&q[i * 3 * d..], &dmixed[i * d..]);
            product(isa, self.across(&tile, 3 * d), q, keys, scores, Start::Zero);
            product(isa, self.across(&tile, d), dmixed, values, dscores, Start::Zero);
            softmax_backward(isa, tile, scores, dscores, &log_sum[i..]);
            let start = if i > 0 { Start::Add } else { Start::Zero };
            product(isa, self.down(&tile, d), scores, dmixed, dv, start);
            product(isa, self.down(&tile, 3 * d), dscores, q, dk, start);
            product(isa, self.along(&tile), dscores, k, &mut dq[i * dh..], Start::Zero);
        }
    }
}
