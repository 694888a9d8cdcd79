//! Copy features: the sum of some rows of a table, each with gains of its own place.
//!
//! `y[i] = sum over e of gains[e] * table[index[i, e]]`, element by element; an index below 0 names
//! no row. Columns are divided among threads, so that every sum is made by one thread, in the order
//! of the rows.

use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::simd::{Simd, dispatch};
use rayon::prelude::*;
use std::ops::Range;

/// Columns of a task.
const COLUMNS: usize = 32;
/// Rows of a task.
const ROWS: usize = 64;

/// The gradients of [`backward`].
#[derive(Debug)]
pub struct Gradients {
    /// `[rows, d]`
    pub table: Vec<f32>,
    /// `[copies, d]`
    pub gains: Vec<f32>,
}

/// The sums `[n, d]` for `table[rows, d]`, `gains[copies, d]` and `index[n, copies]`.
///
/// # Panics
/// If the sizes do not fit or an index names no row.
#[must_use]
pub fn forward(table: &[f32], gains: &[f32], index: &[i32], d: usize) -> Vec<f32> {
    let (isa, copies) = (Isa::current(), gains.len() / d);
    let mut y = pool::zeros(index.len() / copies * d);
    y.par_chunks_mut(ROWS * d).zip(index.par_chunks(ROWS * copies)).for_each(|(y, index)| {
        add_rows(isa, table, gains, index, d, y);
    });
    y
}

/// The gradients from `dy[n, d]`; the other arguments are those of the forward pass.
///
/// # Panics
/// As [`forward`].
#[must_use]
pub fn backward(dy: &[f32], table: &[f32], gains: &[f32], index: &[i32], d: usize) -> Gradients {
    let (isa, rows, copies) = (Isa::current(), table.len() / d, gains.len() / d);
    let parts: Vec<[Buf; 2]> = (0..d.div_ceil(COLUMNS))
        .into_par_iter()
        .map(|part| {
            let columns = part * COLUMNS..((part + 1) * COLUMNS).min(d);
            let mut sums = [rows, copies].map(|rows| pool::take_zeroed(rows * columns.len()));
            let [of_table, of_gains] = &mut sums;
            add_gradients(isa, dy, table, gains, index, d, columns, of_table, of_gains);
            sums
        })
        .collect();
    let join = |rows: usize, which: usize| {
        let mut all = pool::zeros(rows * d);
        all.par_chunks_mut(ROWS * d).enumerate().for_each(|(block, all)| {
            for (row, all) in (block * ROWS..).zip(all.chunks_exact_mut(d)) {
                for (part, all) in parts.iter().zip(all.chunks_mut(COLUMNS)) {
                    all.copy_from_slice(&part[which][row * all.len()..][..all.len()]);
                }
            }
        });
        all
    };
    Gradients { table: join(rows, 0), gains: join(copies, 1) }
}

dispatch! {
    /// Adds to the rows `y[_, d]` what [`forward`] says.
    fn add_rows(table: &[f32], gains: &[f32], index: &[i32], d: usize, y: &mut [f32]) = add_rows_lanes;
}

dispatch! {
    /// Adds these columns of the gradients: `of_table[rows, columns]`, `of_gains[copies, columns]`.
    fn add_gradients(
        dy: &[f32],
        table: &[f32],
        gains: &[f32],
        index: &[i32],
        d: usize,
        columns: Range<usize>,
        of_table: &mut [f32],
        of_gains: &mut [f32],
    ) = add_gradients_lanes;
}

#[inline(always)]
fn add_rows_lanes<S: Simd>(s: S, table: &[f32], gains: &[f32], index: &[i32], d: usize, y: &mut [f32]) {
    for (y, index) in y.chunks_exact_mut(d).zip(index.chunks_exact(gains.len() / d)) {
        for (gains, row) in gains.chunks_exact(d).zip(index).filter_map(|(gains, &row)| Some((gains, at(row, d)?))) {
            let values = table[row].chunks(S::N);
            for (y, (gains, values)) in y.chunks_mut(S::N).zip(gains.chunks(S::N).zip(values)) {
                let sum = s.fma(s.load_part(gains), s.load_part(values), s.load_part(y));
                s.store_part(y, sum);
            }
        }
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add_gradients_lanes<S: Simd>(
    s: S,
    dy: &[f32],
    table: &[f32],
    gains: &[f32],
    index: &[i32],
    d: usize,
    columns: Range<usize>,
    of_table: &mut [f32],
    of_gains: &mut [f32],
) {
    let width = columns.len();
    for (dy, index) in dy.chunks_exact(d).zip(index.chunks_exact(gains.len() / d)) {
        let dy = &dy[columns.clone()];
        for (copy, &row) in index.iter().enumerate() {
            let Some(values) = at(row, d) else { continue };
            let values = &table[values][columns.clone()];
            let gains = &gains[copy * d..(copy + 1) * d][columns.clone()];
            let of_gains = &mut of_gains[copy * width..(copy + 1) * width];
            let of_row = &mut of_table[row as usize * width..(row as usize + 1) * width];
            for c in (0..width).step_by(S::N) {
                let lanes = c..width.min(c + S::N);
                let dy = s.load_part(&dy[lanes.clone()]);
                let sum = s.fma(s.load_part(&values[lanes.clone()]), dy, s.load_part(&of_gains[lanes.clone()]));
                s.store_part(&mut of_gains[lanes.clone()], sum);
                let sum = s.fma(s.load_part(&gains[lanes.clone()]), dy, s.load_part(&of_row[lanes.clone()]));
                s.store_part(&mut of_row[lanes], sum);
            }
        }
    }
}

/// The place of a row in the table.
fn at(row: i32, d: usize) -> Option<std::ops::Range<usize>> {
    let row = usize::try_from(row).ok()?;
    Some(row * d..(row + 1) * d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_the_transposed_sums() {
        for (rows, copies, n, d) in [(3, 2, 4, 5), (9, 7, 65, 33), (1, 1, 1, 1), (5, 3, 130, 64)] {
            let value = |i: usize| ((i * 37 + 11) % 19) as f32 / 8.0 - 1.0;
            let table: Vec<f32> = (0..rows * d).map(value).collect();
            let gains: Vec<f32> = (0..copies * d).map(|i| value(i + 5)).collect();
            let dy: Vec<f32> = (0..n * d).map(|i| value(i + 2)).collect();
            let index: Vec<i32> = (0..n * copies).map(|i| (i * 5 % (rows + 1)) as i32 - 1).collect();
            let (mut y, mut of_table, mut of_gains) = (vec![0f64; n * d], vec![0f64; rows * d], vec![0f64; copies * d]);
            for i in 0..n {
                for e in 0..copies {
                    let row = index[i * copies + e];
                    for c in 0..if row < 0 { 0 } else { d } {
                        let (g, t, x) = (e * d + c, row as usize * d + c, i * d + c);
                        y[x] += f64::from(gains[g]) * f64::from(table[t]);
                        of_table[t] += f64::from(gains[g]) * f64::from(dy[x]);
                        of_gains[g] += f64::from(table[t]) * f64::from(dy[x]);
                    }
                }
            }
            let close =
                |a: &[f32], b: &[f64]| a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()));
            assert!(close(&forward(&table, &gains, &index, d), &y));
            let gradients = backward(&dy, &table, &gains, &index, d);
            assert!(close(&gradients.table, &of_table) && close(&gradients.gains, &of_gains));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
            let again = pool.install(|| backward(&dy, &table, &gains, &index, d));
            assert_eq!((again.table, again.gains), (gradients.table, gradients.gains));
        }
    }
}
