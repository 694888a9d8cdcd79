//! Chords that are asked for: given to the model bar by bar, and, if they are strict, enforced.
//!
//! A model that was trained with chords heeds the ones it is given. Strict chords are a rule
//! besides: a note that begins with a chord, or lasts for a quarter or longer, is one of its notes,
//! and a bass that begins with a chord over another bass plays that. Shorter notes in between are
//! free: passing notes stay possible.

use crate::masks::without_rhythm;
use crate::{ComposeError, Request};
use leitmotif_events::cells::Cells;
use leitmotif_events::{EventVocabulary, FIRST_POSITION, NONE, Representation, Value, step_of};
use leitmotif_score::{Chord, Instrument, Progression};
use serde::Serialize;
use std::sync::Arc;

/// The programs of General MIDI's basses.
const BASSES: std::ops::RangeInclusive<u8> = 32..=39;

/// Chords for the bars of a piece.
#[derive(Debug, Clone, Serialize)]
pub struct ChordRequest {
    /// The chords as they were written.
    pub text: String,
    /// The chords of each bar, repeated to the length of the piece.
    #[serde(skip)]
    pub progression: Progression,
    /// Whether they are enforced, beyond what the model makes of them.
    pub strict: bool,
}

/// The representation of a model that was trained with chords.
///
/// # Errors
/// [`ComposeError::Request`] if the model was not.
pub(crate) fn cells<'a>(request: &Request, representation: &'a dyn Representation) -> Result<&'a Cells, ComposeError> {
    let trained = request.observed.as_ref().is_none_or(|observed| observed.tasks.chords > 0.0);
    representation.cells().filter(|_| trained).ok_or_else(|| {
        let reason = "this model was not trained with chords: train one on a corpus prepared with --representation \
                      cells, with train.chords above 0";
        ComposeError::Request(reason.to_owned())
    })
}

/// A chord, and the kind and the root of its event.
type Named = (Option<Chord>, Value, Value);

/// A chord as values of an event, and where it begins in its bar, in grid steps.
#[derive(Debug, Clone, Copy)]
struct Placed {
    step: u64,
    chord: Option<Chord>,
    /// Of its event.
    kind: Value,
    root: Value,
}

/// The chords of a piece as far as it is written; the default asks for none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Harmony {
    /// Those of each bar, with their event's kind and root; empty where chords are set bar by bar.
    bars: Arc<[Vec<Named>]>,
    strict: bool,
    /// Grid steps of a quarter.
    grid: u64,
    /// The chords of the bar being written, and how many of their events have come.
    bar: Vec<Placed>,
    come: usize,
}

impl Harmony {
    /// The chords of a request, whose events are still to come in every bar.
    pub fn new(cells: &Cells, request: &ChordRequest) -> Self {
        let chord = |chord: &Option<Chord>| {
            let [kind, root] = cells.chord_values(*chord);
            (*chord, kind, root)
        };
        let bars = request.progression.bars.iter().map(|bar| bar.iter().map(chord).collect()).collect();
        Self { bars, strict: request.strict, grid: cells.grid(), ..Self::default() }
    }

    /// Chords that are set bar by bar ([`Self::set`]), whose events are given.
    pub fn given(cells: &Cells, strict: bool) -> Self {
        Self { strict, grid: cells.grid(), ..Self::default() }
    }

    /// Sets the chords of the bar being written.
    pub fn set(&mut self, chords: &[(u64, Option<Chord>)]) {
        let placed = |&(step, chord): &(u64, Option<Chord>)| Placed { step, chord, kind: NONE, root: NONE };
        self.bar = chords.iter().map(placed).collect();
        self.come = self.bar.len();
    }

    /// Begins bar number `bar`, from 0, of so many grid steps.
    pub fn begin_bar(&mut self, bar: usize, steps: u64) {
        let Some(chords) = bar.checked_rem(self.bars.len()).map(|bar| &self.bars[bar]) else { return };
        let count = chords.len().max(1) as u64;
        let placed = |(index, &(chord, kind, root)): (usize, &Named)| Placed {
            step: steps * index as u64 / count,
            chord,
            kind,
            root,
        };
        self.bar = chords.iter().enumerate().map(placed).collect();
        self.bar.dedup_by_key(|placed| placed.step);
        self.come = 0;
    }

    /// Notes that the event of a chord has come.
    pub fn follow(&mut self) {
        self.come += 1;
    }

    /// Whether the event of a chord must come next.
    pub fn is_due(&self) -> bool {
        self.come < self.bar.len()
    }

    /// Takes out of `allowed` everything but the chord that must come next.
    pub fn mask_due(&self, events: &EventVocabulary, field: usize, allowed: &mut [bool]) {
        let (Some(next), Some(fields)) = (self.bar.get(self.come), events.note_fields) else { return };
        let wanted = match field {
            0 => next.kind,
            _ if field == fields.position => next.step as Value + FIRST_POSITION,
            _ if field == fields.pitch => next.root,
            _ => return,
        };
        allowed.iter_mut().enumerate().for_each(|(value, allowed)| *allowed &= value == usize::from(wanted));
    }

    /// The chord at a step of the bar, and whether it begins there.
    fn at(&self, step: u64) -> Option<(Chord, bool)> {
        let placed = self.bar.iter().rev().find(|placed| placed.step <= step)?;
        Some((placed.chord?, placed.step == step))
    }

    /// Takes out of `allowed` the pitches and lengths that strict chords refuse.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if field == 0 && self.strict {
            return without_rhythm(events, allowed);
        }
        let (Some(fields), true) = (events.note(earlier), self.strict) else { return };
        let of = |field: usize| earlier.get(field).copied().unwrap_or(NONE);
        let Some((chord, begins)) = step_of(of(fields.position)).and_then(|step| self.at(step)) else { return };
        let player = events.instruments.get(usize::from(of(fields.instrument))).copied().flatten();
        if field == fields.pitch && begins {
            for (allowed, pitch) in allowed.iter_mut().zip(&events.pitches) {
                *allowed &= pitch.is_none_or(|it| it.is_drum || fits(chord, player, it.pitch));
            }
        } else if field == fields.duration {
            let pitch = events.pitch(of(fields.pitch)).filter(|it| !it.is_drum);
            if pitch.is_some_and(|it| !chord.contains(it.pitch)) {
                let short = |steps: u64| steps < self.grid;
                allowed.iter_mut().zip(&events.durations).for_each(|(allowed, steps)| *allowed &= short(*steps));
            }
        }
    }

    /// Whether strict chords let a note be.
    pub fn allows(&self, events: &EventVocabulary, note: &[Value]) -> bool {
        let (Some(fields), true) = (events.note_fields, self.strict) else { return true };
        let Some((chord, begins)) = step_of(note[fields.position]).and_then(|step| self.at(step)) else { return true };
        let player = events.instruments.get(usize::from(note[fields.instrument])).copied().flatten();
        let Some(pitch) = events.pitch(note[fields.pitch]).filter(|it| !it.is_drum) else { return true };
        let long = events.durations.get(usize::from(note[fields.duration])).is_some_and(|steps| *steps >= self.grid);
        (!begins || fits(chord, player, pitch.pitch)) && (!long || chord.contains(pitch.pitch))
    }
}

/// Whether a pitch may begin with a chord.
fn fits(chord: Chord, player: Option<Instrument>, pitch: u8) -> bool {
    let is_bass = matches!(player, Some(Instrument::Program(program)) if BASSES.contains(&program));
    match chord.bass.filter(|_| is_bass) {
        Some(bass) => pitch % 12 == bass % 12,
        None => chord.contains(pitch),
    }
}
