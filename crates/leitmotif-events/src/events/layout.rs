//! Where the bars of a score lie on the grid.
//!
//! Bars are those of [`Bars`], and a ruler: notes keep their absolute onset whatever the ruler
//! does. A file's bar that no supported time signature describes (too long, too fine, cut short by
//! a change of meter) is rewritten to supported bars that end on the last possible line not after
//! the file's own; what is left over, always less than the quantum of [`Meters`], goes to the next
//! bar.

use super::meters::Meters;
use leitmotif_score::{Bars, Score, Ticks};

/// One bar on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Steps from the start of the piece.
    pub start: u64,
    /// Its length in steps.
    pub steps: u64,
    /// Which time signature of [`Meters`].
    pub meter: usize,
}

/// The bars up to and including the one that holds step `last`, and how many of the score's bars
/// were rewritten.
pub(crate) fn layout(score: &Score, meters: &Meters, grid: u64, last: u64) -> (Vec<Bar>, usize) {
    let (mut bars, mut rewritten) = (Vec::new(), 0);
    lay_out(score, meters, grid, last, |bar, written| {
        let own = meters.find(bar.meter.numerator, bar.meter.denominator);
        rewritten += usize::from(written.len() != 1 || own != Some(written[0].meter));
        bars.extend(written.iter().filter(|bar| bar.start <= last));
    });
    (bars, rewritten)
}

/// Shows each of the score's bars up to the one that holds step `last`, with the bars that it is
/// written as, which may be none.
pub(crate) fn lay_out(
    score: &Score,
    meters: &Meters,
    grid: u64,
    last: u64,
    mut see: impl FnMut(&leitmotif_score::Bar, &[Bar]),
) {
    let mut line = 0;
    for bar in Bars::new(score.resolution, &score.meters, Ticks(u64::MAX)) {
        if line > last {
            break;
        }
        let distance = bar.end_step(score.resolution, grid).saturating_sub(line);
        if distance == 0 {
            continue;
        }
        let steps = distance - distance % meters.quantum();
        let own = meters.find(bar.meter.numerator, bar.meter.denominator);
        let pieces = match own.filter(|own| meters.list()[*own].steps == steps) {
            Some(own) => vec![own],
            None => meters.pieces(steps, bar.meter.denominator),
        };
        let mut written = Vec::with_capacity(pieces.len());
        for meter in pieces {
            let steps = meters.list()[meter].steps;
            written.push(Bar { start: line, steps, meter });
            line += steps;
        }
        see(&bar, &written);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::Meter;

    fn bars(meters: &[(u64, u8, u8)], last: u64) -> (Vec<(u64, String)>, usize) {
        let meters = meters
            .iter()
            .map(|&(at, numerator, denominator)| Meter { at: Ticks(at), numerator, denominator })
            .collect();
        let score = Score { meters, ..Score::default() };
        let supported = Meters::new(12);
        let (bars, rewritten) = layout(&score, &supported, 12, last);
        let named = bars.iter().map(|bar| {
            let meter = supported.list()[bar.meter];
            (bar.start, format!("{}/{}", meter.numerator, meter.denominator))
        });
        (named.collect(), rewritten)
    }

    fn named(bars: &[(u64, &str)]) -> Vec<(u64, String)> {
        bars.iter().map(|(at, name)| (*at, (*name).to_owned())).collect()
    }

    #[test]
    fn a_score_without_meters_is_in_four_four() {
        assert_eq!(bars(&[], 48), (named(&[(0, "4/4"), (48, "4/4")]), 0));
    }

    #[test]
    fn a_change_one_tick_beside_the_bar_line_rewrites_nothing() {
        for at in [1919, 1920, 1921] {
            assert_eq!(bars(&[(0, 4, 4), (at, 3, 4)], 50), (named(&[(0, "4/4"), (48, "3/4")]), 0), "{at}");
        }
    }

    #[test]
    fn a_meter_that_is_named_again_changes_nothing() {
        let expected = (named(&[(0, "4/4"), (48, "4/4"), (96, "4/4")]), 0);
        assert_eq!(bars(&[(0, 4, 4), (2880, 4, 4)], 100), expected);
        assert_eq!(bars(&[(960, 4, 4)], 100), expected);
    }

    #[test]
    fn a_bar_cut_short_is_rewritten() {
        assert_eq!(bars(&[(0, 4, 4), (960, 6, 8)], 24), (named(&[(0, "2/4"), (24, "6/8")]), 1));
    }

    #[test]
    fn bars_off_the_grid_follow_the_file_within_a_quantum() {
        let (bars, rewritten) = bars(&[(0, 5, 32)], 60);
        assert!(rewritten >= 8, "{rewritten}");
        for (index, (start, _)) in bars.iter().enumerate() {
            let line = index as f64 * 7.5;
            assert!((line - *start as f64).abs() <= 3.0, "bar {index} starts at {start}, not at {line}");
        }
    }

    #[test]
    fn bars_too_long_are_split() {
        assert_eq!(bars(&[(0, 12, 4)], 80), (named(&[(0, "6/4"), (72, "6/4")]), 1));
    }
}
