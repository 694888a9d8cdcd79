//! Pitches that begin together, and the line on top of them.

use super::placed::{Piece, Placed};

/// Semitones, octaves aside, of the intervals that count as consonant: unison, thirds, fourth,
/// fifth and sixths.
const CONSONANT: [u8; 7] = [0, 3, 4, 5, 7, 8, 9];
/// The largest step of a line, in semitones.
const STEP: u8 = 2;

/// The different pitches of each onset, ascending, in order.
fn chords(piece: &Piece) -> Vec<Vec<u8>> {
    let pitched: Vec<&Placed> = piece.notes.iter().filter(|note| !note.player.is_drums()).collect();
    let together = |a: &&Placed, b: &&Placed| (a.bar, a.step) == (b.bar, b.step);
    let pitches = |notes: &[&Placed]| {
        let mut pitches: Vec<u8> = notes.iter().map(|note| note.pitch).collect();
        pitches.sort_unstable();
        pitches.dedup();
        pitches
    };
    pitched.chunk_by(together).map(pitches).collect()
}

pub fn consonant_pairs(piece: &Piece) -> Option<f64> {
    let (mut consonant, mut all) = (0u64, 0u64);
    for chord in chords(piece) {
        for (index, low) in chord.iter().enumerate() {
            let intervals = chord[index + 1..].iter().map(|high| (high - low) % 12);
            consonant += intervals.filter(|interval| CONSONANT.contains(interval)).count() as u64;
            all += (chord.len() - index - 1) as u64;
        }
    }
    (all > 0).then(|| consonant as f64 / all as f64)
}

/// The intervals of the top line, in semitones without direction.
pub struct TopLine(Vec<u8>);

impl TopLine {
    pub fn of(piece: &Piece) -> Self {
        let top: Vec<u8> = chords(piece).into_iter().filter_map(|chord| chord.last().copied()).collect();
        Self(top.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect())
    }

    pub fn repeats(&self) -> Option<f64> {
        self.share(|interval| interval == 0)
    }

    pub fn steps(&self) -> Option<f64> {
        self.share(|interval| (1..=STEP).contains(&interval))
    }

    fn share(&self, counts: impl Fn(u8) -> bool) -> Option<f64> {
        let some = self.0.iter().filter(|&&interval| counts(interval)).count();
        (!self.0.is_empty()).then(|| some as f64 / self.0.len() as f64)
    }
}
