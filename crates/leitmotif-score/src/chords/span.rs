//! Which chord sounds when.

use super::Chord;
use crate::Ticks;
use serde::{Deserialize, Serialize};

/// A stretch of time and its chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChordSpan {
    /// Where it begins.
    pub at: Ticks,
    /// Where it ends: the first tick after it.
    pub until: Ticks,
    /// Its chord; `None` where no chord sounds.
    pub chord: Option<Chord>,
}

impl ChordSpan {
    /// The chord at `ticks` among `spans`, which are in order and do not overlap; `None` outside
    /// them and where no chord sounds.
    pub fn chord_at(spans: &[Self], ticks: Ticks) -> Option<Chord> {
        let next = spans.partition_point(|span| span.at <= ticks);
        spans[..next].last().filter(|span| ticks < span.until)?.chord
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChordQuality;

    #[test]
    fn the_chord_of_a_tick_is_that_of_its_span() {
        let (one, two) = (Chord::new(0, ChordQuality::Major), Chord::new(7, ChordQuality::Major));
        let span = |at, until, chord| ChordSpan { at: Ticks(at), until: Ticks(until), chord };
        let spans = [span(2, 4, Some(one)), span(4, 6, Some(two)), span(8, 9, None)];
        let found = [1, 2, 3, 4, 6, 8, 9].map(|at| ChordSpan::chord_at(&spans, Ticks(at)));
        assert_eq!(found, [None, Some(one), Some(one), Some(two), None, None, None]);
        assert_eq!(ChordSpan::chord_at(&[], Ticks(0)), None);
    }
}
