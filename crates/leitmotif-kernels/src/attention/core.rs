//! One head of one sequence: scores, softmax and weighted sum, tile by tile, and its gradient.
//!
//! Probabilities are never stored whole: the backward pass makes each tile again from queries, keys
//! and the saved logarithm of the row's sum (as FlashAttention, Dao et al. 2022).

use super::position::Positions;
use super::queries::{gather_deltas, join_gradients, scale_rows, with_biases};
use super::scores::{MAX_ROWS, Tile, softmax, softmax_backward};
use crate::dropout::Dropout;
use crate::feed_forward::split;
use crate::gemm::{Dims, Factor, Start};
use crate::isa::Isa;
use crate::pool;
use crate::rows::{copy, stride};
use std::ops::Range;

/// One head of one sequence. Keys are counted from the first that is valid.
pub(super) struct Head<'a> {
    pub isa: Isa,
    /// Queries, keys and values of the segment: row `i` at `qkv[i * 3 d]`, from this head's first
    /// column.
    pub qkv: &'a [f32],
    /// Keys and values of the context: row `j` at `kv[j * 2 d]`, from this head's first column.
    pub kv: &'a [f32],
    pub d: usize,
    pub dh: usize,
    pub segment: usize,
    /// Rows of the context.
    pub context: usize,
    /// Rows of the context before the first valid one.
    pub skipped: usize,
    /// Context rows, counted after the skipped ones, that are invalid.
    pub gap: (usize, usize),
    /// This head's biases of content and position `[dh]`; empty without positions.
    pub biases: [&'a [f32]; 2],
    /// None where queries and keys were rotated by their places.
    pub positions: Option<&'a Positions>,
    /// Number of the head.
    pub head: usize,
    pub dropout: Dropout,
    /// Dropout index of the first query and the first key of the context.
    pub index: u64,
}

/// Which part of a row of projections.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
}

/// Gradients that [`Head::backward`] adds to, and those that it writes.
pub(super) struct HeadGradients<'a> {
    /// `[segment, dh]`
    pub q: &'a mut [f32],
    /// `[dh, row]`, one column per row of context and segment.
    pub k: &'a mut [f32],
    /// As `k`.
    pub v: &'a mut [f32],
    /// Floats between rows of `k` and `v`.
    pub row: usize,
    /// Added to: `[dh, row]`, as the columns of [`Positions`].
    pub positions: &'a mut [f32],
    /// Added to.
    pub u_bias: &'a mut [f32],
    /// Added to.
    pub v_bias: &'a mut [f32],
}

impl Head<'_> {
    fn keys(&self) -> usize {
        self.context - self.skipped + self.segment
    }

    fn scale(&self) -> f32 {
        1.0 / (self.dh as f32).sqrt()
    }

    /// Queries of a tile.
    fn tile_rows(&self) -> usize {
        const MANY_KEYS: usize = 256;
        if self.keys() >= MANY_KEYS { MAX_ROWS } else { MAX_ROWS / 2 }
    }

    /// Floats between rows of a tile.
    fn tile_row(&self) -> usize {
        stride(self.keys() + self.tile_rows() + 16)
    }

    fn tile(&self, i: usize) -> Tile {
        let rows = self.tile_rows().min(self.segment - i);
        let index_row = (self.context + self.segment) as u64;
        Tile {
            rows,
            keys: self.context - self.skipped + i + rows,
            row: self.tile_row(),
            gap: self.gap,
            dropout: self.dropout,
            index: self.index + i as u64 * index_row + self.skipped as u64,
            index_row,
        }
    }

    /// First of a tile's columns of [`Positions`].
    fn first_position(&self, i: usize, tile: &Tile) -> usize {
        self.skipped + self.segment - i - tile.rows
    }

    /// Stretches of valid rows: number of the first, their values, and floats between rows.
    fn stretches(&self, part: Part) -> [(Range<usize>, &[f32], usize); 3] {
        let (in_kv, in_qkv) = match part {
            Part::Key => (0, self.d),
            Part::Value => (self.d, 2 * self.d),
        };
        let past = self.context - self.skipped;
        let of_kv = |rows: Range<usize>| {
            let from = (self.skipped + rows.start) * 2 * self.d + in_kv;
            let values = if rows.is_empty() { &[] } else { &self.kv[from..] };
            (rows, values, 2 * self.d)
        };
        let segment = (past..past + self.segment, &self.qkv[in_qkv..], 3 * self.d);
        [of_kv(0..self.gap.0), of_kv(self.gap.1..past), segment]
    }

    /// `[keys, dh]`
    fn rows(&self, part: Part, to: &mut [f32]) {
        to[self.gap.0 * self.dh..self.gap.1 * self.dh].fill(0.0);
        for (rows, from, from_row) in self.stretches(part) {
            let to = to[rows.start * self.dh..rows.end * self.dh].chunks_exact_mut(self.dh);
            to.zip(from.chunks(from_row)).for_each(|(to, from)| copy(&from[..self.dh], to));
        }
    }

    /// The right-hand factor `[dh, keys]`, `row` floats between rows.
    fn columns<F: Factor>(&self, part: Part, to: &mut [f32], row: usize) {
        to.chunks_exact_mut(row).for_each(|to| to[self.gap.0..self.gap.1].fill(0.0));
        for (rows, from, from_row) in self.stretches(part) {
            F::transposed(self.isa, (from, from_row), [self.dh, rows.len()], (&mut to[rows.start..], row));
        }
    }

    /// Scaled queries with both biases, each `[segment, dh]`.
    fn queries(&self, content: &mut [f32], position: &mut [f32]) {
        let none = vec![0.0; if self.positions.is_none() { self.dh } else { 0 }];
        let biases = if self.positions.is_none() { [&*none; 2] } else { self.biases };
        with_biases(self.isa.for_rows_of(self.dh), (self.qkv, 3 * self.d), biases, self.scale(), content, position);
    }

    /// Sizes of the products that give a tile's scores and their gradient.
    fn across<F: Factor>(&self, tile: &Tile, a_row: usize, b_row: usize) -> Dims {
        // Whole vectors: what lies beyond the keys is masked.
        let n = tile.keys.next_multiple_of(VECTOR);
        Dims { m: tile.rows, n, k: self.dh.div_ceil(F::NUMBERS), a_row, a_col: 1, b_row, c_row: tile.row }
    }

    /// The scores of a tile, whose first row is `scores[MARGIN..]`, from both queries
    /// `[_, dh]` as left-hand factors.
    fn scores<F: Factor>(&self, i: usize, tile: &Tile, q: [&[F]; 2], keys: (&[F], usize), scores: &mut [f32]) {
        let width = self.dh.div_ceil(F::NUMBERS);
        let dims = self.across::<F>(tile, width, keys.1);
        let mut start = Start::Zero;
        if let Some(positions) = self.positions {
            // First, so that its unaligned rows have left for the cache when they are read.
            let columns = positions.columns::<F>(self.head, self.first_position(i, tile));
            let dims = Dims { n: tile.keys, b_row: positions.row(), c_row: tile.row + 1, ..dims };
            F::product(self.isa, dims, &q[1][i * width..], columns, &mut scores[MARGIN + 1 - tile.rows..], start);
            start = Start::Add;
        }
        F::product(self.isa, dims, &q[0][i * width..], keys.0, &mut scores[MARGIN..], start);
    }

    /// Writes `out[segment, dh]` and the logarithm of each query's sum of exponentials.
    pub(super) fn forward<F: Factor>(&self, out: &mut [f32], log_sum: &mut [f32]) {
        let (isa, dh, keys, segment) = (self.isa, self.dh, self.keys(), self.segment);
        let (rows, row, column) = (self.tile_rows(), self.tile_row(), stride(keys));
        let queries = segment * dh;
        let lengths = [
            queries,
            queries,
            F::made(queries),
            F::made(queries),
            dh.div_ceil(F::NUMBERS) * column,
            keys * dh,
            F::made_right(keys, dh),
            MARGIN + rows * row,
            F::made(rows * row),
            rows,
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [q_content, q_position, of_content, of_position, k, v, of_v, scores, of_scores, factor] =
            split(&mut scratch, lengths);
        self.queries(q_content, q_position);
        let (q_content, _) = F::left(isa, (q_content, dh), [segment, dh], of_content);
        let (q_position, _) = F::left(isa, (q_position, dh), [segment, dh], of_position);
        self.columns::<F>(Part::Key, k, column);
        self.rows(Part::Value, v);
        let (v, v_row) = F::right(isa, (v, dh), [keys, dh], of_v);
        for i in (0..segment).step_by(rows) {
            let tile = self.tile(i);
            self.scores(i, &tile, [q_content, q_position], (F::elements(k), column), scores);
            softmax(isa, tile, &mut scores[MARGIN..], factor, &mut log_sum[i..i + tile.rows]);
            let out = &mut out[i * dh..(i + tile.rows) * dh];
            let (a, a_row) = F::left(isa, (&scores[MARGIN..], row), [tile.rows, tile.keys], of_scores);
            let k = tile.keys.div_ceil(F::NUMBERS);
            let dims = Dims { m: tile.rows, n: dh, k, a_row, a_col: 1, b_row: v_row, c_row: dh };
            F::product(isa, dims, a, v, out, Start::Zero);
            scale_rows(isa.for_rows_of(dh), out, &factor[..tile.rows]);
        }
    }

    /// Gradients from that of the output: row `i` at `dout[i * d]`, from this head's first column.
    pub(super) fn backward<F: Factor>(&self, dout: &[f32], out: &[f32], log_sum: &[f32], gradients: HeadGradients<'_>) {
        let (isa, dh, keys, segment) = (self.isa, self.dh, self.keys(), self.segment);
        let (rows, row, column) = (self.tile_rows(), self.tile_row(), stride(keys));
        let (queries, width) = (segment * dh, dh.div_ceil(F::NUMBERS));
        let down = F::made_right(segment, dh);
        let tile_down = F::made_right(rows, row);
        let lengths = [
            queries,
            queries,
            queries,
            width * column,
            width * column,
            keys * dh,
            MARGIN + rows * row,
            MARGIN + rows * row,
            rows * dh,
            rows * dh,
            segment,
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [q_content, q_position, d_out, k, v, k_rows, scores, gradient, dq_content, dq_position, delta] =
            split(&mut scratch, lengths);
        self.queries(q_content, q_position);
        self.columns::<F>(Part::Key, k, column);
        self.columns::<F>(Part::Value, v, column);
        self.rows(Part::Key, k_rows);
        gather_deltas(isa.for_rows_of(dh), out, (dout, self.d), d_out, delta);
        // The margins, which no tile writes.
        gradient[..MARGIN].fill(0.0);
        gradient[MARGIN..].chunks_exact_mut(row).for_each(|row| row[self.keys().next_multiple_of(VECTOR)..].fill(0.0));
        // The factors, each from what lies in `scratch`.
        let lengths = [
            F::made(queries),
            F::made(queries),
            F::made(queries),
            down,
            down,
            down,
            F::made_right(keys, dh),
            tile_down,
            F::made(rows * row),
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [of_content, of_position, of_out, down_content, down_position, down_out, of_keys, of_down, of_back] =
            split(&mut scratch, lengths);
        let size = [segment, dh];
        let (q, _) = F::left(isa, (q_content, dh), size, of_content);
        let (q_of_position, _) = F::left(isa, (q_position, dh), size, of_position);
        let (d_out_rows, _) = F::left(isa, (d_out, dh), size, of_out);
        let (q_down, a_col) = F::right(isa, (q_content, dh), size, down_content);
        let (q_position_down, _) = F::right(isa, (q_position, dh), size, down_position);
        let (d_out_down, _) = F::right(isa, (d_out, dh), size, down_out);
        let (k_rows, b_row) = F::right(isa, (k_rows, dh), [keys, dh], of_keys);
        let HeadGradients { q: dq, k: dk, v: dv, row: grad_row, positions: dpositions, u_bias, v_bias } = gradients;
        let (dk, dv) = (&mut dk[self.skipped..], &mut dv[self.skipped..]);
        for i in (0..segment).step_by(rows) {
            let tile = self.tile(i);
            let (m, n) = (tile.rows, tile.keys);
            self.scores(i, &tile, [q, q_of_position], (F::elements(k), column), scores);
            let across = self.across::<F>(&tile, width, column);
            let of_tile = &d_out_rows[i * width..];
            F::product(isa, across, of_tile, F::elements(v), &mut gradient[MARGIN..], Start::Zero);
            softmax_backward(
                isa,
                tile,
                &mut scores[MARGIN..],
                &mut gradient[MARGIN..],
                &log_sum[i..i + m],
                &delta[i..i + m],
            );
            // The gradient of a right-hand factor `[dh, n]` from a matrix `[m, n]`, and of a
            // left-hand one `[m, dh]`.
            let mut to_columns = |from: (&[f32], usize), a: &[F], to: &mut [f32], to_row: usize| {
                let (b, b_row) = F::right(isa, from, [m, n], of_down);
                let k = m.div_ceil(F::NUMBERS);
                let dims = Dims { m: dh, n, k, a_row: 1, a_col, b_row, c_row: to_row };
                F::product(isa, dims, &a[i / F::NUMBERS * a_col..], b, to, Start::Add);
            };
            let mut to_rows = |from: (&[f32], usize), k: usize, b: &[F], to: &mut [f32]| {
                let (a, a_row) = F::left(isa, from, [m, k], of_back);
                let dims = Dims { m, n: dh, k: k.div_ceil(F::NUMBERS), a_row, a_col: 1, b_row, c_row: dh };
                F::product(isa, dims, a, b, to, Start::Zero);
            };
            to_columns((&scores[MARGIN..], row), d_out_down, dv, grad_row);
            to_columns((&gradient[MARGIN..], row), q_down, dk, grad_row);
            to_rows((&gradient[MARGIN..], row), n, k_rows, dq_content);
            if let Some(positions) = self.positions {
                let first = self.first_position(i, &tile);
                let shifted = MARGIN + 1 - m;
                to_columns((&gradient[shifted..], row + 1), q_position_down, &mut dpositions[first..], positions.row());
                // From a whole element on: what lies before the first is zero.
                let odd = first % F::NUMBERS;
                let b = positions.rows::<F>(self.head, first - odd);
                to_rows((&gradient[shifted - odd..], row + 1), n + odd, b, dq_position);
            } else {
                dq_position[..m * dh].fill(0.0);
            }
            let (dq, rows) = (&mut dq[i * dh..(i + m) * dh], ..m * dh);
            let (content, position) = (&dq_content[rows], &dq_position[rows]);
            join_gradients(isa.for_rows_of(dh), content, position, self.scale(), dq, [&mut *u_bias, &mut *v_bias]);
        }
    }
}

/// Floats before a tile's first row.
const MARGIN: usize = MAX_ROWS + 16;
/// Columns are computed in multiples of so many.
const VECTOR: usize = 16;
