//! A song as a part holds it.

use super::damaged;
use super::packed::unpack;
use crate::Split;
use crate::corpus::{MAX_COUNT, MAX_SECONDS};
use crate::prepare::survey::{Candidate, Music, Song, hex, in_milliseconds};
use crate::prepare::{Fingerprint, PrepareError, SKETCH_VALUES, scan::Found};
use leitmotif_events::{EncodeReport, Header, Representation, Sequence, Value};
use leitmotif_score::Instrument;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a fingerprint without a sketch.
const EXACT_BYTES: usize = 16;

/// A line of a part's `songs.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartSong {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genre: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
    /// Where the metadata or the collection says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    /// Whether it is of a collection in one JSON file.
    of_collection: bool,
    /// Notes of the score.
    notes: usize,
    bars: usize,
    seconds: f64,
    instruments: Vec<Instrument>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    changed: BTreeMap<String, usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<String>,
    /// BLAKE3 of the file, hexadecimal.
    hash: String,
    /// The exact fingerprint and, where there is one, the sketch (`u32`, little-endian),
    /// hexadecimal.
    fingerprint: String,
    events: PartEvents,
}

/// Where a song's events are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub(super) enum PartEvents {
    Stored {
        /// The first byte in `events.bin`, and how many.
        start: u64,
        bytes: usize,
        /// BLAKE3 of them, hexadecimal.
        hash: String,
        /// Notes that they hold, and those that they do not, by cause.
        kept: usize,
        lost: BTreeMap<String, usize>,
    },
    None {
        /// Why the representation holds none of its notes.
        unencodable: String,
    },
}

/// A song's events in a part.
#[derive(Debug)]
pub(in crate::prepare) struct Stored {
    file: Arc<Path>,
    start: u64,
    bytes: usize,
    hash: blake3::Hash,
    kept: usize,
    lost: BTreeMap<String, usize>,
}

impl PartSong {
    pub(super) fn of(song: Candidate, events: PartEvents) -> Self {
        let sketch = song.fingerprint.sketch.iter().flat_map(|value| value.to_le_bytes());
        let fingerprint: Vec<u8> = song.fingerprint.exact.into_iter().chain(sketch).collect();
        Self {
            path: song.found.name,
            path_bytes: song.found.name_bytes,
            title: song.title,
            genre: song.genre,
            artist: song.artist,
            licence: song.licence,
            split: song.split,
            of_collection: song.of_collection,
            notes: song.notes,
            bars: song.bars,
            seconds: song.seconds,
            instruments: song.instruments,
            changed: song.changed,
            repairs: song.repairs,
            hash: song.hash.to_hex().to_string(),
            fingerprint: hex(&fingerprint),
            events,
        }
    }

    /// The candidate, whose events are in `events`; `None` if its numbers are impossible.
    pub(super) fn candidate(self, events: &Arc<Path>) -> Option<Song> {
        let (kept, lost) = match &self.events {
            PartEvents::Stored { kept, lost, .. } => (*kept, Some(lost)),
            PartEvents::None { .. } => (0, None),
        };
        let counts = lost.into_iter().chain([&self.changed]).flat_map(BTreeMap::values).copied();
        let most = counts.chain([self.notes, self.bars, kept]).max();
        if most > Some(MAX_COUNT) || !(0.0..=MAX_SECONDS).contains(&self.seconds) {
            return None;
        }
        let music = match self.events {
            PartEvents::Stored { start, bytes, hash, kept, lost } => {
                let hash = blake3::Hash::from_hex(hash).ok()?;
                Music::Stored(Box::new(Stored { file: events.clone(), start, bytes, hash, kept, lost }))
            }
            PartEvents::None { unencodable } => Music::Unencodable(unencodable),
        };
        let (path, folders) = (PathBuf::new(), Vec::new());
        Some(Box::new(Candidate {
            found: Found { path, name: self.path, name_bytes: self.path_bytes, folders, song: None },
            of_collection: self.of_collection,
            title: self.title,
            genre: self.genre,
            artist: self.artist,
            licence: self.licence,
            split: self.split,
            notes: self.notes,
            bars: self.bars,
            // Reading a decimal fraction may miss its last binary digit.
            seconds: in_milliseconds(self.seconds),
            instruments: self.instruments,
            repairs: self.repairs,
            changed: self.changed,
            fingerprint: fingerprint(&self.fingerprint)?,
            hash: blake3::Hash::from_hex(self.hash).ok()?,
            music,
        }))
    }
}

fn fingerprint(text: &str) -> Option<Fingerprint> {
    let pairs = text.as_bytes().chunks_exact(2);
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = pairs.map(digits).collect::<Option<_>>()?;
    let (exact, sketch) = bytes.split_first_chunk::<EXACT_BYTES>()?;
    let sketch: Vec<u32> = sketch.as_chunks::<4>().0.iter().map(|value| u32::from_le_bytes(*value)).collect();
    let is_whole = text.len() == 2 * (EXACT_BYTES + 4 * sketch.len());
    (is_whole && [0, SKETCH_VALUES].contains(&sketch.len())).then_some(Fingerprint { exact: *exact, sketch })
}

impl Stored {
    /// Whether its events lie within so many bytes.
    pub(super) fn is_within(&self, length: u64) -> bool {
        self.start.checked_add(self.bytes as u64).is_some_and(|end| end <= length)
    }

    /// The events, with a genre of the vocabulary.
    pub(in crate::prepare) fn read(
        &self,
        representation: &dyn Representation,
        genre: Option<String>,
    ) -> Result<(Sequence, EncodeReport), PrepareError> {
        let failed = |error: std::io::Error| damaged(&self.file, error);
        let mut bytes = vec![0; self.bytes];
        let mut file = leitmotif_files::open(&self.file).map_err(failed)?;
        file.seek(SeekFrom::Start(self.start)).map_err(failed)?;
        file.read_exact(&mut bytes).map_err(failed)?;
        if blake3::hash(&bytes) != self.hash {
            return Err(damaged(&self.file, format!("the checksum of the song at byte {} is wrong", self.start)));
        }
        let sequence = with_genre(&bytes, representation, genre)?;
        let sequence = sequence.ok_or_else(|| damaged(&self.file, format!("no song is at byte {}", self.start)))?;
        Ok((sequence, EncodeReport { kept: self.kept, lost: self.lost.clone(), ..EncodeReport::default() }))
    }
}

/// Packed events with the genre after the start event; `None` if they are none of the
/// representation.
fn with_genre(
    bytes: &[u8],
    representation: &dyn Representation,
    genre: Option<String>,
) -> Result<Option<Sequence>, PrepareError> {
    let sizes = representation.vocabulary().sizes();
    let opening = representation.opening(&Header { genre, instruments: Vec::new() })?;
    let mut values: Vec<Value> = Vec::new();
    if unpack(bytes, &mut values).is_none() || values.get(..sizes.len()) != opening.values().get(..sizes.len()) {
        return Ok(None);
    }
    values.splice(..sizes.len(), opening.values().iter().copied());
    let mut events = values.chunks_exact(sizes.len());
    let is_known = events.all(|event| event.iter().zip(&sizes).all(|(value, size)| usize::from(*value) < *size));
    Ok(Sequence::from_values(sizes.len(), values).filter(|_| is_known))
}
