//! Products with a matrix that was packed once and is used for many rows.
//!
//! A product with few rows takes the time of reading the matrix. One that is kept in half precision
//! is read in half the time: its numbers are widened as they are loaded, and everything is summed
//! in single precision as before.

use super::micro::{Dims, Start, column, k_step};
use super::row;
use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::simd::{Simd, dispatch};
use half::f16;

/// The right-hand matrix `[k, n]` as panels of a register tile's width: `[panel][k][width]`, padded
/// with zeros.
#[derive(Debug)]
pub struct Packed {
    data: Numbers,
    k: usize,
    n: usize,
    width: usize,
    isa: Isa,
}

/// A matrix's numbers.
#[derive(Debug)]
enum Numbers {
    Single(Buf),
    Half(Vec<f16>),
}

/// Fewer floats of a matrix than this are not worth another thread for one row.
const ROW_FLOATS: usize = 32 << 10;

impl Packed {
    /// Packs `b[k, n]`, stored row by row.
    #[must_use]
    pub fn new(b: &[f32], k: usize, n: usize) -> Self {
        Self::strided(b, k, n, n, 1)
    }

    /// Packs the transpose of `b[n, k]`, stored row by row.
    #[must_use]
    pub fn transposed(b: &[f32], k: usize, n: usize) -> Self {
        Self::strided(b, k, n, 1, k)
    }

    /// Packs a matrix whose element `(p, j)` is `b[p * row + j * col]`; one of the strides is 1.
    pub(crate) fn strided(b: &[f32], k: usize, n: usize, row: usize, col: usize) -> Self {
        let isa = Isa::current();
        let width = panel_width(isa);
        let mut data = pool::take(n.div_ceil(width) * width * k);
        if k > 0 {
            pack(isa, b, n, row, col, k, &mut data);
        }
        Self { data: Numbers::Single(data), k, n, width, isa }
    }

    /// The same matrix with its numbers rounded to half precision (11 bits, to the nearest, ties to
    /// even). A matrix with a number that half precision does not reach (65,504) stays as it is.
    #[must_use]
    pub fn halved(self) -> Self {
        let Numbers::Single(data) = &self.data else { return self };
        let halves: Vec<f16> = data.iter().map(|&x| f16::from_f32(x)).collect();
        match halves.iter().all(|x| x.is_finite()) {
            true => Self { data: Numbers::Half(halves), ..self },
            false => self,
        }
    }

    /// Rows of the matrix: the length of a row that it is multiplied with.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns of the matrix: the length of a row of the product.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// `c[n] = start + a[k] b` for a single row, whose time is that of reading the matrix: the
    /// panels of a large one are divided among the threads of the pool that this thread belongs to,
    /// if it belongs to one.
    pub(crate) fn row_product(&self, a: &[f32], c: &mut [f32], start: Start<'_>) {
        let panels = self.n.div_ceil(self.width);
        let least = ROW_FLOATS.div_ceil(self.width * self.k.max(1));
        let alone = panels < 2 * least || rayon::current_thread_index().is_none() || rayon::current_num_threads() == 1;
        if alone {
            self.row(a, c, start, 0);
        } else {
            self.divided(a, c, start, 0, least);
        }
    }

    /// The columns from `first` on, which `c` holds, by halves of at least `least` panels.
    fn divided(&self, a: &[f32], c: &mut [f32], start: Start<'_>, first: usize, least: usize) {
        let panels = c.len().div_ceil(self.width);
        if panels < 2 * least {
            return self.row(a, c, start, first);
        }
        let middle = panels.div_ceil(2) * self.width;
        let (left, right) = c.split_at_mut(middle);
        let [of_left, of_right] = match start {
            Start::Bias(bias) => [Start::Bias(&bias[..middle]), Start::Bias(&bias[middle..])],
            other => [other; 2],
        };
        rayon::join(
            || self.divided(a, left, of_left, first, least),
            || self.divided(a, right, of_right, first + middle, least),
        );
    }

    /// The columns from `first` on of a single row, on this thread.
    fn row(&self, a: &[f32], c: &mut [f32], start: Start<'_>, first: usize) {
        let from = first / self.width * self.k * self.width;
        match &self.data {
            Numbers::Single(data) => row::product(self.isa, &a[..self.k], &data[from..], c, start),
            Numbers::Half(data) => row::product_of_halves(self.isa, &a[..self.k], &data[from..], c, start),
        }
    }

    /// `c[m, n] = start + a[m, k] b` on this thread.
    pub(crate) fn product(&self, m: usize, a: &[f32], a_row: usize, c: &mut [f32], c_row: usize, start: Start<'_>) {
        if m == 0 {
            return;
        }
        self.columns(m, a, a_row, &mut c[..(m - 1) * c_row + self.n], c_row, 0, start);
    }

    /// The same for the columns from `first` on, a multiple of the panels' width; the last row of
    /// `c` ends with the last of them.
    #[allow(clippy::too_many_arguments)]
    fn columns(&self, m: usize, a: &[f32], a_row: usize, c: &mut [f32], c_row: usize, first: usize, start: Start<'_>) {
        let Self { k, width, .. } = *self;
        let n = c.len() - (m - 1) * c_row;
        for (panel, j) in (first / width..).zip((0..n).step_by(width)) {
            let columns = width.min(n - j);
            let step = k_step(k);
            for (block, p) in (0..k.max(1)).step_by(step).enumerate() {
                let dims = Dims { m, n: columns, k: step.min(k - p), a_row, a_col: 1, b_row: width, c_row };
                let start = match start {
                    _ if block > 0 => Start::Add,
                    Start::Bias(bias) => Start::Bias(&bias[j..j + columns]),
                    other => other,
                };
                let (a, of_panel) = (a.get(p..).unwrap_or(&[]), (panel * k + p) * width..(panel + 1) * k * width);
                match &self.data {
                    Numbers::Single(data) => panel_product(self.isa, dims, a, &data[of_panel], &mut c[j..], start),
                    Numbers::Half(data) => {
                        panel_product_of_halves(self.isa, dims, a, &data[of_panel], &mut c[j..], start)
                    }
                }
            }
        }
    }
}

dispatch! { fn panel_width() -> usize = panel_width_lanes; }
dispatch! { fn panel_product(dims: Dims, a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) = column; }
dispatch! { fn panel_product_of_halves(dims: Dims, a: &[f32], b: &[f16], c: &mut [f32], start: Start<'_>) = column; }
dispatch! { fn pack(b: &[f32], n: usize, row: usize, col: usize, k: usize, to: &mut [f32]) = pack_lanes; }

#[inline(always)]
fn panel_width_lanes<S: Simd>(_: S) -> usize {
    S::N * S::TILE_VECTORS
}

#[inline(always)]
fn pack_lanes<S: Simd>(s: S, b: &[f32], n: usize, row: usize, col: usize, k: usize, to: &mut [f32]) {
    let width = S::N * S::TILE_VECTORS;
    for (panel, to) in to.chunks_exact_mut(width * k).enumerate() {
        let j = panel * width;
        let columns = width.min(n - j);
        if columns < width {
            to.fill(0.0);
        }
        if col == 1 {
            for (p, to) in to.chunks_exact_mut(width).enumerate() {
                copy_row(s, &b[p * row + j..][..columns], to);
            }
        } else {
            for c in 0..columns {
                let from = &b[(j + c) * col..];
                for (p, to) in to.chunks_exact_mut(width).enumerate() {
                    to[c] = from[p * row];
                }
            }
        }
    }
}

#[inline(always)]
fn copy_row<S: Simd>(s: S, from: &[f32], to: &mut [f32]) {
    for (from, to) in from.chunks(S::N).zip(to.chunks_mut(S::N)) {
        let v = s.load_part(from);
        s.store_part(to, v);
    }
}
