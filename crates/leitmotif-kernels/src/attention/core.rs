//! One head of one sequence: scores, softmax and weighted sum, tile by tile, and its gradient.
//!
//! Probabilities are never stored whole: the backward pass makes each tile again from queries, keys
//! and the saved logarithm of the row's sum (as FlashAttention, Dao et al. 2022).

use super::position::Positions;
use super::queries::{gather_deltas, join_gradients, scale_rows, with_biases};
use super::scores::{MAX_ROWS, Tile, softmax, softmax_backward};
use crate::dropout::Dropout;
use crate::feed_forward::split;
use crate::gemm::{Dims, Start, product};
use crate::isa::Isa;
use crate::pool;
use crate::rows::{copy, stride};
use crate::transpose::transpose;
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
    /// Added to: as [`Positions::columns`] of this head.
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

    /// `[dh, row]`
    fn columns(&self, part: Part, to: &mut [f32], row: usize) {
        to.chunks_exact_mut(row).for_each(|to| to[self.gap.0..self.gap.1].fill(0.0));
        for (rows, from, from_row) in self.stretches(part) {
            transpose(self.isa, (from, from_row), (&mut to[rows.start..], row), [rows.len(), self.dh]);
        }
    }

    /// Scaled queries with both biases, each `[segment, dh]`.
    fn queries(&self, content: &mut [f32], position: &mut [f32]) {
        let none = vec![0.0; if self.positions.is_none() { self.dh } else { 0 }];
        let biases = if self.positions.is_none() { [&*none; 2] } else { self.biases };
        with_biases(self.isa.for_rows_of(self.dh), (self.qkv, 3 * self.d), biases, self.scale(), content, position);
    }

    /// Both score matrices of a tile.
    fn scores(&self, i: usize, tile: &Tile, q: [&[f32]; 2], keys: (&[f32], usize), scores: [&mut [f32]; 2]) {
        let dh = self.dh;
        // Whole vectors: what lies beyond the keys is masked.
        let n = tile.keys.next_multiple_of(16);
        let dims = Dims { m: tile.rows, n, k: dh, a_row: dh, a_col: 1, b_row: keys.1, c_row: tile.row };
        let [content, position] = scores;
        product(self.isa, dims, &q[0][i * dh..], keys.0, content, Start::Zero);
        let Some(Positions { columns, row, .. }) = self.positions else { return position.fill(0.0) };
        let row = *row;
        let columns = &columns[self.head * dh * row + self.first_position(i, tile)..];
        // Of the last head's last row only what there is.
        let n = n.min(columns.len() - (dh - 1) * row);
        product(self.isa, Dims { n, b_row: row, ..dims }, &q[1][i * dh..], columns, position, Start::Zero);
    }

    /// Writes `out[segment, dh]` and the logarithm of each query's sum of exponentials.
    pub(super) fn forward(&self, out: &mut [f32], log_sum: &mut [f32]) {
        let (dh, keys, segment) = (self.dh, self.keys(), self.segment);
        let (rows, row, column) = (self.tile_rows(), self.tile_row(), stride(keys));
        let lengths = [segment * dh, segment * dh, dh * column, keys * dh, rows * row, rows * row, rows];
        let mut scratch = pool::take(lengths.iter().sum());
        let [q_content, q_position, k, v, content, position, factor] = split(&mut scratch, lengths);
        self.queries(q_content, q_position);
        self.columns(Part::Key, k, column);
        self.rows(Part::Value, v);
        for i in (0..segment).step_by(rows) {
            let tile = self.tile(i);
            self.scores(i, &tile, [q_content, q_position], (k, column), [content, position]);
            softmax(self.isa, tile, content, position, factor, &mut log_sum[i..i + tile.rows]);
            let out = &mut out[i * dh..(i + tile.rows) * dh];
            let dims = Dims { m: tile.rows, n: dh, k: tile.keys, a_row: row, a_col: 1, b_row: dh, c_row: dh };
            product(self.isa, dims, content, v, out, Start::Zero);
            scale_rows(self.isa.for_rows_of(self.dh), out, &factor[..tile.rows]);
        }
    }

    /// Gradients from that of the output: row `i` at `dout[i * d]`, from this head's first column.
    pub(super) fn backward(&self, dout: &[f32], out: &[f32], log_sum: &[f32], gradients: HeadGradients<'_>) {
        let (isa, dh, keys, segment) = (self.isa, self.dh, self.keys(), self.segment);
        let (rows, row, column) = (self.tile_rows(), self.tile_row(), stride(keys));
        let lengths = [
            segment * dh,
            segment * dh,
            segment * dh,
            dh * column,
            dh * column,
            keys * dh,
            rows * row,
            rows * row,
            rows * row,
            rows * dh,
            rows * dh,
            segment,
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [q_content, q_position, d_out, k, v, k_rows, content, position, gradient, dq_content, dq_position, delta] =
            split(&mut scratch, lengths);
        self.queries(q_content, q_position);
        self.columns(Part::Key, k, column);
        self.columns(Part::Value, v, column);
        self.rows(Part::Key, k_rows);
        gather_deltas(self.isa.for_rows_of(self.dh), out, (dout, self.d), d_out, delta);
        let HeadGradients { q: dq, k: dk, v: dv, row: grad_row, positions: dpositions, u_bias, v_bias } = gradients;
        let (dk, dv) = (&mut dk[self.skipped..], &mut dv[self.skipped..]);
        for i in (0..segment).step_by(rows) {
            let tile = self.tile(i);
            let (m, n) = (tile.rows, tile.keys);
            let first = self.first_position(i, &tile);
            self.scores(i, &tile, [q_content, q_position], (k, column), [content, position]);
            let across = Dims { m, n: n.next_multiple_of(16), k: dh, a_row: dh, a_col: 1, b_row: column, c_row: row };
            product(isa, across, &d_out[i * dh..], v, gradient, Start::Zero);
            softmax_backward(isa, tile, content, position, gradient, &log_sum[i..i + m], &delta[i..i + m]);
            let down = Dims { m: dh, n, k: m, a_row: 1, a_col: dh, b_row: row, c_row: grad_row };
            product(isa, down, &d_out[i * dh..], content, dv, Start::Add);
            product(isa, down, &q_content[i * dh..], gradient, dk, Start::Add);
            let back = Dims { m, n: dh, k: n, a_row: row, a_col: 1, b_row: dh, c_row: dh };
            product(isa, back, gradient, k_rows, dq_content, Start::Zero);
            if let Some(positions) = self.positions {
                let down = Dims { c_row: positions.row, ..down };
                product(isa, down, &q_position[i * dh..], position, &mut dpositions[first..], Start::Add);
                let r = &positions.rows[(self.head * (self.context + segment) + first) * dh..];
                product(isa, back, position, r, dq_position, Start::Zero);
            } else {
                dq_position[..m * dh].fill(0.0);
            }
            let (dq, rows) = (&mut dq[i * dh..(i + m) * dh], ..m * dh);
            let (content, position) = (&dq_content[rows], &dq_position[rows]);
            join_gradients(
                self.isa.for_rows_of(self.dh),
                content,
                position,
                self.scale(),
                dq,
                [&mut *u_bias, &mut *v_bias],
            );
        }
    }
}
