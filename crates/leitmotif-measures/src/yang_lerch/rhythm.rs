//! The features of rhythm.

use super::clock::Clock;
use super::{Histogram, Matrix};
use leitmotif_score::{Meter, Note, Score, Ticks};

/// Parts of a bar that note lengths are counted in.
const UNITS: u64 = 96;
/// The classes of note lengths in units: the bar (a whole note in 4/4), its half, quarter, eighth
/// and sixteenth; the dotted half, quarter, eighth and sixteenth; the triplet of halves, quarters
/// and eighths.
pub(super) const LENGTHS: [u64; 12] = [96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8];

/// How long bars are.
pub(super) struct BarLengths {
    /// Where each meter begins, and its bar in ticks.
    meters: Vec<(Ticks, u64)>,
}

impl BarLengths {
    pub(super) fn new(score: &Score) -> Self {
        let mut meters: Vec<Meter> = [Meter::DEFAULT].into_iter().chain(score.meters.iter().copied()).collect();
        meters.sort_by_key(|meter| meter.at);
        Self { meters: meters.iter().map(|meter| (meter.at, meter.bar_length(score.resolution).0)).collect() }
    }

    /// The class of a note's length: the nearest, the first of [`LENGTHS`] of two equally near.
    fn class(&self, note: &Note) -> usize {
        let index = self.meters.partition_point(|&(at, _)| at <= note.onset);
        let bar = u128::from(self.meters[index.saturating_sub(1)].1);
        let length = u128::from(UNITS) * u128::from(note.duration.0);
        let distance = |&class: &usize| length.abs_diff(u128::from(LENGTHS[class]) * bar);
        (0..LENGTHS.len()).min_by_key(distance).unwrap_or(0)
    }

    /// Counts the lengths of one part's notes, and those of neighbours.
    pub(super) fn add(&self, notes: &[Note], histogram: &mut Histogram, transitions: &mut Matrix) {
        let classes: Vec<usize> = notes.iter().map(|note| self.class(note)).collect();
        classes.iter().for_each(|&class| histogram[class] += 1.0);
        classes.windows(2).for_each(|pair| transitions[pair[0]][pair[1]] += 1.0);
    }
}

/// The mean time from one onset to the next, in seconds; onsets of one time are 0 apart.
pub(super) fn inter_onset_interval<'a>(notes: impl Iterator<Item = &'a Note>, clock: &Clock) -> Option<f64> {
    let (mut first, mut last, mut count) = (Ticks(u64::MAX), Ticks(0), 0u64);
    for note in notes {
        (first, last, count) = (first.min(note.onset), last.max(note.onset), count + 1);
    }
    (count > 1).then(|| (clock.seconds(last) - clock.seconds(first)) / (count - 1) as f64)
}
