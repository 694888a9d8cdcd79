//! What each part plays, and when.

use super::FEW_NOTES;
use super::placed::{Piece, Placed};
use crate::similarity::mean;
use leitmotif_score::Instrument;
use std::collections::BTreeMap;

/// The notes of each part, in order.
pub struct Parts<'a> {
    parts: BTreeMap<Instrument, Vec<&'a Placed>>,
    bars: usize,
}

impl<'a> Parts<'a> {
    /// The parts of a piece that has notes.
    pub fn of(piece: &'a Piece) -> Self {
        let mut parts: BTreeMap<Instrument, Vec<&Placed>> = BTreeMap::new();
        for note in &piece.notes {
            parts.entry(note.player).or_default().push(note);
        }
        Self { parts, bars: piece.bars }
    }

    pub fn count(&self) -> usize {
        self.parts.len()
    }

    pub fn of_few_notes(&self) -> usize {
        self.parts.values().filter(|notes| notes.len() < FEW_NOTES).count()
    }

    pub fn in_a_bar(&self) -> f64 {
        self.parts.values().map(|notes| bars_of(notes)).sum::<usize>() as f64 / self.bars as f64
    }

    pub fn empty_bars(&self) -> Option<f64> {
        mean(self.parts.values().map(|notes| 1.0 - bars_of(notes) as f64 / self.bars as f64))
    }

    pub fn silent_bars(&self) -> f64 {
        let mut sounding: Vec<usize> = self.parts.values().flatten().map(|note| note.bar).collect();
        sounding.sort_unstable();
        sounding.dedup();
        1.0 - sounding.len() as f64 / self.bars as f64
    }

    pub fn notes_in_a_bar(&self) -> Option<f64> {
        mean(self.parts.values().map(|notes| notes.len() as f64 / bars_of(notes).max(1) as f64))
    }

    pub fn gone(&self) -> usize {
        let is_gone = |notes: &&Vec<&Placed>| {
            notes.len() >= FEW_NOTES && notes.last().is_some_and(|last| 4 * last.bar < 3 * self.bars)
        };
        self.parts.values().filter(is_gone).count()
    }

    pub fn range(&self) -> Option<f64> {
        mean(self.ranges())
    }

    pub fn widest_range(&self) -> Option<f64> {
        self.ranges().max_by(f64::total_cmp)
    }

    pub fn largest_chord(&self) -> Option<usize> {
        let together = |a: &&Placed, b: &&Placed| (a.bar, a.step) == (b.bar, b.step);
        self.pitched().flat_map(|notes| notes.chunk_by(together)).map(<[_]>::len).max()
    }

    pub fn doubled(&self) -> usize {
        let same = |a: &&Placed, b: &&Placed| (a.bar, a.step, a.pitch) == (b.bar, b.step, b.pitch);
        self.parts.values().flat_map(|notes| notes.chunk_by(same)).map(|notes| notes.len() - 1).sum()
    }

    pub fn drum_keys(&self) -> usize {
        let drums = self.parts.iter().filter(|(player, _)| player.is_drums());
        let mut keys: Vec<u8> = drums.flat_map(|(_, notes)| notes).map(|note| note.pitch).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }

    fn pitched(&self) -> impl Iterator<Item = &Vec<&'a Placed>> {
        self.parts.iter().filter(|(player, _)| !player.is_drums()).map(|(_, notes)| notes)
    }

    fn ranges(&self) -> impl Iterator<Item = f64> {
        self.pitched().map(|notes| {
            let pitches = || notes.iter().map(|note| note.pitch);
            f64::from(pitches().max().unwrap_or(0) - pitches().min().unwrap_or(0))
        })
    }
}

/// The bars in which notes of a part begin.
fn bars_of(notes: &[&Placed]) -> usize {
    notes.chunk_by(|a, b| a.bar == b.bar).count()
}
