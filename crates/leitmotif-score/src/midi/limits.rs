//! The limits on a file. Everything a reader allocates is bounded by these.

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 32 << 20;
/// The most tracks of a file.
pub const MAX_TRACKS: usize = 4096;
/// The most events of a file that matter to the score.
pub const MAX_EVENTS: usize = 8 << 20;
/// How often in a file reading goes on after damage; the rest of the track is lost at the next.
pub const MAX_RESUMPTIONS: u64 = 1024;
/// The most bytes that are skipped after damage to find an event that makes sense.
pub const MAX_BYTES_SKIPPED: usize = 1024;
/// The most events that are tried to see whether reading may go on at a place.
pub const MAX_EVENTS_TRIED: usize = 16;
/// The most notes of a file.
pub const MAX_NOTES: usize = 2 << 20;
/// The most parts of a file: tracks times channels times programs.
pub const MAX_PARTS: usize = 4096;
/// The most tempos, meters, keys, markers and texts of a file together.
pub const MAX_MARKS: usize = 1 << 20;
/// The longest text that is kept whole, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// The last tick of a file, about 25 days at 480 ticks a quarter and 120 quarters a minute.
pub const MAX_TICKS: u64 = 1 << 31;
