//! Where the bars are.
//!
//! Bars follow one another from tick 0 without gaps. A meter that changes in the middle of a bar
//! ends that bar there, so a bar may be shorter than its meter says; a meter that merely repeats
//! the one before does not.

use crate::{Meter, Resolution, Score, Ticks};

/// Quarters in a whole note.
const QUARTERS_PER_WHOLE: u128 = 4;

impl Meter {
    /// The meter of music that names none.
    pub const DEFAULT: Self = Self { at: Ticks(0), numerator: 4, denominator: 4 };

    /// The start of bar `index` (and with it the end of bar `index - 1`), counted from `self.at`.
    /// Where a bar is not a whole number of ticks its ends are rounded, without the error adding
    /// up.
    fn bar_start(self, index: u64, resolution: Resolution) -> Ticks {
        let whole = QUARTERS_PER_WHOLE * u128::from(resolution.ticks_per_quarter());
        let length = u128::from(index) * u128::from(self.numerator.max(1)) * whole;
        let denominator = u128::from(self.denominator.max(1));
        let ticks = (length + denominator / 2) / denominator;
        self.at + Ticks(u64::try_from(ticks.max(u128::from(index))).unwrap_or(u64::MAX))
    }

    /// The length of one whole bar.
    pub fn bar_length(self, resolution: Resolution) -> Ticks {
        Meter { at: Ticks(0), ..self }.bar_start(1, resolution)
    }

    fn is_same_time(self, other: Self) -> bool {
        (self.numerator, self.denominator) == (other.numerator, other.denominator)
    }
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its number, from 0.
    pub index: usize,
    /// Where it begins.
    pub start: Ticks,
    /// How long it is, at least one tick; shorter than the meter says where the meter changes
    /// inside it.
    pub length: Ticks,
    /// Its time signature; `meter.at` is where that began.
    pub meter: Meter,
}

impl Bar {
    /// Where the next bar begins.
    pub fn end(&self) -> Ticks {
        self.start + self.length
    }
}

/// An iterator over bars, see [`Score::bars`].
#[derive(Debug, Clone)]
pub struct Bars {
    resolution: Resolution,
    meters: std::iter::Peekable<std::vec::IntoIter<Meter>>,
    meter: Meter,
    in_meter: u64,
    index: usize,
    start: Ticks,
    end: Ticks,
}

impl Bars {
    /// The bars of music with these meters that begin before `end`.
    pub fn new(resolution: Resolution, meters: &[Meter], end: Ticks) -> Self {
        let mut sorted = meters.to_vec();
        sorted.sort_by_key(|meter| meter.at);
        let mut changes: Vec<Meter> = vec![Meter::DEFAULT];
        for meter in sorted {
            let last = changes[changes.len() - 1];
            if meter.at == last.at {
                changes.pop();
            }
            if changes.last().is_none_or(|last| !last.is_same_time(meter)) {
                changes.push(meter);
            }
        }
        let mut meters = changes.into_iter().peekable();
        let meter = meters.next().unwrap_or(Meter::DEFAULT);
        Self { resolution, meters, meter, in_meter: 0, index: 0, start: Ticks(0), end }
    }
}

impl Iterator for Bars {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        if self.start >= self.end {
            return None;
        }
        let mut stop = self.meter.bar_start(self.in_meter + 1, self.resolution);
        let (meter, start) = (self.meter, self.start);
        self.in_meter += 1;
        if let Some(&change) = self.meters.peek()
            && change.at <= stop
        {
            stop = change.at;
            self.meter = change;
            self.in_meter = 0;
            self.meters.next();
        }
        let bar = Bar { index: self.index, start, length: stop - start, meter };
        self.index += 1;
        self.start = stop;
        Some(bar)
    }
}

impl Score {
    /// The bars from tick 0 to the one in which the last note ends; none where there are no notes.
    pub fn bars(&self) -> Bars {
        Bars::new(self.resolution, &self.meters, self.end())
    }

    /// The time signature that holds at `ticks`.
    pub fn meter_at(&self, ticks: Ticks) -> Meter {
        let before = self.meters.iter().filter(|meter| meter.at <= ticks);
        before.max_by_key(|meter| meter.at).copied().unwrap_or(Meter::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bars(tpq: u16, meters: &[(u64, u8, u8)], end: u64) -> Vec<(u64, u64)> {
        let meters: Vec<Meter> = meters
            .iter()
            .map(|&(at, numerator, denominator)| Meter { at: Ticks(at), numerator, denominator })
            .collect();
        Bars::new(Resolution::new(tpq).unwrap(), &meters, Ticks(end)).map(|bar| (bar.start.0, bar.length.0)).collect()
    }

    #[test]
    fn no_meter_is_four_four() {
        assert_eq!(bars(10, &[], 81), [(0, 40), (40, 40), (80, 40)]);
        assert_eq!(bars(10, &[], 0), []);
    }

    #[test]
    fn a_change_inside_a_bar_cuts_it() {
        assert_eq!(bars(10, &[(0, 3, 4), (50, 2, 4)], 90), [(0, 30), (30, 20), (50, 20), (70, 20)]);
    }

    #[test]
    fn a_repeat_of_the_same_meter_changes_nothing() {
        assert_eq!(bars(10, &[(0, 3, 4), (50, 3, 4)], 90), [(0, 30), (30, 30), (60, 30)]);
    }

    #[test]
    fn the_last_meter_of_a_tick_counts() {
        assert_eq!(bars(10, &[(0, 3, 4), (0, 2, 4)], 40), [(0, 20), (20, 20)]);
        assert_eq!(bars(10, &[(40, 3, 4), (40, 4, 4)], 80), [(0, 40), (40, 40)]);
    }

    #[test]
    fn bars_of_a_fraction_of_a_tick_do_not_drift() {
        let all = bars(1, &[(0, 3, 8)], 12);
        assert_eq!(all.last().unwrap().0 + all.last().unwrap().1, 12);
        assert!(all.iter().all(|bar| bar.1 >= 1));
        assert_eq!(bars(1, &[(0, 1, 128)], 3), [(0, 1), (1, 1), (2, 1)]);
    }
}
