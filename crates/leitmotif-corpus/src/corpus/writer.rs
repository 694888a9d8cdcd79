//! Writing a corpus folder: shards and records as a stream, `corpus.json` last. Nothing is flushed
//! to the disk here: that is done once for the whole folder, before it takes its name.

use super::manifest::{CORPUS_FORMAT, DroppedRecord, Manifest, ShardRecord, SongRecord, Split, Totals};
use super::shard::{SHARD_BYTES, ShardWriter};
use super::{CorpusError, DROPPED_FILE, MANIFEST_FILE, SHARD_FOLDER, SONGS_FILE};
use crate::options::PrepareOptions;
use leitmotif_events::{Sequence, VOCABULARY_FILE, Vocabulary};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The program that writes corpora.
pub(crate) const TOOL: &str = concat!("leitmotif ", env!("CARGO_PKG_VERSION"));

/// Writes a corpus into an existing empty folder. Holds one shard's buffer, whatever the number of
/// songs.
pub(crate) struct CorpusWriter {
    dir: PathBuf,
    vocabulary: Vocabulary,
    /// When a shard is full: [`SHARD_BYTES`].
    pub(super) shard_bytes: u64,
    shard: Option<ShardWriter>,
    shards: Vec<ShardRecord>,
    songs: Lines,
    totals: Totals,
    splits: BTreeMap<Split, Totals>,
    genres: BTreeMap<String, usize>,
}

impl CorpusWriter {
    pub(crate) fn create(dir: &Path, vocabulary: &Vocabulary) -> Result<Self, CorpusError> {
        let shards = dir.join(SHARD_FOLDER);
        std::fs::create_dir(&shards).map_err(|error| CorpusError::io(&shards, error))?;
        write_json(&dir.join(VOCABULARY_FILE), vocabulary)?;
        Ok(Self {
            dir: dir.to_owned(),
            vocabulary: vocabulary.clone(),
            shard_bytes: SHARD_BYTES,
            shard: None,
            shards: Vec::new(),
            songs: Lines::create(dir.join(SONGS_FILE))?,
            totals: Totals::default(),
            splits: Split::ALL.into_iter().map(|split| (split, Totals::default())).collect(),
            genres: BTreeMap::new(),
        })
    }

    /// Appends one song; fills in the record's number of events and its place.
    pub(crate) fn push(&mut self, mut song: SongRecord, sequence: &Sequence) -> Result<(), CorpusError> {
        let writer = match &mut self.shard {
            Some(writer) => writer,
            None => {
                let path = self.dir.join(SHARD_FOLDER).join(shard_name(self.shards.len()));
                self.shard.insert(ShardWriter::create(&path, sequence.fields())?)
            }
        };
        song.shard = self.shards.len();
        song.start = writer.events() as usize;
        song.events = sequence.len();
        writer.push(sequence.values())?;
        if writer.bytes() >= self.shard_bytes {
            self.close_shard()?;
        }
        self.totals.add(&song);
        self.splits.entry(song.split).or_default().add(&song);
        if let Some(genre) = &song.genre {
            *self.genres.entry(genre.clone()).or_default() += 1;
        }
        self.songs.push(&song)
    }

    fn close_shard(&mut self) -> Result<(), CorpusError> {
        if let Some(writer) = self.shard.take() {
            let (file, events) = (shard_name(self.shards.len()), writer.events() as usize);
            let hash = writer.finish()?.to_hex().to_string();
            self.shards.push(ShardRecord { file, events, hash });
        }
        Ok(())
    }

    /// Completes the folder.
    pub(crate) fn finish(
        mut self,
        options: PrepareOptions,
        dropped: &[DroppedRecord],
        warnings: Vec<String>,
    ) -> Result<Manifest, CorpusError> {
        self.close_shard()?;
        let songs_hash = self.songs.finish()?.to_hex().to_string();
        let mut lines = Lines::create(self.dir.join(DROPPED_FILE))?;
        let mut reasons = BTreeMap::new();
        for record in dropped {
            lines.push(record)?;
            *reasons.entry(record.reason).or_default() += 1;
        }
        lines.finish()?;
        self.splits.values_mut().chain([&mut self.totals]).for_each(Totals::finish);
        let manifest = Manifest {
            format: CORPUS_FORMAT,
            tool: TOOL.to_owned(),
            options,
            totals: self.totals,
            splits: self.splits,
            genres: self.genres,
            dropped: reasons,
            warnings,
            vocabulary: self.vocabulary.fingerprint(),
            songs_hash,
            shards: self.shards,
        };
        write_json(&self.dir.join(MANIFEST_FILE), &manifest)?;
        Ok(manifest)
    }
}

fn shard_name(number: usize) -> String {
    format!("{number:05}.bin")
}

/// A file of JSON lines.
pub(crate) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    line: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Lines {
    pub(crate) fn create(path: PathBuf) -> Result<Self, CorpusError> {
        let file = File::create_new(&path).map_err(|error| CorpusError::io(&path, error))?;
        Ok(Self { path, file: BufWriter::new(file), line: Vec::new(), hasher: blake3::Hasher::new() })
    }

    pub(crate) fn push(&mut self, record: &impl serde::Serialize) -> Result<(), CorpusError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record).map_err(|error| CorpusError::io(&self.path, error.into()))?;
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        self.file.write_all(&self.line).map_err(|error| CorpusError::io(&self.path, error))
    }

    /// Completes the file; returns the hash of its bytes.
    pub(crate) fn finish(mut self) -> Result<blake3::Hash, CorpusError> {
        self.file.flush().map_err(|error| CorpusError::io(&self.path, error))?;
        Ok(self.hasher.finalize())
    }
}

pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), CorpusError> {
    let failed = |error: std::io::Error| CorpusError::io(path, error);
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    bytes.push(b'\n');
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)
}
