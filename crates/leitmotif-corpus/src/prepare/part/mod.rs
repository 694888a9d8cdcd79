//! A part of a collection: what one shard's files hold, kept so that nothing has to be read again.
//!
//! | file | what |
//! |---|---|
//! | `part.json` | which shard, of what settings, and what was counted of its files ([`Manifest`]) |
//! | `songs.jsonl` | a song a line, in the order of their names ([`song::PartSong`]) |
//! | `dropped.jsonl` | the files that are left out whatever other parts hold |
//! | `events.bin` | the songs' events ([`packed`]), without genres |
//!
//! Which songs are duplicates, are drawn or go into which split, and which genres the vocabulary
//! names, depends on all parts and is settled by [`merge`](super::merge). Every song is kept with
//! its events until then, copies too: a copy of a song that is itself a copy may have to stay.

mod packed;
mod read;
mod song;
mod write;

pub(super) use read::{Opened, open};
pub(super) use song::Stored;
pub use write::{PartSummary, prepare_part};

use super::destination::Kind;
use super::tally::Tally;
use super::{FolderReading, PrepareError, PrepareOptions, Shard};
use crate::corpus::{DROPPED_FILE, SONGS_FILE};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of a part's files.
pub const PART_FORMAT: u32 = 1;
/// The file that makes a folder a part.
pub const PART_FILE: &str = "part.json";
const EVENTS_FILE: &str = "events.bin";
/// The largest `part.json` that is read, in bytes.
const MAX_PART_BYTES: u64 = 256 << 20;

const PART: Kind =
    Kind { noun: "part", manifest: PART_FILE, entries: &[PART_FILE, SONGS_FILE, DROPPED_FILE, EVENTS_FILE] };

/// What all parts of a collection have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    /// The program, with its version.
    tool: String,
    /// The vocabulary without the collection's genres, by its fingerprint.
    vocabulary: String,
    /// BLAKE3 of the table of metadata.
    metadata: Option<String>,
    pub(super) options: PrepareOptions,
}

/// `part.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`PART_FORMAT`].
    format: u32,
    pub(super) shard: Shard,
    pub(super) terms: Terms,
    /// Files and songs of collections: those kept and those dropped.
    pub(super) files: usize,
    pub(super) folders: Vec<FolderReading>,
    /// Lines of the table of metadata.
    pub(super) metadata_lines: Option<usize>,
    pub(super) tally: Tally,
    pub(super) contents: Contents,
}

/// What the other files of a part are. Each song of `events.bin` has a hash of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    /// Lines of `songs.jsonl`.
    pub(super) songs: usize,
    /// BLAKE3 of `songs.jsonl` and of `dropped.jsonl`, hexadecimal.
    songs_hash: String,
    dropped_hash: String,
    /// The length of `events.bin`.
    events_bytes: u64,
}

impl Terms {
    /// What is not the same, in the words of options.
    fn differences(&self, other: &Self) -> Vec<String> {
        let json = |terms: &Self| serde_json::to_value(terms).unwrap_or_default();
        let (ours, theirs) = (json(self), json(other));
        let mut differences = Vec::new();
        for key in ["tool", "vocabulary", "metadata"] {
            if ours[key] != theirs[key] {
                differences.push(key.to_owned());
            }
        }
        for (key, value) in ours["options"].as_object().into_iter().flatten() {
            if theirs["options"][key] != *value {
                differences.push(key.clone());
            }
        }
        differences.dedup();
        differences
    }
}

fn wrong<T>(path: &Path, reason: impl Into<String>) -> Result<T, PrepareError> {
    Err(PrepareError::Part { path: path.to_owned(), reason: reason.into() })
}

/// Something that a part holds is not what it should be.
fn damaged(path: &Path, reason: impl std::fmt::Display) -> PrepareError {
    let reason = format!("{reason}; prepare this part again with --force");
    PrepareError::Part { path: path.to_owned(), reason }
}
