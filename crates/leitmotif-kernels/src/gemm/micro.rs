//! The register tile of the matrix product: `MR` rows times `NV` vectors, summed over `k`.
//!
//! Everything else in [`super`] walks this tile over a matrix. The bounds are checked once per
//! walk.

use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use half::f16;

/// A number of the right-hand matrix, or a pair of them from neighbouring rows.
pub(crate) trait Number: Copy {
    /// A number of the left-hand matrix, or a pair of them from neighbouring columns.
    type Left: Copy;
    /// Whether a row of the matrix is padded to whole vectors, so that all of a vector can be read
    /// where only a part counts.
    const PADDED: bool;

    /// Reads `N` numbers.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load<S: Simd>(s: S, from: *const Self) -> S::V;
    /// Reads the first `count` lanes; what the others hold does not matter.
    ///
    /// # Safety
    /// Those are readable, and all `N` if [`Number::PADDED`].
    unsafe fn load_part<S: Simd>(s: S, from: *const Self, count: usize) -> S::V;
    /// The same number of the left-hand matrix in all lanes.
    fn splat<S: Simd>(s: S, x: Self::Left) -> S::V;
    /// `sum` and the products of lanes that [`Number::splat`] and [`Number::load`] gave.
    fn multiply_add<S: Simd>(s: S, x: S::V, weights: S::V, sum: S::V) -> S::V;
}

impl Number for f32 {
    type Left = f32;
    const PADDED: bool = false;

    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, from: *const f32) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { s.load_ptr(from) }
    }

    #[inline(always)]
    unsafe fn load_part<S: Simd>(s: S, from: *const f32, count: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { s.load_ptr_part(from, count) }
    }

    #[inline(always)]
    fn splat<S: Simd>(s: S, x: f32) -> S::V {
        s.splat(x)
    }

    #[inline(always)]
    fn multiply_add<S: Simd>(s: S, x: S::V, weights: S::V, sum: S::V) -> S::V {
        s.fma(x, weights, sum)
    }
}

impl Number for f16 {
    type Left = f32;
    const PADDED: bool = true;

    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, from: *const f16) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { s.load_half(from) }
    }

    #[inline(always)]
    unsafe fn load_part<S: Simd>(s: S, from: *const f16, _count: usize) -> S::V {
        // SAFETY: the caller's promise, since rows are padded.
        unsafe { s.load_half(from) }
    }

    #[inline(always)]
    fn splat<S: Simd>(s: S, x: f32) -> S::V {
        s.splat(x)
    }

    #[inline(always)]
    fn multiply_add<S: Simd>(s: S, x: S::V, weights: S::V, sum: S::V) -> S::V {
        s.fma(x, weights, sum)
    }
}

/// Two numbers rounded to bfloat16, the first in the lower bits: of neighbouring rows of the
/// right-hand matrix, of neighbouring columns of the left-hand one. `k` counts pairs then.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Pair(u32);

impl Number for Pair {
    type Left = Self;
    const PADDED: bool = true;

    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, from: *const Self) -> S::V {
        // SAFETY: the caller's promise; a pair has the size of a float, whose bits may be any.
        unsafe { s.load_ptr(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_part<S: Simd>(s: S, from: *const Self, _count: usize) -> S::V {
        // SAFETY: the caller's promise, since rows are padded.
        unsafe { s.load_ptr(from.cast()) }
    }

    #[inline(always)]
    fn splat<S: Simd>(s: S, x: Self) -> S::V {
        s.splat(f32::from_bits(x.0))
    }

    #[inline(always)]
    fn multiply_add<S: Simd>(s: S, x: S::V, weights: S::V, sum: S::V) -> S::V {
        s.add_pairs(x, weights, sum)
    }
}

/// What the product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing: `c` is overwritten.
    Zero,
    /// What `c` holds.
    Add,
    /// A row that is the same for all rows of `c` (`[n]`); `c` is overwritten.
    Bias(&'a [f32]),
}

/// `c[m, n] = start + a[m, k] b[k, n]`; element `(i, p)` of `a` is `a[i * a_row + p * a_col]`, of
/// `b` `b[p * b_row + j]`, of `c` `c[i * c_row + j]`.
#[derive(Clone, Copy, Debug)]
pub struct Dims {
    /// Rows of `a` and `c`.
    pub m: usize,
    /// Columns of `b` and `c`.
    pub n: usize,
    /// Columns of `a`, rows of `b`.
    pub k: usize,
    /// Floats from one row of `a` to the next.
    pub a_row: usize,
    /// Floats from one column of `a` to the next.
    pub a_col: usize,
    /// Floats from one row of `b` to the next.
    pub b_row: usize,
    /// Floats from one row of `c` to the next.
    pub c_row: usize,
}

/// The product over matrices that lie still in cache, as they are, on this thread.
pub(crate) fn product(isa: Isa, dims: Dims, a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) {
    product_on(isa.for_rows_of(dims.n), dims, a, b, c, start);
}

dispatch! {
    fn product_on(dims: Dims, a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) = product_lanes;
}
dispatch! {
    /// The same of pairs.
    pairs pub(super) fn product_of_pairs(dims: Dims, a: &[Pair], b: &[Pair], c: &mut [f32], start: Start<'_>) = product_lanes;
}

#[inline(always)]
fn product_lanes<S: Simd, B: Number>(s: S, dims: Dims, a: &[B::Left], b: &[B], c: &mut [f32], start: Start<'_>) {
    let width = S::N * S::TILE_VECTORS;
    for j in (0..dims.n).step_by(width) {
        let n = width.min(dims.n - j);
        let start = match start {
            Start::Bias(bias) => Start::Bias(&bias[j..j + n]),
            other => other,
        };
        let b = if dims.k == 0 { &[] } else { &b[j..] };
        column(s, Dims { n, ..dims }, a, b, &mut c[j..], start);
    }
}

/// Rows of `k` handled at once, so that a panel stays in the first-level cache while rows pass by.
const K_BLOCK: usize = 256;
/// Below this `k` one pass is better than two.
const K_WHOLE: usize = 384;

/// So many of `k` are summed before they are added to the rest: the same in every product, so that
/// all give the same bits.
pub(super) fn k_step(k: usize) -> usize {
    if k <= K_WHOLE { k.max(1) } else { K_BLOCK }
}

/// The same for at most `N * TILE_VECTORS` columns.
#[inline(always)]
pub(super) fn column<S: Simd, B: Number>(s: S, dims: Dims, a: &[B::Left], b: &[B], c: &mut [f32], start: Start<'_>) {
    let Dims { m, n, k, a_row, a_col, b_row, c_row } = dims;
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= S::N * S::TILE_VECTORS && c.len() >= (m - 1) * c_row + n);
    assert!(m == 1 || c_row >= n);
    if k > 0 {
        let read = if B::PADDED { n.next_multiple_of(S::N) } else { n };
        assert!(a.len() > (m - 1) * a_row + (k - 1) * a_col && b.len() >= (k - 1) * b_row + read);
    }
    if let Start::Bias(bias) = start {
        assert!(bias.len() >= n);
    }
    let tail = (n - 1) % S::N + 1;
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    // SAFETY: the assertions above bound every access of the tiles, whose rows and columns stay
    // below `m` and `n`.
    unsafe {
        match (n.div_ceil(S::N), tail == S::N) {
            (1, true) => walk::<S, B, 1, false>(s, dims, a, b, c, start, tail),
            (1, false) => walk::<S, B, 1, true>(s, dims, a, b, c, start, tail),
            (2, true) => walk::<S, B, 2, false>(s, dims, a, b, c, start, tail),
            (2, false) => walk::<S, B, 2, true>(s, dims, a, b, c, start, tail),
            (_, true) => walk::<S, B, 3, false>(s, dims, a, b, c, start, tail),
            (_, false) => walk::<S, B, 3, true>(s, dims, a, b, c, start, tail),
        }
    }
}

#[inline(always)]
unsafe fn walk<S: Simd, B: Number, const NV: usize, const PART: bool>(
    s: S,
    dims: Dims,
    a: *const B::Left,
    b: *const B,
    c: *mut f32,
    start: Start<'_>,
    tail: usize,
) {
    if NV > S::TILE_VECTORS {
        return;
    }
    let most = if NV < S::TILE_VECTORS { 8 } else { S::TILE_ROWS };
    let mut i = 0;
    macro_rules! rows {
        ($mr:literal) => {{
            // SAFETY: rows `i..i + MR` exist; the caller's promise for the rest.
            unsafe {
                let (a, c) = (a.add(i * dims.a_row), c.add(i * dims.c_row));
                tile::<S, B, $mr, NV, PART>(s, dims, a, b, c, start, tail);
            }
            i += $mr;
        }};
    }
    while i < dims.m {
        // Tiles of much the same height: sums side by side hide how long each takes.
        let left = dims.m - i;
        match left.div_ceil(left.div_ceil(most)) {
            8 => rows!(8),
            6 => rows!(6),
            5 => rows!(5),
            4 | 7 => rows!(4),
            3 => rows!(3),
            2 => rows!(2),
            _ => rows!(1),
        }
    }
}

#[inline(always)]
unsafe fn tile<S: Simd, B: Number, const MR: usize, const NV: usize, const PART: bool>(
    s: S,
    dims: Dims,
    a: *const B::Left,
    b: *const B,
    c: *mut f32,
    start: Start<'_>,
    tail: usize,
) {
    let Dims { k, a_row, a_col, b_row, c_row, .. } = dims;
    // SAFETY: lanes below `n` of a row of weights, as the caller promises.
    let weights = |p: *const B, v: usize| unsafe {
        if PART && v + 1 == NV { B::load_part(s, p.add(v * S::N), tail) } else { B::load(s, p.add(v * S::N)) }
    };
    // SAFETY: lanes below `n` of a row of `c` or of the bias, as the caller promises.
    let load = |p: *const f32, v: usize| unsafe {
        if PART && v + 1 == NV { s.load_ptr_part(p.add(v * S::N), tail) } else { s.load_ptr(p.add(v * S::N)) }
    };
    // SAFETY: lanes below `n` of a row of `c`, as the caller promises.
    let store = |p: *mut f32, v: usize, x: S::V| unsafe {
        if PART && v + 1 == NV { s.store_ptr_part(p.add(v * S::N), x, tail) } else { s.store_ptr(p.add(v * S::N), x) }
    };
    let mut sums = [[s.zero(); NV]; MR];
    for p in 0..k {
        let mut bs = [s.zero(); NV];
        for (v, lanes) in bs.iter_mut().enumerate() {
            *lanes = weights(b.wrapping_add(p * b_row), v);
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `i < m`, `p < k`.
            let x = B::splat(s, unsafe { *a.add(i * a_row + p * a_col) });
            for v in 0..NV {
                sums[v] = B::multiply_add(s, x, bs[v], sums[v]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let row = c.wrapping_add(i * c_row);
        for (v, &sum) in sums.iter().enumerate() {
            let sum = match start {
                Start::Zero => sum,
                Start::Add => s.add(sum, load(row, v)),
                Start::Bias(bias) => s.add(sum, load(bias.as_ptr(), v)),
            };
            store(row, v, sum);
        }
    }
}
