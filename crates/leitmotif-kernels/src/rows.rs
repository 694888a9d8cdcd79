//! Small passes over rows of a block that lies in cache.

use crate::dropout::Dropout;
use crate::simd::{Simd, dispatch};

dispatch! {
    /// `sums[j] += x[i, j]`, rows `row` floats apart.
    pub(crate) fn add_columns(x: &[f32], row: usize, sums: &mut [f32]) = add_columns_lanes;
}

dispatch! {
    /// `sums += x`
    pub(crate) fn add(x: &[f32], sums: &mut [f32]) = add_lanes;
}

dispatch! {
    /// `y = drop(y) (+ residual)`; the dropout index of the first element is `first`.
    pub(crate) fn finish(y: &mut [f32], dropout: Dropout, first: u64, residual: Option<&[f32]>) = finish_lanes;
}

#[inline(always)]
fn add_columns_lanes<S: Simd>(s: S, x: &[f32], row: usize, sums: &mut [f32]) {
    let n = sums.len();
    for rows in x.chunks(4 * row) {
        for j in (0..n).step_by(S::N) {
            let sums = &mut sums[j..n.min(j + S::N)];
            let mut sum = s.load_part(sums);
            for x in rows.chunks(row) {
                sum = s.add(sum, s.load_part(&x[j..n.min(j + S::N)]));
            }
            s.store_part(sums, sum);
        }
    }
}

#[inline(always)]
fn add_lanes<S: Simd>(s: S, x: &[f32], sums: &mut [f32]) {
    for (sums, x) in sums.chunks_mut(S::N).zip(x.chunks(S::N)) {
        let sum = s.add(s.load_part(sums), s.load_part(x));
        s.store_part(sums, sum);
    }
}

#[inline(always)]
fn finish_lanes<S: Simd>(s: S, y: &mut [f32], dropout: Dropout, first: u64, residual: Option<&[f32]>) {
    if !dropout.is_active() && residual.is_none() {
        return;
    }
    let mut factors = crate::dropout::Factors::new(s, dropout);
    for (i, y) in y.chunks_mut(S::N).enumerate() {
        let mut v = s.load_part(y);
        if dropout.is_active() {
            v = s.mul(v, factors.at(first + (i * S::N) as u64));
        }
        if let Some(residual) = residual {
            v = s.add(v, s.load_part(&residual[i * S::N..i * S::N + y.len()]));
        }
        s.store_part(y, v);
    }
}

/// Copies a short row, for which a call of the system's copy costs more than the copy.
#[inline(always)]
pub(crate) fn copy(from: &[f32], to: &mut [f32]) {
    #[inline(always)]
    fn whole<const N: usize>(from: &[f32], to: &mut [f32]) -> bool {
        match (from.as_array::<N>(), to.as_mut_array::<N>()) {
            (Some(from), Some(to)) => {
                *to = *from;
                true
            }
            _ => false,
        }
    }
    // The usual widths of heads, without a loop.
    if !(whole::<8>(from, to) || whole::<16>(from, to) || whole::<32>(from, to)) {
        to.copy_from_slice(from);
    }
}

/// Floats from one row to the next in scratch: full cache lines, and not a multiple of a kilobyte,
/// so that the same column of neighbouring rows does not fall on one cache set.
pub(crate) fn stride(n: usize) -> usize {
    let n = n.next_multiple_of(16);
    if n.is_multiple_of(256) { n + 16 } else { n }
}
