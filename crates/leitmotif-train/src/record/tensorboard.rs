//! TensorBoard event files: TFRecords of hand-encoded `Event` protocol buffers.
//!
//! A record is its length (`u64`, little-endian), the length's masked CRC-32C, the bytes, their
//! masked CRC-32C. The first event names the file's version; every further one carries scalars
//! (`Summary.Value.simple_value`) at a step. Field numbers are those of TensorFlow's `event.proto`
//! and `summary.proto`.

use super::crc32c::masked;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const FILE_VERSION: &str = "brain.Event:2";
const WIRE_VARINT: u8 = 0;
const WIRE_FIXED64: u8 = 1;
const WIRE_BYTES: u8 = 2;
const WIRE_FIXED32: u8 = 5;

/// Appends scalars to an event file.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: File,
}

impl EventWriter {
    /// Creates `dir/events.out.tfevents.SECONDS.leitmotif`, the name that TensorBoard looks for.
    ///
    /// # Errors
    /// Whatever creating or writing the file reports.
    pub fn create(dir: &Path) -> std::io::Result<Self> {
        let path = dir.join(format!("events.out.tfevents.{:010}.leitmotif", now() as u64));
        let mut writer = Self { file: leitmotif_files::create(&path)?, path };
        let mut event = Vec::new();
        bytes(&mut event, 3, FILE_VERSION.as_bytes());
        writer.record(event)?;
        Ok(writer)
    }

    /// Opens an event file of this writer again and cuts off what lies beyond its first `length`
    /// bytes.
    ///
    /// # Errors
    /// Whatever opening or cutting reports; `InvalidData` if the file is shorter than that.
    pub fn reopen(path: &Path, length: u64) -> std::io::Result<Self> {
        Ok(Self { file: cut(path, length)?, path: path.to_owned() })
    }

    /// Appends the scalars of one step.
    ///
    /// # Errors
    /// Whatever writing reports.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> std::io::Result<()> {
        let mut summary = Vec::new();
        for (tag, number) in values {
            let mut value = Vec::new();
            bytes(&mut value, 1, tag.as_bytes());
            key(&mut value, 2, WIRE_FIXED32);
            value.extend((*number as f32).to_le_bytes());
            bytes(&mut summary, 1, &value);
        }
        let mut event = Vec::new();
        key(&mut event, 2, WIRE_VARINT);
        varint(&mut event, step);
        bytes(&mut event, 5, &summary);
        self.record(event)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Forces what was written to the disk, and returns how many bytes the file has.
    ///
    /// # Errors
    /// Whatever syncing reports.
    pub fn sync(&mut self) -> std::io::Result<u64> {
        self.file.sync_all()?;
        self.file.stream_position()
    }

    fn record(&mut self, rest: Vec<u8>) -> std::io::Result<()> {
        let mut event = Vec::with_capacity(rest.len() + 9);
        key(&mut event, 1, WIRE_FIXED64);
        event.extend(now().to_le_bytes());
        event.extend(rest);
        let length = (event.len() as u64).to_le_bytes();
        let mut record = Vec::with_capacity(event.len() + 16);
        record.extend(length);
        record.extend(masked(&length).to_le_bytes());
        record.extend(&event);
        record.extend(masked(&event).to_le_bytes());
        self.file.write_all(&record)
    }
}

/// Opens a file for appending after its first `length` bytes, and cuts off the rest.
pub(super) fn cut(path: &Path, length: u64) -> std::io::Result<File> {
    let mut file = leitmotif_files::modify(path)?;
    let found = file.metadata()?.len();
    if found < length {
        let reason = format!("{found} bytes are fewer than the {length} of the checkpoint");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason));
    }
    file.set_len(length)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

fn varint(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

fn key(buffer: &mut Vec<u8>, field: u8, wire: u8) {
    buffer.push(field << 3 | wire);
}

fn bytes(buffer: &mut Vec<u8>, field: u8, value: &[u8]) {
    key(buffer, field, WIRE_BYTES);
    varint(buffer, value.len() as u64);
    buffer.extend(value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn records(path: &Path) -> Vec<Vec<u8>> {
        let file = std::fs::read(path).unwrap();
        let (mut at, mut records) = (0, Vec::new());
        let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        while at < file.len() {
            let length = u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
            assert_eq!(u32_at(at + 8), masked(&file[at..at + 8]));
            let data = file[at + 12..at + 12 + length].to_vec();
            assert_eq!(u32_at(at + 12 + length), masked(&data));
            records.push(data);
            at += 16 + length;
        }
        records
    }

    #[test]
    fn records_have_the_layout_of_event_proto() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalars(300, &[("loss", 1.5), ("lr", 0.25)]).unwrap();
        let records = records(writer.path());
        assert_eq!(records.len(), 2);
        assert_eq!(records[0][9..], *b"\x1a\x0dbrain.Event:2");
        let mut expected = b"\x10\xac\x02\x2a\x18\x0a\x0b\x0a\x04loss\x15".to_vec();
        expected.extend(1.5f32.to_le_bytes());
        expected.extend(b"\x0a\x09\x0a\x02lr\x15");
        expected.extend(0.25f32.to_le_bytes());
        assert_eq!(records[1][9..], expected);
    }

    #[test]
    fn a_file_is_cut_back_and_continued() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalars(1, &[("loss", 3.0)]).unwrap();
        let length = writer.sync().unwrap();
        writer.scalars(2, &[("loss", 2.0)]).unwrap();
        let path = writer.path().to_owned();
        drop(writer);
        let mut writer = EventWriter::reopen(&path, length).unwrap();
        writer.scalars(3, &[("loss", 1.0)]).unwrap();
        let records = records(&path);
        assert_eq!(records.len(), 3);
        assert_eq!(records[2][9..11], [0x10, 3]);
        assert!(EventWriter::reopen(&path, 1 << 20).is_err());
    }
}
