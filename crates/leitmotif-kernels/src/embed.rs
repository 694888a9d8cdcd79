//! Sums of table rows: the embedding of an event is the scaled sum of its fields' embeddings.

use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use rayon::prelude::*;

/// Rows of a task.
const ROWS: usize = 64;

/// `y[i] = scale * sum over f of table[index[i, f]]`, `[n, d]`, for a table `[rows, d]` and
/// `index[n, k]`; an index below 0 names no row and adds nothing.
///
/// # Panics
/// If the sizes do not fit or an index is not below `rows`.
#[must_use]
pub fn forward(table: &[f32], index: &[i32], [d, k]: [usize; 2], scale: f32) -> Vec<f32> {
    assert!(
        d > 0 && k > 0 && table.len().is_multiple_of(d) && index.len().is_multiple_of(k),
        "table is [rows, d], index is [n, k]"
    );
    let isa = Isa::current();
    let mut y = crate::pool::zeros(index.len() / k * d);
    y.par_chunks_mut(ROWS * d).zip(index.par_chunks(ROWS * k)).for_each(|(y, index)| {
        gather(isa, table, index, k, scale, y, d);
    });
    y
}

/// Gradient of the table `[rows, d]` from `dy[n, d]`; an index below 0 passes nothing on.
///
/// # Panics
/// If the sizes do not fit or an index is not below `rows`.
#[must_use]
pub fn backward(dy: &[f32], index: &[i32], rows: usize, [d, k]: [usize; 2], scale: f32) -> Vec<f32> {
    assert!(d > 0 && k > 0 && index.len().is_multiple_of(k), "index is [n, k]");
    assert_eq!(dy.len(), index.len() / k * d, "dy is [n, d]");
    let isa = Isa::current();
    // For each table row the positions that use it, in order, so that every row is one task's sum.
    let mut starts = vec![0_usize; rows + 1];
    for row in index.iter().filter_map(|&row| named(row)) {
        starts[row + 1] += 1;
    }
    for row in 0..rows {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let mut users = vec![0_u32; index.len()];
    for (i, row) in index.iter().enumerate().filter_map(|(i, &row)| Some((i, named(row)?))) {
        users[next[row]] = (i / k) as u32;
        next[row] += 1;
    }
    let mut table = crate::pool::zeros(rows * d);
    table.par_chunks_mut(d).with_min_len(16).enumerate().for_each(|(row, sum)| {
        scatter(isa, dy, &users[starts[row]..starts[row + 1]], scale, sum);
    });
    table
}

/// The row that an index names, if any.
#[inline(always)]
fn named(index: i32) -> Option<usize> {
    usize::try_from(index).ok()
}

dispatch! { fn gather(table: &[f32], index: &[i32], k: usize, scale: f32, y: &mut [f32], d: usize) = gather_rows; }
dispatch! { fn scatter(dy: &[f32], users: &[u32], scale: f32, sum: &mut [f32]) = scatter_rows; }

#[inline(always)]
fn gather_rows<S: Simd>(s: S, table: &[f32], index: &[i32], k: usize, scale: f32, y: &mut [f32], d: usize) {
    for (y, index) in y.chunks_exact_mut(d).zip(index.chunks_exact(k)) {
        for j in (0..d).step_by(S::N) {
            let end = d.min(j + S::N);
            let mut sum = s.zero();
            for row in index.iter().filter_map(|&row| named(row)) {
                sum = s.add(sum, s.load_part(&table[row * d..][j..end]));
            }
            s.store_part(&mut y[j..end], s.mul(sum, s.splat(scale)));
        }
    }
}

#[inline(always)]
fn scatter_rows<S: Simd>(s: S, dy: &[f32], users: &[u32], scale: f32, sum: &mut [f32]) {
    let d = sum.len();
    for &i in users {
        let dy = &dy[i as usize * d..][..d];
        for (sum, dy) in sum.chunks_mut(S::N).zip(dy.chunks(S::N)) {
            s.store_part(sum, s.add(s.load_part(sum), s.load_part(dy)));
        }
    }
    for sum in sum.chunks_mut(S::N) {
        s.store_part(sum, s.mul(s.load_part(sum), s.splat(scale)));
    }
}
