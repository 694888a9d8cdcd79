//! What a piece has in common with training songs, in numbers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lengths in notes of which the overlap is measured.
pub const NGRAMS: [usize; 3] = [4, 8, 16];

/// A passage of a training song that a passage of the piece repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// How many notes long.
    pub notes: usize,
    /// The song's name.
    pub song: String,
    /// Who plays it there: a program's name, or `drums`.
    pub instrument: String,
    /// The bar of the song in which it begins, from 1.
    pub bar: usize,
    /// Who plays it in the piece.
    pub piece_instrument: String,
    /// The bar of the piece in which it begins, from 1.
    pub piece_bar: usize,
}

/// What a piece has in common with training songs. Runs are in notes; a run of one note is in
/// common if there is any note of its kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginalityReport {
    /// Notes that were compared: of those of a player that sound together on one pitch one each.
    pub notes: usize,
    /// The longest run in common; `None` if the piece has no notes.
    pub longest_run: Option<usize>,
    /// The longest run of programs; `None` if it has no such notes.
    pub pitched_run: Option<usize>,
    /// The longest run of drums; `None` if it has none.
    pub drum_run: Option<usize>,
    /// For each number of notes in [`NGRAMS`] the share, 0 to 1, of the piece's passages of so many
    /// notes that stand in a training song; `None` if it has none. They are those of all lines,
    /// each of them as often as it occurs.
    pub overlap: BTreeMap<usize, Option<f64>>,
    /// The passage of the longest run; the first of several in the piece (by player, then by time),
    /// and in the songs. `None` if nothing is in common.
    pub nearest: Option<Passage>,
    /// That of the longest run of programs.
    pub nearest_pitched: Option<Passage>,
    /// That of the longest run of drums.
    pub nearest_drums: Option<Passage>,
}
