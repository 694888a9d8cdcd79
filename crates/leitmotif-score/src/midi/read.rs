//! Reading: bytes to a score and a report.

use super::chunks::{self, Frame, Next};
use super::error::ReadError;
use super::event::{Event, Kind, Span, TextKind, TrackReader};
use super::leaders::{self, Leaders};
use super::levels;
use super::limits::{MAX_FILE_BYTES, MAX_MARKS, MAX_TRACKS};
use super::perform::{Performance, Played};
use super::report::{ReadReport, What};
use super::text::Texts;
use super::unpack::unpack;
use crate::{KeySignature, Marker, Meter, Part, Score, Tempo, Ticks};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

/// The format whose tracks are sequences of their own.
pub(super) const INDEPENDENT: u16 = 2;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Lets notes sound until the pedals that hold them are lifted (sustain, controller 64, and
    /// sostenuto, 66), as one hears them, rather than until their key is. On by default; drums have
    /// no use for it.
    pub apply_sustain: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { apply_sustain: true }
    }
}

/// Everything between the frame of a file and its score.
pub(super) struct Tracks<'a> {
    /// In the order of time, then of tracks; but track by track where format 2 joins several.
    pub events: Vec<Event<'a>>,
    /// The last tick of each track.
    pub ends: Vec<u64>,
    /// Where every event of each track lies, if asked for.
    pub spans: Vec<Vec<Span>>,
    /// Which track decides the programs of each channel.
    pub leaders: Leaders,
    /// Whether channels are left out of reading, see [`super::levels`].
    pub two_levels: bool,
    /// Chunks of unknown kinds, with the number of tracks before each.
    pub unknown: Vec<(usize, Range<usize>)>,
}

/// The score in the bytes of a MIDI file (formats 0, 1 and 2, bare, in a RIFF wrapper or in gzip),
/// and what was repaired, dropped or unknown. Damaged tracks are read on behind the damage.
///
/// # Errors
/// [`ReadError`] where there is no music to save, or more of something than [`super::limits`]
/// allows. Every variant says at which byte.
pub fn read_midi(bytes: &[u8], options: &ReadOptions) -> Result<(Score, ReadReport), ReadError> {
    let mut report = ReadReport::default();
    let bytes = unpack(bytes, &mut report)?;
    let (frame, tracks) = open(&bytes, false, &mut report)?;
    let score = perform(&tracks, &frame, options, &mut report)?;
    report.findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.what));
    Ok((score, report))
}

/// The frame of an unpacked file and the events of its tracks; where each event lies with `spans`.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    spans: bool,
    report: &mut ReadReport,
) -> Result<(Frame, Tracks<'a>), ReadError> {
    let frame = chunks::frame(bytes, report)?;
    report.format = frame.format;
    let mut tracks = read_tracks(&bytes[..frame.end], &frame, spans, report)?;
    let joined = frame.format == INDEPENDENT && tracks.ends.len() > 1;
    if !joined {
        tracks.events.sort_by_key(|event| event.tick);
    }
    tracks.two_levels = tracks.events.iter().any(|event| matches!(event.kind, Kind::TwoLevels));
    if tracks.two_levels {
        levels::leave_basic_out(&mut tracks.events, report);
    }
    tracks.leaders = leaders::find(&mut tracks.events, report);
    Ok((frame, tracks))
}

/// Like [`read_midi`], from a file.
///
/// # Errors
/// [`ReadError::InFile`], which names the file and the error of [`read_midi`]. The size is checked
/// before the file is read.
pub fn read_midi_file(path: impl AsRef<Path>, options: &ReadOptions) -> Result<(Score, ReadReport), ReadError> {
    let path = path.as_ref();
    let bytes = read_midi_bytes(path)?;
    read_midi(&bytes, options).map_err(|source| ReadError::InFile { path: path.to_owned(), source: Box::new(source) })
}

/// The bytes of a file, for [`read_midi`] and [`super::splice_midi`].
///
/// # Errors
/// [`ReadError::InFile`] if it cannot be read or is larger than a MIDI file may be. The size is
/// checked before the file is read.
pub fn read_midi_bytes(path: impl AsRef<Path>) -> Result<Vec<u8>, ReadError> {
    let path = path.as_ref();
    let read = || {
        let mut bytes = Vec::new();
        let file = leitmotif_files::open(path)?;
        let size = file.metadata()?.len();
        if size > MAX_FILE_BYTES {
            return Err(ReadError::TooLarge { bytes: size, limit: MAX_FILE_BYTES });
        }
        // A file may grow meanwhile.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 {
            bytes if bytes > MAX_FILE_BYTES => Err(ReadError::TooLarge { bytes, limit: MAX_FILE_BYTES }),
            _ => Ok(bytes),
        }
    };
    read().map_err(|source: ReadError| ReadError::InFile { path: path.to_owned(), source: Box::new(source) })
}

fn read_tracks<'a>(
    bytes: &'a [u8],
    frame: &Frame,
    spans: bool,
    report: &mut ReadReport,
) -> Result<Tracks<'a>, ReadError> {
    let events = Vec::with_capacity(bytes.len() / 4);
    let mut tracks = Tracks {
        events,
        ends: Vec::new(),
        spans: Vec::new(),
        leaders: Leaders::default(),
        two_levels: false,
        unknown: Vec::new(),
    };
    let clock = (frame.clock.scale, frame.clock.smpte_micros.is_some());
    let mut at = frame.at;
    loop {
        let span = match chunks::next_track(bytes, at, report) {
            Next::Track(span) => span,
            Next::Unknown(chunk) => {
                at = chunk.end;
                tracks.unknown.push((tracks.ends.len(), chunk));
                continue;
            }
            Next::End => break,
        };
        if tracks.ends.len() >= MAX_TRACKS {
            return Err(ReadError::TooMany { what: "tracks", limit: MAX_TRACKS, at: span.start as u64 });
        }
        let number = tracks.ends.len() as u16;
        let mut start = 0;
        if frame.format == INDEPENDENT && number > 0 {
            start = tracks.ends[tracks.ends.len() - 1];
            let (byte, kind) = (span.start as u32, Kind::NewSequence);
            tracks.events.push(Event { tick: start, byte, track: number, port: 0, channel: 0, own: false, kind });
        }
        let mut track_spans = spans.then(Vec::new);
        let reader = TrackReader::new(bytes, &span, number, clock, start, &mut tracks.events, report);
        let end = reader.recording(track_spans.as_mut()).read()?;
        tracks.ends.push(end.tick);
        tracks.spans.extend(track_spans);
        at = span.resume(bytes, end.stop, end.ended, report);
    }
    report.tracks = tracks.ends.len();
    if tracks.ends.is_empty() {
        return Err(ReadError::NoTracks { at: frame.at as u64 });
    }
    report.add(What::TrackCountWrong, tracks.ends.len().abs_diff(frame.declared_tracks) as u64, None);
    if frame.format == INDEPENDENT && tracks.ends.len() > 1 {
        report.add(What::SequencesJoined, tracks.ends.len() as u64, None);
    }
    Ok(tracks)
}

/// Where the piece ends at the latest, see [`Score::longest_end`].
pub(super) fn longest(tracks: &Tracks<'_>, frame: &Frame) -> Ticks {
    let meters = tracks.events.iter().filter_map(|event| {
        let at = Ticks(event.tick);
        match event.kind {
            Kind::Meter { numerator, denominator } => Some(Meter { at, numerator, denominator }),
            Kind::NewSequence => Some(Meter { at, ..Meter::DEFAULT }),
            _ => None,
        }
    });
    let meters: Vec<Meter> = meters.collect();
    crate::bars::longest(frame.clock.resolution, &meters)
}

/// The parts as they are played, without a report.
pub(super) fn play(tracks: &Tracks<'_>, options: &ReadOptions, limit: Ticks) -> Result<Vec<Played>, ReadError> {
    let mut unread = ReadReport::default();
    let mut performance = Performance::new(options, limit, &mut unread);
    for event in &tracks.events {
        performance.play(event)?;
    }
    Ok(performance.finish(&tracks.ends))
}

/// Plays the events, and notes down everything else that the score keeps.
fn perform(
    tracks: &Tracks<'_>,
    frame: &Frame,
    options: &ReadOptions,
    report: &mut ReadReport,
) -> Result<Score, ReadError> {
    let mut score = Score { resolution: frame.clock.resolution, ..Score::default() };
    if let Some(micros_per_quarter) = frame.clock.smpte_micros.filter(|&micros| micros != Tempo::DEFAULT_MICROS) {
        score.tempos.push(Tempo { at: Ticks(0), micros_per_quarter });
    }
    let count = tracks.ends.len();
    let mut names: Vec<Option<String>> = vec![None; count];
    let mut instrument_names = names.clone();
    let mut marks = 0;
    let encoding = Texts::of(&tracks.events);
    let mut texts = ReadReport::default();
    let limit = longest(tracks, frame);
    let mut late = 0;
    let mut performance = Performance::new(options, limit, report);
    for event in &tracks.events {
        performance.play(event)?;
        let at = Ticks(event.tick);
        if at >= limit {
            let mark = matches!(event.kind, Kind::Tempo(_) | Kind::Meter { .. } | Kind::Key { .. });
            late += u64::from(mark || matches!(event.kind, Kind::Text(TextKind::Marker, _)));
            continue;
        }
        let track = usize::from(event.track);
        match event.kind {
            Kind::Tempo(micros_per_quarter) => score.tempos.push(Tempo { at, micros_per_quarter }),
            Kind::Meter { numerator, denominator } => score.meters.push(Meter { at, numerator, denominator }),
            Kind::Key { sharps, minor } => score.keys.push(KeySignature { at, sharps, minor }),
            Kind::Text(kind, bytes) => {
                let mut text = || encoding.decode(bytes, event.byte as usize, &mut texts);
                match kind {
                    TextKind::Name if names[track].is_none() => names[track] = Some(text()),
                    TextKind::InstrumentName if instrument_names[track].is_none() => {
                        instrument_names[track] = Some(text());
                    }
                    TextKind::Marker => score.markers.push(Marker { at, text: text() }),
                    TextKind::Text if at == Ticks(0) => score.texts.push(text()),
                    TextKind::Text => texts.add(What::LateText, 1, Some(event.byte as usize)),
                    _ => texts.add(What::OtherMeta, 1, Some(event.byte as usize)),
                }
            }
            Kind::NewSequence => start_afresh(&mut score, at),
            _ => continue,
        }
        marks += 1;
        if marks > MAX_MARKS {
            let (what, limit) = ("tempos, meters, keys, markers and texts", MAX_MARKS);
            return Err(ReadError::TooMany { what, limit, at: u64::from(event.byte) });
        }
    }
    let has_notes = |event: &Event<'_>| event.track == 0 && matches!(event.kind, Kind::NoteOn { .. });
    let conducts = frame.format == 0 || (frame.format == 1 && !tracks.events.iter().any(has_notes));
    if conducts && let Some(name) = names.first_mut() {
        score.title = name.take();
    }
    let names: Vec<String> = names
        .into_iter()
        .zip(instrument_names)
        .map(|(name, instrument)| name.filter(|it| !it.is_empty()).or(instrument).unwrap_or_default())
        .collect();
    let name = |track: u16| names[usize::from(track)].clone();
    let played = performance.finish(&tracks.ends).into_iter();
    score.parts = played
        .map(|part| Part { name: name(part.place.track), instrument: part.instrument, notes: part.notes })
        .collect();
    for finding in &texts.findings {
        for &byte in &finding.bytes {
            report.add(finding.what, 1, Some(byte as usize));
        }
        report.add(finding.what, finding.count - finding.bytes.len() as u64, None);
    }
    report.add(What::BeyondLongest, late, None);
    report.add(What::NoNotes, u64::from(score.parts.is_empty()), None);
    score.normalise();
    Ok(score)
}

/// The next sequence of format 2 begins without what the one before had set.
fn start_afresh(score: &mut Score, at: Ticks) {
    if score.tempos.last().is_some_and(|last| last.micros_per_quarter != Tempo::DEFAULT_MICROS) {
        score.tempos.push(Tempo { at, micros_per_quarter: Tempo::DEFAULT_MICROS });
    }
    if score.meters.last().is_some_and(|last| (last.numerator, last.denominator) != (4, 4)) {
        score.meters.push(Meter { at, ..Meter::DEFAULT });
    }
}
