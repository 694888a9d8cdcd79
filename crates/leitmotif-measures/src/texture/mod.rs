//! A piece described by its texture: its parts, its density, its harmony, and how it repeats
//! itself.
//!
//! These are the figures by which arrangements of several parts differ from each other, and by
//! which composed pieces most often differ from real ones: parts with next to no notes, parts that
//! stop, chords that no player has hands for, bars that never return.
//!
//! Conventions. The bars of a piece reach from the one in which its first note begins to the one in
//! which its last note begins. A part is everything that one instrument plays, and all drum kits
//! are one part. Where notes begin is read on a grid of [`GRID`] steps a quarter from the bar line;
//! notes on the same step begin together. Pitches are those of parts that are no drums. Standard
//! deviations are those of the notes themselves (divided by n). What has no value is `None`.

mod harmony;
mod parts;
mod placed;
mod repetition;

pub use placed::{GRID, VELOCITY_CLASS};

use crate::measures::scale_consistency;
use crate::similarity::mean;
use leitmotif_score::Score;
use placed::Piece;
use serde::Serialize;

/// Notes that a part needs so that it is more than a few stray ones.
pub const FEW_NOTES: usize = 4;
/// How many figures there are.
pub const FIGURES: usize = 27;

/// The texture of a piece. Counts are counts, shares are from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Texture {
    /// Notes a bar; of an empty piece none.
    pub notes_per_bar: Option<f64>,
    /// Parts that play.
    pub parts: Option<f64>,
    /// Parts with fewer than [`FEW_NOTES`] notes.
    pub parts_of_few_notes: Option<f64>,
    /// Parts in which a note begins, mean over bars.
    pub parts_in_a_bar: Option<f64>,
    /// The share of bars in which no note of a part begins, mean over parts.
    pub empty_bars: Option<f64>,
    /// Parts of at least [`FEW_NOTES`] notes none of which begins in the last quarter of the bars.
    pub parts_gone: Option<f64>,
    /// The highest minus the lowest pitch of a part, semitones, mean over pitched parts.
    pub part_range: Option<f64>,
    /// The same of the part in which it is widest.
    pub widest_part_range: Option<f64>,
    /// The most notes of one pitched part that begin together.
    pub largest_chord: Option<f64>,
    /// The share of notes that double another note of their part: same onset and pitch.
    pub doubled_notes: Option<f64>,
    /// Different drum instruments that are struck; 0 without drums.
    pub drum_keys: Option<f64>,
    /// 1 with drums, 0 without.
    pub has_drums: Option<f64>,
    /// The largest share of pitched notes in any major or natural minor scale
    /// ([`scale_consistency`]).
    pub scale_consistency: Option<f64>,
    /// The share of consonances among pairs of different pitches that begin together: intervals of
    /// 0, 3, 4, 5, 7, 8 or 9 semitones, octaves aside.
    pub consonant_pairs: Option<f64>,
    /// The share of repeated pitches among intervals of the top line, which is the highest pitch of
    /// each onset.
    pub top_repeats: Option<f64>,
    /// The share of steps (1 or 2 semitones) among them.
    pub top_steps: Option<f64>,
    /// How like a bar is to the one before: notes (onset, part and pitch) of both bars over notes
    /// of either; mean over bars where there is a note in either.
    pub likeness_1: Option<f64>,
    /// The same for bars 4 apart.
    pub likeness_4: Option<f64>,
    /// The same for bars 8 apart.
    pub likeness_8: Option<f64>,
    /// The share of bars with notes that have exactly those (onset, part and pitch) of the bar
    /// before.
    pub equal_bars_1: Option<f64>,
    /// The same for bars 4 apart.
    pub equal_bars_4: Option<f64>,
    /// The same for bars 8 apart.
    pub equal_bars_8: Option<f64>,
    /// The share of cells that repeat an earlier cell of their part exactly. A cell is a bar of a
    /// part in which a note begins; equal are onsets, pitches, durations (in steps of the grid) and
    /// velocities (in classes of
    /// [`VELOCITY_CLASS`]).
    pub repeated_cells: Option<f64>,
    /// The share of notes that begin on no sixteenth.
    pub off_sixteenths: Option<f64>,
    /// The standard deviation of velocities (1 to 127).
    pub velocity_deviation: Option<f64>,
    /// Notes of a part in a bar of it that is not empty, mean over parts.
    pub notes_per_part_bar: Option<f64>,
    /// The share of bars in which no note begins at all.
    pub silent_bars: Option<f64>,
}

impl Texture {
    /// The texture of `score`, of its first [`crate::MAX_BARS`] bars at most.
    pub fn of(score: &Score) -> Self {
        let piece = Piece::of(score);
        if piece.notes.is_empty() {
            return Self::default();
        }
        let share = |count: usize| Some(count as f64 / piece.notes.len() as f64);
        let parts = parts::Parts::of(&piece);
        let top = harmony::TopLine::of(&piece);
        let repetition = repetition::Repetition::of(&piece);
        let [likeness_1, likeness_4, likeness_8] = [1, 4, 8].map(|bars| repetition.likeness(bars));
        let [equal_bars_1, equal_bars_4, equal_bars_8] = [1, 4, 8].map(|bars| repetition.equal(bars));
        Self {
            notes_per_bar: Some(piece.notes.len() as f64 / piece.bars as f64),
            parts: Some(parts.count() as f64),
            parts_of_few_notes: Some(parts.of_few_notes() as f64),
            parts_in_a_bar: Some(parts.in_a_bar()),
            empty_bars: parts.empty_bars(),
            parts_gone: Some(parts.gone() as f64),
            part_range: parts.range(),
            widest_part_range: parts.widest_range(),
            largest_chord: parts.largest_chord().map(|notes| notes as f64),
            doubled_notes: share(parts.doubled()),
            drum_keys: Some(parts.drum_keys() as f64),
            has_drums: Some(f64::from(u8::from(parts.drum_keys() > 0))),
            scale_consistency: scale_consistency(score),
            consonant_pairs: harmony::consonant_pairs(&piece),
            top_repeats: top.repeats(),
            top_steps: top.steps(),
            likeness_1,
            likeness_4,
            likeness_8,
            equal_bars_1,
            equal_bars_4,
            equal_bars_8,
            repeated_cells: repetition::repeated_cells(&piece),
            off_sixteenths: share(piece.notes.iter().filter(|note| note.step % (GRID / 4) != 0).count()),
            velocity_deviation: velocity_deviation(&piece),
            notes_per_part_bar: parts.notes_in_a_bar(),
            silent_bars: Some(parts.silent_bars()),
        }
    }

    /// Every figure with what it is called, in a fixed order.
    pub fn figures(&self) -> [(&'static str, Option<f64>); FIGURES] {
        [
            ("notes a bar", self.notes_per_bar),
            ("notes a bar of a part that plays", self.notes_per_part_bar),
            ("parts", self.parts),
            ("parts of fewer than 4 notes", self.parts_of_few_notes),
            ("parts that play in a bar", self.parts_in_a_bar),
            ("empty bars of a part (share)", self.empty_bars),
            ("silent bars (share)", self.silent_bars),
            ("parts gone in the last quarter", self.parts_gone),
            ("range of a part (semitones)", self.part_range),
            ("widest range of a part (semitones)", self.widest_part_range),
            ("largest chord of a part (notes)", self.largest_chord),
            ("doubled notes (share)", self.doubled_notes),
            ("drum keys", self.drum_keys),
            ("has drums", self.has_drums),
            ("scale consistency", self.scale_consistency),
            ("consonant pairs (share)", self.consonant_pairs),
            ("top line: repeated pitches (share)", self.top_repeats),
            ("top line: steps (share)", self.top_steps),
            ("likeness of neighbouring bars", self.likeness_1),
            ("likeness of bars 4 apart", self.likeness_4),
            ("likeness of bars 8 apart", self.likeness_8),
            ("bars equal to the one before (share)", self.equal_bars_1),
            ("bars equal to the one 4 before (share)", self.equal_bars_4),
            ("bars equal to the one 8 before (share)", self.equal_bars_8),
            ("repeated cells (share)", self.repeated_cells),
            ("onsets off the sixteenths (share)", self.off_sixteenths),
            ("deviation of velocities", self.velocity_deviation),
        ]
    }
}

fn velocity_deviation(piece: &Piece) -> Option<f64> {
    let velocities = || piece.notes.iter().map(|note| f64::from(note.velocity));
    let middle = mean(velocities())?;
    mean(velocities().map(|velocity| (velocity - middle).powi(2))).map(f64::sqrt)
}

#[cfg(test)]
mod tests;
