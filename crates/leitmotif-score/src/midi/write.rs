//! Writing: a score to the bytes of a format 1 file.
//!
//! Track 0 conducts: title, texts, tempos, meters, keys, markers. Each part has a track of its own.
//! Read back, the file gives the same music; what had to change to make that so is in the
//! [`WriteReport`].

use super::assign::{Assignment, assign};
use super::error::WriteError;
use super::event::MAX_NUMBER;
use super::limits::{MAX_TEXT_BYTES, MAX_TICKS};
use super::report::WriteReport;
use super::text::cut;
use super::voices::separate;
use crate::{Instrument, Note, Part, Resolution, Score, Ticks};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use std::path::Path;

/// The finest clock that a file can name.
const MAX_TICKS_PER_QUARTER: u64 = 0x7FFF;
/// The velocity of a release, which is inaudible.
pub(super) const RELEASE_VELOCITY: u8 = 64;
/// What a time signature also says: MIDI clocks per click, and 32nds a quarter.
const CLOCKS_PER_CLICK: u8 = 24;
const THIRTY_SECONDS_PER_QUARTER: u8 = 8;

/// An event before deltas; at one tick the smaller rank comes first.
type Timed<'a> = (Ticks, u8, TrackEventKind<'a>);
const RANK_NAME: u8 = 0;
const RANK_OFF: u8 = 1;
const RANK_PROGRAM: u8 = 2;
const RANK_ON: u8 = 3;

/// The bytes of a MIDI file with this score.
///
/// # Errors
/// [`WriteError`] where the score is longer than [`super::limits::MAX_TICKS`] or
/// [`Score::longest_end`], or has more parts at once than all ports have channels.
pub fn write_midi(score: &Score) -> Result<Vec<u8>, WriteError> {
    write_midi_with_report(score).map(|(bytes, _)| bytes)
}

/// Like [`write_midi`], and what had to change.
///
/// # Errors
/// As [`write_midi`].
pub fn write_midi_with_report(score: &Score) -> Result<(Vec<u8>, WriteReport), WriteError> {
    let mut report = WriteReport::default();
    let mut normal = score.clone();
    normal.normalise();
    report.normalised = normal != *score;
    if normal.resolution.ticks_per_quarter() > MAX_TICKS_PER_QUARTER {
        let half = Resolution::new((normal.resolution.ticks_per_quarter() / 2) as u16).unwrap_or_default();
        normal = normal.with_resolution(half);
        report.clock_coarsened = true;
    }
    let (end, mark, limit) = (normal.end(), last_mark(&normal), normal.longest_end().min(Ticks(MAX_TICKS)));
    let last = end.max(mark.unwrap_or_default());
    if last > limit || mark.is_some_and(|mark| mark >= limit) {
        return Err(WriteError::TooLong { ticks: last.0, limit: limit.0 });
    }
    report.empty_parts = normal.parts.iter().filter(|part| part.notes.is_empty()).count();
    normal.parts.retain(|part| !part.notes.is_empty());
    let notes: Vec<Vec<Note>> = normal.parts.iter().map(|part| separate(&part.notes, &mut report)).collect();
    let voices: Vec<(Instrument, &[Note])> =
        normal.parts.iter().zip(&notes).map(|(part, notes)| (part.instrument, notes.as_slice())).collect();
    let assignments = assign(&voices)?;
    summarise(&assignments, &mut report);

    // Notes end earlier where the same pitch is struck again.
    let end = notes.iter().flatten().map(Note::end).max().unwrap_or_default();
    let last = end.max(mark.unwrap_or_default());
    let timing = Timing::Metrical(u15::new(normal.resolution.ticks_per_quarter() as u16));
    let mut smf = Smf::new(Header::new(Format::Parallel, timing));
    smf.tracks.push(track(conductor(&normal, &mut report), last));
    for ((part, notes), assignment) in normal.parts.iter().zip(&notes).zip(&assignments) {
        smf.tracks.push(track(part_events(part, notes, assignment, &mut report), Ticks(0)));
    }
    let mut bytes = Vec::new();
    // Writing to memory fails only where a chunk's length does not fit its 32 bits.
    match smf.write(&mut bytes) {
        Ok(()) => Ok((bytes, report)),
        Err(_) => Err(WriteError::TooLarge),
    }
}

/// Writes a score to a file, whole or not at all: to a temporary file beside it first, which then
/// takes its name.
///
/// # Errors
/// As [`write_midi`], and [`WriteError::Io`].
pub fn write_midi_file(path: impl AsRef<Path>, score: &Score) -> Result<WriteReport, WriteError> {
    let path = path.as_ref();
    let (bytes, report) = write_midi_with_report(score)?;
    leitmotif_files::write(path, &bytes).map_err(|source| WriteError::Io { path: path.to_owned(), source })?;
    Ok(report)
}

fn last_mark(score: &Score) -> Option<Ticks> {
    let tempo = score.tempos.last().map(|it| it.at);
    let meter = score.meters.last().map(|it| it.at);
    let key = score.keys.last().map(|it| it.at);
    let marker = score.markers.last().map(|it| it.at);
    [tempo, meter, key, marker].into_iter().flatten().max()
}

fn summarise(assignments: &[Assignment], report: &mut WriteReport) {
    let place = |it: &Assignment| (it.port, it.channel);
    let shared = |it: &&Assignment| assignments.iter().filter(|other| place(other) == place(it)).count() > 1;
    report.parts_sharing = assignments.iter().filter(shared).count();
    report.ports = assignments.iter().map(|it| usize::from(it.port) + 1).max().unwrap_or(1);
}

fn text<'a>(text: &'a str, report: &mut WriteReport) -> &'a [u8] {
    let bytes = text.as_bytes();
    report.texts_cut += usize::from(bytes.len() > MAX_TEXT_BYTES);
    &bytes[..cut(bytes)]
}

fn conductor<'a>(score: &'a Score, report: &mut WriteReport) -> Vec<Timed<'a>> {
    let mut events: Vec<Timed<'a>> = Vec::new();
    let mut push = |at: Ticks, message| events.push((at, RANK_NAME, TrackEventKind::Meta(message)));
    if let Some(title) = &score.title {
        push(Ticks(0), MetaMessage::TrackName(text(title, report)));
    }
    for line in &score.texts {
        push(Ticks(0), MetaMessage::Text(text(line, report)));
    }
    for tempo in &score.tempos {
        push(tempo.at, MetaMessage::Tempo(u24::new(tempo.micros_per_quarter)));
    }
    for meter in &score.meters {
        let power = meter.denominator.trailing_zeros() as u8;
        let (clocks, notes) = (CLOCKS_PER_CLICK, THIRTY_SECONDS_PER_QUARTER);
        push(meter.at, MetaMessage::TimeSignature(meter.numerator, power, clocks, notes));
    }
    for key in &score.keys {
        push(key.at, MetaMessage::KeySignature(key.sharps, key.minor));
    }
    for marker in &score.markers {
        push(marker.at, MetaMessage::Marker(text(&marker.text, report)));
    }
    events
}

fn part_events<'a>(
    part: &'a Part,
    notes: &[Note],
    assignment: &Assignment,
    report: &mut WriteReport,
) -> Vec<Timed<'a>> {
    let mut events: Vec<Timed<'a>> = Vec::with_capacity(2 * notes.len() + 3);
    let channel = u4::new(assignment.channel);
    if !part.name.is_empty() {
        let name = MetaMessage::TrackName(text(&part.name, report));
        events.push((Ticks(0), RANK_NAME, TrackEventKind::Meta(name)));
    }
    if assignment.port > 0 {
        let port = MetaMessage::MidiPort(u7::new(assignment.port));
        events.push((Ticks(0), RANK_NAME, TrackEventKind::Meta(port)));
    }
    let program = u7::new(part.instrument.program());
    for &at in &assignment.programs {
        let message = MidiMessage::ProgramChange { program };
        events.push((at, RANK_PROGRAM, TrackEventKind::Midi { channel, message }));
    }
    for note in notes {
        let key = u7::new(note.pitch);
        let on = MidiMessage::NoteOn { key, vel: u7::new(note.velocity) };
        let off = MidiMessage::NoteOff { key, vel: u7::new(RELEASE_VELOCITY) };
        events.push((note.onset, RANK_ON, TrackEventKind::Midi { channel, message: on }));
        events.push((note.end(), RANK_OFF, TrackEventKind::Midi { channel, message: off }));
    }
    events
}

/// Events in order with the time between them, to `end` at least.
fn track<'a>(mut events: Vec<Timed<'a>>, end: Ticks) -> Track<'a> {
    events.sort_by_key(|event| (event.0, event.1));
    let end = events.last().map_or(end, |last| last.0.max(end));
    events.push((end, u8::MAX, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let mut track = Vec::with_capacity(events.len());
    let mut now = Ticks(0);
    for (at, _, kind) in events {
        let mut delta = (at - now).0;
        while delta > u64::from(MAX_NUMBER) {
            // No number is large enough: wait with an event that says nothing.
            let kind = TrackEventKind::Meta(MetaMessage::SequencerSpecific(&[]));
            track.push(TrackEvent { delta: u28::new(MAX_NUMBER), kind });
            delta -= u64::from(MAX_NUMBER);
        }
        track.push(TrackEvent { delta: u28::new(delta as u32), kind });
        now = at;
    }
    track
}
