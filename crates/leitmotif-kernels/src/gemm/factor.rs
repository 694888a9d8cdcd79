//! The factors of a product in cache: numbers of single precision as they lie, or pairs of numbers
//! rounded to bfloat16, made from them.
//!
//! All are kept in floats, a pair in the bits of one.

use super::micro::{Dims, Number, Pair, Start, product, product_of_pairs};
use super::outer::{panels_of_floats, panels_of_pairs};
use super::packed::pack;
use super::pairs::{of_bits, pair_columns, pair_rows, pair_transposed};
use crate::isa::{Isa, Products};
use crate::transpose::transpose;

/// Vectors of pairs are read whole: rows of right-hand factors have a multiple of so many.
const VECTOR: usize = 16;

/// In narrower heads it takes longer to round numbers than it saves.
const LEAST_OF_PAIRS: usize = 16;

/// Whether products inside attention's heads of width `dh` are those of pairs.
pub(crate) fn in_pairs(isa: Isa, dh: usize) -> bool {
    isa.products() == Products::Bf16 && dh >= LEAST_OF_PAIRS
}

/// A factor's element.
pub(crate) trait Factor: Number<Left = Self> + Sync {
    /// Neighbours in the direction of the sum that an element holds.
    const NUMBERS: usize;

    /// The elements that these floats hold.
    fn elements(bits: &[f32]) -> &[Self];

    /// Floats of a right-hand factor's row of `n` elements.
    fn row(n: usize) -> usize;

    /// The length of scratch for so many floats of factors, which are made only of pairs.
    fn made(floats: usize) -> usize {
        if Self::NUMBERS == 1 { 0 } else { floats }
    }

    /// The same for a right-hand factor `[k, n]`.
    fn made_right(k: usize, n: usize) -> usize {
        Self::made(k.div_ceil(Self::NUMBERS) * Self::row(n))
    }

    /// A left-hand factor `[m, k]` from such a matrix, `row` floats between rows; what is made lies
    /// in `scratch`, `[m, k.div_ceil(NUMBERS)]`. Returns it and the distance of its rows.
    fn left<'a>(isa: Isa, from: (&'a [f32], usize), size: [usize; 2], scratch: &'a mut [f32]) -> (&'a [Self], usize);

    /// A right-hand factor `[k, n]` from such a matrix, likewise; `scratch` has
    /// `k.div_ceil(NUMBERS)` rows of [`Self::row`]. Also a transposed left-hand factor `[n, k]`.
    fn right<'a>(isa: Isa, from: (&'a [f32], usize), size: [usize; 2], scratch: &'a mut [f32]) -> (&'a [Self], usize);

    /// Writes a right-hand factor `[k, n]` from its transpose.
    fn transposed(isa: Isa, from: (&[f32], usize), size: [usize; 2], to: (&mut [f32], usize));

    /// Panels of this width, `[panel][k.div_ceil(NUMBERS)][width]` and zero beyond `n`, of a matrix
    /// `[k, n]`.
    fn panels(isa: Isa, from: (&[f32], usize), size: [usize; 2], width: usize, to: &mut [f32]);

    /// `c[m, n] = start + left right`, `dims` being `[m, n, elements]`, for such panels, the left
    /// ones of the given width, the right ones of the register tile's.
    fn panel_products(
        isa: Isa,
        dims: [usize; 3],
        left: (&[f32], usize),
        right: &[f32],
        c: (&mut [f32], usize),
        start: Start<'_>,
    );

    /// The product on this thread. `dims.k` counts elements.
    fn product(isa: Isa, dims: Dims, a: &[Self], b: &[Self], c: &mut [f32], start: Start<'_>);
}

impl Factor for f32 {
    const NUMBERS: usize = 1;

    fn elements(bits: &[f32]) -> &[f32] {
        bits
    }

    fn row(n: usize) -> usize {
        n
    }

    fn left<'a>(_: Isa, from: (&'a [f32], usize), _: [usize; 2], _: &'a mut [f32]) -> (&'a [f32], usize) {
        from
    }

    fn right<'a>(_: Isa, from: (&'a [f32], usize), _: [usize; 2], _: &'a mut [f32]) -> (&'a [f32], usize) {
        from
    }

    fn transposed(isa: Isa, from: (&[f32], usize), [k, n]: [usize; 2], to: (&mut [f32], usize)) {
        transpose(isa, from, to, [n, k]);
    }

    fn panels(isa: Isa, (from, row): (&[f32], usize), [k, n]: [usize; 2], width: usize, to: &mut [f32]) {
        for (panel, to) in to.chunks_exact_mut(width * k).enumerate() {
            let first = panel * width;
            pack(isa, &from[first..], row, width.min(n - first), width, to);
        }
    }

    fn panel_products(
        isa: Isa,
        dims: [usize; 3],
        (left, width): (&[f32], usize),
        right: &[f32],
        c: (&mut [f32], usize),
        start: Start<'_>,
    ) {
        panels_of_floats(isa, dims, (left, width), right, c, start);
    }

    fn product(isa: Isa, dims: Dims, a: &[f32], b: &[f32], c: &mut [f32], start: Start<'_>) {
        product(isa, dims, a, b, c, start);
    }
}

impl Factor for Pair {
    const NUMBERS: usize = 2;

    fn elements(bits: &[f32]) -> &[Pair] {
        of_bits(bits)
    }

    fn row(n: usize) -> usize {
        n.next_multiple_of(VECTOR)
    }

    fn left<'a>(
        isa: Isa,
        (from, row): (&'a [f32], usize),
        [m, k]: [usize; 2],
        scratch: &'a mut [f32],
    ) -> (&'a [Pair], usize) {
        let pairs = k.div_ceil(2);
        pair_columns(isa, from, row, k, &mut scratch[..m * pairs]);
        (of_bits(scratch), pairs)
    }

    fn right<'a>(
        isa: Isa,
        (from, row): (&'a [f32], usize),
        [k, n]: [usize; 2],
        scratch: &'a mut [f32],
    ) -> (&'a [Pair], usize) {
        let width = Self::row(n);
        pair_rows(isa, from, row, [k, n], width, &mut scratch[..k.div_ceil(2) * width]);
        (of_bits(scratch), width)
    }

    fn transposed(isa: Isa, from: (&[f32], usize), size: [usize; 2], to: (&mut [f32], usize)) {
        pair_transposed(isa, from, size, to);
    }

    fn panels(isa: Isa, (from, row): (&[f32], usize), size: [usize; 2], width: usize, to: &mut [f32]) {
        pair_rows(isa, from, row, size, width, to);
    }

    fn panel_products(
        isa: Isa,
        dims: [usize; 3],
        (left, width): (&[f32], usize),
        right: &[f32],
        c: (&mut [f32], usize),
        start: Start<'_>,
    ) {
        panels_of_pairs(isa, dims, (of_bits(left), width), of_bits(right), c, start);
    }

    fn product(isa: Isa, dims: Dims, a: &[Pair], b: &[Pair], c: &mut [f32], start: Start<'_>) {
        product_of_pairs(isa, dims, a, b, c, start);
    }
}
