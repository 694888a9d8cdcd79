//! Products with a matrix that was packed once and is used for many rows.
//!
//! A product with few rows takes the time of reading the matrix. One that is kept in half precision
//! is read in half the time: its numbers are widened as they are loaded, and everything is summed
//! in single precision as before.

use super::micro::{Dims, Number, Pair, Start, column, k_step};
use super::pairs::{Pairs, pair_columns, pair_rows, pair_rows_transposed};
use super::row;
use crate::isa::{Isa, Products};
use crate::pool::{self, Buf};
use crate::simd::{Simd, dispatch};
use crate::transpose::transpose;
use half::f16;
use rayon::prelude::*;

/// The right-hand matrix `[k, n]` as panels of a register tile's width: `[panel][k][width]`, padded
/// with zeros; `[panel][pairs][width]` where products multiply [`Products::Bf16`].
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
    Pairs(Pairs),
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
        let columns = n.next_multiple_of(width);
        let data = match isa.products() {
            Products::Single => {
                let mut data = pool::take(columns * k);
                by_panels(&mut data, width * k, |panel, to| {
                    let (first, n) = (panel * width, width.min(n - panel * width));
                    if col == 1 {
                        pack(isa, &b[first..], row, n, width, to);
                    } else {
                        if n < width {
                            to.fill(0.0);
                        }
                        transpose(isa, (&b[first * col..], col), (to, width), [n, k]);
                    }
                });
                Numbers::Single(data)
            }
            Products::Bf16 => {
                let mut data = Pairs::take(columns * k.div_ceil(2));
                by_panels(data.bits(), width * k.div_ceil(2), |panel, to| {
                    let (first, n) = (panel * width, width.min(n - panel * width));
                    if col == 1 {
                        pair_rows(isa, &b[first..], row, [k, n], width, to);
                    } else {
                        pair_rows_transposed(isa, &b[first * col..], col, [k, n], width, to);
                    }
                });
                Numbers::Pairs(data)
            }
        };
        Self { data, k, n, width, isa }
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
        if let Numbers::Pairs(_) = self.data {
            return self.product(1, a, self.k, c, self.n, start);
        }
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
            Numbers::Pairs(_) => unreachable!("a row of pairs is a product of one row"),
        }
    }

    /// `c[m, n] = start + a[m, k] b` on this thread.
    pub(crate) fn product(&self, m: usize, a: &[f32], a_row: usize, c: &mut [f32], c_row: usize, start: Start<'_>) {
        if m == 0 {
            return;
        }
        let Self { isa, k, .. } = *self;
        match &self.data {
            Numbers::Single(data) => self.walk(data, (a, a_row), k, (c, c_row), m, start, panel_product),
            Numbers::Half(data) => self.walk(data, (a, a_row), k, (c, c_row), m, start, panel_product_of_halves),
            Numbers::Pairs(data) => {
                let pairs = k.div_ceil(2);
                let mut left = Pairs::take(m * pairs);
                pair_columns(isa, a, a_row, k, left.bits());
                self.walk(data, (&left, pairs), pairs, (c, c_row), m, start, panel_product_of_pairs);
            }
        }
    }

    /// Panel by panel, and in each as much of `k` as stays in the first-level cache.
    #[allow(clippy::too_many_arguments)]
    fn walk<B: Number>(
        &self,
        data: &[B],
        (a, a_row): (&[B::Left], usize),
        k: usize,
        (c, c_row): (&mut [f32], usize),
        m: usize,
        start: Start<'_>,
        product: impl Fn(Isa, Dims, &[B::Left], &[B], &mut [f32], Start<'_>),
    ) {
        let Self { n, width, .. } = *self;
        let step = k_step(k);
        for (panel, j) in (0..n).step_by(width).enumerate() {
            let columns = width.min(n - j);
            for (block, p) in (0..k.max(1)).step_by(step).enumerate() {
                let dims = Dims { m, n: columns, k: step.min(k - p), a_row, a_col: 1, b_row: width, c_row };
                let start = match start {
                    _ if block > 0 => Start::Add,
                    Start::Bias(bias) => Start::Bias(&bias[j..j + columns]),
                    other => other,
                };
                let (a, of_panel) = (a.get(p..).unwrap_or(&[]), (panel * k + p) * width..(panel + 1) * k * width);
                product(self.isa, dims, a, &data[of_panel], &mut c[j..], start);
            }
        }
    }
}

/// Fills panels of so many floats, on all threads where they are large.
fn by_panels(data: &mut [f32], panel: usize, fill: impl Fn(usize, &mut [f32]) + Sync) {
    const LARGE: usize = 1 << 15;
    let panel = panel.max(1);
    if data.len() < LARGE {
        data.chunks_exact_mut(panel).enumerate().for_each(|(i, to)| fill(i, to));
    } else {
        data.par_chunks_exact_mut(panel).enumerate().for_each(|(i, to)| fill(i, to));
    }
}

dispatch! { pub(super) fn panel_width() -> usize = panel_width_lanes; }
dispatch! { fn panel_product(dims: Dims, a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) = column; }
dispatch! { fn panel_product_of_halves(dims: Dims, a: &[f32], b: &[f16], c: &mut [f32], start: Start<'_>) = column; }
dispatch! { pairs fn panel_product_of_pairs(dims: Dims, a: &[Pair], b: &[Pair], c: &mut [f32], start: Start<'_>) = column; }
dispatch! {
    /// A panel of this width of the first `n` columns of `b`, whose rows are `row` floats apart.
    pub(super) fn pack(b: &[f32], row: usize, n: usize, width: usize, to: &mut [f32]) = pack_lanes;
}

#[inline(always)]
fn panel_width_lanes<S: Simd>(_: S) -> usize {
    S::N * S::TILE_VECTORS
}

#[inline(always)]
fn pack_lanes<S: Simd>(s: S, b: &[f32], row: usize, n: usize, width: usize, to: &mut [f32]) {
    for (p, to) in to.chunks_exact_mut(width).enumerate() {
        let b = &b[p * row..][..n];
        for (j, to) in (0..).step_by(S::N).zip(to.chunks_exact_mut(S::N)) {
            let v = s.load_part(&b[j.min(n)..]);
            s.store(to, v);
        }
    }
}
