//! A score as bars of cells.

use super::fields::CellFields;
use super::song::{BarFrame, Cell, CellBar, CellNote, CellSong, MAX_PARTS_OF_INSTRUMENT, PartId};
use crate::event::TempoBin;
use crate::events::encode::{AFTER_SILENCE, DOUBLED, TOO_LATE, TOO_LONG, step, tempo_changes};
use crate::events::fields::{instrument_of, instrument_value, velocity_of, velocity_value};
use crate::events::layout::layout;
use crate::events::{MAX_QUARTERS, MAX_SILENT_BARS};
use crate::{EncodeReport, Header};
use leitmotif_score::{Instrument, Part, Score};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A note on the grid. The order of the fields is the order of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct GridNote {
    step: u64,
    pitch: u8,
    duration: u64,
    velocity: u8,
    too_long: bool,
}

/// A score as cells, and where its music went.
#[derive(Debug, Clone)]
pub struct ReadCells {
    /// The piece.
    pub song: CellSong,
    /// What became of its notes.
    pub report: EncodeReport,
    /// The part of each part of the score; of those that play, if the others are left out.
    pub part_of: Vec<PartId>,
    /// The first grid step of each bar in the score; bars that were cut are left out.
    pub lines: Vec<u64>,
}

/// What becomes of the score's parts without notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silent {
    Kept,
    /// Parts are numbered among those that play; only the header can name others.
    Left,
}

/// The part of each of these players: those of one instrument are numbered in order.
pub(super) fn part_ids(players: impl Iterator<Item = Instrument>) -> Vec<PartId> {
    let mut counts: BTreeMap<Instrument, u8> = BTreeMap::new();
    let id = |player: Instrument| {
        let instrument = instrument_of(instrument_value(player));
        let count = counts.entry(instrument).or_default();
        *count = (*count + 1).min(MAX_PARTS_OF_INSTRUMENT);
        PartId { instrument, number: *count }
    };
    players.map(id).collect()
}

pub(super) fn read(fields: &CellFields, score: &Score, header: &Header, silent: Silent) -> ReadCells {
    let mut report = EncodeReport::default();
    let mut played: Vec<(Instrument, Vec<GridNote>)> =
        score.parts.iter().map(|part| (part.instrument, grid_notes(fields, part, score, &mut report))).collect();
    played.retain(|(_, notes)| silent == Silent::Kept || !notes.is_empty());
    let part_of = part_ids(played.iter().map(|(instrument, _)| *instrument));
    let mut notes: BTreeMap<PartId, Vec<GridNote>> = BTreeMap::new();
    for ((_, played), id) in played.into_iter().zip(&part_of) {
        notes.entry(*id).or_default().extend(played);
    }
    for notes in notes.values_mut() {
        one_at_a_time(fields, notes, &mut report);
    }
    let genre = header.genre.as_ref().and_then(|wanted| fields.plain.genres.iter().position(|it| it == wanted));
    let parts = with_named(notes.keys().copied().collect(), &header.instruments);
    let mut song = CellSong { genre, parts, bars: Vec::new() };
    let lines = bars(fields, score, &mut song, &notes, &mut report);
    ReadCells { song, report, part_of, lines }
}

/// The parts, and those of the header's instruments that play no note: as many of an instrument as
/// the header names.
pub(super) fn with_named(mut parts: Vec<PartId>, named: &[Instrument]) -> Vec<PartId> {
    parts.extend(part_ids(named.iter().copied()));
    parts.sort_unstable();
    parts.dedup();
    parts
}

fn grid_notes(fields: &CellFields, part: &Part, score: &Score, report: &mut EncodeReport) -> Vec<GridNote> {
    let (plain, quarter) = (&fields.plain, score.resolution.ticks_per_quarter());
    let mut notes = Vec::with_capacity(part.notes.len());
    for note in &part.notes {
        report.notes += 1;
        let step = step(note.onset.0, plain.grid, quarter);
        if step >= MAX_QUARTERS * plain.grid {
            *report.lost.entry(TOO_LATE.to_owned()).or_default() += 1;
            continue;
        }
        let (duration, within) = plain.durations.value(note.duration.0, quarter);
        notes.push(GridNote {
            step,
            pitch: note.pitch.min(127),
            duration: plain.durations.of(duration),
            velocity: velocity_of(velocity_value(note.velocity)),
            too_long: !within,
        });
    }
    notes
}

/// A part strikes a pitch once at a time: of notes that begin together the longest stays, and a
/// note ends where the next one of its pitch begins.
fn one_at_a_time(fields: &CellFields, notes: &mut Vec<GridNote>, report: &mut EncodeReport) {
    notes.sort_unstable();
    let mut next: [Option<GridNote>; 128] = [None; 128];
    let mut kept = Vec::with_capacity(notes.len());
    for mut note in notes.drain(..).rev() {
        let next = &mut next[usize::from(note.pitch)];
        match *next {
            Some(later) if later.step == note.step => {
                *report.lost.entry(DOUBLED.to_owned()).or_default() += 1;
                continue;
            }
            Some(later) if later.step < note.step + note.duration => {
                let durations = &fields.plain.durations;
                note.duration = durations.of(durations.value_of(later.step - note.step));
            }
            _ => {}
        }
        *next = Some(note);
        kept.push(note);
    }
    kept.reverse();
    *notes = kept;
}

fn bars(
    fields: &CellFields,
    score: &Score,
    song: &mut CellSong,
    notes: &BTreeMap<PartId, Vec<GridNote>>,
    report: &mut EncodeReport,
) -> Vec<u64> {
    let last = notes.values().filter_map(|notes| notes.last()).map(|note| note.step).max().unwrap_or(0);
    let (bars, rewritten) = layout(score, &fields.plain.meters, fields.plain.grid, last);
    report.rewritten_bars = rewritten;
    let tempos = tempo_changes(&fields.plain, score);
    let mut rests: Vec<&[GridNote]> =
        song.parts.iter().map(|part| notes.get(part).map_or(&[][..], |notes| notes)).collect();
    let (mut tempo, mut silent, mut current) = (0, 0, None);
    let (mut lines, mut complete) = (Vec::new(), 0);
    // The first bar that is left out of a long silence: the notes after it move.
    let mut cut = None;
    for bar in bars {
        let until = bar.start + bar.steps;
        let cells: Vec<Cell> = rests.iter_mut().map(|rest| take(rest, bar.start, until)).collect();
        let plays = cells.iter().any(|cell| !cell.is_empty());
        silent = if plays { 0 } else { silent + 1 };
        if silent > MAX_SILENT_BARS {
            report.silent_bars_cut += 1;
            cut.get_or_insert(bar.start);
            continue;
        }
        // A tempo that begins in a bar that was cut begins with the next bar that is not.
        while tempos.get(tempo).is_some_and(|(step, _)| *step <= bar.start) {
            tempo += 1;
        }
        let tempos_end = tempo + tempos[tempo..].partition_point(|(step, _)| *step < until);
        let in_force = tempo.checked_sub(1).map_or(TempoBin::MODERATE, |index| tempos[index].1);
        let mut changes = Vec::new();
        for (step, tempo) in std::iter::once((bar.start, in_force)).chain(tempos[tempo..tempos_end].iter().copied()) {
            if current != Some(tempo) {
                current = Some(tempo);
                changes.push((step - bar.start, tempo));
            }
        }
        tempo = tempos_end;
        let frame = BarFrame { meter: fields.plain.meters.list()[bar.meter], tempos: changes, chords: Vec::new() };
        song.bars.push(Arc::new(CellBar { frame, cells: cells.into_iter().map(Some).collect() }));
        lines.push(bar.start);
        if complete == 0 || plays {
            complete = song.bars.len();
        }
    }
    song.bars.truncate(complete);
    lines.truncate(complete);
    report.bars = complete;
    count(notes, cut, report);
    lines
}

/// The notes of a cell, taken from the rest of its part.
fn take(rest: &mut &[GridNote], start: u64, until: u64) -> Cell {
    let (here, later) = rest.split_at(rest.partition_point(|note| note.step < until));
    *rest = later;
    let note = |note: &GridNote| CellNote {
        position: note.step - start,
        pitch: note.pitch,
        duration: note.duration,
        velocity: note.velocity,
    };
    here.iter().map(note).collect()
}

/// Counts what is kept as it was; notes after step `cut` are not.
fn count(notes: &BTreeMap<PartId, Vec<GridNote>>, cut: Option<u64>, report: &mut EncodeReport) {
    for note in notes.values().flatten() {
        let cause = match note {
            note if note.too_long => Some(TOO_LONG),
            _ if cut.is_some_and(|cut| note.step >= cut) => Some(AFTER_SILENCE),
            _ => None,
        };
        match cause {
            Some(cause) => *report.lost.entry(cause.to_owned()).or_default() += 1,
            None => report.kept += 1,
        }
    }
}
