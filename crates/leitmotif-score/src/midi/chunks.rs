//! The frame of a MIDI file: an optional RIFF wrapper, the header, and the bytes of each track.
//!
//! Lengths in damaged files lie. A track's declared end is believed where a chunk or the end of the
//! file follows it; otherwise the track may run up to the next `MTrk`, and its own end-of-track
//! event says where it stops.

use super::error::ReadError;
use super::foreign::{self, Foreign};
use super::report::{ReadReport, What};
use crate::Resolution;
use std::ops::Range;

/// The most bytes that may stand before the header (MacBinary puts so many there).
const MAX_BYTES_BEFORE_HEADER: usize = 128;
/// The bytes of a chunk's name and length.
pub(super) const CHUNK_HEADER: usize = 8;
/// The bytes of the header's contents.
pub(super) const HEADER_LENGTH: usize = 6;
pub(super) const TRACK: &[u8] = b"MTrk";

/// How the file counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// The score's resolution.
    pub resolution: Resolution,
    /// Score ticks per tick of the file.
    pub scale: u64,
    /// For SMPTE time: the microseconds of the quarter that `resolution` divides.
    pub smpte_micros: Option<u32>,
}

/// The header of a file, and where its chunks begin and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub format: u16,
    pub declared_tracks: usize,
    pub clock: Clock,
    /// The first byte of the header's chunk.
    pub header: usize,
    /// The first byte after the header.
    pub at: usize,
    /// The end of the MIDI data: the file's, or that of the wrapper's contents.
    pub end: usize,
}

/// Reads the wrapper and the header.
pub(super) fn frame(bytes: &[u8], report: &mut ReadReport) -> Result<Frame, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if let Some(Foreign { kind, remedy }) = foreign::recognise(bytes) {
        return Err(ReadError::Foreign { kind, remedy });
    }
    let (start, end) = contents(bytes, report);
    let bytes = &bytes[..end];
    let window = &bytes[start..end.min(start + MAX_BYTES_BEFORE_HEADER + 4)];
    let Some(skipped) = window.windows(4).position(|it| it == b"MThd") else {
        if let Some(Foreign { kind, remedy }) = foreign::guess(&bytes[start..]) {
            return Err(ReadError::Foreign { kind, remedy });
        }
        let found = window[..window.len().min(8)].escape_ascii();
        return Err(ReadError::NotMidi { at: start as u64, found: format!("`{found}`") });
    };
    report.add(What::BytesBeforeHeader, skipped as u64, Some(start));
    let header = start + skipped;
    let Some(&[l0, l1, l2, l3, f0, f1, t0, t1, d0, d1]) = bytes.get(header + 4..header + CHUNK_HEADER + HEADER_LENGTH)
    else {
        return Err(ReadError::HeaderCut { at: end as u64 });
    };
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    let mut at = header + CHUNK_HEADER + HEADER_LENGTH;
    if length != HEADER_LENGTH {
        report.add(What::HeaderLengthWrong, 1, Some(header + 4));
        // A longer header is allowed for the future; believe it where a chunk follows.
        let declared = (header + CHUNK_HEADER).saturating_add(length);
        if declared > at && chunk_follows(bytes, declared) {
            at = declared;
        }
    }
    let mut format = u16::from_be_bytes([f0, f1]);
    if format > 2 {
        report.add(What::FormatUnknown, 1, Some(header + 8));
        format = 1;
    }
    let clock = clock(d0, d1).unwrap_or_else(|| {
        report.add(What::DivisionInvalid, 1, Some(header + 12));
        Clock { resolution: Resolution::DEFAULT, scale: 1, smpte_micros: None }
    });
    if clock.smpte_micros.is_some() {
        report.add(What::SmpteTime, 1, None);
    }
    Ok(Frame { format, declared_tracks: usize::from(u16::from_be_bytes([t0, t1])), clock, header, at, end })
}

/// The meaning of the header's division.
fn clock(high: u8, low: u8) -> Option<Clock> {
    if high & 0x80 == 0 {
        let resolution = Resolution::new(u16::from_be_bytes([high, low]))?;
        return Some(Clock { resolution, scale: 1, smpte_micros: None });
    }
    let frames = u16::from(high.wrapping_neg());
    // 29 stands for 30 frames in 1.001 seconds.
    let (frames, micros) = if frames == 29 { (30, 500_500) } else { (frames, 500_000) };
    let per_second = frames * u16::from(low);
    let odd = per_second % 2;
    // Half a second is a quarter; where it has no whole number of ticks each counts twice.
    let resolution = Resolution::new(if odd == 1 { per_second } else { per_second / 2 })?;
    Some(Clock { resolution, scale: u64::from(odd) + 1, smpte_micros: Some(micros) })
}

/// Where the MIDI data of an RMID file lies; the whole file where it is none.
fn contents(bytes: &[u8], report: &mut ReadReport) -> (usize, usize) {
    let whole = (0, bytes.len());
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"RMID") {
        return whole;
    }
    report.add(What::Wrapper, 1, None);
    let mut at = 12;
    while let Some(&[a, b, c, d, l0, l1, l2, l3]) = bytes.get(at..at + CHUNK_HEADER) {
        let start = at + CHUNK_HEADER;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if &[a, b, c, d] == b"data" {
            return (start, start.saturating_add(length).min(bytes.len()));
        }
        // Chunks of RIFF are padded to an even length.
        at = start.saturating_add(length).saturating_add(length % 2);
    }
    whole
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at.checked_add(4)?..at.checked_add(CHUNK_HEADER)?)?;
    Some(u32::from_be_bytes(length.try_into().ok()?) as usize)
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.len() == 4 && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
}

/// Whether the end of the data or a credible chunk stands at `at`.
fn chunk_follows(bytes: &[u8], at: usize) -> bool {
    if at >= bytes.len() {
        return at == bytes.len();
    }
    let rest = &bytes[at..];
    rest.starts_with(TRACK)
        || (rest.get(..4).is_some_and(is_name)
            && length_at(bytes, at).is_some_and(|length| length <= rest.len() - CHUNK_HEADER))
}

fn find_track(bytes: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(4).position(|it| it == TRACK).map(|found| from + found)
}

/// A track's bytes in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackSpan {
    /// Its first event.
    pub start: usize,
    /// Where its chunk says that it ends; may lie beyond `limit`.
    pub declared: usize,
    /// Where it must end at the latest.
    pub limit: usize,
    trusted: bool,
}

/// What `next_track` found.
pub(super) enum Next {
    Track(TrackSpan),
    /// A chunk of an unknown kind, whole.
    Unknown(Range<usize>),
    End,
}

/// Finds the next track or whole chunk at or after `at`.
pub(super) fn next_track(bytes: &[u8], mut at: usize, report: &mut ReadReport) -> Next {
    loop {
        if at >= bytes.len() {
            return Next::End;
        }
        let rest = &bytes[at..];
        if rest.starts_with(TRACK) && rest.len() >= CHUNK_HEADER {
            let start = at + CHUNK_HEADER;
            let declared = start.saturating_add(length_at(bytes, at).unwrap_or(0));
            let trusted = chunk_follows(bytes, declared);
            let limit = if trusted { declared } else { find_track(bytes, start).unwrap_or(bytes.len()) };
            return Next::Track(TrackSpan { start, declared, limit, trusted });
        }
        match length_at(bytes, at) {
            Some(length) if is_name(&rest[..4]) && length <= rest.len() - CHUNK_HEADER => {
                report.add(What::ChunkUnknown, 1, Some(at));
                return Next::Unknown(at..at + CHUNK_HEADER + length);
            }
            _ => {
                report.add(What::StrayBytes, 1, Some(at));
                match find_track(bytes, at + 1) {
                    Some(found) => at = found,
                    None => return Next::End,
                }
            }
        }
    }
}

impl TrackSpan {
    /// Where to look for the next chunk, after the track's events ended at `stop` (`ended`: by an
    /// end-of-track event). Reports what this says about the track's length.
    pub(super) fn resume(self, bytes: &[u8], stop: usize, ended: bool, report: &mut ReadReport) -> usize {
        if !ended {
            if self.declared != self.limit {
                report.add(What::ChunkLengthWrong, 1, Some(self.start - 4));
            }
            return self.limit;
        }
        if stop == self.declared {
            return stop;
        }
        if bytes[stop..].starts_with(TRACK) || !self.trusted {
            report.add(What::ChunkLengthWrong, 1, Some(self.start - 4));
            return stop;
        }
        report.add(What::BytesAfterEnd, 1, Some(stop));
        self.declared
    }
}
