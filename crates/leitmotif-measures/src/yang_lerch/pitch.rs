//! The features of pitch.

use super::clock::Clock;
use super::{Histogram, Matrix, scaled};
use crate::PITCH_CLASSES;
use leitmotif_score::Note;

/// Frames a second of the reference's piano roll.
const FRAMES_PER_SECOND: f64 = 100.0;
/// A note leads to those that begin less than this many seconds before or after its end.
const TRANSITION_SECONDS: f64 = 0.05;
/// Every value that a pitch's type has.
const PITCHES: usize = 256;

/// Which pitches sound, and how much.
pub(super) struct Roll {
    /// Velocities summed over all frames, of each pitch.
    weights: [f64; PITCHES],
}

impl Roll {
    pub(super) fn new<'a>(notes: impl Iterator<Item = &'a Note>, clock: &Clock) -> Self {
        let mut weights = [0.0; PITCHES];
        for note in notes {
            let [first, after] = [note.onset, note.end()].map(|at| (FRAMES_PER_SECOND * clock.seconds(at)).floor());
            weights[usize::from(note.pitch)] += f64::from(note.velocity) * (after - first).max(0.0);
        }
        Self { weights }
    }

    fn sounding(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..PITCHES).filter(|&pitch| self.weights[pitch] > 0.0)
    }

    pub(super) fn count(&self) -> usize {
        self.sounding().count()
    }

    pub(super) fn range(&self) -> usize {
        let ends = self.sounding().next().zip(self.sounding().next_back());
        ends.map_or(0, |(low, high)| high - low)
    }

    pub(super) fn classes(&self) -> Histogram {
        let mut classes = [0.0; PITCH_CLASSES];
        for (pitch, weight) in self.weights.iter().enumerate() {
            classes[pitch % PITCH_CLASSES] += weight;
        }
        scaled(classes)
    }
}

/// Adds the transitions between pitch classes of one part: of all pairs in which the second note
/// begins about where the first ends, a short note with itself included.
pub(super) fn add_transitions(notes: &[Note], clock: &Clock, transitions: &mut Matrix) {
    if notes.len() < 2 {
        return;
    }
    let class = |note: &Note| usize::from(note.pitch) % PITCH_CLASSES;
    // Counted by bisection, so that a dense chord costs no more than its notes.
    let mut starts: [Vec<f64>; PITCH_CLASSES] = Default::default();
    notes.iter().for_each(|note| starts[class(note)].push(clock.seconds(note.onset)));
    for note in notes {
        let end = clock.seconds(note.end());
        for (to, starts) in transitions[class(note)].iter_mut().zip(&starts) {
            let before = starts.partition_point(|start| end - start >= TRANSITION_SECONDS);
            let until = starts.partition_point(|start| end - start > -TRANSITION_SECONDS);
            *to += (until - before) as f64;
        }
    }
}

/// The sum of the intervals between neighbours in one part, in semitones, and how many there are.
pub(super) fn intervals(notes: &[Note]) -> (u64, u64) {
    let sum = notes.windows(2).map(|pair| u64::from(pair[0].pitch.abs_diff(pair[1].pitch))).sum();
    (sum, notes.len().saturating_sub(1) as u64)
}
