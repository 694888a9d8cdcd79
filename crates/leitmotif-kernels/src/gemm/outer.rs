//! The product of a weight gradient: the transpose of one tall matrix with another.

use super::micro::{Dims, Start, column};
use crate::simd::{Simd, dispatch};

/// Rows that [`outer`] sums at a time: a column of tiles of both matrices stays in the first-level
/// cache.
const OUTER_ROWS: usize = 128;

dispatch! {
    /// `c[m, n] = start + aᵀ b` with `a[rows, m]` and `b[rows, n]`, each with the distance of its
    /// rows: the gradient of weights. On this thread. Nothing is packed: a tile reads whole
    /// stretches of both matrices' rows as they lie.
    pub(crate) fn outer(dims: [usize; 3], a: (&[f32], usize), b: (&[f32], usize), c: (&mut [f32], usize), add: bool) = outer_lanes;
}

#[inline(always)]
fn outer_lanes<S: Simd>(
    s: S,
    [m, n, rows]: [usize; 3],
    (a, a_row): (&[f32], usize),
    (b, b_row): (&[f32], usize),
    (c, c_row): (&mut [f32], usize),
    add: bool,
) {
    let width = S::N * S::TILE_VECTORS;
    if rows == 0 && !add {
        c.chunks_mut(c_row).take(m).for_each(|c| c[..n].fill(0.0));
    }
    for p in (0..rows).step_by(OUTER_ROWS) {
        let k = OUTER_ROWS.min(rows - p);
        let start = if add || p > 0 { Start::Add } else { Start::Zero };
        for j in (0..n).step_by(width) {
            let dims = Dims { m, n: width.min(n - j), k, a_row: 1, a_col: a_row, b_row, c_row };
            column(s, dims, &a[p * a_row..], &b[p * b_row + j..], &mut c[j..], start);
        }
    }
}
