//! Matrix products, row-major. The functions here use all threads; what fused operations need
//! inside a row block is in the submodules.
//!
//! A sum over `k` is split into fixed blocks, and over rows (weight gradients) into fixed parts
//! that are added in order, so that results do not depend on the number of threads.

mod factor;
mod micro;
mod outer;
mod packed;
mod pairs;
mod row;

use crate::isa::Isa;
use crate::parts::{self, Parts};
use crate::pool;
pub(crate) use factor::{Factor, in_pairs};
pub(crate) use micro::{Dims, Pair, Start, product};
pub(crate) use outer::outer;
pub use packed::Packed;
use rayon::prelude::*;

/// Rows of a task.
const ROWS: usize = 64;

/// `a[m, k] b[k, n]` (+ `bias[n]`).
///
/// # Panics
/// If the slices do not have these sizes.
#[must_use]
pub fn nn(a: &[f32], b: &[f32], bias: Option<&[f32]>, [m, k, n]: [usize; 3]) -> Vec<f32> {
    assert_eq!(b.len(), k * n, "b is [k, n]");
    with_packed(a, &Packed::new(b, k, n), bias, m)
}

/// `a[m, k] bᵀ` with `b[n, k]` (+ `bias[n]`).
///
/// # Panics
/// If the slices do not have these sizes.
#[must_use]
pub fn nt(a: &[f32], b: &[f32], bias: Option<&[f32]>, [m, k, n]: [usize; 3]) -> Vec<f32> {
    assert_eq!(b.len(), k * n, "b is [n, k]");
    with_packed(a, &Packed::transposed(b, k, n), bias, m)
}

/// `aᵀ b` with `a[rows, m]`, `b[rows, n]`.
///
/// # Panics
/// If the slices do not have these sizes.
#[must_use]
pub fn tn(a: &[f32], b: &[f32], [rows, m, n]: [usize; 3]) -> Vec<f32> {
    assert_eq!((a.len(), b.len()), (rows * m, rows * n), "a is [rows, m], b is [rows, n]");
    let isa = Isa::current();
    let parts = Parts::of(rows, ROWS, m * n);
    let sums: Vec<_> = parts
        .ranges()
        .map(|range| {
            let mut sum = pool::take(m * n);
            let (a, b) = (&a[range.start * m..range.end * m], &b[range.start * n..range.end * n]);
            outer(isa, [m, n, range.len()], (a, m), (b, n), (&mut sum, n), false);
            sum
        })
        .collect();
    parts::add_up(&sums, 0, m * n)
}

/// `a[m, k]` times a packed matrix `[k, n]` (+ `bias[n]`).
///
/// # Panics
/// If the slices do not have these sizes.
#[must_use]
pub fn with_packed(a: &[f32], b: &Packed, bias: Option<&[f32]>, m: usize) -> Vec<f32> {
    let mut c = pool::zeros(m * b.n());
    with_packed_into(a, b, bias, m, &mut c);
    c
}

/// The same into `c[m, n]`.
///
/// # Panics
/// If the slices do not have these sizes.
pub fn with_packed_into(a: &[f32], b: &Packed, bias: Option<&[f32]>, m: usize, c: &mut [f32]) {
    let (k, n) = (b.k(), b.n());
    assert_eq!((a.len(), c.len()), (m * k, m * n), "a is [m, k], c is [m, n]");
    assert!(bias.is_none_or(|bias| bias.len() == n), "bias is [n]");
    let start = bias.map_or(Start::Zero, Start::Bias);
    if n == 0 {
        return;
    }
    if m == 1 {
        b.row_product(a, c, start);
        return;
    }
    if m <= ROWS {
        b.product(m, a, k, c, n, start);
        return;
    }
    c.par_chunks_mut(ROWS * n).enumerate().for_each(|(block, c)| {
        let rows = c.len() / n;
        let a = &a[block * ROWS * k..][..rows * k];
        b.product(rows, a, k, c, n, start);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Products;
    use crate::testing::{assert_close, random};

    /// `a(i, p) b(p, j)` summed in double precision.
    fn naive([m, k, n]: [usize; 3], a: impl Fn(usize, usize) -> f32, b: impl Fn(usize, usize) -> f32) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        for (index, c) in c.iter_mut().enumerate() {
            let (i, j) = (index / n, index % n);
            *c = (0..k).map(|p| f64::from(a(i, p)) * f64::from(b(p, j))).sum();
        }
        c
    }

    #[test]
    fn products_of_all_shapes_agree_with_the_definition() {
        let sizes = [[1, 1, 1], [7, 3, 5], [65, 33, 49], [130, 64, 96], [3, 700, 31], [9, 17, 130], [2, 0, 3]];
        for isa in Isa::available() {
            isa.force(|| {
                for size @ [m, k, n] in sizes {
                    let (a, b, bias) = (random(1, m * k), random(2, k * n), random(3, n));
                    let mut expected = naive(size, |i, p| a[i * k + p], |p, j| b[p * n + j]);
                    assert_close(&nn(&a, &b, None, size), &expected, 1e-5);
                    let at: Vec<f32> = (0..k * m).map(|x| a[x % m * k + x / m]).collect();
                    assert_close(&tn(&at, &b, [k, m, n]), &expected, 1e-5);
                    let dims = Dims { m, n, k, a_row: 1, a_col: m, b_row: n, c_row: n + 3 };
                    let mut c = vec![0.5; m * (n + 3)];
                    product(isa, dims, &at, &b, &mut c, Start::Zero);
                    assert!(c.chunks(n + 3).all(|c| c[n..] == [0.5; 3]));
                    let rows: Vec<f32> = c.chunks(n + 3).flat_map(|c| &c[..n]).copied().collect();
                    assert_close(&rows, &expected, 1e-5);
                    expected.iter_mut().enumerate().for_each(|(x, c)| *c += f64::from(bias[x % n]));
                    let bt: Vec<f32> = (0..n * k).map(|x| b[x % k.max(1) * n + x / k.max(1)]).collect();
                    assert_close(&nt(&a, &bt, Some(&bias), size), &expected, 1e-5);
                }
            });
        }
    }

    #[test]
    fn products_of_bfloat16_numbers_are_those_of_the_rounded_matrices() {
        let rounded = |x: &[f32]| x.iter().map(|&x| half::bf16::from_f32(x).to_f32()).collect::<Vec<_>>();
        let sizes = [[1, 1, 1], [7, 3, 5], [65, 33, 49], [130, 64, 96], [3, 1100, 31], [9, 17, 130], [2, 0, 3]];
        for isa in Isa::available().chain([Isa::current()]) {
            isa.with_products(Products::Bf16).force(|| {
                for size @ [m, k, n] in sizes {
                    let (a, b, bias) = (random(1, m * k), random(2, k * n), random(3, n));
                    let (of_a, of_b) = (rounded(&a), rounded(&b));
                    let mut expected = naive(size, |i, p| of_a[i * k + p], |p, j| of_b[p * n + j]);
                    assert_close(&nn(&a, &b, None, size), &expected, 1e-5);
                    let at: Vec<f32> = (0..k * m).map(|x| a[x % m * k + x / m]).collect();
                    assert_close(&tn(&at, &b, [k, m, n]), &expected, 1e-5);
                    expected.iter_mut().enumerate().for_each(|(x, c)| *c += f64::from(bias[x % n]));
                    let bt: Vec<f32> = (0..n * k).map(|x| b[x % k.max(1) * n + x / k.max(1)]).collect();
                    assert_close(&nt(&a, &bt, Some(&bias), size), &expected, 1e-5);
                    let packed = Packed::new(&b, k, n);
                    for row in 0..m {
                        let alone = with_packed(&a[row * k..(row + 1) * k], &packed, None, 1);
                        assert_eq!(alone, with_packed(&a, &packed, None, m)[row * n..(row + 1) * n]);
                    }
                }
            });
        }
    }

    #[test]
    fn weight_gradients_of_many_rows_agree_with_the_definition() {
        let [rows, m, n] = [2500, 20, 50];
        let (a, b) = (random(1, rows * m), random(2, rows * n));
        let expected = naive([m, rows, n], |i, p| a[p * m + i], |p, j| b[p * n + j]);
        for isa in Isa::available() {
            assert_close(&isa.force(|| tn(&a, &b, [rows, m, n])), &expected, 1e-5);
            let bf16 = isa.with_products(Products::Bf16);
            assert_close(&bf16.force(|| tn(&a, &b, [rows, m, n])), &expected, 2e-2);
        }
    }

    /// Odd sizes of a packed matrix, `[k, n]`.
    const PACKED: [[usize; 2]; 8] = [[0, 3], [1, 1], [5, 95], [64, 100], [300, 193], [384, 16], [700, 130], [1024, 65]];

    #[test]
    fn a_row_alone_is_the_row_among_others() {
        for [k, n] in PACKED {
            let (a, b, bias) = (random(1, 5 * k), random(2, k * n), random(3, n));
            for isa in Isa::available() {
                let single = || isa.force(|| Packed::new(&b, k, n));
                for packed in [single(), single().halved()] {
                    for bias in [None, Some(&bias[..])] {
                        let all = with_packed(&a, &packed, bias, 5);
                        for row in 0..5 {
                            let alone = with_packed(&a[row * k..(row + 1) * k], &packed, bias, 1);
                            assert_eq!(alone, all[row * n..(row + 1) * n], "{isa:?}, [{k}, {n}]");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_halved_matrix_is_the_matrix_of_rounded_numbers() {
        for [k, n] in PACKED {
            let (a, b) = (random(1, 7 * k), random(2, k * n));
            let rounded: Vec<f32> = b.iter().map(|&x| half::f16::from_f32(x).to_f32()).collect();
            for isa in Isa::available() {
                let halved = isa.force(|| Packed::new(&b, k, n)).halved();
                let of_rounded = isa.force(|| Packed::new(&rounded, k, n));
                for rows in [1, 7] {
                    let [halved, of_rounded] =
                        [&halved, &of_rounded].map(|packed| with_packed(&a[..rows * k], packed, None, rows));
                    assert_eq!(halved, of_rounded, "{isa:?}, [{k}, {n}]");
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_half_precision_does_not_reach_is_not_halved() {
        let b = [1.000_1, 65_520.0, -3.0, 0.0];
        assert_eq!(with_packed(&[1.0, 0.0], &Packed::new(&b, 2, 2).halved(), None, 1), b[..2]);
        let b = [1.000_1, 65_504.0, -3.0, 0.0];
        assert_eq!(with_packed(&[1.0, 0.0], &Packed::new(&b, 2, 2).halved(), None, 1), [1.0, 65_504.0]);
    }

    #[test]
    fn a_row_divided_among_threads_is_the_same_row() {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        for [k, n] in [[1, 1], [64, 100], [300, 1000], [1024, 777], [700, 4226]] {
            let (a, b, bias) = (random(1, k), random(2, k * n), random(3, n));
            for isa in Isa::available() {
                let single = || isa.force(|| Packed::new(&b, k, n));
                let (packed, halved) = (single(), single().halved());
                for bias in [None, Some(&bias[..])] {
                    let of_halved = with_packed(&a, &halved, bias, 1);
                    assert_eq!(threads.install(|| with_packed(&a, &halved, bias, 1)), of_halved);
                    let alone = with_packed(&a, &packed, bias, 1);
                    assert_eq!(threads.install(|| with_packed(&a, &packed, bias, 1)), alone);
                    let expected: Vec<f64> = (0..n)
                        .map(|j| {
                            let sum: f64 = (0..k).map(|p| f64::from(a[p]) * f64::from(b[p * n + j])).sum();
                            sum + bias.map_or(0.0, |bias| f64::from(bias[j]))
                        })
                        .collect();
                    assert_close(&alone, &expected, 1e-5);
                }
            }
        }
    }
}
