//! Pairs of bfloat16 numbers in the bits of a float, on machines without instructions for them.
//!
//! The first number of a pair lies in the lower bits. A product of pairs adds the second numbers'
//! product, then the first's, as AVX512-BF16 does; there numbers below the least normal one are
//! zero.

use super::Simd;
use half::bf16;

/// The most lanes of any vector.
const LANES: usize = 16;

#[inline(always)]
fn lanes<S: Simd>(s: S, v: S::V) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    s.store(&mut lanes, v);
    lanes
}

#[inline(always)]
fn pair_of(first: f32, second: f32) -> f32 {
    let [first, second] = [first, second].map(|x| u32::from(bf16::from_f32(x).to_bits()));
    f32::from_bits(first | second << 16)
}

#[inline(always)]
pub(super) fn add<S: Simd>(s: S, a: S::V, b: S::V, sum: S::V) -> S::V {
    let numbers = |v| {
        let pairs = lanes(s, v);
        (pairs.map(|x| f32::from_bits(x.to_bits() << 16)), pairs.map(|x| f32::from_bits(x.to_bits() & !0xFFFF)))
    };
    let ((a0, a1), (b0, b1)) = (numbers(a), numbers(b));
    s.fma(s.load(&a0), s.load(&b0), s.fma(s.load(&a1), s.load(&b1), sum))
}

#[inline(always)]
pub(super) fn pair<S: Simd>(s: S, first: S::V, second: S::V) -> S::V {
    let (mut first, second) = (lanes(s, first), lanes(s, second));
    first.iter_mut().zip(second).for_each(|(x, second)| *x = pair_of(*x, second));
    s.load(&first)
}

#[inline(always)]
pub(super) fn pair_neighbours<S: Simd>(s: S, low: S::V, high: S::V) -> S::V {
    let mut both = [0.0; 2 * LANES];
    s.store(&mut both, low);
    s.store(&mut both[S::N..], high);
    let mut pairs = [0.0; LANES];
    pairs.iter_mut().zip(both.chunks_exact(2)).for_each(|(pair, x)| *pair = pair_of(x[0], x[1]));
    s.load(&pairs)
}
