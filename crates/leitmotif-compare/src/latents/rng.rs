//! A generator for each seed, section and number: what one song draws depends neither on what
//! others drew nor on the thread.

/// A seeded generator: SplitMix64 (Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct SeededRng(u64);

impl SeededRng {
    /// The stream of number `number` of a section.
    pub fn of(seed: u64, section: u64, number: usize) -> Self {
        let mut rng = Self(seed);
        for part in [section, number as u64] {
            rng.0 = rng.draw() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        rng
    }

    /// 64 random bits.
    pub fn draw(&mut self) -> u64 {
        let number = leitmotif_hash::number(self.0, 0);
        self.0 = self.0.wrapping_add(leitmotif_hash::STEP);
        number
    }

    /// A number below `count`, which is at least 1.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.draw()) * count as u128) >> 64) as usize
    }

    /// A number from -0.5 to 0.5.
    pub fn jitter(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    /// A number below `count` other than `own`; `own` where there is no other.
    pub fn other(&mut self, own: usize, count: usize) -> usize {
        match count {
            0 | 1 => own,
            _ => (own + 1 + self.below(count - 1)) % count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_their_own_and_cover_their_range() {
        let first = |seed, section, number| SeededRng::of(seed, section, number).draw();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let all = [first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(1, 3, 2)];
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])), "{all:?}");
        let mut rng = SeededRng::of(0, 0, 0);
        let mut seen = [0; 5];
        (0..5000).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|count| (900..1100).contains(count)), "{seen:?}");
    }

    #[test]
    fn the_other_is_another() {
        let mut rng = SeededRng::of(7, 0, 0);
        let mut seen = [false; 4];
        (0..100).for_each(|_| seen[rng.other(2, 4)] = true);
        assert_eq!(seen, [true, true, false, true]);
        assert_eq!((rng.other(0, 1), rng.other(0, 0)), (0, 0));
    }
}
