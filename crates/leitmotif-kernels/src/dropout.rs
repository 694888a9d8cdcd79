//! Dropout whose mask is a function of a seed and an index, not of a stream.
//!
//! Backward passes make the mask again instead of storing it, threads need no agreement, and a
//! plain definition elsewhere can use [`mask`] to drop the very same values. An element is kept
//! with probability `1 - p` and then multiplied by `1 / (1 - p)`.
//!
//! Index of an element at each site (the seed distinguishes the sites):
//!
//! | site | index |
//! |---|---|
//! | output of a block, `[rows, d]` | `row * d + column` |
//! | hidden layer of the feed-forward, `[rows, ff]` | `row * ff + column` |
//! | attention probabilities, `[batch, heads, segment, keys]` | `((b * heads + h) * segment + i) * keys + j` |

use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use leitmotif_hash::number;

/// How much to drop at one site in one pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Probability to drop, from 0 (nothing) to below 1.
    pub p: f32,
    /// Chooses the mask; another one for each site and step.
    pub seed: u64,
}

impl Dropout {
    /// Keeps everything.
    pub const NONE: Self = Self { p: 0.0, seed: 0 };

    /// Whether anything can be dropped.
    #[must_use]
    pub fn is_active(self) -> bool {
        self.p > 0.0
    }
}

/// The factors `[n]` (0 or `1 / (1 - p)`) of the indices `0..n`.
#[must_use]
pub fn mask(seed: u64, n: usize, p: f32) -> Vec<f32> {
    let mut out = vec![1.0; n];
    if p > 0.0 {
        apply(Isa::current(), Dropout { p, seed }, 0, &mut out);
    }
    out
}

/// Whether the element with this index is kept.
#[must_use]
pub fn keep(seed: u64, index: u64, p: f32) -> bool {
    let [k0, k1] = key(seed, index >> 32);
    hash(index as u32, k0, k1) >= threshold(p)
}

dispatch! {
    /// Multiplies consecutive elements by the factors of `first, first + 1, ...`.
    pub(crate) fn apply(dropout: Dropout, first: u64, xs: &mut [f32]) = apply_lanes;
}

#[inline(always)]
fn apply_lanes<S: Simd>(s: S, dropout: Dropout, first: u64, xs: &mut [f32]) {
    if !dropout.is_active() {
        return;
    }
    let mut factors = Factors::new(s, dropout);
    let mut index = first;
    for xs in xs.chunks_mut(S::N) {
        let v = s.mul(s.load_part(xs), factors.at(index));
        s.store_part(xs, v);
        index += S::N as u64;
    }
}

/// Makes the factors of `N` consecutive indices at a time.
#[derive(Clone, Copy)]
pub(crate) struct Factors<S: Simd> {
    s: S,
    dropout: Dropout,
    high: u64,
    keys: [u32; 2],
    least: u32,
    scale: f32,
}

impl<S: Simd> Factors<S> {
    #[inline(always)]
    pub(crate) fn new(s: S, dropout: Dropout) -> Self {
        let least = threshold(dropout.p);
        Self { s, dropout, high: 0, keys: key(dropout.seed, 0), least, scale: scale(dropout.p) }
    }

    /// The factors of `index, index + 1, ...`.
    #[inline(always)]
    pub(crate) fn at(&mut self, index: u64) -> S::V {
        let s = self.s;
        let (high, low) = (index >> 32, index as u32);
        if low > u32::MAX - S::N as u32 {
            return self.across_keys(index);
        }
        if high != self.high {
            (self.high, self.keys) = (high, key(self.dropout.seed, high));
        }
        let [k0, k1] = self.keys;
        let x = s.u_ramp(low.wrapping_mul(SPREAD).wrapping_add(k0), SPREAD);
        let x = s.u_xor(x, s.u_shift::<16>(x));
        let x = s.u_xor(s.u_mul(x, s.u_splat(MIX1)), s.u_splat(k1));
        let x = s.u_xor(x, s.u_shift::<15>(x));
        let x = s.u_mul(x, s.u_splat(MIX2));
        let x = s.u_xor(x, s.u_shift::<16>(x));
        s.if_at_least(x, s.u_splat(self.least), s.splat(self.scale))
    }

    /// The same where the lanes may lie on both sides of a multiple of 2^32.
    #[cold]
    fn across_keys(&self, index: u64) -> S::V {
        let mut lanes = [0.0; 16];
        for (i, lane) in lanes.iter_mut().enumerate() {
            let kept = keep(self.dropout.seed, index.wrapping_add(i as u64), self.dropout.p);
            *lane = if kept { self.scale } else { 0.0 };
        }
        self.s.load(&lanes)
    }
}

const SPREAD: u32 = 0x9E37_79B9;
const MIX1: u32 = 0x7FEB_352D;
const MIX2: u32 = 0x846C_A68B;

/// A 32-bit finaliser (two rounds of xor-shift and multiply) with a key before and between the
/// rounds.
fn hash(low: u32, k0: u32, k1: u32) -> u32 {
    let x = low.wrapping_mul(SPREAD).wrapping_add(k0);
    let x = (x ^ (x >> 16)).wrapping_mul(MIX1) ^ k1;
    let x = (x ^ (x >> 15)).wrapping_mul(MIX2);
    x ^ (x >> 16)
}

/// SplitMix64 of the seed and the upper half of the index, as two keys.
fn key(seed: u64, high: u64) -> [u32; 2] {
    let z = number(seed, high);
    [z as u32, (z >> 32) as u32]
}

fn threshold(p: f32) -> u32 {
    (f64::from(p) * 4_294_967_296.0) as u32
}

fn scale(p: f32) -> f32 {
    1.0 / (1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_scalars_agree_even_across_the_boundary_of_keys() {
        let dropout = Dropout { p: 0.3, seed: 77 };
        for isa in Isa::available() {
            for first in [0, 5, (1 << 32) - 21, (7 << 32) + 3] {
                let mut xs = vec![1.0; 53];
                apply(isa, dropout, first, &mut xs);
                for (i, &x) in xs.iter().enumerate() {
                    let kept = keep(dropout.seed, first + i as u64, dropout.p);
                    assert_eq!(x, if kept { 1.0 / 0.7 } else { 0.0 }, "{isa:?} {first} {i}");
                }
            }
        }
    }

    #[test]
    fn the_share_dropped_is_p_and_seeds_are_unrelated() {
        let n = 200_000;
        for p in [0.1, 0.5, 0.9] {
            let (a, b) = (mask(1, n, p), mask(2, n, p));
            let dropped = |m: &[f32]| m.iter().filter(|&&x| x == 0.0).count() as f32 / n as f32;
            let both = a.iter().zip(&b).filter(|&(&a, &b)| a == 0.0 && b == 0.0).count();
            let next = a.windows(2).filter(|w| w[0] == 0.0 && w[1] == 0.0).count();
            assert!((dropped(&a) - p).abs() < 0.005 && (dropped(&b) - p).abs() < 0.005);
            assert!((both as f32 / n as f32 - p * p).abs() < 0.005);
            assert!((next as f32 / n as f32 - p * p).abs() < 0.005);
        }
    }

    #[test]
    fn without_dropout_the_mask_is_one() {
        assert_eq!(mask(3, 5, 0.0), [1.0; 5]);
    }
}
