//! A bar as its notes, and the sixteenths that attributes count in.

use crate::event::NoteEvent;

/// A bar and the notes that begin in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarMusic {
    /// Its length in grid steps.
    pub steps: u64,
    /// Grid steps in a quarter.
    pub grid: u64,
    /// In the order of the sequence.
    pub notes: Vec<NoteEvent>,
}

impl BarMusic {
    /// How its steps are divided into sixteenths.
    pub fn sixteenths(&self) -> Sixteenths {
        Sixteenths { grid: self.grid }
    }
}

/// Sixteenths in a quarter.
pub const SIXTEENTHS_PER_QUARTER: u32 = 4;
const SIXTEENTHS: u64 = SIXTEENTHS_PER_QUARTER as u64;

/// The sixteenths of a grid.
#[derive(Debug, Clone, Copy)]
pub struct Sixteenths {
    /// Grid steps in a quarter, at least 1.
    pub grid: u64,
}

impl Sixteenths {
    /// The sixteenth that step number `position` lies in.
    pub fn at(self, position: u64) -> usize {
        (position * SIXTEENTHS / self.grid) as usize
    }

    /// The sixteenths of a bar of so many steps, at least 1; the last may be incomplete.
    pub fn of_bar(self, steps: u64) -> usize {
        (steps * SIXTEENTHS).div_ceil(self.grid).max(1) as usize
    }

    /// The sixteenths in which a note sounds: from the one in which it begins to the one nearest
    /// its end, at least one.
    pub fn sounding(self, position: u64, duration: u64) -> std::ops::Range<usize> {
        let first = self.at(position);
        let end = ((position + duration) * SIXTEENTHS * 2 + self.grid) / (2 * self.grid);
        first..(end as usize).max(first + 1)
    }
}
