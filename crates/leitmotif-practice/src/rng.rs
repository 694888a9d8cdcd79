//! Seeded choices that never change.
//!
//! A song must be the same on every machine and with every later version of the dependencies, so
//! only the ChaCha8 key stream is taken from outside (RFC 8439's cipher with 8 rounds, fixed for
//! good); everything that turns it into choices is integer arithmetic of this workspace.
//!
//! [`SeededRng::fork`] derives an independent stream from a label. Every musical decision of a song
//! draws from a stream of its own, so that a change in how the drums play leaves the melody alone.

use leitmotif_hash::{STEP, mix, number};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of choices.
#[derive(Debug, Clone)]
pub(crate) struct SeededRng {
    key: u64,
    stream: ChaCha8Rng,
}

impl SeededRng {
    /// The stream of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0u8; 32];
        for (index, chunk) in (0..).zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&number(seed, index).to_le_bytes());
        }
        Self { key: seed, stream: ChaCha8Rng::from_seed(bytes) }
    }

    /// A stream of its own for `label` and `index`, whatever has been drawn from this one.
    pub(crate) fn fork(&self, label: &str, index: u64) -> Self {
        let mut hash = mix(self.key ^ STEP);
        for byte in label.bytes() {
            hash = mix(hash ^ u64::from(byte)).wrapping_add(STEP);
        }
        Self::new(mix(hash ^ index.wrapping_mul(STEP)))
    }

    /// A number from 0 to `count - 1`; 0 where `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let wide = u64::from(self.stream.next_u32()) * count as u64;
        (wide >> 32) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// One of `items`, each with a probability in proportion to its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(T, u32)]) -> T {
        let total: u32 = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total as usize) as u32;
        for &(item, weight) in items {
            if left < weight {
                return item;
            }
            left -= weight;
        }
        items[0].0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn streams_are_fixed_for_all_time() {
        let mut rng = SeededRng::new(7).fork("riff", 3);
        let drawn: Vec<usize> = (0..8).map(|_| rng.below(1000)).collect();
        assert_eq!(drawn, GOLDEN_DRAWS);
    }

    #[test]
    fn forks_do_not_depend_on_what_was_drawn() {
        let mut used = SeededRng::new(1);
        used.below(10);
        let fresh = SeededRng::new(1);
        assert_eq!(used.fork("a", 0).below(1 << 20), fresh.fork("a", 0).below(1 << 20));
        assert_ne!(fresh.fork("a", 0).below(1 << 20), fresh.fork("a", 1).below(1 << 20));
        assert_ne!(fresh.fork("a", 0).below(1 << 20), fresh.fork("b", 0).below(1 << 20));
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = SeededRng::new(3);
        let mut counts = [0usize; 2];
        for _ in 0..4000 {
            counts[rng.weighted(&[(0usize, 3), (1, 1)])] += 1;
        }
        assert!((2850..3150).contains(&counts[0]), "{counts:?}");
        assert!((0..200).all(|_| (-3..=4).contains(&rng.range(-3, 4))));
    }

    const GOLDEN_DRAWS: [usize; 8] = [802, 293, 362, 888, 790, 574, 761, 923];
}
