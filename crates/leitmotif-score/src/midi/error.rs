//! Why a file could not be read or written at all.

use crate::{Instrument, Note};
use std::path::PathBuf;

/// Why bytes gave no score. Offsets count from the first byte of the file, of a
/// gzip file from the first byte of what is unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing to read.
    #[error("the file is empty (byte 0)")]
    Empty,
    /// No MIDI header where one must be.
    #[error("not a MIDI file: at byte {at} there is {found} instead of a header (`MThd`)")]
    NotMidi {
        /// Where a header was looked for.
        at: u64,
        /// The bytes that are there, readable.
        found: String,
    },
    /// A file of another kind.
    #[error("not a MIDI file but {kind}: {remedy}")]
    Foreign {
        /// What it is, with its article.
        kind: &'static str,
        /// What to do with it.
        remedy: &'static str,
    },
    /// A gzip file of which nothing can be unpacked.
    #[error("a gzip file that cannot be unpacked: {reason}")]
    GzipDamaged {
        /// What its decoder says.
        reason: String,
    },
    /// The file ends inside its header.
    #[error("the file ends at byte {at}, inside its header")]
    HeaderCut {
        /// The file's length.
        at: u64,
    },
    /// A header, and then no track.
    #[error("no track (`MTrk`) after the header, from byte {at} on")]
    NoTracks {
        /// The end of the header.
        at: u64,
    },
    /// More bytes than are read.
    #[error("the file has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The file's length.
        bytes: u64,
        /// [`super::limits::MAX_FILE_BYTES`].
        limit: u64,
    },
    /// More of something than is read.
    #[error("more than {limit} {what}, from byte {at} on")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
        /// Where the first one too many stands.
        at: u64,
    },
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// One of the above, with the file's name.
    #[error("{}: {source}", .path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: Box<ReadError>,
    },
}

/// Why a score could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The music goes on for longer than files do.
    #[error("the score ends at tick {ticks}, a file at {limit}")]
    TooLong {
        /// The score's last tick.
        ticks: u64,
        /// [`super::limits::MAX_TICKS`].
        limit: u64,
    },
    /// A track has more bytes than its length can express.
    #[error("a track has more bytes than a file can hold")]
    TooLarge,
    /// More parts sound at once than ports and channels can hold.
    #[error("part {part} found no channel: all ports are in use")]
    TooManyParts {
        /// The number of the first part without a channel, from 0.
        part: usize,
    },
    /// The file system said no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// Its error.
        source: std::io::Error,
    },
}

/// Why a file could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is of format 2.
    #[error("the file holds independent sequences (format 2), into which nothing can be written")]
    Independent,
    /// The edits name a part that the file has not.
    #[error("no part {part}: the file has {parts}, counted from 0")]
    NoSuchPart {
        /// The part's index.
        part: usize,
        /// How many the file has.
        parts: usize,
    },
    /// The edits remove a note that the file has not.
    #[error("part {part} has no note of pitch {} and velocity {} from tick {} to {}", note.pitch, note.velocity,
        note.onset.0, note.end().0)]
    NoSuchNote {
        /// The part's index.
        part: usize,
        /// The note as it was named.
        note: Note,
    },
    /// An added note ends later than files do.
    #[error("a note ends at tick {ticks}, a file at {limit}")]
    TooLong {
        /// The note's end.
        ticks: u64,
        /// [`super::limits::MAX_TICKS`].
        limit: u64,
    },
    /// Notes are on all channels, and none of them plays a new part's instrument.
    #[error("no channel is left for new part {part} ({instrument})")]
    NoChannel {
        /// The index among the new parts.
        part: usize,
        /// Its instrument.
        instrument: Instrument,
    },
    /// More tracks than are read.
    #[error("with the new parts there are more than {limit} tracks")]
    TooManyTracks {
        /// [`super::limits::MAX_TRACKS`].
        limit: usize,
    },
    /// More bytes than are read.
    #[error("with its changes the file has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The length of the file, or of the one track that is too long.
        bytes: u64,
        /// [`super::limits::MAX_FILE_BYTES`].
        limit: u64,
    },
}
