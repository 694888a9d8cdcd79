//! Shards: the values of many songs in one file, read through a memory map.
//!
//! A shard is a header of [`SHARD_HEADER_BYTES`] bytes, then the values as little-endian `u16`,
//! event after event. The header holds, little-endian: the magic `LEITMOTF`, the version (`u32`),
//! the values per event (`u32`), the number of events (`u64`), eight zero bytes, and the BLAKE3
//! hash of all bytes that follow it (32 bytes).
//!
//! Opening reads the whole file once: it proves the length, the hash, and that no value lies
//! outside its field's vocabulary, so that nothing downstream needs to check again. A file must not
//! be changed while it is open.

use super::CorpusError;
use leitmotif_events::Value;
use memmap2::Mmap;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first bytes of every shard.
pub const SHARD_MAGIC: [u8; 8] = *b"LEITMOTF";
/// The version of the layout.
pub const SHARD_VERSION: u32 = 1;
/// Bytes before the first value.
pub const SHARD_HEADER_BYTES: usize = 64;
/// A shard is closed once it holds at least this many bytes of values; the last song may exceed it.
pub const SHARD_BYTES: u64 = 64 << 20;

const VALUE_BYTES: usize = size_of::<Value>();

fn damaged(path: &Path, reason: impl Into<String>) -> CorpusError {
    CorpusError::Shard { path: path.to_owned(), reason: reason.into() }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut buffer = [0; 4];
    buffer.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(buffer)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut buffer = [0; 8];
    buffer.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(buffer)
}

/// An open shard.
#[derive(Debug)]
pub(super) struct Shard {
    map: Mmap,
    hash: blake3::Hash,
    fields: usize,
    events: usize,
}

impl Shard {
    /// Maps and proves a shard whose events must have one value within each of `sizes`.
    ///
    /// # Errors
    /// [`CorpusError::Io`] if it cannot be read, [`CorpusError::Shard`] if it is damaged or does
    /// not fit.
    pub(super) fn open(path: &Path, sizes: &[usize]) -> Result<Self, CorpusError> {
        let file = leitmotif_files::open(path).map_err(|error| CorpusError::io(path, error))?;
        // SAFETY: the map is read-only and private to this shard; that nobody truncates or rewrites
        // a corpus that is open is the documented condition of every memory-mapped file.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| CorpusError::io(path, error))?;
        if map.len() < SHARD_HEADER_BYTES {
            return Err(damaged(
                path,
                format!("{} bytes are too few for the header of {SHARD_HEADER_BYTES}", map.len()),
            ));
        }
        if map[..8] != SHARD_MAGIC {
            return Err(damaged(path, "it does not begin like a shard"));
        }
        let version = u32_at(&map, 8);
        if version != SHARD_VERSION {
            return Err(damaged(path, format!("its version is {version}, this program reads {SHARD_VERSION}")));
        }
        let fields = u32_at(&map, 12) as usize;
        if fields != sizes.len() {
            return Err(damaged(path, format!("its events have {fields} fields, the vocabulary {}", sizes.len())));
        }
        let events = u64_at(&map, 16);
        let expected = events.checked_mul((fields * VALUE_BYTES) as u64);
        let payload = &map[SHARD_HEADER_BYTES..];
        if expected != Some(payload.len() as u64) {
            let found = payload.len();
            return Err(damaged(
                path,
                format!("it announces {events} events of {fields} fields, and has {found} bytes"),
            ));
        }
        let hash = blake3::hash(payload);
        if hash.as_bytes() != &map[32..64] {
            return Err(damaged(path, "its checksum is wrong"));
        }
        let events = payload.len() / (fields * VALUE_BYTES);
        let shard = Self { map, hash, fields, events };
        let values = shard.values(0, events);
        for (index, event) in values.chunks_exact(fields).enumerate() {
            if let Some(field) = (0..fields).find(|field| usize::from(event[*field]) >= sizes[*field]) {
                let reason = format!(
                    "event {index} has the value {} in field {field}, which has {}",
                    event[field], sizes[field]
                );
                return Err(damaged(path, reason));
            }
        }
        drop(values);
        Ok(shard)
    }

    /// The number of events.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// The hash of the values, hexadecimal.
    pub(super) fn hash(&self) -> String {
        self.hash.to_hex().to_string()
    }

    /// The values of `count` events from number `start` on; they must lie within the shard.
    pub(super) fn values(&self, start: usize, count: usize) -> Cow<'_, [Value]> {
        let width = self.fields * VALUE_BYTES;
        let bytes = &self.map[SHARD_HEADER_BYTES + start * width..SHARD_HEADER_BYTES + (start + count) * width];
        if cfg!(target_endian = "little") {
            // SAFETY: any two bytes are a valid `u16`; `align_to` itself proves the alignment.
            let (before, values, after) = unsafe { bytes.align_to::<Value>() };
            if before.is_empty() && after.is_empty() {
                return Cow::Borrowed(values);
            }
        }
        Cow::Owned(bytes.chunks_exact(VALUE_BYTES).map(|pair| Value::from_le_bytes([pair[0], pair[1]])).collect())
    }
}

/// Writes one shard, value after value.
pub(super) struct ShardWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    fields: usize,
    events: u64,
}

impl ShardWriter {
    /// Creates the file, which must not exist.
    pub(super) fn create(path: &Path, fields: usize) -> Result<Self, CorpusError> {
        let file = File::create_new(path).map_err(|error| CorpusError::io(path, error))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&[0; SHARD_HEADER_BYTES]).map_err(|error| CorpusError::io(path, error))?;
        Ok(Self { path: path.to_owned(), file, hasher: blake3::Hasher::new(), fields, events: 0 })
    }

    /// The number of events so far.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// The bytes of values so far.
    pub(super) fn bytes(&self) -> u64 {
        self.events * (self.fields * VALUE_BYTES) as u64
    }

    /// Appends whole events.
    pub(super) fn push(&mut self, values: &[Value]) -> Result<(), CorpusError> {
        let mut bytes = vec![0; size_of_val(values)];
        for (pair, value) in bytes.chunks_exact_mut(VALUE_BYTES).zip(values) {
            pair.copy_from_slice(&value.to_le_bytes());
        }
        self.hasher.update(&bytes);
        self.file.write_all(&bytes).map_err(|error| CorpusError::io(&self.path, error))?;
        self.events += (values.len() / self.fields) as u64;
        Ok(())
    }

    /// Writes the header; returns the hash of the values.
    pub(super) fn finish(mut self) -> Result<blake3::Hash, CorpusError> {
        let hash = self.hasher.finalize();
        let mut header = Vec::with_capacity(SHARD_HEADER_BYTES);
        header.extend_from_slice(&SHARD_MAGIC);
        header.extend_from_slice(&SHARD_VERSION.to_le_bytes());
        header.extend_from_slice(&(self.fields as u32).to_le_bytes());
        header.extend_from_slice(&self.events.to_le_bytes());
        header.extend_from_slice(&[0; 8]);
        header.extend_from_slice(hash.as_bytes());
        let write = |file: &mut BufWriter<File>| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)?;
            file.flush()
        };
        write(&mut self.file).map_err(|error| CorpusError::io(&self.path, error))?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIZES: [usize; 2] = [10, 300];

    fn written(dir: &Path) -> PathBuf {
        let path = dir.join("a.bin");
        let mut writer = ShardWriter::create(&path, 2).unwrap();
        writer.push(&[1, 2, 3, 4]).unwrap();
        writer.push(&[9, 299]).unwrap();
        assert_eq!((writer.events(), writer.bytes()), (3, 12));
        writer.finish().unwrap();
        path
    }

    #[test]
    fn values_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let shard = Shard::open(&written(dir.path()), &SIZES).unwrap();
        assert_eq!(shard.events(), 3);
        assert_eq!(*shard.values(1, 2), [3, 4, 9, 299]);
        assert!(cfg!(target_endian = "big") || matches!(shard.values(1, 2), Cow::Borrowed(_)), "read without a copy");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            // The reserved bytes carry no meaning.
            if (24..32).contains(&at) {
                continue;
            }
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(Shard::open(&path, &SIZES), Err(CorpusError::Shard { .. })), "flip at {at}");
        }
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).unwrap();
            assert!(Shard::open(&path, &SIZES).is_err(), "cut to {length}");
        }
        std::fs::write(&path, [good.as_slice(), &[0; 4]].concat()).unwrap();
        assert!(Shard::open(&path, &SIZES).is_err(), "longer than announced");
    }

    #[test]
    fn values_outside_the_vocabulary_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        assert!(Shard::open(&path, &[10, 300]).is_ok());
        let error = Shard::open(&path, &[10, 299]).unwrap_err().to_string();
        assert!(error.contains("event 2 has the value 299 in field 1"), "{error}");
        assert!(Shard::open(&path, &[10, 300, 5]).is_err());
    }
}
