//! Writing into a file: some of its notes change, everything else stands.
//!
//! A [`Score`](crate::Score) has no room for controllers, pitch bends, lyrics and system
//! exclusives, so a file written from one has lost them. [`splice_midi`] works on the bytes
//! instead: it reads them as [`crate::read_midi`] does, takes out the events of removed notes, and
//! puts those of added notes between the others, which keep their order, tick and bytes. The steps:
//!
//! 1. `edits`: which notes of the file go; `cut`: where the file is cut, all events from there on,
//!    and `settle`: what its controllers are set to there;
//! 2. `voices`: which track and channel plays what is added;
//! 3. `room`: where an added note must end, or has no place;
//! 4. `inserts`: the messages of added notes, with program changes where another sound is selected;
//! 5. `rebuild`: the tracks and the file.
//!
//! Kept notes never change. Of one pitch, a channel plays one note at a time, so an added note ends
//! where a kept one begins, where all notes are silenced, and where a note-off without a note would
//! end it; where one already sounds, by its key or by a pedal, it has no place.

mod cut;
mod edits;
mod inserts;
mod rebuild;
mod room;
mod settle;
mod voices;

pub use edits::{Cut, Edits, PartEdits};

use super::error::SpliceError;
use super::event::{Event, Kind, SOSTENUTO, SUSTAIN};
use super::limits::MAX_TICKS;
use super::read::{INDEPENDENT, ReadOptions, longest, open, play};
use super::report::{ReadReport, SpliceReport};
use super::unpack::unpack;
use crate::{Note, Ticks};
use std::collections::BTreeMap;

const MAX_DATA: u8 = 127;

/// A note to write.
#[derive(Debug, Clone, Copy)]
struct Added {
    /// The number of the voice that plays it.
    voice: usize,
    onset: u64,
    end: u64,
    pitch: u8,
    velocity: u8,
}

/// The file in `source` with some notes written anew, and everything else as it was: other notes,
/// controllers, texts, tempos, system exclusives and chunks of unknown kinds, each with its tick,
/// its bytes and its place among the others.
///
/// `edits` speak of the score that [`crate::read_midi`] gives for the same bytes and `options`.
/// Reading the result with the same options gives that score with the edits, but for what the
/// report counts, and but for these:
///
/// - a part left without notes is missing, and the name of a first track left without notes is the
///   title; parts of one track and channel are in the order of their first notes, so a note added
///   before the others can change their order;
/// - with [`ReadOptions::apply_sustain`] the pedals of the file also hold added notes, and a kept
///   note until its pitch is struck again by an added note and no longer by a removed one
///   ([`SpliceReport::notes_held`] counts both);
/// - a file of format 0 to which parts are added is of format 1, where the name of its track is
///   that of its parts and no longer the title.
///
/// What damage left unreadable, bytes outside chunks, a RIFF wrapper and gzip are not written.
/// Running status is expanded where the specification forbids it.
///
/// ```
/// use leitmotif_score::{Edits, Instrument, Note, Part, ReadOptions, Score, Ticks, read_midi, splice_midi, write_midi};
///
/// let note = Note { onset: Ticks(0), pitch: 60, duration: Ticks(480), velocity: 90 };
/// let piano = Part { name: "Piano".into(), instrument: Instrument::Program(0), notes: vec![note] };
/// let file = write_midi(&Score { parts: vec![piano], ..Score::default() })?;
///
/// let options = ReadOptions::default();
/// let before = read_midi(&file, &options)?.0;
/// let mut after = before.clone();
/// after.parts[0].notes[0].pitch = 64;
/// let edits = Edits::between(&before, &after).ok_or("parts changed")?;
/// let (changed, report) = splice_midi(&file, &options, &edits)?;
/// assert_eq!(read_midi(&changed, &options)?.0, after);
/// assert_eq!((report.notes_removed, report.notes_added), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SpliceError`] where the file cannot be read or is of format 2, where the edits do not fit it,
/// and where no channel is left for a new part.
pub fn splice_midi(
    source: &[u8],
    options: &ReadOptions,
    edits: &Edits,
) -> Result<(Vec<u8>, SpliceReport), SpliceError> {
    let mut unread = ReadReport::default();
    let source = unpack(source, &mut unread)?;
    let (frame, mut tracks) = open(&source, true, &mut unread)?;
    if frame.format == INDEPENDENT {
        return Err(SpliceError::Independent);
    }
    let limit = longest(&tracks, &frame);
    let mut parts = play(&tracks, options, limit)?;
    let smpte = frame.clock.smpte_micros.is_some();
    let cut = edits.cut.as_ref().map(|cut| cut::cut_off(&source, &mut tracks, &mut parts, cut, smpte));
    let (cut, mut at_cut) = cut.unwrap_or_default();
    let removed = edits::removed(&parts, edits)?;
    let mut report = SpliceReport { notes_removed: removed.notes + cut, ..SpliceReport::default() };
    let voices = voices::assign(&parts, &edits.new_parts, &tracks)?;
    if let Some(cut) = &edits.cut {
        at_cut.extend(settle::companions(&source, &tracks, cut.at.0, &voices));
    }
    let wanted = wanted(edits, parts.len(), frame.clock.scale, limit, &mut report)?;
    let fitting = room::fit(wanted, &voices, &parts, &removed, &tracks.events, frame.clock.scale, &mut report);
    let inserts = inserts::inserts(&fitting, &voices, &tracks, at_cut, &mut report);
    let bytes = rebuild::file(
        &source[..frame.end],
        &frame,
        &tracks,
        &rebuild::Changes {
            parts: &parts,
            removed: &removed,
            texts: &edits.texts,
            voices: &voices[parts.len()..],
            inserts,
        },
    )?;
    report.tracks_added = voices[parts.len()..].iter().filter(|it| it.sounds()).count();
    report.made_parallel = frame.format == 0 && report.tracks_added > 0;
    if options.apply_sustain && tracks.events.iter().any(is_pedal) {
        let kept = parts.iter().flat_map(|part| part.notes.iter().zip(&part.traces));
        let kept = kept.filter(|(_, trace)| !removed.contains(trace.on)).map(|(note, _)| *note);
        report.notes_held = held(kept, &fitting, &bytes, options)?;
    }
    Ok((bytes, report))
}

fn is_pedal(event: &Event<'_>) -> bool {
    matches!(event.kind, Kind::Control { controller: SUSTAIN | SOSTENUTO, .. })
}

/// How many notes of the changed file end elsewhere than they should, by its pedals.
fn held(
    kept: impl Iterator<Item = Note>,
    added: &[Added],
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<usize, SpliceError> {
    let added = added.iter().map(|it| Note {
        onset: Ticks(it.onset),
        pitch: it.pitch,
        duration: Ticks(it.end - it.onset),
        velocity: it.velocity,
    });
    let mut expected: BTreeMap<Note, usize> = BTreeMap::new();
    kept.chain(added).for_each(|note| *expected.entry(note).or_default() += 1);
    let mut unread = ReadReport::default();
    let (frame, tracks) = open(bytes, false, &mut unread)?;
    let limit = longest(&tracks, &frame);
    let found = play(&tracks, options, limit)?.into_iter().flat_map(|part| part.notes);
    let is_other = |note: &Note| match expected.get_mut(note) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    };
    Ok(found.filter(is_other).count())
}

/// The notes that the edits add, in the file's clock and in range.
fn wanted(
    edits: &Edits,
    parts: usize,
    scale: u64,
    limit: Ticks,
    report: &mut SpliceReport,
) -> Result<Vec<Added>, SpliceError> {
    let existing = edits.parts.iter().map(|(&part, edits)| (part, &edits.added));
    let new = edits.new_parts.iter().enumerate().map(|(number, part)| (parts + number, &part.notes));
    let mut wanted = Vec::new();
    for (voice, notes) in existing.chain(new) {
        for note in notes {
            if note.pitch > MAX_DATA {
                report.notes_dropped += 1;
                continue;
            }
            wanted.push(in_file(voice, note, scale, limit, report)?);
        }
    }
    Ok(wanted)
}

fn in_file(
    voice: usize,
    note: &Note,
    scale: u64,
    limit: Ticks,
    report: &mut SpliceReport,
) -> Result<Added, SpliceError> {
    let asked = (note.onset.0, (note.onset + note.duration.max(Ticks(1))).0);
    let limit = limit.0.min(MAX_TICKS);
    if asked.1 > limit {
        return Err(SpliceError::TooLong { ticks: asked.1, limit });
    }
    let onset = asked.0 / scale * scale;
    let end = (asked.1 / scale * scale).max(onset + scale);
    report.notes_rounded += usize::from((onset, end) != asked);
    Ok(Added { voice, onset, end, pitch: note.pitch, velocity: note.velocity.clamp(1, MAX_DATA) })
}
