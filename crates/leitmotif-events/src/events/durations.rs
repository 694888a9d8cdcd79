//! The lengths a note event can name: fine where notes are short, coarser where they are long.
//!
//! Every grid step up to two quarters, then sixteenths up to four quarters, eighths up to eight,
//! quarters up to sixteen, halves up to 32 and four quarters up to [`LONGEST`] (never finer than
//! the grid). A length takes the nearest value, so it is at most half a step of its range away,
//! except that nothing is shorter than one grid step.

use crate::Value;

/// The longest note in quarters.
pub(crate) const LONGEST: u64 = 64;

/// The lengths of one grid, in steps; value `v` names length number `v - 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Durations {
    steps: Vec<u64>,
    grid: u64,
}

impl Durations {
    pub fn new(grid: u16) -> Self {
        let grid = u64::from(grid);
        let ranges = [(2, 1), (4, grid / 4), (8, grid / 2), (16, grid), (32, 2 * grid), (LONGEST, 4 * grid)];
        let mut steps: Vec<u64> = Vec::new();
        for (quarters, width) in ranges {
            let mut next = steps.last().copied().unwrap_or(0) + width.max(1);
            while next <= quarters * grid {
                steps.push(next);
                next += width.max(1);
            }
        }
        Self { steps, grid }
    }

    /// All lengths in grid steps, ascending.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The length of a value from 1 on.
    pub fn of(&self, value: Value) -> u64 {
        self.steps.get(usize::from(value).saturating_sub(1)).copied().unwrap_or(1)
    }

    /// The value of the longest length of at most `steps` grid steps; the shortest if there is
    /// none.
    pub fn value_of(&self, steps: u64) -> Value {
        self.steps.partition_point(|length| *length <= steps).max(1) as Value
    }

    /// The value nearest to `ticks` of `quarter` ticks a quarter (the shorter of two equally near),
    /// and whether the length is within the grid.
    pub fn value(&self, ticks: u64, quarter: u64) -> (Value, bool) {
        let length = u128::from(ticks) * u128::from(self.grid);
        let scaled = |index: usize| u128::from(self.steps[index]) * u128::from(quarter);
        let above = self.steps.partition_point(|steps| u128::from(*steps) * u128::from(quarter) < length);
        if above == self.steps.len() {
            let last = self.steps.len() - 1;
            let width = self.steps[last] - self.steps[last.saturating_sub(1)];
            let within = length - scaled(last) <= u128::from(width) * u128::from(quarter) / 2;
            return (last as Value + 1, within);
        }
        let nearest = match above.checked_sub(1) {
            Some(below) if length - scaled(below) <= scaled(above) - length => below,
            _ => above,
        };
        (nearest as Value + 1, true)
    }

    /// The value of the longest length that is not longer than `ticks` of `quarter` ticks a
    /// quarter; the shortest if there is none.
    pub fn at_most(&self, ticks: u64, quarter: u64) -> Value {
        let length = u128::from(ticks) * u128::from(self.grid);
        let up_to = self.steps.partition_point(|steps| u128::from(*steps) * u128::from(quarter) <= length);
        up_to.max(1) as Value
    }

    /// How far from `quarters` the length that stands for it may be: the width of the grid there,
    /// in quarters.
    pub fn tolerance(&self, quarters: f64) -> f64 {
        let at = quarters * self.grid as f64;
        let above = self.steps.partition_point(|steps| (*steps as f64) < at).min(self.steps.len() - 1);
        let below = if above == 0 { 0 } else { self.steps[above - 1] };
        (self.steps[above] - below) as f64 / self.grid as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::MAX_GRID;

    #[test]
    fn each_length_is_its_own_nearest() {
        for grid in 1..=MAX_GRID {
            let durations = Durations::new(grid);
            assert!(durations.steps().is_sorted_by(|a, b| a < b));
            assert_eq!(durations.steps().first(), Some(&1));
            for (index, steps) in durations.steps().iter().enumerate() {
                assert_eq!(durations.value(*steps * 10, 10 * u64::from(grid)), (index as Value + 1, true));
                assert_eq!(durations.value_of(*steps), index as Value + 1);
            }
        }
    }

    #[test]
    fn lengths_in_between_are_within_the_tolerance() {
        for grid in [1, 5, 12, 48] {
            let durations = Durations::new(grid);
            for ticks in 1..=64 * 96u64 {
                let (value, within) = durations.value(ticks, 96);
                let (is, was) = (durations.of(value) as f64 / f64::from(grid), ticks as f64 / 96.0);
                assert!(
                    durations.of(durations.at_most(ticks, 96)) as f64
                        <= was.max(1.0 / f64::from(grid)) * f64::from(grid)
                );
                assert!(within && (is - was).abs() <= durations.tolerance(was) + 1e-9, "{was} became {is}");
            }
            assert!(!durations.value(70 * 96, 96).1);
        }
    }
}
