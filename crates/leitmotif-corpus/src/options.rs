//! The settings of [`crate::prepare::prepare`], saved in `corpus.json`.
//!
//! Where the corpus is written and how many threads do it changes no byte of the corpus, and is not
//! saved.

use leitmotif_events::RepresentationConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The similarity from which two songs count as the same. Copies of a song in another key, tempo,
/// track order, clock or instrumentation measure 1; with 5% of the notes removed about 0.7. Of 231
/// band songs, no two that are not versions of one song reach 0.35; of 1034 folk tunes, those
/// between 0.6 and 0.65 are variants of one tune that have nine notes of ten in common.
/// [`crate::prepare::Fingerprint::similarity`] says what is measured.
pub const DUPLICATE_SIMILARITY: f64 = 0.55;
/// The grid of the default representation, in steps a quarter.
pub const DEFAULT_GRID: u16 = 12;
/// The grid of the representations of frames, in steps a quarter: sixteenths.
pub const DEFAULT_FRAME_GRID: u16 = 4;

/// Scores are kept from the first reading for the second up to this many notes in all (24 bytes
/// each).
pub const CACHED_NOTES: usize = 4_000_000;

/// Everything that determines what a corpus holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrepareOptions {
    /// The folders (or single files) to read.
    #[serde(serialize_with = "lossy_paths")]
    pub inputs: Vec<PathBuf>,
    /// The folder to write; it must not exist, or be empty.
    #[serde(skip)]
    pub output: PathBuf,
    /// Whether a corpus at `output` is replaced.
    #[serde(skip)]
    pub force: bool,
    /// Threads; one per core if `None`.
    #[serde(skip)]
    pub threads: Option<usize>,
    /// Scores of up to so many notes are kept in memory (24 bytes a note) instead of being read
    /// twice.
    #[serde(skip, default = "cached_notes")]
    pub cached_notes: usize,
    /// How songs become events. An `events` representation without genres gets those of the songs
    /// kept.
    pub representation: RepresentationConfig,
    /// Whether notes sound until the pedals that hold them are lifted, rather than until their keys
    /// are. Corpora of earlier versions
    /// do not say so and were prepared without.
    pub pedal: bool,
    /// A CSV or TSV file that gives genres, artists, titles and splits.
    #[serde(serialize_with = "lossy_path")]
    pub metadata: Option<PathBuf>,
    /// What the folders' names mean.
    pub layout: Layout,
    /// Which songs are wanted.
    pub filter: FilterOptions,
    /// What happens to near-duplicates.
    pub duplicates: DuplicateOptions,
    /// How songs are split.
    pub split: SplitOptions,
    /// The seed of the draw for [`FilterOptions::per_genre`].
    pub seed: u64,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            output: PathBuf::new(),
            force: false,
            threads: None,
            cached_notes: cached_notes(),
            representation: RepresentationConfig::Events { grid: DEFAULT_GRID, genres: Vec::new() },
            pedal: true,
            metadata: None,
            layout: Layout::default(),
            filter: FilterOptions::default(),
            duplicates: DuplicateOptions::default(),
            split: SplitOptions::default(),
            seed: 0,
        }
    }
}

impl PrepareOptions {
    /// What is saved of them: all that changes the corpus.
    pub(crate) fn saved(&self) -> Self {
        let Self { output, force, threads, cached_notes, .. } = Self::default();
        Self { output, force, threads, cached_notes, ..self.clone() }
    }
}

/// What the names of the folders above a song mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `genre/artist/…/song` with two folders or more, `artist/song` with one, nothing with none.
    #[default]
    Auto,
    /// `genre/…/song`: the first folder is the genre, a second one the artist.
    Genre,
    /// `artist/…/song`: the first folder is the artist.
    Artist,
    /// Folders mean nothing.
    Flat,
}

/// Which songs are selected. Names are compared without regard to capitalisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterOptions {
    /// Only songs that the metadata names.
    pub listed: bool,
    /// Any of these genres; all if empty.
    pub genres: Vec<String>,
    /// Any of these artists; all if empty.
    pub artists: Vec<String>,
    /// The song contains all of these ([`leitmotif_score::InstrumentSelection::parse`] says what
    /// can be named).
    pub with_instruments: Vec<String>,
    /// Only the parts of any of these are kept; songs that have none are dropped.
    pub only_instruments: Vec<String>,
    /// At least so many notes, after `only_instruments`.
    pub min_notes: Option<usize>,
    /// At most so many notes, after `only_instruments`.
    pub max_notes: Option<usize>,
    /// At most so many songs of each genre, drawn at random; songs without a genre are then
    /// dropped.
    pub per_genre: Option<usize>,
}

/// What happens to near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DuplicateOptions {
    /// Whether they stay. Then one song may stand in training and test alike.
    pub keep: bool,
    /// The similarity from which songs are the same, above 0 and up to 1 (then only exact copies
    /// are found).
    pub similarity: f64,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { keep: false, similarity: DUPLICATE_SIMILARITY }
    }
}

/// What stays together in one split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Each song for itself.
    #[default]
    Song,
    /// All songs of an artist; songs without one each for themselves.
    Artist,
}

/// How songs are split, unless the metadata gives it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitOptions {
    /// What stays together.
    pub by: SplitBy,
    /// The share of songs to learn from.
    pub train: f64,
    /// The share for validation.
    pub valid: f64,
    /// The share for the final test.
    pub test: f64,
    /// Another seed gives another split of the same songs.
    pub seed: u64,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { by: SplitBy::Song, train: 0.85, valid: 0.075, test: 0.075, seed: 0 }
    }
}

fn cached_notes() -> usize {
    CACHED_NOTES
}

fn lossy_paths<S: serde::Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

fn lossy_path<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn where_and_how_fast_is_not_saved() {
        let mut options = PrepareOptions { inputs: vec![PathBuf::from("a")], ..PrepareOptions::default() };
        let saved = serde_json::to_string(&options).unwrap();
        (options.output, options.threads, options.force) = (PathBuf::from("b"), Some(3), true);
        options.cached_notes = 0;
        assert_eq!(saved, serde_json::to_string(&options).unwrap());
        let back: PrepareOptions = serde_json::from_str(&saved).unwrap();
        assert_eq!(back.inputs, options.inputs);
        assert_eq!(back.cached_notes, PrepareOptions::default().cached_notes);
    }
}
