//! What comes back: bars of the whole piece at fixed distances, and bars of single parts anywhere.

use super::placed::{Piece, Placed, VELOCITY_CLASS};
use crate::similarity::mean;
use leitmotif_score::Instrument;
use std::collections::{BTreeMap, BTreeSet};

/// What a note is when bars are compared: onset, part and pitch.
type Sound = (u64, Instrument, u8);
/// What a note is when cells are compared: onset, pitch, duration and class of velocity.
type CellNote = (u64, u8, u64, u8);

/// The different notes of each bar, sorted.
pub struct Repetition(Vec<Vec<Sound>>);

impl Repetition {
    pub fn of(piece: &Piece) -> Self {
        let mut bars = vec![Vec::new(); piece.bars];
        for note in &piece.notes {
            bars[note.bar].push((note.step, note.player, note.pitch));
        }
        bars.iter_mut().for_each(Vec::dedup);
        Self(bars)
    }

    /// The mean likeness (Jaccard) of bars so many apart, of which one has notes.
    pub fn likeness(&self, apart: usize) -> Option<f64> {
        mean(self.pairs(apart).filter(|(a, b)| !a.is_empty() || !b.is_empty()).map(|(a, b)| {
            let common = common(a, b);
            common as f64 / (a.len() + b.len() - common) as f64
        }))
    }

    /// The share of bars with notes that equal the one so many bars before.
    pub fn equal(&self, apart: usize) -> Option<f64> {
        let sounding = self.pairs(apart).filter(|(_, later)| !later.is_empty());
        mean(sounding.map(|(earlier, later)| f64::from(u8::from(earlier == later))))
    }

    fn pairs(&self, apart: usize) -> impl Iterator<Item = (&Vec<Sound>, &Vec<Sound>)> {
        self.0.iter().zip(self.0.iter().skip(apart))
    }
}

/// How many elements two sorted lists without repeats share.
fn common(a: &[Sound], b: &[Sound]) -> usize {
    a.iter().filter(|sound| b.binary_search(sound).is_ok()).count()
}

pub fn repeated_cells(piece: &Piece) -> Option<f64> {
    let mut cells: BTreeMap<(usize, Instrument), Vec<CellNote>> = BTreeMap::new();
    for &Placed { bar, step, player, pitch, steps, velocity } in &piece.notes {
        cells.entry((bar, player)).or_default().push((step, pitch, steps, velocity / VELOCITY_CLASS));
    }
    let mut seen: BTreeSet<(Instrument, Vec<CellNote>)> = BTreeSet::new();
    mean(cells.into_iter().map(|((_, player), mut notes)| {
        notes.sort_unstable();
        f64::from(u8::from(!seen.insert((player, notes))))
    }))
}
