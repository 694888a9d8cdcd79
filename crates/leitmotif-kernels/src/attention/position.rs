//! Sinusoidal embeddings of distances (Vaswani et al. 2017), projected once per call and laid out
//! per head.

use crate::gemm::{self, Factor};
use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::rows::{copy, stride};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Tables of so many widths are kept.
const MAX_WIDTHS: usize = 8;

/// The embeddings of the distances `0..count`, `[at least count, d]`: the first half of the columns
/// are `sin(t / 10000^(2 i / d))`, the second half the cosines.
pub fn sinusoids(count: usize, d: usize) -> Arc<[f32]> {
    static TABLES: Mutex<Vec<(usize, Arc<[f32]>)>> = Mutex::new(Vec::new());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, table)) = tables.iter().find(|(width, table)| *width == d && table.len() >= count * d) {
        return table.clone();
    }
    let half = d / 2;
    let mut table = Vec::with_capacity(count.next_power_of_two() * d);
    for t in 0..count.next_power_of_two() {
        for column in 0..d {
            let i = if column < half { column } else { column - half };
            let angle = t as f64 / 10_000_f64.powf(2.0 * i as f64 / d as f64);
            table.push(if column < half { angle.sin() } else { angle.cos() } as f32);
        }
    }
    let table: Arc<[f32]> = table.into();
    tables.retain(|(width, _)| *width != d);
    if tables.len() >= MAX_WIDTHS {
        tables.remove(0);
    }
    tables.push((d, table.clone()));
    table
}

/// Projected embeddings in reversed order, so that the scores of one query and consecutive keys are
/// consecutive: entry `e` belongs to the distance `count - 1 - e`. Kept as [`Factor`]s.
#[derive(Debug)]
pub(super) struct Positions {
    /// Of each head a right-hand factor `[dh, count]`, [`row`] floats between rows.
    columns: Buf,
    /// Of each head a right-hand factor `[count, dh]`.
    rows: Buf,
    heads: usize,
    dh: usize,
    count: usize,
}

/// Columns beyond the last that may be read (a full vector).
const SLACK: usize = 16;

/// Floats between the rows of a matrix with one column per distance.
pub(super) fn row(count: usize) -> usize {
    stride(count + SLACK)
}

impl Positions {
    pub(super) fn project<F: Factor>(w_r: &[f32], count: usize, d: usize, heads: usize) -> Self {
        let (isa, dh, row) = (Isa::current(), d / heads, row(count));
        let projected = gemm::nn(&sinusoids(count, d)[..count * d], w_r, None, [count, d, d]);
        let of_columns = dh.div_ceil(F::NUMBERS) * row;
        let of_rows = count.div_ceil(F::NUMBERS) * F::row(dh);
        let (mut columns, mut rows) = (pool::take(heads * of_columns + SLACK), pool::take(heads * of_rows));
        let of_heads = columns.par_chunks_exact_mut(of_columns).zip(rows.par_chunks_exact_mut(of_rows));
        of_heads.enumerate().for_each(|(head, (columns, rows))| {
            let mut reversed = pool::take(count * dh);
            for (projected, to) in projected.chunks_exact(d).rev().zip(reversed.chunks_exact_mut(dh)) {
                copy(&projected[head * dh..][..dh], to);
            }
            F::transposed(isa, (&reversed, dh), [dh, count], (columns, row));
            if F::NUMBERS == 1 {
                rows.copy_from_slice(&reversed);
            } else {
                F::right(isa, (&reversed, dh), [count, dh], rows);
            }
        });
        Self { columns, rows, heads, dh, count }
    }

    /// A head's right-hand factor `[dh, count]` from entry `first` on; rows are [`row`] apart.
    pub(super) fn columns<F: Factor>(&self, head: usize, first: usize) -> &[F] {
        let of_head = self.dh.div_ceil(F::NUMBERS) * row(self.count);
        &F::elements(&self.columns)[head * of_head + first..]
    }

    /// A head's right-hand factor `[count, dh]` from entry `first` on, a multiple of
    /// [`Factor::NUMBERS`].
    pub(super) fn rows<F: Factor>(&self, head: usize, first: usize) -> &[F] {
        let of_head = self.rows.len() / self.heads;
        &F::elements(&self.rows)[head * of_head + first / F::NUMBERS * F::row(self.dh)..]
    }

    /// Floats between rows of [`Self::columns`] and of their gradient.
    pub(super) fn row(&self) -> usize {
        row(self.count)
    }

    /// Gradient `[d, d]` of the projection from that of all heads' columns, `[heads, dh, row]`.
    pub(super) fn backward(dcolumns: &[f32], count: usize, d: usize) -> Vec<f32> {
        const ROWS: usize = 16;
        let row = row(count);
        let mut projected = pool::take(count * d);
        projected.par_chunks_mut(ROWS * d).enumerate().for_each(|(block, projected)| {
            for (i, projected) in projected.chunks_exact_mut(d).enumerate() {
                let e = count - 1 - (block * ROWS + i);
                for (x, column) in projected.iter_mut().zip(dcolumns.chunks_exact(row)) {
                    *x = column[e];
                }
            }
        });
        gemm::tn(&sinusoids(count, d)[..count * d], &projected, [count, d, d])
    }
}

/// Which way columns are turned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Forth,
    Back,
}

/// Rotations of a head's pairs of columns by places.
pub(super) struct Rotation {
    /// `[at least count, dh]`, sines left, cosines right.
    table: Arc<[f32]>,
    dh: usize,
}

impl Rotation {
    /// Those of the places `0..count`.
    pub(super) fn new(count: usize, dh: usize) -> Self {
        Self { table: sinusoids(count, dh), dh }
    }

    /// Turns the heads in columns `columns` of each of the rows `[_, row]` by its place.
    pub(super) fn turn(
        &self,
        rows: &mut [f32],
        row: usize,
        columns: Range<usize>,
        place: impl Fn(usize) -> usize,
        turn: Turn,
    ) {
        let dh = self.dh;
        let sign = if turn == Turn::Forth { 1.0 } else { -1.0 };
        for (index, row) in rows.chunks_mut(row).enumerate() {
            let angle = &self.table[place(index) * dh..][..dh];
            let (sines, cosines) = angle.split_at(dh / 2);
            for head in row[columns.clone()].chunks_exact_mut(dh) {
                let (left, right) = head.split_at_mut(dh / 2);
                for ((a, b), (sine, cosine)) in left.iter_mut().zip(right).zip(sines.iter().zip(cosines)) {
                    let sine = sign * sine;
                    (*a, *b) = (*a * cosine - *b * sine, *a * sine + *b * cosine);
                }
            }
        }
    }
}
