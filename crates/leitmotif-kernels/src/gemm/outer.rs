//! The product of a weight gradient: the transpose of one tall matrix with another.

use super::micro::{Dims, Pair, Start, column};
use super::packed::panel_width;
use super::pairs::{Pairs, pair_rows};
use crate::isa::{Isa, Products};
use crate::simd::{Simd, dispatch};

/// Rows that [`outer`] sums at a time: a column of tiles of both matrices stays in the first-level
/// cache.
const OUTER_ROWS: usize = 128;

/// Columns of the left-hand matrix whose pairs lie together.
const LEFT: usize = 16;

/// `c[m, n] = start + aᵀ b` with `a[rows, m]` and `b[rows, n]`, each with the distance of its rows:
/// the gradient of weights. On this thread.
pub(crate) fn outer(
    isa: Isa,
    dims: [usize; 3],
    a: (&[f32], usize),
    b: (&[f32], usize),
    c: (&mut [f32], usize),
    add: bool,
) {
    match isa.products() {
        Products::Single => outer_single(isa, dims, a, b, c, add),
        Products::Bf16 => outer_of_pairs(isa, dims, a, b, c, add),
    }
}

dispatch! {
    /// Nothing is packed: a tile reads whole stretches of both matrices' rows as they lie.
    fn outer_single(dims: [usize; 3], a: (&[f32], usize), b: (&[f32], usize), c: (&mut [f32], usize), add: bool) = outer_lanes;
}

/// The same from pairs of rows, rounded: panels of both matrices, as many rows as stay in the
/// second-level cache.
fn outer_of_pairs(
    isa: Isa,
    [m, n, rows]: [usize; 3],
    (a, a_row): (&[f32], usize),
    (b, b_row): (&[f32], usize),
    (c, c_row): (&mut [f32], usize),
    add: bool,
) {
    if rows == 0 && !add {
        c.chunks_mut(c_row).take(m).for_each(|c| c[..n].fill(0.0));
    }
    let width = panel_width(isa);
    let step = 2 * OUTER_ROWS;
    let most = step.min(rows).div_ceil(2);
    let mut left = Pairs::take(m.next_multiple_of(LEFT) * most);
    let mut right = Pairs::take(n.next_multiple_of(width) * most);
    for p in (0..rows).step_by(step) {
        let rows = step.min(rows - p);
        let k = rows.div_ceil(2);
        let start = if add || p > 0 { Start::Add } else { Start::Zero };
        pair_rows(isa, &a[p * a_row..], a_row, [rows, m], LEFT, &mut left.bits()[..m.next_multiple_of(LEFT) * k]);
        pair_rows(isa, &b[p * b_row..], b_row, [rows, n], width, &mut right.bits()[..n.next_multiple_of(width) * k]);
        panels(isa, [m, n, k], &left, &right, (c, c_row), start);
    }
}

dispatch! {
    /// `c[m, n] = start + left right` for panels of pairs.
    pairs fn panels(dims: [usize; 3], left: &[Pair], right: &[Pair], c: (&mut [f32], usize), start: Start<'_>) = panels_lanes;
}

#[inline(always)]
fn panels_lanes<S: Simd>(
    s: S,
    [m, n, k]: [usize; 3],
    left: &[Pair],
    right: &[Pair],
    (c, c_row): (&mut [f32], usize),
    start: Start<'_>,
) {
    let width = S::N * S::TILE_VECTORS;
    for (j, right) in (0..n).step_by(width).zip(right.chunks_exact(width * k)) {
        for (i, left) in (0..m).step_by(LEFT).zip(left.chunks_exact(LEFT * k)) {
            let (m, n) = (LEFT.min(m - i), width.min(n - j));
            let dims = Dims { m, n, k, a_row: 1, a_col: LEFT, b_row: width, c_row };
            column(s, dims, left, right, &mut c[i * c_row + j..], start);
        }
    }
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
