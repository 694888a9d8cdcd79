//! Layer normalisation over the last dimension (Ba, Kiros and Hinton 2016), with scale and shift,
//! or by the root mean square alone (Zhang and Sennrich 2019), with scale.
//!
//! The statistics are computed again in the backward pass: reading a row twice costs less than
//! storing them.

use crate::isa::Isa;
use crate::parts::{self, Parts};
use crate::pool;
use crate::simd::{Simd, dispatch};
use rayon::prelude::*;

/// Added to the variance.
pub const EPSILON: f32 = 1e-5;
/// Rows of a task.
const ROWS: usize = 64;

/// Scale and shift `[d]`.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Scale `[d]`.
    pub gamma: &'a [f32],
    /// Shift `[d]`. Empty for normalisation by the root mean square, which neither centres nor
    /// shifts.
    pub beta: &'a [f32],
}

impl LayerNorm<'_> {
    /// Width of a row.
    #[must_use]
    pub fn d(&self) -> usize {
        self.gamma.len()
    }

    /// Rows of a matrix of this width.
    ///
    /// # Panics
    /// If the width is 0, the shift has another one, or `x` is not made of whole rows.
    pub(crate) fn rows(&self, x: &[f32]) -> usize {
        let d = self.d();
        assert!(d > 0 && (self.beta.len() == d || self.beta.is_empty()), "gamma and beta are [d], d > 0");
        assert_eq!(x.len() % d, 0, "x is [rows, d]");
        x.len() / d
    }
}

/// Gradients of [`forward`].
#[derive(Debug)]
pub struct Gradients {
    /// `[rows, d]`
    pub x: Vec<f32>,
    /// `[d]`
    pub gamma: Vec<f32>,
    /// `[d]`, without meaning where there is no shift.
    pub beta: Vec<f32>,
}

/// Normalises each row of `x[rows, d]`.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn forward(x: &[f32], norm: LayerNorm<'_>) -> Vec<f32> {
    let (isa, d) = (Isa::current(), norm.d());
    norm.rows(x);
    let mut y = pool::zeros(x.len());
    y.par_chunks_mut(ROWS * d).zip(x.par_chunks(ROWS * d)).for_each(|(y, x)| {
        normalize(isa, x, norm, y, d);
    });
    y
}

/// Gradients from `dy[rows, d]`.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn backward(x: &[f32], norm: LayerNorm<'_>, dy: &[f32]) -> Gradients {
    let (isa, d, rows) = (Isa::current(), norm.d(), norm.rows(x));
    assert_eq!(dy.len(), x.len(), "dy is [rows, d]");
    let parts = Parts::of(rows, ROWS, 2 * d);
    let mut dx = pool::zeros(x.len());
    let sums: Vec<_> = dx
        .par_chunks_mut(parts.len() * d)
        .zip(x.par_chunks(parts.len() * d).zip(dy.par_chunks(parts.len() * d)))
        .map(|(dx, (x, dy))| {
            let mut sums = pool::take_zeroed(2 * d);
            let (dgamma, dbeta) = sums.split_at_mut(d);
            normalize_backward(isa, x, norm, (dy, d), None, dx, dgamma, dbeta);
            sums
        })
        .collect();
    Gradients { x: dx, gamma: parts::add_up(&sums, 0, d), beta: parts::add_up(&sums, d, d) }
}

dispatch! {
    /// Rows of `x[rows, d]` normalised into rows of `y`, `y_row` floats apart.
    pub(crate) fn normalize(x: &[f32], norm: LayerNorm<'_>, y: &mut [f32], y_row: usize) = normalize_rows;
}

dispatch! {
    /// `dx = residual + gradient`, from the gradient `dy` of the normalised rows (and the distance
    /// of its rows); adds to `dgamma` and `dbeta`.
    pub(crate) fn normalize_backward(
        x: &[f32],
        norm: LayerNorm<'_>,
        dy: (&[f32], usize),
        residual: Option<&[f32]>,
        dx: &mut [f32],
        dgamma: &mut [f32],
        dbeta: &mut [f32],
    ) = backward_rows;
}

/// Mean and reciprocal standard deviation; 0 and the reciprocal root mean square where rows are not
/// centred.
#[inline(always)]
fn statistics<S: Simd>(s: S, x: &[f32], centres: bool) -> (f32, f32) {
    let (chunks, rest) = x.split_at(x.len() - x.len() % S::N);
    let inverse = 1.0 / x.len() as f32;
    let mut mean = 0.0;
    if centres {
        let mut sum = s.zero();
        for x in chunks.chunks_exact(S::N) {
            sum = s.add(sum, s.load(x));
        }
        mean = (s.sum(sum) + rest.iter().sum::<f32>()) * inverse;
    }
    let mut squares = s.zero();
    for x in chunks.chunks_exact(S::N) {
        let c = s.sub(s.load(x), s.splat(mean));
        squares = s.fma(c, c, squares);
    }
    let rest: f32 = rest.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, 1.0 / ((s.sum(squares) + rest) * inverse + EPSILON).sqrt())
}

#[inline(always)]
fn normalize_rows<S: Simd>(s: S, x: &[f32], norm: LayerNorm<'_>, y: &mut [f32], y_row: usize) {
    let (d, centres) = (norm.d(), !norm.beta.is_empty());
    for (x, y) in x.chunks_exact(d).zip(y.chunks_mut(y_row)) {
        let (mean, scale) = statistics(s, x, centres);
        let (mean, scale) = (s.splat(mean), s.splat(scale));
        for j in (0..d).step_by(S::N) {
            let lanes = j..d.min(j + S::N);
            let h = s.mul(s.sub(s.load_part(&x[lanes.clone()]), mean), scale);
            let gamma = s.load_part(&norm.gamma[lanes.clone()]);
            let result = match centres {
                true => s.fma(h, gamma, s.load_part(&norm.beta[lanes.clone()])),
                false => s.mul(h, gamma),
            };
            s.store_part(&mut y[lanes], result);
        }
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn backward_rows<S: Simd>(
    s: S,
    x: &[f32],
    norm: LayerNorm<'_>,
    (dy, dy_row): (&[f32], usize),
    residual: Option<&[f32]>,
    dx: &mut [f32],
    dgamma: &mut [f32],
    dbeta: &mut [f32],
) {
    let (d, centres) = (norm.d(), !norm.beta.is_empty());
    let inverse = 1.0 / d as f32;
    for (i, (x, dx)) in x.chunks_exact(d).zip(dx.chunks_exact_mut(d)).enumerate() {
        let dy = &dy[i * dy_row..][..d];
        let (mean, scale) = statistics(s, x, centres);
        let (mean, scale) = (s.splat(mean), s.splat(scale));
        let (mut sum, mut dot) = (s.zero(), s.zero());
        for j in (0..d).step_by(S::N) {
            let lanes = j..d.min(j + S::N);
            let h = s.mul(s.sub(s.load_part(&x[lanes.clone()]), mean), scale);
            let g = s.load_part(&dy[lanes.clone()]);
            let dh = s.mul(g, s.load_part(&norm.gamma[lanes.clone()]));
            sum = s.add(sum, dh);
            dot = s.fma(dh, h, dot);
            let (dgamma, dbeta) = (&mut dgamma[lanes.clone()], &mut dbeta[lanes]);
            s.store_part(dgamma, s.fma(g, h, s.load_part(dgamma)));
            s.store_part(dbeta, s.add(g, s.load_part(dbeta)));
        }
        let sum = if centres { s.sum(sum) * inverse } else { 0.0 };
        let (sum, dot) = (s.splat(sum), s.splat(s.sum(dot) * inverse));
        for j in (0..d).step_by(S::N) {
            let lanes = j..d.min(j + S::N);
            let h = s.mul(s.sub(s.load_part(&x[lanes.clone()]), mean), scale);
            let dh = s.mul(s.load_part(&dy[lanes.clone()]), s.load_part(&norm.gamma[lanes.clone()]));
            let mut out = s.mul(scale, s.sub(s.sub(dh, sum), s.mul(h, dot)));
            if let Some(residual) = residual {
                out = s.add(out, s.load_part(&residual[i * d + j..i * d + lanes.end]));
            }
            s.store_part(&mut dx[lanes], out);
        }
    }
}
