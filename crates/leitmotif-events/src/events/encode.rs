//! Score to events.

use super::fields::*;
use super::layout::{Bar, layout};
use super::voices::Voices;
use super::{MAX_QUARTERS, MAX_SILENT_BARS};
use crate::event::{Event, NoteEvent, TempoBin};
use crate::{EncodeReport, Header, MAX_GRID, Sequence};
use leitmotif_score::{Instrument, Score, Ticks};

/// Cause of loss: longer than the longest duration.
pub(crate) const TOO_LONG: &str = "longer than the longest duration";
/// Cause of loss: the instrument strikes the same pitch at the same time with a longer note.
pub(crate) const DOUBLED: &str = "doubled by a longer note of its instrument";
/// Cause of loss: no voice is free.
pub(crate) const TOO_MANY: &str = "too many of one pitch at once";
/// Cause of change: the onset moved because silence before it was cut.
pub(crate) const AFTER_SILENCE: &str = "moved forward by a shortened silence";
/// Cause of loss: beyond the longest piece.
pub(crate) const TOO_LATE: &str = "beyond the longest piece";

/// A note on the grid, before bars are known. The order of the fields is the order of notes.
#[derive(Clone, Copy)]
struct GridNote {
    step: u64,
    instrument: Instrument,
    pitch: u8,
    duration: u64,
    velocity: u8,
    too_long: bool,
}

impl GridNote {
    /// Two numbers that are in the order of the notes and are compared sooner than the fields. No
    /// duration has as many as 32 bits.
    fn order(&self) -> (u64, u64) {
        let (kit, program) = match self.instrument {
            Instrument::Program(program) => (0, program),
            Instrument::Drums(program) => (1, program),
        };
        let note = kit << 8 | u64::from(program);
        let note = note << 8 | u64::from(self.pitch);
        let note = note << 32 | self.duration;
        (self.step, note << 9 | u64::from(self.velocity) << 1 | u64::from(self.too_long))
    }
}

pub(crate) fn encode(fields: &Fields, score: &Score, header: &Header) -> (Sequence, EncodeReport) {
    let mut report = EncodeReport::default();
    let notes = grid_notes(fields, score, &mut report);
    let tempos = tempo_changes(fields, score);
    let last = notes.last().map_or(0, |note| note.step);
    let (bars, rewritten) = layout(score, &fields.meters, fields.grid, last);
    report.rewritten_bars = rewritten;

    let mut writer = SongEncoder { fields, sequence: Sequence::new(FIELDS), voices: Voices::default(), report };
    writer.header(score, header);
    let (mut note, mut tempo, mut silent, mut line) = (0, 0, 0, 0);
    // Events and bars up to the last bar that plays: a piece ends there.
    let mut complete = (0, 0);
    let mut current = None;
    for bar in bars {
        let until = bar.start + bar.steps;
        let notes_end = note + notes[note..].partition_point(|note| note.step < until);
        let playing = writer.voiced(&bar, line, &notes[note..notes_end]);
        note = notes_end;
        silent = if playing.is_empty() { silent + 1 } else { 0 };
        if silent > MAX_SILENT_BARS {
            writer.report.silent_bars_cut += 1;
            continue;
        }
        // A tempo that begins in a bar that was cut begins with the next bar that is not.
        while tempos.get(tempo).is_some_and(|(step, _)| *step <= bar.start) {
            tempo += 1;
        }
        let tempos_end = tempo + tempos[tempo..].partition_point(|(step, _)| *step < until);
        let in_force = tempo.checked_sub(1).map_or(TempoBin::MODERATE, |index| tempos[index].1);
        let changes = std::iter::once((bar.start, in_force)).chain(tempos[tempo..tempos_end].iter().copied());
        writer.bar(&bar, changes, &mut current, &playing);
        tempo = tempos_end;
        line += bar.steps;
        if complete.0 == 0 || !playing.is_empty() {
            complete = (writer.sequence.len(), writer.report.bars);
        }
    }
    writer.sequence.truncate(complete.0);
    writer.report.bars = complete.1;
    writer.push(Event::End);
    (writer.sequence, writer.report)
}

struct SongEncoder<'a> {
    fields: &'a Fields,
    sequence: Sequence,
    voices: Voices,
    report: EncodeReport,
}

impl SongEncoder<'_> {
    fn push(&mut self, event: Event) {
        self.sequence.push(&self.fields.values(event));
    }

    fn lose(&mut self, cause: &str) {
        *self.report.lost.entry(cause.to_owned()).or_default() += 1;
    }

    fn header(&mut self, score: &Score, header: &Header) {
        self.push(Event::Start);
        let genre =
            header.genre.as_ref().and_then(|wanted| self.fields.genres.iter().position(|genre| genre == wanted));
        if let Some(number) = genre {
            self.push(Event::Genre(number));
        }
        let playing = score.parts.iter().filter(|part| !part.notes.is_empty()).map(|part| part.instrument);
        let instruments = match header.instruments.is_empty() {
            true => distinct(playing),
            false => distinct(header.instruments.iter().copied()),
        };
        for instrument in instruments {
            self.push(Event::With(instrument));
        }
    }

    /// The notes of a bar for which there are voices, if it begins at step `line` of what is
    /// written.
    fn voiced(&mut self, bar: &Bar, line: u64, notes: &[GridNote]) -> Vec<GridNote> {
        let mut voiced = Vec::with_capacity(notes.len());
        for note in notes {
            let at = line + note.step - bar.start;
            let end = at + note.duration;
            if self.voices.sound(note.instrument, note.pitch, at, end).is_none() {
                self.lose(TOO_MANY);
                continue;
            }
            if note.too_long {
                self.lose(TOO_LONG);
            } else if self.report.silent_bars_cut > 0 {
                self.lose(AFTER_SILENCE);
            } else {
                self.report.kept += 1;
            }
            voiced.push(*note);
        }
        voiced
    }

    fn bar(
        &mut self,
        bar: &Bar,
        tempos: impl Iterator<Item = (u64, TempoBin)>,
        current: &mut Option<TempoBin>,
        notes: &[GridNote],
    ) {
        self.push(Event::Bar(self.fields.meters.list()[bar.meter]));
        self.report.bars += 1;
        let mut rest = notes;
        for (step, tempo) in tempos {
            let before = rest.partition_point(|note| note.step < step);
            self.notes(bar, &rest[..before]);
            rest = &rest[before..];
            if *current != Some(tempo) {
                *current = Some(tempo);
                self.push(Event::Tempo { position: step - bar.start, tempo });
            }
        }
        self.notes(bar, rest);
    }

    fn notes(&mut self, bar: &Bar, notes: &[GridNote]) {
        for note in notes {
            let GridNote { step, instrument, pitch, duration, velocity, .. } = *note;
            self.push(Event::Note(NoteEvent { position: step - bar.start, instrument, pitch, duration, velocity }));
        }
    }
}

/// The step nearest to a tick; half a step goes to the later one.
pub(crate) fn step(ticks: u64, grid: u64, quarter: u64) -> u64 {
    // Every tick that is read from a file; a division of 128 bits takes several times as long.
    if ticks <= u64::from(u32::MAX) && grid <= u64::from(MAX_GRID) && quarter <= u64::from(u32::MAX) {
        return (2 * ticks * grid + quarter) / (2 * quarter);
    }
    ((2 * u128::from(ticks) * u128::from(grid) + u128::from(quarter)) / (2 * u128::from(quarter)))
        .try_into()
        .unwrap_or(u64::MAX)
}

fn grid_notes(fields: &Fields, score: &Score, report: &mut EncodeReport) -> Vec<GridNote> {
    let quarter = score.resolution.ticks_per_quarter();
    let mut notes = Vec::with_capacity(score.parts.iter().map(|part| part.notes.len()).sum());
    for part in &score.parts {
        let instrument = instrument_of(instrument_value(part.instrument));
        // The onset of the next note of each pitch: a note that ends before the next begins must
        // not be rounded so that it overlaps it.
        let mut next: [Option<Ticks>; 128] = [None; 128];
        for note in part.notes.iter().rev() {
            report.notes += 1;
            let next = next[usize::from(note.pitch.min(127))].replace(note.onset);
            let step = step(note.onset.0, fields.grid, quarter);
            if step >= MAX_QUARTERS * fields.grid {
                *report.lost.entry(TOO_LATE.to_owned()).or_default() += 1;
                continue;
            }
            let (mut duration, within) = fields.durations.value(note.duration.0, quarter);
            let overlaps = |next: Ticks| {
                let end = step + fields.durations.of(duration);
                note.onset + note.duration <= next && self::step(next.0, fields.grid, quarter) < end
            };
            if next.is_some_and(overlaps) {
                duration = fields.durations.at_most(note.duration.0, quarter);
            }
            notes.push(GridNote {
                step,
                instrument,
                pitch: note.pitch.min(127),
                duration: fields.durations.of(duration),
                velocity: velocity_of(velocity_value(note.velocity)),
                too_long: !within,
            });
        }
    }
    notes.sort_unstable_by_key(GridNote::order);
    without_doubles(notes, report)
}

/// Of the sorted notes that one instrument begins on one pitch at one step, the last: the longest,
/// and of several the loudest.
fn without_doubles(notes: Vec<GridNote>, report: &mut EncodeReport) -> Vec<GridNote> {
    let mut single: Vec<GridNote> = Vec::with_capacity(notes.len());
    for note in notes {
        let same =
            |last: &GridNote| (last.step, last.instrument, last.pitch) == (note.step, note.instrument, note.pitch);
        match single.last_mut().filter(|last| same(last)) {
            Some(last) => {
                *report.lost.entry(DOUBLED.to_owned()).or_default() += 1;
                *last = note;
            }
            None => single.push(note),
        }
    }
    single
}

/// The tempo map on the grid: ascending steps, one tempo a step.
pub(crate) fn tempo_changes(fields: &Fields, score: &Score) -> Vec<(u64, TempoBin)> {
    let mut changes: Vec<(u64, TempoBin)> = Vec::with_capacity(score.tempos.len());
    for tempo in &score.tempos {
        let change = (
            step(tempo.at.0, fields.grid, score.resolution.ticks_per_quarter()),
            TempoBin::nearest(tempo.micros_per_quarter),
        );
        changes.push(change);
    }
    // Of several tempos at one step the last one holds.
    changes.reverse();
    changes.sort_by_key(|(step, _)| *step);
    changes.dedup_by_key(|(step, _)| *step);
    changes
}
