//! A single row times a packed matrix, which is read once: several panels side by side, so that no
//! sum waits for the one before.
//!
//! Each column is summed in the order of [`super::micro`]'s tile, so a row is the same bits alone
//! and among others.

use super::micro::{Number, Start, k_step};
use crate::simd::{Simd, dispatch};
use half::f16;

/// Panels side by side.
const PANELS: usize = 4;
/// The most vectors across a panel, of any instruction set.
const VECTORS: usize = 3;

dispatch! {
    /// `c = start + a b` with as many columns as `c` has, `b` in panels `[panel][k][width]`.
    pub(super) fn product(a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) = product_lanes;
}
dispatch! {
    /// The same with `b` in half precision.
    pub(super) fn product_of_halves(a: &[f32], b: &[f16], c: &mut [f32], start: Start<'_>) = product_lanes;
}

#[inline(always)]
fn product_lanes<S: Simd, B: Number>(s: S, a: &[f32], b: &[B], c: &mut [f32], start: Start<'_>) {
    let width = S::N * S::TILE_VECTORS;
    let panel = a.len() * width;
    assert!(b.len() >= c.len().div_ceil(width) * panel);
    let mut from = 0;
    while from < c.len() {
        let b = &b[from / width * panel..];
        if c.len() - from > (PANELS - 1) * width {
            side_by_side::<S, B, PANELS>(s, a, b, c, start, from);
            from += PANELS * width;
        } else {
            side_by_side::<S, B, 1>(s, a, b, c, start, from);
            from += width;
        }
    }
}

/// The columns of `P` panels, whose first is number `from`.
#[inline(always)]
fn side_by_side<S: Simd, B: Number, const P: usize>(
    s: S,
    a: &[f32],
    b: &[B],
    c: &mut [f32],
    start: Start<'_>,
    from: usize,
) {
    let (vectors, width) = (S::TILE_VECTORS, S::N * S::TILE_VECTORS);
    let panel = a.len() * width;
    assert!(vectors <= VECTORS && b.len() >= P * panel);
    let columns = |p: usize, v: usize, n: usize| {
        let first = from + p * width + v * S::N;
        first.min(n)..(first + S::N).min(n)
    };
    for (block, a) in a.chunks(k_step(a.len())).enumerate() {
        let mut sums = [[s.zero(); VECTORS]; P];
        let b = b[block * k_step(panel / width) * width..].as_ptr();
        for (row, &x) in a.iter().enumerate() {
            let x = s.splat(x);
            for (p, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
                    // SAFETY: panel `p < P` has row `row` of this block, and `vectors` vectors in
                    // it.
                    let weights = unsafe { B::load(s, b.add(p * panel + row * width + v * S::N)) };
                    *sum = s.fma(x, weights, *sum);
                }
            }
        }
        for (p, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate().take(vectors) {
                let at = columns(p, v, c.len());
                let c = &mut c[at.clone()];
                let sum = match start {
                    _ if block > 0 => s.add(sum, s.load_part(c)),
                    Start::Zero => sum,
                    Start::Add => s.add(sum, s.load_part(c)),
                    Start::Bias(bias) => s.add(sum, s.load_part(&bias[at])),
                };
                s.store_part(c, sum);
            }
        }
    }
    if a.is_empty() {
        let at = from.min(c.len())..(from + P * width).min(c.len());
        match start {
            Start::Zero => c[at].fill(0.0),
            Start::Add => {}
            Start::Bias(bias) => c[at.clone()].copy_from_slice(&bias[at]),
        }
    }
}
