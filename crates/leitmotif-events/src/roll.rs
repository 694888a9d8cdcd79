//! Music on an even grid: what the representations of frames (`chorales`, `frames`, `rolls`) share.
//!
//! A frame is one step of the grid. A note sounds in every frame from the step nearest to its onset
//! to the step nearest to its end, and in one frame at least. Frames do not distinguish a held note
//! from a repeated one: equal pitches in successive frames are one note, as in the literature's
//! piano rolls.

use crate::settings::{QUARTERS_PER_BAR, SECONDS_PER_QUARTER};
use crate::{EncodeReport, Header, MAX_GRID, RepresentationError};
use leitmotif_score::{Instrument, Note, Part, Resolution, Score, Ticks};

/// The most frames of a piece; notes that begin later are lost.
pub const MAX_FRAMES: usize = 1 << 17;
/// The velocity of every decoded note.
const VELOCITY: u8 = 80;

/// The instrument of the notes of a piano roll.
pub(crate) const PIANO: Instrument = Instrument::Program(0);

/// Cause of loss: beyond the longest piece.
pub(crate) const TOO_LATE: &str = "beyond the longest piece";
/// Cause of loss: the part is a drum kit.
pub(crate) const DRUMS: &str = "drums";
/// Cause of loss: the note before it has the same pitch and sounds up to it.
pub(crate) const JOINED: &str = "joined to the note before it";

/// Cause of loss: never, where a frame can hold every pitch.
pub(crate) const ABSENT: &str = "not in its frame";

/// A note on the grid: the frames in which it sounds, `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub start: usize,
    pub pitch: u8,
    pub end: usize,
}

/// Counts one lost note.
pub(crate) fn lose(report: &mut EncodeReport, cause: &str) {
    *report.lost.entry(cause.to_owned()).or_default() += 1;
}

/// Refuses a grid out of range.
pub(crate) fn check_grid(grid: u16) -> Result<(), RepresentationError> {
    if grid == 0 || grid > MAX_GRID {
        let reason = format!("a grid of {grid} steps a quarter is not between 1 and {MAX_GRID}");
        return Err(RepresentationError::Settings(reason));
    }
    Ok(())
}

/// How far a piece has come whose events are a start, frames and an end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameState {
    grid: u64,
    started: bool,
    ended: bool,
    frames: usize,
    notes: usize,
}

impl FrameState {
    pub fn new(grid: u16) -> Self {
        Self { grid: u64::from(grid), started: false, ended: false, frames: 0, notes: 0 }
    }

    /// Frames of a bar.
    pub fn steps(&self) -> u64 {
        QUARTERS_PER_BAR * self.grid
    }

    /// Frames that are complete.
    pub fn frames(&self) -> usize {
        self.frames
    }

    pub fn notes(&self) -> usize {
        self.notes
    }

    pub fn bars(&self) -> usize {
        self.frames / self.steps() as usize
    }

    pub fn seconds(&self) -> f64 {
        self.frames as f64 / self.grid as f64 * SECONDS_PER_QUARTER
    }

    pub fn has_started(&self) -> bool {
        self.started
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether a frame may follow.
    pub fn may_go_on(&self) -> bool {
        self.started && !self.ended && self.frames < MAX_FRAMES
    }

    pub fn start(&mut self) -> Result<(), &'static str> {
        if self.started {
            return Err("a start within the piece");
        }
        self.started = true;
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), &'static str> {
        if !self.started || self.ended {
            return Err("a piece ends once, after its start");
        }
        self.ended = true;
        Ok(())
    }

    /// A frame in which so many notes begin.
    pub fn frame(&mut self, begin: usize) -> Result<(), &'static str> {
        if !self.may_go_on() {
            return Err("no frame may stand here");
        }
        (self.frames, self.notes) = (self.frames + 1, self.notes + begin);
        Ok(())
    }
}

/// Refuses a header that holds more than that `instrument` plays.
pub(crate) fn check_header(
    header: &Header,
    representation: &str,
    instrument: Instrument,
) -> Result<(), RepresentationError> {
    if let Some(genre) = &header.genre {
        let reason = format!("the {representation} representation names no genres, so not {genre:?} either");
        return Err(RepresentationError::Settings(reason));
    }
    if let Some(other) = header.instruments.iter().find(|other| **other != instrument) {
        let reason =
            format!("the {representation} representation has no {}: it knows {}", other.name(), instrument.name());
        return Err(RepresentationError::Settings(reason));
    }
    Ok(())
}

/// The notes of a part on the grid, in order.
pub(crate) fn spans(part: &Part, resolution: Resolution, grid: u16, report: &mut EncodeReport) -> Vec<Span> {
    let quarter = u128::from(resolution.ticks_per_quarter());
    let step = |at: Ticks| (2 * u128::from(at.0) * u128::from(grid) + quarter) / (2 * quarter);
    let mut spans = Vec::with_capacity(part.notes.len());
    for note in &part.notes {
        let start = step(note.onset);
        if start >= MAX_FRAMES as u128 {
            lose(report, TOO_LATE);
            continue;
        }
        let end = step(Ticks(note.onset.0.saturating_add(note.duration.0))).clamp(start + 1, MAX_FRAMES as u128);
        spans.push(Span { start: start as usize, pitch: note.pitch.min(127), end: end as usize });
    }
    spans.sort_unstable();
    spans
}

/// A clock in which every step of the grid is a whole number of ticks, and that number.
pub fn frame_clock(grid: u16) -> (Resolution, u64) {
    let grid = u64::from(grid.max(1));
    let ticks = Resolution::DEFAULT.ticks_per_quarter().div_ceil(grid);
    (Resolution::new((ticks * grid) as u16).unwrap_or_default(), ticks)
}

/// Gathers the notes of one voice, or of many, from frames read one after another.
#[derive(Debug, Default)]
pub struct NoteGatherer {
    /// The notes that sound in the last frame.
    open: Vec<Span>,
    closed: Vec<Span>,
    frames: usize,
}

impl NoteGatherer {
    /// Adds a frame with these pitches.
    pub fn frame(&mut self, pitches: &[u8]) {
        let now = self.frames;
        self.frames += 1;
        let (held, ended): (Vec<Span>, Vec<Span>) =
            std::mem::take(&mut self.open).into_iter().partition(|span| pitches.contains(&span.pitch));
        self.closed.extend(ended);
        self.open = held;
        for span in &mut self.open {
            span.end = now + 1;
        }
        for &pitch in pitches {
            if !self.open.iter().any(|span| span.pitch == pitch) {
                self.open.push(Span { start: now, pitch, end: now + 1 });
            }
        }
    }

    /// The score of one piano that plays all of it.
    pub fn piano(self, grid: u16) -> Score {
        let (resolution, ticks) = frame_clock(grid);
        let part = Part { name: "Piano".to_owned(), instrument: PIANO, notes: self.notes(ticks) };
        let parts = if part.notes.is_empty() { Vec::new() } else { vec![part] };
        Score { resolution, parts, ..Score::default() }
    }

    /// The notes, in order, with `ticks` to a frame.
    pub fn notes(mut self, ticks: u64) -> Vec<Note> {
        self.closed.append(&mut self.open);
        let note = |span: &Span| Note {
            onset: Ticks(span.start as u64 * ticks),
            pitch: span.pitch,
            duration: Ticks((span.end - span.start) as u64 * ticks),
            velocity: VELOCITY,
        };
        let mut notes: Vec<Note> = self.closed.iter().map(note).collect();
        notes.sort_unstable();
        notes
    }
}

/// The pitches of each frame, ascending, of all these notes together.
pub(crate) fn sets(mut spans: Vec<Span>) -> Vec<Vec<u8>> {
    spans.sort_unstable_by_key(|span| (span.pitch, span.start));
    let mut frames = vec![Vec::new(); spans.iter().map(|span| span.end).max().unwrap_or(0)];
    // How far the pitch at hand is written: many long notes of one pitch cost no more than one.
    let (mut pitch, mut written) = (None, 0);
    for span in &spans {
        if pitch != Some(span.pitch) {
            (pitch, written) = (Some(span.pitch), 0);
        }
        let from = span.start.max(written);
        if from < span.end {
            frames[from..span.end].iter_mut().for_each(|frame| frame.push(span.pitch));
            written = span.end;
        }
    }
    frames
}

/// Counts which of the notes begin as notes of their own in frames of pitches, one claim a pitch
/// and frame; the others are lost: `absent` where their pitch is not in the frame.
pub(crate) fn count_kept(mut spans: Vec<Span>, frames: &[Vec<u8>], absent: &str, report: &mut EncodeReport) {
    spans.sort_unstable();
    let mut last = None;
    for span in spans {
        let key = (span.start, span.pitch);
        let sounds = |frame: usize| frames.get(frame).is_some_and(|pitches| pitches.contains(&span.pitch));
        let begins = !span.start.checked_sub(1).is_some_and(sounds);
        if !sounds(span.start) {
            lose(report, absent);
        } else if !begins || last == Some(key) {
            lose(report, JOINED);
        } else {
            report.kept += 1;
        }
        last = Some(key);
    }
}

/// The pitched parts that play, with their notes; drums are lost.
pub(crate) fn pitched<'a>(score: &'a Score, report: &mut EncodeReport) -> Vec<&'a Part> {
    report.notes = score.note_count();
    let (drums, pitched): (Vec<&Part>, Vec<&Part>) =
        score.parts.iter().filter(|part| !part.notes.is_empty()).partition(|part| part.instrument.is_drums());
    let struck: usize = drums.iter().map(|part| part.notes.len()).sum();
    if struck > 0 {
        *report.lost.entry(DRUMS.to_owned()).or_default() += struck;
    }
    pitched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, pitch: u8, end: usize) -> Span {
        Span { start, pitch, end }
    }

    #[test]
    fn equal_pitches_in_successive_frames_are_one_note() {
        let mut gatherer = NoteGatherer::default();
        for frame in [&[60, 64][..], &[60], &[60, 64], &[], &[60]] {
            gatherer.frame(frame);
        }
        let notes: Vec<_> = gatherer.notes(10).iter().map(|note| (note.onset.0, note.pitch, note.duration.0)).collect();
        assert_eq!(notes, [(0, 60, 30), (0, 64, 10), (20, 64, 10), (40, 60, 10)]);
    }

    #[test]
    fn notes_are_kept_joined_or_absent() {
        let spans = vec![span(0, 60, 2), span(2, 60, 3), span(0, 64, 1), span(0, 64, 2), span(5, 70, 6)];
        let mut frames = sets(spans.clone());
        assert_eq!(frames, [vec![60, 64], vec![60, 64], vec![60], vec![], vec![], vec![70]]);
        frames[5].clear();
        let mut report = EncodeReport::default();
        count_kept(spans, &frames, "absent", &mut report);
        assert_eq!(report.kept, 2);
        assert_eq!((report.lost[JOINED], report.lost["absent"]), (2, 1));
    }

    #[test]
    fn every_step_is_a_whole_number_of_ticks() {
        for grid in 1..=MAX_GRID {
            let (resolution, ticks) = frame_clock(grid);
            assert_eq!(resolution.ticks_per_quarter(), ticks * u64::from(grid));
        }
        assert!(check_grid(0).is_err() && check_grid(MAX_GRID + 1).is_err());
    }
}
