//! The file with its changes, as bytes.

use super::super::chunks::{CHUNK_HEADER, Frame, HEADER_LENGTH, TRACK};
use super::super::error::SpliceError;
use super::super::event::{MAX_NUMBER, Span};
use super::super::limits::MAX_FILE_BYTES;
use super::super::perform::{Played, Release};
use super::super::raw::mended;
use super::super::read::Tracks;
use super::super::text::cut;
use super::edits::Removed;
use super::inserts::{Insert, Order};
use super::voices::Voice;

const META: u8 = 0xFF;
const TEXT: u8 = 0x01;
const TRACK_NAME: u8 = 0x03;
const PORT: u8 = 0x21;
const END_OF_TRACK: u8 = 0x2F;
/// Without data it says nothing.
const SEQUENCER_SPECIFIC: u8 = 0x7F;

/// What is to change.
pub(super) struct Changes<'a> {
    pub parts: &'a [Played],
    pub removed: &'a Removed,
    pub texts: &'a [String],
    /// The new parts.
    pub voices: &'a [Voice<'a>],
    /// Of each track, the new parts' too; tracks at the end may be missing.
    pub inserts: Vec<Vec<Insert>>,
}

/// The bytes of the changed file.
pub(super) fn file(
    source: &[u8],
    frame: &Frame,
    tracks: &Tracks<'_>,
    changes: &Changes<'_>,
) -> Result<Vec<u8>, SpliceError> {
    let new: Vec<&Voice<'_>> = changes.voices.iter().filter(|voice| voice.sounds()).collect();
    let mut bytes = header(source, frame, tracks.ends.len() + new.len(), !new.is_empty());
    let mut unknown = tracks.unknown.iter().peekable();
    let inserts = |track: usize| changes.inserts.get(track).map_or(&[][..], Vec::as_slice);
    for (number, spans) in tracks.spans.iter().enumerate() {
        while let Some((_, chunk)) = unknown.next_if(|chunk| chunk.0 <= number) {
            bytes.extend_from_slice(&source[chunk.clone()]);
        }
        let mut writer = TrackWriter::new(source, frame.clock.scale);
        let end = tracks.ends[number];
        for text in changes.texts.iter().filter(|_| number == 0) {
            writer.meta(0, TEXT, &text.as_bytes()[..cut(text.as_bytes())]);
        }
        let mut inserts = inserts(number).to_vec();
        if inserts.last().is_some_and(|last| last.tick > end) {
            inserts.extend(closings(number, end, changes));
            inserts.sort_by_key(|insert| (insert.tick, insert.order));
        }
        writer.merge(spans, &inserts, changes.removed, end);
        bytes.extend(writer.chunk()?);
    }
    for voice in new {
        let mut writer = TrackWriter::new(source, frame.clock.scale);
        if let Some(part) = voice.new.filter(|part| !part.name.is_empty()) {
            writer.meta(0, TRACK_NAME, &part.name.as_bytes()[..cut(part.name.as_bytes())]);
        }
        if voice.place.port > 0 {
            writer.port = voice.place.port;
            writer.meta(0, PORT, &[voice.place.port]);
        }
        writer.merge(&[], inserts(usize::from(voice.place.track)), changes.removed, 0);
        bytes.extend(writer.chunk()?);
    }
    unknown.for_each(|(_, chunk)| bytes.extend_from_slice(&source[chunk.clone()]));
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(SpliceError::TooLarge { bytes: bytes.len() as u64, limit: MAX_FILE_BYTES });
    }
    Ok(bytes)
}

/// The source's header with its count of tracks put right; format 1 where format 0 gains tracks.
fn header(source: &[u8], frame: &Frame, tracks: usize, grows: bool) -> Vec<u8> {
    let format = if grows { 1 } else { frame.format };
    let start = frame.header + CHUNK_HEADER;
    let mut bytes = Vec::with_capacity(source.len());
    bytes.extend(&source[frame.header..frame.header + 4]);
    bytes.extend(((frame.at - start) as u32).to_be_bytes());
    bytes.extend(format.to_be_bytes());
    bytes.extend((tracks as u16).to_be_bytes());
    bytes.extend(&source[start + HEADER_LENGTH - 2..frame.at]);
    bytes
}

/// Note-offs for the kept notes of a track that its end would end, as that moves.
fn closings(track: usize, end: u64, changes: &Changes<'_>) -> Vec<Insert> {
    let parts = changes.parts.iter().filter(|part| usize::from(part.place.track) == track);
    parts
        .flat_map(|part| part.notes.iter().zip(&part.traces).map(|(note, trace)| (part.place, note, trace)))
        .filter(|(_, _, trace)| trace.release == Release::Hung && !changes.removed.contains(trace.on))
        .map(|(place, note, _)| Insert::off(end, Order::Closing, place, note.pitch))
        .collect()
}

/// The number in variable length.
fn number(mut number: u32) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7F) as u8];
    while number > 0x7F {
        number >>= 7;
        bytes.insert(0, (number & 0x7F) as u8 | 0x80);
    }
    bytes
}

/// Writes one track.
struct TrackWriter<'a> {
    source: &'a [u8],
    /// Score ticks per tick of the file.
    scale: u64,
    bytes: Vec<u8>,
    /// The tick of the last event written.
    now: u64,
    running: Option<u8>,
    port: u8,
}

impl<'a> TrackWriter<'a> {
    fn new(source: &'a [u8], scale: u64) -> Self {
        Self { source, scale, bytes: Vec::new(), now: 0, running: None, port: 0 }
    }

    /// Writes the events of the source but for removed ones, with `inserts` between them, and the
    /// end of the track at `end` or after the last insert.
    fn merge(&mut self, spans: &[Span], inserts: &[Insert], removed: &Removed, end: u64) {
        let is_end =
            |span: &Span| span.status == META && self.source.get(span.body as usize + 1) == Some(&END_OF_TRACK);
        let (spans, last) = match spans {
            [spans @ .., last] if is_end(last) => (spans, Some(last)),
            _ => (spans, None),
        };
        let mut inserts = inserts.iter().peekable();
        for span in spans {
            let comes_first = |it: &&Insert| it.tick < span.tick || (it.tick == span.tick && it.order == Order::Before);
            while let Some(insert) = inserts.next_if(comes_first) {
                self.insert(insert);
            }
            if !removed.contains(span.start) {
                self.copy(span);
            }
        }
        inserts.for_each(|insert| self.insert(insert));
        match last {
            Some(last) if last.tick >= self.now => self.copy(last),
            _ => self.meta(end.max(self.now), END_OF_TRACK, &[]),
        }
    }

    /// Copies an event of the source, its data bytes as they were read.
    fn copy(&mut self, span: &Span) {
        let [start, body, end] = [span.start, span.body, span.end].map(|byte| byte as usize);
        if span.status < 0xF0 && span.port != self.port {
            // The event that named its port is cut off.
            self.meta(span.tick, PORT, &[span.port]);
        }
        if self.now == span.from {
            self.bytes.extend_from_slice(&self.source[start..body]);
            self.now = span.tick;
        } else {
            self.time(span.tick);
        }
        let runs = self.source[body] < 0x80;
        if runs && self.running != Some(span.status) {
            self.bytes.push(span.status);
        }
        if span.status < 0xF0 {
            let data = body + usize::from(!runs);
            self.bytes.extend_from_slice(&self.source[body..data]);
            self.bytes.extend(mended(span.status, &self.source[data..end]));
        } else {
            self.bytes.extend_from_slice(&self.source[body..end]);
        }
        self.running = (span.status < 0xF0).then_some(span.status);
        self.port = span.port;
    }

    fn insert(&mut self, insert: &Insert) {
        let (port, bytes, status) = (self.port, insert.bytes(), insert.message[0]);
        if status == META {
            self.time(insert.tick);
            self.bytes.extend_from_slice(bytes);
            self.running = None;
            return;
        }
        if insert.port != port {
            self.meta(insert.tick, PORT, &[insert.port]);
        }
        self.time(insert.tick);
        self.bytes.extend_from_slice(&bytes[usize::from(self.running == Some(status))..]);
        self.running = Some(status);
        if insert.port != port {
            self.meta(insert.tick, PORT, &[port]);
        }
    }

    fn meta(&mut self, tick: u64, kind: u8, data: &[u8]) {
        self.time(tick);
        self.bytes.extend([META, kind]);
        self.bytes.extend(number(data.len() as u32));
        self.bytes.extend_from_slice(data);
        self.running = None;
    }

    /// Writes the time from the last event to `tick`.
    fn time(&mut self, tick: u64) {
        let mut delta = (tick - self.now) / self.scale;
        self.now = tick;
        while delta > u64::from(MAX_NUMBER) {
            // No number is large enough: wait with an event that says nothing.
            self.bytes.extend(number(MAX_NUMBER));
            self.bytes.extend([META, SEQUENCER_SPECIFIC, 0]);
            self.running = None;
            delta -= u64::from(MAX_NUMBER);
        }
        self.bytes.extend(number(delta as u32));
    }

    /// The track's chunk.
    fn chunk(self) -> Result<Vec<u8>, SpliceError> {
        let too_large = SpliceError::TooLarge { bytes: self.bytes.len() as u64, limit: MAX_FILE_BYTES };
        let length = u32::try_from(self.bytes.len()).map_err(|_| too_large)?;
        Ok([TRACK, &length.to_be_bytes(), &self.bytes].concat())
    }
}
