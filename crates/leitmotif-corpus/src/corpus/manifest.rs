//! The records of a corpus folder: `corpus.json`, `songs.jsonl` and `dropped.jsonl`.
//!
//! `corpus.json` stays short whatever the size of the collection: settings, totals, and the hashes
//! of the other files. Songs and dropped files are one JSON object a line, in the order of their
//! paths, so that a collection of hundreds of thousands of files is written and read as a stream,
//! and can be searched with ordinary tools.

use crate::options::PrepareOptions;
use leitmotif_score::Instrument;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the folder's layout and records.
pub const CORPUS_FORMAT: u32 = 1;

/// Which part of a corpus a song is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// What models learn from.
    Train,
    /// What training is steered by: early stopping, choice of settings.
    Valid,
    /// What results are reported on.
    Test,
}

impl Split {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// Its name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::str::FromStr for Split {
    type Err = String;

    /// Reads the names that collections use, in any capitalisation.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "train" | "training" => Ok(Self::Train),
            "valid" | "validation" | "val" | "dev" | "development" => Ok(Self::Valid),
            "test" | "testing" => Ok(Self::Test),
            other => Err(format!("\"{other}\" is no split; use train, valid (validation, dev) or test")),
        }
    }
}

/// One song of a corpus: a line of `songs.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SongRecord {
    /// A short name that no other song of the corpus has: the beginning of the hash of its file.
    pub id: String,
    /// The file, relative to the folder that was read; with several folders, below that folder's
    /// name.
    pub path: String,
    /// The path's exact bytes where it is not UTF-8, invalid bytes as `\xNN` and backslashes
    /// doubled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// The title: from the metadata, or the file's name.
    pub title: String,
    /// The genre, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// The artist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// Under which licence it is, where the metadata gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What it is for.
    pub split: Split,
    /// Notes that its events hold.
    pub notes: usize,
    /// Bars from the first to the last note.
    pub bars: usize,
    /// Events, start and end included.
    pub events: usize,
    /// Length in seconds, to the end of the last note.
    pub seconds: f64,
    /// The players, each once, in order.
    pub instruments: Vec<Instrument>,
    /// Notes that its events do not hold as the file does, by cause.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<String, usize>,
    /// What else its events hold otherwise than the file does, in words, each with how often:
    /// notes lengthened by pedals, bars and tempos that the vocabulary lacks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, usize>,
    /// What the reader repaired or left out of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
    /// The shard that holds its events.
    pub shard: usize,
    /// The number of its first event in that shard.
    pub start: usize,
    /// BLAKE3 of the file's bytes, hexadecimal.
    pub hash: String,
}

/// Why a file is not in the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// It could not be read, or is no music file.
    Unreadable,
    /// It holds no note.
    Empty,
    /// The metadata does not name it.
    Unlisted,
    /// Its genre was not selected, or is unknown.
    Genre,
    /// Its artist was not selected, or is unknown.
    Artist,
    /// It lacks a required instrument.
    Instrument,
    /// It has too few notes.
    TooFewNotes,
    /// It has too many notes.
    TooManyNotes,
    /// It is another song's near-duplicate.
    Duplicate,
    /// Its genre had more songs than were to be drawn.
    NotDrawn,
    /// The representation holds none of its notes.
    Unencodable,
    /// It changed while the corpus was being prepared.
    Changed,
}

impl DropReason {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::Unlisted => "unlisted",
            Self::Genre => "genre",
            Self::Artist => "artist",
            Self::Instrument => "instrument",
            Self::TooFewNotes => "too_few_notes",
            Self::TooManyNotes => "too_many_notes",
            Self::Duplicate => "duplicate",
            Self::NotDrawn => "not_drawn",
            Self::Unencodable => "unencodable",
            Self::Changed => "changed",
        }
    }
}

/// A file that was left out: a line of `dropped.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedRecord {
    /// The file, as in [`SongRecord::path`].
    pub path: String,
    /// As in [`SongRecord::path_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Why, by kind.
    pub reason: DropReason,
    /// Why, exactly.
    pub detail: String,
    /// The path of the song of the corpus that it duplicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<String>,
    /// How alike the two are, 0 to 1; 1 means that they hold the same notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
}

/// What a corpus, or one split of it, amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Songs.
    pub songs: usize,
    /// Notes.
    pub notes: usize,
    /// Events.
    pub events: usize,
    /// Bars.
    pub bars: usize,
    /// Seconds of music.
    pub seconds: f64,
}

impl Totals {
    /// Adds one song. Sums that no number holds stay at the largest: records are read from files
    /// that anyone may have written.
    pub fn add(&mut self, song: &SongRecord) {
        self.songs = self.songs.saturating_add(1);
        self.notes = self.notes.saturating_add(song.notes);
        self.events = self.events.saturating_add(song.events);
        self.bars = self.bars.saturating_add(song.bars);
        self.seconds += song.seconds;
    }

    /// Once all songs are added: sums of seconds carry the noise of their last digits.
    pub(super) fn finish(&mut self) {
        self.seconds = (self.seconds * 1000.0).round() / 1000.0;
    }
}

/// One shard as `corpus.json` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardRecord {
    /// The file's name in `shards`.
    pub file: String,
    /// Its events.
    pub events: usize,
    /// BLAKE3 of its values, hexadecimal.
    pub hash: String,
}

/// `corpus.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`CORPUS_FORMAT`].
    pub format: u32,
    /// The program that wrote it, with its version.
    pub tool: String,
    /// The settings it was prepared with.
    pub options: PrepareOptions,
    /// Everything together.
    pub totals: Totals,
    /// The same by split; every split is named.
    pub splits: BTreeMap<Split, Totals>,
    /// Songs by genre; songs without one are not counted.
    pub genres: BTreeMap<String, usize>,
    /// Files left out, by reason.
    pub dropped: BTreeMap<DropReason, usize>,
    /// What the user should know about this corpus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The vocabulary's fingerprint.
    pub vocabulary: String,
    /// BLAKE3 of `songs.jsonl`, hexadecimal.
    pub songs_hash: String,
    /// The shards in order.
    pub shards: Vec<ShardRecord>,
}
