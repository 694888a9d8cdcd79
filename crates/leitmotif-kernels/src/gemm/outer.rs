//! The product of a weight gradient: the transpose of one tall matrix with another.

use super::factor::Factor;
use super::micro::{Dims, Pair, Start, column};
use super::packed::panel_width;
use crate::isa::{Isa, Products};
use crate::pool;
use crate::simd::{Simd, dispatch};

/// Elements that are summed at a time: a panel of each matrix stays in the first-level cache.
const ELEMENTS: usize = 128;
/// Columns of the left-hand matrix that lie together.
const LEFT: usize = 16;
/// Floats, a kilobyte.
const FAR: usize = 256;

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
        // Rows of the left-hand matrix that are so far apart fall into few places of the cache.
        Products::Single if a.1.is_multiple_of(FAR) => outer_of::<f32>(isa, dims, a, b, c, add),
        Products::Single => as_they_lie(isa, dims, a, b, c, add),
        Products::Bf16 => outer_of::<Pair>(isa, dims, a, b, c, add),
    }
}

dispatch! {
    /// Nothing is packed: a tile reads whole stretches of both matrices' rows.
    fn as_they_lie(dims: [usize; 3], a: (&[f32], usize), b: (&[f32], usize), c: (&mut [f32], usize), add: bool) = outer_lanes;
}

/// From panels of both matrices.
fn outer_of<F: Factor>(
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
    let (left_columns, right_columns) = (m.next_multiple_of(LEFT), n.next_multiple_of(width));
    let step = F::NUMBERS * ELEMENTS;
    let most = step.min(rows).div_ceil(F::NUMBERS);
    let (mut left, mut right) = (pool::take(left_columns * most), pool::take(right_columns * most));
    for p in (0..rows).step_by(step) {
        let rows = step.min(rows - p);
        let k = rows.div_ceil(F::NUMBERS);
        let start = if add || p > 0 { Start::Add } else { Start::Zero };
        let (left, right) = (&mut left[..left_columns * k], &mut right[..right_columns * k]);
        F::panels(isa, (&a[p * a_row..], a_row), [rows, m], LEFT, left);
        F::panels(isa, (&b[p * b_row..], b_row), [rows, n], width, right);
        F::panel_products(isa, [m, n, k], (left, LEFT), right, (c, c_row), start);
    }
}

dispatch! {
    /// `c[m, n] = start + left right` for panels, the left ones of this width.
    pub(super) fn panels_of_floats(dims: [usize; 3], left: (&[f32], usize), right: &[f32], c: (&mut [f32], usize), start: Start<'_>) = panels_lanes;
}
dispatch! {
    /// The same of pairs.
    pairs pub(super) fn panels_of_pairs(dims: [usize; 3], left: (&[Pair], usize), right: &[Pair], c: (&mut [f32], usize), start: Start<'_>) = panels_lanes;
}

#[inline(always)]
fn panels_lanes<S: Simd, F: Factor>(
    s: S,
    [m, n, k]: [usize; 3],
    (left, of_left): (&[F], usize),
    right: &[F],
    (c, c_row): (&mut [f32], usize),
    start: Start<'_>,
) {
    let width = S::N * S::TILE_VECTORS;
    for (j, right) in (0..n).step_by(width).zip(right.chunks_exact(width * k)) {
        for (i, left) in (0..m).step_by(of_left).zip(left.chunks_exact(of_left * k)) {
            let (m, n) = (of_left.min(m - i), width.min(n - j));
            let dims = Dims { m, n, k, a_row: 1, a_col: of_left, b_row: width, c_row };
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
    for p in (0..rows).step_by(ELEMENTS) {
        let k = ELEMENTS.min(rows - p);
        let start = if add || p > 0 { Start::Add } else { Start::Zero };
        for j in (0..n).step_by(width) {
            let dims = Dims { m, n: width.min(n - j), k, a_row: 1, a_col: a_row, b_row, c_row };
            column(s, dims, &a[p * a_row..], &b[p * b_row + j..], &mut c[j..], start);
        }
    }
}
