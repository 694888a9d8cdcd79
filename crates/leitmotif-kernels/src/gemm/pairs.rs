//! Matrices rounded to bfloat16, as pairs: two neighbours in the direction that a product sums over
//! lie in the bits of one float, and one instruction multiplies and adds both.

use super::micro::Pair;
use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::simd::{Simd, dispatch};
use crate::transpose::transpose;

/// Pairs from the pool.
#[derive(Debug)]
pub(super) struct Pairs(Buf);

impl Pairs {
    /// So many, with arbitrary contents.
    pub(super) fn take(len: usize) -> Self {
        Self(pool::take(len))
    }

    /// As floats with the pairs in their bits.
    pub(super) fn bits(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl std::ops::Deref for Pairs {
    type Target = [Pair];

    fn deref(&self) -> &[Pair] {
        of_bits(&self.0)
    }
}

/// The pairs in the bits of floats.
pub(super) fn of_bits(bits: &[f32]) -> &[Pair] {
    // SAFETY: a pair has the size and alignment of a float, and may have any bits.
    unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), bits.len()) }
}

dispatch! {
    /// `to[i, p]` is the pair of `from[i, 2 p]` and `from[i, 2 p + 1]` (zero beyond `k`), for rows
    /// of `from` that are `row` floats apart and `k.div_ceil(2)` pairs.
    pairs pub(super) fn pair_columns(from: &[f32], row: usize, k: usize, to: &mut [f32]) = pair_columns_lanes;
}

dispatch! {
    /// `to[block, p, j]` is the pair of `from[2 p, block * width + j]` and the same of the next row
    /// (zero beyond `rows` and `columns`).
    pairs pub(super) fn pair_rows(from: &[f32], row: usize, size: [usize; 2], width: usize, to: &mut [f32]) = pair_rows_lanes;
}

/// As [`pair_rows`] of the transpose of `from[columns, rows]`.
pub(super) fn pair_rows_transposed(
    isa: Isa,
    from: &[f32],
    row: usize,
    [rows, columns]: [usize; 2],
    width: usize,
    to: &mut [f32],
) {
    let pairs = rows.div_ceil(2);
    for (block, to) in to.chunks_exact_mut(width * pairs.max(1)).enumerate() {
        let n = width.min(columns - block * width);
        if n < width {
            to.fill(0.0);
        }
        pair_transposed(isa, (&from[block * width * row..], row), [rows, n], (to, width));
    }
}

/// `to[p, j]` is the pair of `from[j, 2 p]` and `from[j, 2 p + 1]` (zero beyond `k`), for `j < n`.
pub(super) fn pair_transposed(isa: Isa, (from, row): (&[f32], usize), [k, n]: [usize; 2], to: (&mut [f32], usize)) {
    let pairs = k.div_ceil(2);
    let mut paired = pool::take(n * pairs);
    pair_columns(isa, from, row, k, &mut paired);
    transpose(isa, (&paired, pairs), to, [n, pairs]);
}

#[inline(always)]
fn pair_columns_lanes<S: Simd>(s: S, from: &[f32], row: usize, k: usize, to: &mut [f32]) {
    for (from, to) in from.chunks(row.max(1)).zip(to.chunks_exact_mut(k.div_ceil(2).max(1))) {
        for (from, to) in from[..k].chunks(2 * S::N).zip(to.chunks_mut(S::N)) {
            let (low, high) = from.split_at(from.len().min(S::N));
            let pairs = s.pair_neighbours(s.load_part(low), s.load_part(high));
            s.store_part(to, pairs);
        }
    }
}

#[inline(always)]
fn pair_rows_lanes<S: Simd>(s: S, from: &[f32], row: usize, [rows, columns]: [usize; 2], width: usize, to: &mut [f32]) {
    let pairs = rows.div_ceil(2);
    for (block, to) in to.chunks_exact_mut(width * pairs.max(1)).enumerate() {
        let first = block * width;
        let n = width.min(columns - first);
        for (p, to) in to.chunks_exact_mut(width).enumerate() {
            let line = &from[2 * p * row + first..][..n];
            let next = if 2 * p + 1 < rows { &from[(2 * p + 1) * row + first..][..n] } else { &[] };
            for (j, to) in (0..).step_by(S::N).zip(to.chunks_exact_mut(S::N)) {
                let part = |line: &[f32]| s.load_part(&line[j.min(line.len())..]);
                s.store(to, s.pair(part(line), part(next)));
            }
        }
    }
}
