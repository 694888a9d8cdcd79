//! Sinusoidal embeddings of distances (Vaswani et al. 2017), projected once per call and laid out
//! per head.

use crate::gemm;
use crate::pool::{self, Buf};
use crate::rows::stride;
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
/// consecutive: entry `e` belongs to the distance `count - 1 - e`.
#[derive(Debug)]
pub(super) struct Positions {
    /// `[heads, dh, row]`
    pub columns: Buf,
    /// `[heads, count, dh]`
    pub rows: Buf,
    /// Floats between rows of `columns`.
    pub row: usize,
}

/// Columns beyond the last that may be read (a full vector).
const SLACK: usize = 16;

/// Floats between the rows of a matrix with one column per distance.
pub(super) fn row(count: usize) -> usize {
    stride(count + SLACK)
}

impl Positions {
    pub(super) fn project(w_r: &[f32], count: usize, d: usize, heads: usize) -> Self {
        let (dh, row) = (d / heads, row(count));
        let projected = gemm::nn(&sinusoids(count, d)[..count * d], w_r, None, [count, d, d]);
        let (mut columns, mut rows) = (pool::take(d * row), pool::take(d * count));
        for (t, projected) in projected.chunks_exact(d).enumerate() {
            let e = count - 1 - t;
            for (column, &x) in projected.iter().enumerate() {
                columns[column * row + e] = x;
                rows[column / dh * count * dh + e * dh + column % dh] = x;
            }
        }
        Self { columns, rows, row }
    }

    /// Gradient `[d, d]` of the projection from that of `columns`.
    pub(super) fn backward(dcolumns: &[f32], count: usize, d: usize) -> Vec<f32> {
        let row = row(count);
        let mut projected = pool::take(count * d);
        for (t, projected) in projected.chunks_exact_mut(d).enumerate() {
            for (column, x) in projected.iter_mut().enumerate() {
                *x = dcolumns[column * row + count - 1 - t];
            }
        }
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
