//! Where the bars are.
//!
//! Bars follow one another from tick 0 without gaps. A meter that changes in the middle of a bar
//! ends that bar there, so a bar may be shorter than its meter says; a meter that merely repeats
//! the one before does not.

use crate::{Meter, Resolution, Score, Ticks};

/// Quarters in a whole note.
const QUARTERS_PER_WHOLE: u128 = 4;

/// The most quarters of a piece that is read: 36 hours at 120 a minute. What begins later is left
/// out, so that no file of a few bytes makes more bars, frames or seconds than this.
pub const MAX_QUARTERS: u64 = 1 << 18;
/// The most bars of a piece that is read; what begins later is left out.
pub const MAX_BARS: usize = 1 << 16;

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

    /// The end of bar `index`, counted from `self.at`, in ticks times the denominator, which makes
    /// it exact.
    fn exact_end(self, index: u64, resolution: Resolution) -> u128 {
        let whole = QUARTERS_PER_WHOLE * u128::from(resolution.ticks_per_quarter());
        let length = (u128::from(index) + 1) * u128::from(self.numerator.max(1)) * whole;
        u128::from(self.at.0) * u128::from(self.denominator.max(1)) + length
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
    /// Its number, from 0, among the bars since `meter.at`; `None` where a change of meter ends it.
    in_meter: Option<u64>,
}

impl Bar {
    /// Where the next bar begins.
    pub fn end(&self) -> Ticks {
        self.start + self.length
    }

    /// Where the next bar begins, on a grid of so many steps a quarter: the step nearest to the
    /// exact line, which need not be a whole number of ticks.
    pub fn end_step(&self, resolution: Resolution, grid: u64) -> u64 {
        let denominator = u128::from(self.meter.denominator.max(1));
        let ticks = u128::from(self.end().0);
        let exact = self.in_meter.map(|index| self.meter.exact_end(index, resolution));
        // A bar of less than a tick lasts a tick.
        let exact = exact.filter(|exact| (exact + denominator / 2) / denominator == ticks);
        let end = exact.unwrap_or(ticks * denominator);
        let unit = u128::from(resolution.ticks_per_quarter()) * denominator;
        u64::try_from((2 * end * u128::from(grid) + unit) / (2 * unit)).unwrap_or(u64::MAX)
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

/// Where a piece with these meters ends at the latest: after [`MAX_QUARTERS`] quarters or
/// [`MAX_BARS`] bars.
pub(crate) fn longest(resolution: Resolution, meters: &[Meter]) -> Ticks {
    let quarters = Ticks(MAX_QUARTERS * resolution.ticks_per_quarter());
    let mut bars = Bars::new(resolution, meters, quarters);
    let mut left = MAX_BARS as u64;
    loop {
        let next = bars.meters.next();
        let stop = next.map_or(quarters, |next| next.at.min(quarters));
        if bars.meter.bar_start(left, resolution) <= stop {
            return bars.meter.bar_start(left, resolution);
        }
        let Some(next) = next.filter(|next| next.at < quarters) else { return quarters };
        // The first bar that does not begin before the change.
        let (mut low, mut high) = (0, left);
        while low < high {
            let middle = (low + high) / 2;
            let before = bars.meter.bar_start(middle, resolution) < stop;
            (low, high) = if before { (middle + 1, high) } else { (low, middle) };
        }
        left -= low;
        if left == 0 {
            return stop;
        }
        bars.meter = next;
    }
}

impl Iterator for Bars {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        if self.start >= self.end {
            return None;
        }
        let mut stop = self.meter.bar_start(self.in_meter + 1, self.resolution);
        let (meter, start, mut in_meter) = (self.meter, self.start, Some(self.in_meter));
        self.in_meter += 1;
        if let Some(&change) = self.meters.peek()
            && change.at <= stop
        {
            stop = change.at;
            self.meter = change;
            (self.in_meter, in_meter) = (0, None);
            self.meters.next();
        }
        let bar = Bar { index: self.index, start, length: stop - start, meter, in_meter };
        self.index += 1;
        self.start = stop;
        Some(bar)
    }
}

impl Score {
    /// Where this score must end to be read from a file: after [`MAX_QUARTERS`] quarters or
    /// [`MAX_BARS`] bars.
    pub fn longest_end(&self) -> Ticks {
        longest(self.resolution, &self.meters)
    }

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
    fn a_piece_has_a_longest_length() {
        let tpq = Resolution::new(10).unwrap();
        let quarters = Ticks(10 * MAX_QUARTERS);
        let meter = |at, numerator, denominator| Meter { at: Ticks(at), numerator, denominator };
        let bars = MAX_BARS as u64;
        assert_eq!(longest(tpq, &[]), quarters);
        assert_eq!(longest(tpq, &[meter(0, 1, 4)]), Ticks(10 * bars));
        assert_eq!(longest(tpq, &[meter(0, 1, 4), meter(70, 255, 1)]), quarters);
        // Two bars, one of them cut, and then the others.
        assert_eq!(longest(tpq, &[meter(0, 4, 4), meter(50, 1, 8)]), Ticks(50 + 5 * (bars - 2)));
        for meters in [&[meter(0, 1, 8), meter(33, 3, 16), meter(10 * bars / 2, 1, 16)][..], &[meter(7, 1, 128)]] {
            let counted = Bars::new(tpq, meters, Ticks(u64::MAX)).nth(MAX_BARS).unwrap().start;
            assert_eq!(longest(tpq, meters), counted);
        }
    }

    #[test]
    fn lines_on_a_grid_are_those_of_the_bars() {
        let tpq = Resolution::new(1).unwrap();
        let meter = |at, numerator, denominator| Meter { at: Ticks(at), numerator, denominator };
        let lines = |meters: &[Meter], end| -> Vec<u64> {
            Bars::new(tpq, meters, Ticks(end)).map(|bar| bar.end_step(tpq, 12)).collect()
        };
        assert_eq!(lines(&[meter(0, 3, 8)], 6), [18, 36, 54, 72]);
        assert_eq!(lines(&[meter(0, 3, 8), meter(4, 2, 4)], 6), [18, 36, 48, 72]);
        assert_eq!(lines(&[meter(0, 1, 128)], 3), [12, 24, 36]);
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
