//! Reading parts, and whether they are those of one collection.

use super::song::PartSong;
use super::{EVENTS_FILE, MAX_PART_BYTES, Manifest, PART_FILE, PART_FORMAT, damaged, wrong};
use crate::DroppedRecord;
use crate::corpus::{CorpusError, DROPPED_FILE, SONGS_FILE, TOOL, each_line, read};
use crate::prepare::PrepareError;
use crate::prepare::survey::{Music, Song};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A part whose `part.json` has been read.
#[derive(Debug)]
pub(in crate::prepare) struct Opened {
    dir: PathBuf,
    pub(in crate::prepare) manifest: Manifest,
}

/// Opens all parts of a collection, in the order of their shards: none is missing, none is there
/// twice, and all were prepared with the same settings by this version of the program.
pub(in crate::prepare) fn open(dirs: &[PathBuf]) -> Result<Vec<Opened>, PrepareError> {
    let mut parts: BTreeMap<u32, Opened> = BTreeMap::new();
    let mut first: Option<(&PathBuf, Manifest)> = None;
    for dir in dirs {
        let manifest = manifest(dir)?;
        let shard = manifest.shard;
        if let Some((other, known)) = &first {
            let other = other.display();
            if known.shard.of() != shard.of() {
                return wrong(dir, format!("it holds shard {shard}, but {other} shard {}", known.shard));
            }
            let differences = known.terms.differences(&manifest.terms);
            if !differences.is_empty() {
                let differences = differences.join(", ");
                let advice = "prepare one of them again with the options of the other, and --force";
                return wrong(dir, format!("it was prepared with another {differences} than {other}; {advice}"));
            }
        } else {
            first = Some((dir, manifest.clone()));
        }
        if let Some(other) = parts.insert(shard.number(), Opened { dir: dir.clone(), manifest }) {
            return wrong(
                dir,
                format!("it holds shard {shard}, and so does {}; name one of them", other.dir.display()),
            );
        }
    }
    let Some((_, Manifest { shard, .. })) = first else {
        return Err(PrepareError::Options("name the folders of all parts".to_owned()));
    };
    let missing: Vec<String> =
        shard.all().filter(|shard| !parts.contains_key(&shard.number())).map(|shard| shard.to_string()).collect();
    if let Some(first) = missing.first() {
        let others = match missing.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        return Err(PrepareError::Options(format!(
            "shard {first} is missing{others}: prepare it with --shard {first}, and name its folder too"
        )));
    }
    Ok(parts.into_values().collect())
}

/// Reads `part.json`: format and version first, so that another version is named as such.
pub(super) fn manifest(dir: &Path) -> Result<Manifest, PrepareError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let path = dir.join(PART_FILE);
    if !path.exists() {
        return wrong(dir, format!("it is no part: it has no {PART_FILE}; a part is what prepare --shard writes"));
    }
    let bytes = read(&path, MAX_PART_BYTES).map_err(|error| in_part(&path, error))?;
    let Version { format } = parse(&path, &bytes)?;
    if format != PART_FORMAT {
        return Err(damaged(&path, format!("the part has format {format}, this program reads {PART_FORMAT}")));
    }
    let manifest: Manifest = parse(&path, &bytes)?;
    let tool = &manifest.terms.tool;
    if tool != TOOL {
        return Err(damaged(&path, format!("{tool} prepared the part, and this is {TOOL}")));
    }
    Ok(manifest)
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, PrepareError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(path, error))
}

/// An error of a part's file, with the remedy for parts.
fn in_part(path: &Path, error: CorpusError) -> PrepareError {
    match error {
        CorpusError::Damaged { reason, .. } => damaged(path, reason),
        CorpusError::Io { error, .. } => damaged(path, error),
        other => other.into(),
    }
}

impl Opened {
    /// Its songs in the order of their names.
    pub(in crate::prepare) fn songs(&self) -> Result<Vec<Song>, PrepareError> {
        let contents = &self.manifest.contents;
        let path = self.dir.join(EVENTS_FILE);
        let length = path.metadata().map_err(|error| damaged(&path, error))?.len();
        if length != contents.events_bytes {
            let expected = contents.events_bytes;
            return Err(damaged(&path, format!("it has {length} bytes, and {PART_FILE} says {expected}")));
        }
        let events: Arc<Path> = path.into();
        let mut songs = Vec::new();
        let mut is_sound = true;
        self.lines(SONGS_FILE, &contents.songs_hash, |song: PartSong| {
            let song = song.candidate(&events).filter(|song| match &song.music {
                Music::Stored(stored) => stored.is_within(length),
                _ => true,
            });
            is_sound &= song.is_some();
            songs.extend(song);
        })?;
        if !is_sound || songs.len() != contents.songs {
            return Err(damaged(&self.dir.join(SONGS_FILE), "its songs are not those of this part"));
        }
        Ok(songs)
    }

    /// The files that were left out.
    pub(in crate::prepare) fn dropped(&self) -> Result<Vec<DroppedRecord>, PrepareError> {
        let mut dropped = Vec::new();
        self.lines(DROPPED_FILE, &self.manifest.contents.dropped_hash, |record| dropped.push(record))?;
        Ok(dropped)
    }

    fn lines<T: DeserializeOwned>(&self, file: &str, hash: &str, mut see: impl FnMut(T)) -> Result<(), PrepareError> {
        let path = self.dir.join(file);
        let mut hasher = blake3::Hasher::new();
        let read = each_line(&path, |line, record| {
            hasher.update(line);
            see(record);
        });
        read.map_err(|error| in_part(&path, error))?;
        if hasher.finalize().to_hex().as_str() != hash {
            return Err(damaged(&path, format!("its checksum is not the one in {PART_FILE}")));
        }
        Ok(())
    }
}
