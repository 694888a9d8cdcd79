//! A corpus: a folder of encoded songs, memory-mapped.
//!
//! | file | what |
//! |---|---|
//! | `corpus.json` | format, settings, totals, hashes ([`Manifest`]) |
//! | `songs.jsonl` | one song a line ([`SongRecord`]) |
//! | `dropped.jsonl` | one file that was left out a line, with the reason ([`DroppedRecord`]) |
//! | `tokenizer.json` | the vocabulary ([`Vocabulary`]) |
//! | `shards/NNNNN.bin` | the songs' events, little-endian `u16` |
//!
//! [`Corpus::open`] proves all of it once; an open corpus hands out sequences without copying, and
//! holds only the song records in memory.

mod error;
mod manifest;
mod shard;
mod statistics;
mod writer;

pub use error::CorpusError;
pub use manifest::{CORPUS_FORMAT, DropReason, DroppedRecord, Manifest, ShardRecord, SongRecord, Split, Totals};
pub use shard::{SHARD_BYTES, SHARD_HEADER_BYTES, SHARD_MAGIC, SHARD_VERSION};
pub use statistics::{CorpusStatistics, LengthBin};
pub(crate) use writer::{CorpusWriter, Lines, TOOL, write_json};

use leitmotif_events::{MAX_VOCABULARY_BYTES, Representation, Sequence, VOCABULARY_FILE, Value, Vocabulary};
use rayon::prelude::*;
use shard::Shard;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file that makes a folder a corpus.
pub const MANIFEST_FILE: &str = "corpus.json";
/// The file of song records.
pub const SONGS_FILE: &str = "songs.jsonl";
/// The file of dropped files.
pub const DROPPED_FILE: &str = "dropped.jsonl";
const SHARD_FOLDER: &str = "shards";
/// All that a corpus folder has.
pub(crate) const CORPUS_ENTRIES: [&str; 5] = [MANIFEST_FILE, SONGS_FILE, DROPPED_FILE, VOCABULARY_FILE, SHARD_FOLDER];
/// Largest `corpus.json` that is read.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Longest line of `songs.jsonl` and `dropped.jsonl` that is read.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// The most notes, bars or events of a song; sums over all songs then stay within 64 bits.
pub(crate) const MAX_COUNT: usize = u32::MAX as usize;
/// The longest song in seconds.
pub(crate) const MAX_SECONDS: f64 = 1e9;

/// An open corpus. Songs are named by their index, in the order of their paths.
#[derive(Debug)]
pub struct Corpus {
    dir: PathBuf,
    manifest: Manifest,
    songs: Vec<SongRecord>,
    shards: Vec<Shard>,
    representation: Arc<dyn Representation>,
}

impl Corpus {
    /// Opens a corpus folder and proves it: hashes, bounds, and that every value is in the
    /// vocabulary.
    ///
    /// # Errors
    /// [`CorpusError`] names the file that is missing, damaged or of another version, and what to
    /// do.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, CorpusError> {
        let dir = dir.as_ref();
        let manifest = read_manifest(dir)?;
        let path = dir.join(VOCABULARY_FILE);
        let vocabulary: Vocabulary = parse(&path, &read(&path, MAX_VOCABULARY_BYTES)?)?;
        if vocabulary.fingerprint() != manifest.vocabulary {
            return Err(CorpusError::damaged(&path, "it is not the vocabulary that corpus.json names"));
        }
        let representation =
            leitmotif_events::load(&vocabulary).map_err(|error| CorpusError::Vocabulary { path, error })?;
        let songs = read_songs(dir, &manifest)?;
        let sizes = vocabulary.sizes();
        let shards =
            manifest.shards.par_iter().map(|record| open_shard(dir, record, &sizes)).collect::<Result<_, _>>()?;
        let corpus = Self { dir: dir.to_owned(), manifest, songs, shards, representation };
        corpus.check_bounds()?;
        Ok(corpus)
    }

    fn check_bounds(&self) -> Result<(), CorpusError> {
        let path = self.dir.join(SONGS_FILE);
        let mut totals = Totals::default();
        self.songs.iter().for_each(|song| totals.add(song));
        let said = self.manifest.totals;
        if (said.songs, said.notes, said.events) != (totals.songs, totals.notes, totals.events) {
            let reason =
                format!("it has {} songs, and corpus.json says {}, or other numbers differ", totals.songs, said.songs);
            return Err(CorpusError::damaged(&path, reason));
        }
        let mut ids = HashSet::with_capacity(self.songs.len());
        for (index, song) in self.songs.iter().enumerate() {
            let line = index + 1;
            let shard = self.shards.get(song.shard);
            let end = song.start.checked_add(song.events);
            if shard.zip(end).is_none_or(|(shard, end)| end > shard.events()) {
                return Err(CorpusError::damaged(&path, format!("line {line}: the song lies outside its shard")));
            }
            let counts = [song.notes, song.bars, song.events].into_iter().chain(song.lost.values().copied());
            let counts = counts.chain(song.changed.values().copied());
            if counts.max() > Some(MAX_COUNT) || !(0.0..=MAX_SECONDS).contains(&song.seconds) {
                return Err(CorpusError::damaged(&path, format!("line {line}: the song's numbers are impossible")));
            }
            if !ids.insert(song.id.as_str()) {
                return Err(CorpusError::damaged(
                    &path,
                    format!("line {line}: a song before it has the id {}", song.id),
                ));
            }
        }
        Ok(())
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The contents of `corpus.json`.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The representation that the songs are encoded with.
    pub fn representation(&self) -> Arc<dyn Representation> {
        self.representation.clone()
    }

    /// The vocabulary of the events.
    pub fn vocabulary(&self) -> &Vocabulary {
        self.representation.vocabulary()
    }

    /// The records of all songs.
    pub fn songs(&self) -> &[SongRecord] {
        &self.songs
    }

    /// The songs of a split, in order.
    pub fn split(&self, split: Split) -> Vec<usize> {
        (0..self.songs.len()).filter(|song| self.songs[*song].split == split).collect()
    }

    /// The values of a song, event after event; borrowed from the map wherever the machine is
    /// little-endian.
    pub fn values(&self, song: usize) -> Cow<'_, [Value]> {
        let record = &self.songs[song];
        self.shards[record.shard].values(record.start, record.events)
    }

    /// The events of a song.
    pub fn sequence(&self, song: usize) -> Sequence {
        let fields = self.vocabulary().fields.len();
        Sequence::from_values(fields, self.values(song).into_owned()).unwrap_or_else(|| Sequence::new(fields))
    }

    /// The files that were left out, and why; read from the folder at each call.
    ///
    /// # Errors
    /// [`CorpusError`] if the file cannot be read.
    pub fn dropped(&self) -> Result<Vec<DroppedRecord>, CorpusError> {
        let mut dropped = Vec::new();
        each_line(&self.dir.join(DROPPED_FILE), |_, record| dropped.push(record))?;
        Ok(dropped)
    }

    /// A hash of what models see: vocabulary, songs, splits and events (BLAKE3, hexadecimal). Paths
    /// and the settings do count where they stand in the song records; where the folder lies does
    /// not.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.manifest.vocabulary.as_bytes());
        hasher.update(self.manifest.songs_hash.as_bytes());
        for shard in &self.manifest.shards {
            hasher.update(shard.hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CorpusError> {
    leitmotif_files::read(path, limit).map_err(|error| CorpusError::io(path, error))
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, CorpusError> {
    serde_json::from_slice(bytes).map_err(|error| CorpusError::damaged(path, error.to_string()))
}

/// Reads `corpus.json`: the format first, so that another version is named as such.
fn read_manifest(dir: &Path) -> Result<Manifest, CorpusError> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let path = dir.join(MANIFEST_FILE);
    if dir.is_dir() && !path.exists() {
        return Err(CorpusError::Missing(dir.to_owned()));
    }
    let bytes = read(&path, MAX_MANIFEST_BYTES)?;
    let version: Version = parse(&path, &bytes)?;
    if version.format != CORPUS_FORMAT {
        return Err(CorpusError::Format { path, found: version.format, expected: CORPUS_FORMAT });
    }
    parse(&path, &bytes)
}

fn read_songs(dir: &Path, manifest: &Manifest) -> Result<Vec<SongRecord>, CorpusError> {
    let path = dir.join(SONGS_FILE);
    let mut hasher = blake3::Hasher::new();
    let mut songs = Vec::new();
    each_line(&path, |line, song| {
        hasher.update(line);
        songs.push(song);
    })?;
    if hasher.finalize().to_hex().as_str() != manifest.songs_hash {
        return Err(CorpusError::damaged(&path, "its checksum is not the one in corpus.json"));
    }
    Ok(songs)
}

/// Reads a file of JSON lines: gives each line with the record in it.
pub(crate) fn each_line<T: serde::de::DeserializeOwned>(
    path: &Path,
    mut see: impl FnMut(&[u8], T),
) -> Result<(), CorpusError> {
    let file = leitmotif_files::open(path).map_err(|error| CorpusError::io(path, error))?;
    let mut reader = std::io::BufReader::new(file);
    let (mut line, mut number) = (Vec::new(), 0);
    let mut next = |line: &mut Vec<u8>| (&mut reader).take(MAX_LINE_BYTES + 1).read_until(b'\n', line);
    while next(&mut line).map_err(|error| CorpusError::io(path, error))? > 0 {
        number += 1;
        if line.len() as u64 > MAX_LINE_BYTES {
            return Err(CorpusError::damaged(path, format!("line {number} is longer than {MAX_LINE_BYTES} bytes")));
        }
        let record = serde_json::from_slice(&line)
            .map_err(|error| CorpusError::damaged(path, format!("line {number}: {error}")))?;
        see(&line, record);
        line.clear();
    }
    Ok(())
}

fn open_shard(dir: &Path, record: &ShardRecord, sizes: &[usize]) -> Result<Shard, CorpusError> {
    let name = Path::new(&record.file);
    let is_plain = name.file_name().is_some_and(|file| file == name.as_os_str());
    if !is_plain {
        let reason = format!("\"{}\" is no name of a shard", record.file);
        return Err(CorpusError::damaged(&dir.join(MANIFEST_FILE), reason));
    }
    let path = dir.join(SHARD_FOLDER).join(name);
    let shard = Shard::open(&path, sizes)?;
    if shard.events() != record.events || shard.hash() != record.hash {
        return Err(CorpusError::Shard { path, reason: "it is not the shard that corpus.json names".to_owned() });
    }
    Ok(shard)
}

/// A record with made-up content.
#[cfg(test)]
pub(crate) fn test_song(id: &str, split: Split, notes: usize) -> SongRecord {
    SongRecord {
        id: id.to_owned(),
        path: format!("{id}.mid"),
        path_bytes: None,
        title: id.to_owned(),
        genre: None,
        artist: None,
        licence: None,
        split,
        notes,
        bars: 4,
        events: 0,
        seconds: 8.0,
        instruments: vec![leitmotif_score::Instrument::Program(0)],
        lost: Default::default(),
        changed: Default::default(),
        repairs: Vec::new(),
        shard: 0,
        start: 0,
        hash: id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::options::PrepareOptions;
    use leitmotif_events::RepresentationConfig;

    #[test]
    fn songs_lie_in_several_shards_and_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let representation = leitmotif_events::build(&RepresentationConfig::Notes).unwrap();
        let vocabulary = representation.vocabulary();
        let (fields, values) = (vocabulary.fields.len(), vocabulary.sizes()[0]);
        let song = |number: usize| {
            let values = (0..(number + 1) * fields).map(|index| ((index * 7 + number) % values) as Value).collect();
            Sequence::from_values(fields, values).unwrap()
        };
        let mut writer = CorpusWriter::create(dir.path(), vocabulary).unwrap();
        writer.shard_bytes = 20;
        for number in 0..30 {
            writer.push(test_song(&format!("song {number}"), Split::Train, 5), &song(number)).unwrap();
        }
        let manifest = writer.finish(PrepareOptions::default(), &[], Vec::new()).unwrap();
        assert!(manifest.shards.len() > 10, "{}", manifest.shards.len());
        let corpus = Corpus::open(dir.path()).unwrap();
        for number in 0..30 {
            assert_eq!(corpus.sequence(number), song(number));
            assert_eq!(*corpus.values(number), *song(number).values());
        }
        drop(corpus);
        // A shard in another's place is sound in itself, and yet the wrong one.
        let shards = dir.path().join(SHARD_FOLDER);
        std::fs::copy(shards.join("00000.bin"), shards.join("00003.bin")).unwrap();
        assert!(Corpus::open(dir.path()).unwrap_err().to_string().contains("00003.bin"));
    }

    #[test]
    fn songs_with_impossible_numbers_are_refused() {
        let huge = |change: fn(&mut SongRecord)| {
            let dir = tempfile::tempdir().unwrap();
            let representation = leitmotif_events::build(&RepresentationConfig::Notes).unwrap();
            let mut writer = CorpusWriter::create(dir.path(), representation.vocabulary()).unwrap();
            let sequence = Sequence::from_values(1, vec![0, 1]).unwrap();
            for id in ["a", "b"] {
                let mut song = test_song(id, Split::Train, 5);
                change(&mut song);
                writer.push(song, &sequence).unwrap();
            }
            writer.finish(PrepareOptions::default(), &[], Vec::new()).unwrap();
            Corpus::open(dir.path()).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(huge(|_| ()), Ok(()));
        let changes: [fn(&mut SongRecord); 4] = [
            |song| song.notes = usize::MAX,
            |song| song.bars = usize::MAX,
            |song| song.seconds = -1.0,
            |song| song.lost = [("cause".to_owned(), usize::MAX)].into(),
        ];
        for change in changes {
            assert!(huge(change).unwrap_err().contains("line 1: the song's numbers are impossible"));
        }
    }
}
