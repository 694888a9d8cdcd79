//! A piece among human songs that were measured the same way, and several pieces in one line.

use super::report::{NGRAMS, OriginalityReport};
use crate::similarity::mean;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a piece stands among human songs, 0 to 100: how many in a hundred of them have less in
/// common with the training songs, those that have as much counted half. `None` where the piece or
/// all songs have no value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginalityPercentiles {
    /// Of [`OriginalityReport::longest_run`].
    pub longest_run: Option<f64>,
    /// Of [`OriginalityReport::pitched_run`].
    pub pitched_run: Option<f64>,
    /// Of [`OriginalityReport::drum_run`].
    pub drum_run: Option<f64>,
    /// Of [`OriginalityReport::overlap`], by number of notes.
    pub overlap: BTreeMap<usize, Option<f64>>,
}

impl OriginalityPercentiles {
    /// The percentiles of `piece` among `humans`. Longer pieces have longer runs by chance: measure
    /// songs as long as the piece.
    pub fn of(piece: &OriginalityReport, humans: &[OriginalityReport]) -> Self {
        let among = |value: &dyn Fn(&OriginalityReport) -> Option<f64>| {
            percentile(value(piece)?, humans.iter().filter_map(value))
        };
        let run = |value: Option<usize>| value.map(|notes| notes as f64);
        Self {
            longest_run: among(&|report| run(report.longest_run)),
            pitched_run: among(&|report| run(report.pitched_run)),
            drum_run: among(&|report| run(report.drum_run)),
            overlap: NGRAMS.map(|n| (n, among(&|report| overlap(report, n)))).into_iter().collect(),
        }
    }
}

/// Several pieces in one line: medians of runs (the lower of two in the middle), means of overlaps,
/// over the pieces that have a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginalitySummary {
    /// How many pieces.
    pub pieces: usize,
    /// The median of [`OriginalityReport::longest_run`].
    pub longest_run: Option<usize>,
    /// The median of [`OriginalityReport::pitched_run`].
    pub pitched_run: Option<usize>,
    /// The median of [`OriginalityReport::drum_run`].
    pub drum_run: Option<usize>,
    /// The mean of [`OriginalityReport::overlap`], by number of notes.
    pub overlap: BTreeMap<usize, Option<f64>>,
}

impl OriginalitySummary {
    /// The summary of `pieces`, in any order.
    pub fn of(pieces: &[OriginalityReport]) -> Self {
        let median = |value: fn(&OriginalityReport) -> Option<usize>| {
            let mut values: Vec<usize> = pieces.iter().filter_map(value).collect();
            values.sort_unstable();
            values.get(values.len().saturating_sub(1) / 2).copied()
        };
        let share = |n| {
            let mut shares: Vec<f64> = pieces.iter().filter_map(|piece| overlap(piece, n)).collect();
            // Sums depend on the order of their terms.
            shares.sort_unstable_by(f64::total_cmp);
            (n, mean(shares))
        };
        Self {
            pieces: pieces.len(),
            longest_run: median(|piece| piece.longest_run),
            pitched_run: median(|piece| piece.pitched_run),
            drum_run: median(|piece| piece.drum_run),
            overlap: NGRAMS.map(share).into_iter().collect(),
        }
    }
}

fn overlap(report: &OriginalityReport, n: usize) -> Option<f64> {
    report.overlap.get(&n).copied().flatten()
}

fn percentile(value: f64, among: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut all, mut below) = (0usize, 0.0);
    for other in among {
        all += 1;
        below += if other < value { 1.0 } else { 0.5 * f64::from(u8::from(other == value)) };
    }
    (all > 0).then(|| 100.0 * below / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(longest: usize, drums: Option<usize>, share: Option<f64>) -> OriginalityReport {
        let overlap = NGRAMS.map(|n| (n, share)).into_iter().collect();
        OriginalityReport { longest_run: Some(longest), drum_run: drums, overlap, ..OriginalityReport::default() }
    }

    #[test]
    fn equals_count_half_and_what_has_no_value_not_at_all() {
        let humans = [report(4, None, Some(0.0)), report(7, Some(5), None), report(7, None, Some(0.5))];
        let it = OriginalityPercentiles::of(&report(7, Some(9), Some(0.5)), &humans);
        assert_eq!(it.longest_run, Some(200.0 / 3.0));
        assert_eq!((it.drum_run, it.pitched_run), (Some(100.0), None));
        assert_eq!(it.overlap[&8], Some(75.0));
        assert_eq!(OriginalityPercentiles::of(&humans[0], &[]).longest_run, None);
        assert_eq!(OriginalityPercentiles::of(&humans[0], &humans).drum_run, None);
    }

    #[test]
    fn a_summary_is_of_those_that_have_a_value() {
        let pieces = [report(4, None, Some(0.0)), report(9, Some(5), None), report(7, None, Some(0.5))];
        let it = OriginalitySummary::of(&pieces);
        assert_eq!((it.pieces, it.longest_run, it.drum_run, it.pitched_run), (3, Some(7), Some(5), None));
        assert_eq!(it.overlap[&4], Some(0.25));
        assert_eq!(OriginalitySummary::of(&[]).longest_run, None);
    }
}
