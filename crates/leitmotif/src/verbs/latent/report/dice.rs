//! Chance that a seed, a section and a number name: what one song gets does not depend on what the others got, nor on
//! which thread it ran.

/// A stream of draws (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The stream of number `number` of a section.
    pub fn of(seed: u64, section: u64, number: usize) -> Self {
        let mut dice = Self(seed);
        for part in [section, number as u64] {
            dice.0 = dice.draw() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        dice
    }

    /// 64 random bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
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
        let first = |seed, section, number| Dice::of(seed, section, number).draw();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let all = [first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(1, 3, 2)];
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])), "{all:?}");
        let mut dice = Dice::of(0, 0, 0);
        let mut seen = [0; 5];
        (0..5000).for_each(|_| seen[dice.below(5)] += 1);
        assert!(seen.iter().all(|count| (900..1100).contains(count)), "{seen:?}");
    }

    #[test]
    fn the_other_is_another() {
        let mut dice = Dice::of(7, 0, 0);
        let mut seen = [false; 4];
        (0..100).for_each(|_| seen[dice.other(2, 4)] = true);
        assert_eq!(seen, [true, true, false, true]);
        assert_eq!((dice.other(0, 1), dice.other(0, 0)), (0, 0));
    }
}
