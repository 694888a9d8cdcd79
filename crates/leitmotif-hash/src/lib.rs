//! Mixing of integers: seeds and keys whose bits look unrelated to what they were made of.
//!
//! SplitMix64 (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, 2014) and
//! the finaliser of MurmurHash3. Corpora, checkpoints and trained models
//! depend on these values, so they never change.

#![forbid(unsafe_code)]

/// What SplitMix64 adds for each number: 2^64 divided by the golden ratio, rounded to an odd
/// number.
pub const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64: a bijection that spreads a difference in any bit over all of them.
#[inline]
#[must_use]
pub const fn mix(value: u64) -> u64 {
    fold(value, value >> 30)
}

/// A key with one more value in it: the steps of [`mix`] after its first shift.
#[inline]
#[must_use]
pub const fn fold(key: u64, value: u64) -> u64 {
    let z = (key ^ value).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Number `index`, from 0, of the SplitMix64 stream of `seed`.
#[inline]
#[must_use]
pub const fn number(seed: u64, index: u64) -> u64 {
    mix(seed.wrapping_add(index.wrapping_add(1).wrapping_mul(STEP)))
}

/// The finaliser of MurmurHash3, for 32 bits; inlined, so that loops over it become vectors.
#[inline(always)]
#[must_use]
pub const fn mix32(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x85EB_CA6B);
    let value = (value ^ (value >> 13)).wrapping_mul(0xC2B2_AE35);
    value ^ (value >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_reference_implementation() {
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([0, 1, 2].map(|index| number(1_234_567, index)), expected);
    }

    #[test]
    fn the_other_values_never_change() {
        assert_eq!([mix(0), mix(1), fold(STEP, 1)], [0, 0x5692_161D_100B_05E5, 0xBB24_FCE5_2F5E_10D7]);
        assert_eq!([mix32(0), mix32(1)], [0, 0x514E_28B7]);
    }
}
