//! Passes over the queries of one head.

use crate::simd::{Simd, dispatch};

dispatch! {
    /// `content = scale (q + u)` and `position = scale (q + v)`, each `[_, dh]`, for queries
    /// `q_row` floats apart.
    pub(super) fn with_biases(q: (&[f32], usize), biases: [&[f32]; 2], scale: f32, content: &mut [f32], position: &mut [f32]) = with_biases_lanes;
}

dispatch! {
    /// `delta = sum over columns of out * dout`, for `out[_, dh]` and rows of `dout` that are
    /// `dout.1` floats apart; copies those rows to `rows[_, dh]`.
    pub(super) fn gather_deltas(out: &[f32], dout: (&[f32], usize), rows: &mut [f32], delta: &mut [f32]) = gather_deltas_lanes;
}

dispatch! {
    /// `dq = scale (content + position)`, all `[_, dh]`; adds the columns of both parts to `sums`.
    pub(super) fn join_gradients(content: &[f32], position: &[f32], scale: f32, dq: &mut [f32], sums: [&mut [f32]; 2]) = join_gradients_lanes;
}

dispatch! {
    /// Multiplies each row of `x[_, dh]` by its factor.
    pub(super) fn scale_rows(x: &mut [f32], factors: &[f32]) = scale_rows_lanes;
}

#[inline(always)]
fn with_biases_lanes<S: Simd>(
    s: S,
    (q, q_row): (&[f32], usize),
    [u, v]: [&[f32]; 2],
    scale: f32,
    content: &mut [f32],
    position: &mut [f32],
) {
    let dh = u.len();
    let scale = s.splat(scale);
    let rows = content.chunks_exact_mut(dh).zip(position.chunks_exact_mut(dh));
    for (q, (content, position)) in q.chunks(q_row).zip(rows) {
        for j in (0..dh).step_by(S::N) {
            let lanes = j..dh.min(j + S::N);
            let q = s.load_part(&q[lanes.clone()]);
            s.store_part(&mut content[lanes.clone()], s.mul(s.add(q, s.load_part(&u[lanes.clone()])), scale));
            s.store_part(&mut position[lanes.clone()], s.mul(s.add(q, s.load_part(&v[lanes])), scale));
        }
    }
}

#[inline(always)]
fn gather_deltas_lanes<S: Simd>(
    s: S,
    out: &[f32],
    (dout, dout_row): (&[f32], usize),
    rows: &mut [f32],
    delta: &mut [f32],
) {
    let dh = rows.len() / delta.len();
    let inputs = out.chunks_exact(dh).zip(dout.chunks(dout_row));
    for ((out, dout), (row, delta)) in inputs.zip(rows.chunks_exact_mut(dh).zip(delta)) {
        let mut sum = s.zero();
        for j in (0..dh).step_by(S::N) {
            let lanes = j..dh.min(j + S::N);
            let x = s.load_part(&dout[lanes.clone()]);
            sum = s.fma(x, s.load_part(&out[lanes.clone()]), sum);
            s.store_part(&mut row[lanes], x);
        }
        *delta = s.sum(sum);
    }
}

#[inline(always)]
fn join_gradients_lanes<S: Simd>(
    s: S,
    content: &[f32],
    position: &[f32],
    scale: f32,
    dq: &mut [f32],
    [u, v]: [&mut [f32]; 2],
) {
    let (dh, scale) = (u.len(), s.splat(scale));
    for j in (0..dh).step_by(S::N) {
        let lanes = j..dh.min(j + S::N);
        let (mut of_u, mut of_v) = (s.load_part(&u[lanes.clone()]), s.load_part(&v[lanes.clone()]));
        let both = content.chunks_exact(dh).zip(position.chunks_exact(dh));
        for (dq, (content, position)) in dq.chunks_exact_mut(dh).zip(both) {
            let a = s.mul(s.load_part(&content[lanes.clone()]), scale);
            let b = s.mul(s.load_part(&position[lanes.clone()]), scale);
            s.store_part(&mut dq[lanes.clone()], s.add(a, b));
            (of_u, of_v) = (s.add(of_u, a), s.add(of_v, b));
        }
        s.store_part(&mut u[lanes.clone()], of_u);
        s.store_part(&mut v[lanes], of_v);
    }
}

#[inline(always)]
fn scale_rows_lanes<S: Simd>(s: S, x: &mut [f32], factors: &[f32]) {
    let dh = x.len() / factors.len();
    for (x, &factor) in x.chunks_exact_mut(dh).zip(factors) {
        for x in x.chunks_mut(S::N) {
            s.store_part(x, s.mul(s.load_part(x), s.splat(factor)));
        }
    }
}
