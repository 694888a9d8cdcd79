//! One head of one group: scores, softmax and weighted sum, some queries at a time, and its
//! gradient.
//!
//! Probabilities are never stored whole: the backward pass makes each tile again from queries, keys
//! and the saved logarithm of the row's sum (as FlashAttention, Dao et al. 2022).

use super::softmax::{TILE, Tile, softmax, softmax_backward};
use crate::feed_forward::split;
use crate::gemm::{Dims, Factor, Start};
use crate::isa::Isa;
use crate::pool;
use crate::rows::stride;

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

    /// Of the products of a tile's queries and the columns of keys or values.
    fn across<F: Factor>(&self, tile: &Tile, a_row: usize) -> Dims {
        let k = self.dh.div_ceil(F::NUMBERS);
        Dims { m: tile.rows, n: tile.keys, k, a_row, a_col: 1, b_row: tile.row, c_row: tile.row }
    }

    /// Of the products of a tile and the rows of keys or values.
    fn along<F: Factor>(&self, tile: &Tile, a_row: usize, b_row: usize) -> Dims {
        let k = tile.keys.div_ceil(F::NUMBERS);
        Dims { m: tile.rows, n: self.dh, k, a_row, a_col: 1, b_row, c_row: self.dh }
    }

    /// Of the products of a transposed tile and its queries' rows.
    fn down<F: Factor>(&self, tile: &Tile, a_col: usize, b_row: usize) -> Dims {
        let k = tile.rows.div_ceil(F::NUMBERS);
        Dims { m: tile.keys, n: self.dh, k, a_row: 1, a_col, b_row, c_row: self.dh }
    }

    /// Writes `mixed[rows, dh]` and the logarithm of each query's sum of exponentials.
    pub(super) fn forward<F: Factor>(&self, mixed: &mut [f32], log_sum: &mut [f32]) {
        let Self { isa, d, dh, rows, .. } = *self;
        let [q, k, v] = self.qkv();
        let row = stride(rows);
        let lengths = [
            dh.div_ceil(F::NUMBERS) * row,
            TILE * row,
            F::made(TILE * dh),
            F::made_right(rows, dh),
            F::made(TILE * row),
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [keys, scores, of_queries, of_values, of_scores] = split(&mut scratch, lengths);
        F::transposed(isa, (k, 3 * d), [dh, rows], (keys, row));
        let keys = F::elements(keys);
        let (v, v_row) = F::right(isa, (v, 3 * d), [rows, dh], of_values);
        for i in (0..rows).step_by(TILE) {
            let tile = self.tile(i);
            let (q, q_row) = F::left(isa, (&q[i * 3 * d..], 3 * d), [tile.rows, dh], of_queries);
            F::product(isa, self.across::<F>(&tile, q_row), q, keys, scores, Start::Zero);
            softmax(isa, tile, scores, &mut log_sum[i..]);
            let (a, a_row) = F::left(isa, (scores, row), [tile.rows, rows], of_scores);
            F::product(isa, self.along::<F>(&tile, a_row, v_row), a, v, &mut mixed[i * dh..], Start::Zero);
        }
    }

    /// Writes the gradients of queries, keys and values, `[3, rows, dh]`, from the gradient
    /// `[_, d]` of what all tasks have mixed, and from their logarithms.
    pub(super) fn backward<F: Factor>(&self, dmixed: &[f32], log_sum: &[f32], gradients: &mut [f32]) {
        let Self { isa, d, dh, rows, .. } = *self;
        let [q, k, v] = self.qkv();
        let dmixed = &dmixed[self.first * d + self.column..];
        // Before this one lie `d / dh` heads of the earlier rows and `column / dh` heads of this
        // group's.
        let log_sum = &log_sum[(self.first * d + rows * self.column) / dh..];
        let row = stride(rows);
        let columns = dh.div_ceil(F::NUMBERS) * row;
        let lengths = [columns, columns, TILE * row, TILE * row, F::made_right(rows, dh)];
        let mut scratch = pool::take(lengths.iter().sum());
        let [keys, values, scores, dscores, of_keys] = split(&mut scratch, lengths);
        let lengths = [F::made(TILE * dh), F::made(TILE * row), F::made_right(TILE, rows), F::made_right(TILE, dh)];
        let mut scratch = pool::take(lengths.iter().sum());
        let [of_rows, of_scores, of_columns, of_right] = split(&mut scratch, lengths);
        let [dq, dk, dv] = split(gradients, [rows * dh; 3]);
        F::transposed(isa, (k, 3 * d), [dh, rows], (keys, row));
        F::transposed(isa, (v, 3 * d), [dh, rows], (values, row));
        let (keys, values) = (F::elements(keys), F::elements(values));
        let (k, k_row) = F::right(isa, (k, 3 * d), [rows, dh], of_keys);
        for i in (0..rows).step_by(TILE) {
            let tile = self.tile(i);
            let (q, dmixed) = ((&q[i * 3 * d..], 3 * d), (&dmixed[i * d..], d));
            let mut across = |rows: (&[f32], usize), columns: &[F], to: &mut [f32]| {
                let (a, a_row) = F::left(isa, rows, [tile.rows, dh], of_rows);
                F::product(isa, self.across::<F>(&tile, a_row), a, columns, to, Start::Zero);
            };
            across(q, keys, scores);
            across(dmixed, values, dscores);
            softmax_backward(isa, tile, scores, dscores, &log_sum[i..]);
            let start = if i > 0 { Start::Add } else { Start::Zero };
            let mut down = |tile_of: &[f32], rows_of: (&[f32], usize), to: &mut [f32]| {
                let (a, a_col) = F::right(isa, (tile_of, row), [tile.rows, rows], of_columns);
                let (b, b_row) = F::right(isa, rows_of, [tile.rows, dh], of_right);
                F::product(isa, self.down::<F>(&tile, a_col, b_row), a, b, to, start);
            };
            down(scores, dmixed, dv);
            down(dscores, q, dk);
            let (a, a_row) = F::left(isa, (dscores, row), [tile.rows, rows], of_scores);
            F::product(isa, self.along::<F>(&tile, a_row, k_row), a, k, &mut dq[i * dh..], Start::Zero);
        }
    }
}
