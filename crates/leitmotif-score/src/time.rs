//! Musical time in three units that the compiler keeps apart.
//!
//! [`Ticks`] are a file's integer clock, [`Quarters`] the musician's, [`Seconds`] the listener's.
//! Ticks become quarters through a [`Resolution`], and seconds through a tempo map
//! ([`crate::Score::seconds_at`]); no other conversion exists.

use serde::{Deserialize, Serialize};

/// A point in, or a length of, musical time counted in the score's own clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub u64);

/// A point in, or a length of, musical time counted in quarter notes.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quarters(pub f64);

/// A point in, or a length of, real time.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

/// Ticks per quarter note, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resolution(std::num::NonZeroU16);

impl Resolution {
    /// The resolution this project writes: grids of 4, 8, 12, 16, 24 and 48 steps a quarter divide
    /// it.
    pub const DEFAULT: Self = match std::num::NonZeroU16::new(480) {
        Some(value) => Self(value),
        None => unreachable!(),
    };

    /// A resolution of `ticks_per_quarter`, or `None` for zero.
    pub fn new(ticks_per_quarter: u16) -> Option<Self> {
        std::num::NonZeroU16::new(ticks_per_quarter).map(Self)
    }

    /// Ticks per quarter note.
    pub fn ticks_per_quarter(self) -> u64 {
        u64::from(self.0.get())
    }

    /// The length of `ticks` in quarters.
    pub fn quarters(self, ticks: Ticks) -> Quarters {
        Quarters(ticks.0 as f64 / self.ticks_per_quarter() as f64)
    }

    /// The tick nearest to `quarters`; negative lengths become zero.
    pub fn ticks(self, quarters: Quarters) -> Ticks {
        Ticks((quarters.0 * self.ticks_per_quarter() as f64).round().max(0.0) as u64)
    }
}

impl Default for Resolution {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl std::ops::Add for Ticks {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::Sub for Ticks {
    type Output = Self;
    /// The distance back to `other`; zero where `other` is later.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
