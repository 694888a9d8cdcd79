//! The passes between the two matrix products of the feed-forward.

use crate::dropout::{Dropout, Factors};
use crate::simd::{Simd, dispatch};

/// Where a block of hidden rows lies and how it is activated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hidden {
    /// Width after activation.
    pub ff: usize,
    /// Floats between rows of the input, which is `[rows, ff]`, or `[rows, 2 ff]` when gated.
    pub row: usize,
    /// Floats between rows of the output.
    pub out_row: usize,
    pub gated: bool,
    pub dropout: Dropout,
    /// Number of the first row, for the dropout's index.
    pub first_row: usize,
}

dispatch! {
    /// `g = drop(act(h))`.
    pub(crate) fn activate(hidden: Hidden, h: &[f32], g: &mut [f32]) = activate_rows;
}

dispatch! {
    /// From `h` and the gradient `g` of the activated rows: replaces `g` by `drop(act(h))`, writes
    /// the gradient of `h` (rows as far apart as those of `h`) and adds its columns to `dbias`.
    pub(super) fn activate_backward(hidden: Hidden, h: &[f32], g: &mut [f32], dh: &mut [f32], dbias: &mut [f32]) = backward_rows;
}

#[inline(always)]
fn activate_rows<S: Simd>(s: S, hidden: Hidden, h: &[f32], g: &mut [f32]) {
    let Hidden { ff, row, out_row, gated, dropout, first_row } = hidden;
    let mut factors = Factors::new(s, dropout);
    for (i, (h, g)) in h.chunks(row).zip(g.chunks_mut(out_row)).enumerate() {
        let index = (first_row + i) as u64 * ff as u64;
        for j in (0..ff).step_by(S::N) {
            let end = ff.min(j + S::N);
            let (mut y, _) = s.gelu(s.load_part(&h[j..end]));
            if gated {
                y = s.mul(y, s.load_part(&h[ff + j..ff + end]));
            }
            if dropout.is_active() {
                y = s.mul(y, factors.at(index + j as u64));
            }
            s.store_part(&mut g[j..end], y);
        }
    }
}

#[inline(always)]
fn backward_rows<S: Simd>(s: S, hidden: Hidden, h: &[f32], g: &mut [f32], dh: &mut [f32], dbias: &mut [f32]) {
    let Hidden { ff, row, out_row, gated, dropout, first_row } = hidden;
    let mut factors = Factors::new(s, dropout);
    for (i, ((h, g), dh)) in h.chunks(row).zip(g.chunks_mut(out_row)).zip(dh.chunks_mut(row)).enumerate() {
        let index = (first_row + i) as u64 * ff as u64;
        for j in (0..ff).step_by(S::N) {
            let end = ff.min(j + S::N);
            let (y, slope) = s.gelu(s.load_part(&h[j..end]));
            let mut dy = s.load_part(&g[j..end]);
            let mut out = y;
            if dropout.is_active() {
                let factor = factors.at(index + j as u64);
                dy = s.mul(dy, factor);
                out = s.mul(out, factor);
            }
            let mut d = s.mul(dy, slope);
            if gated {
                let gate = s.load_part(&h[ff + j..ff + end]);
                out = s.mul(out, gate);
                d = s.mul(d, gate);
                let dgate = s.mul(dy, y);
                s.store_part(&mut dh[ff + j..ff + end], dgate);
                let sum = &mut dbias[ff + j..ff + end];
                s.store_part(sum, s.add(s.load_part(sum), dgate));
            }
            s.store_part(&mut g[j..end], out);
            s.store_part(&mut dh[j..end], d);
            let sum = &mut dbias[j..end];
            s.store_part(sum, s.add(s.load_part(sum), d));
        }
    }
}
