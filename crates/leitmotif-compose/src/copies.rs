//! Copies of training songs, kept short while a piece is written.
//!
//! The measure (`leitmotif_measures::originality`) reads a finished score as lines of notes on a
//! grid. Here the same lines grow note by note, each at the step that it will have in the final
//! score, and a pitch is barred if a note there would make a run in common longer than allowed.
//! Only the notes written last are cut off at the end of a piece, so that all notes that are left
//! have been checked. A prime's notes stand in the lines from the start and are never barred: a run
//! that is too long lies wholly in the prime.
//!
//! A player's first notes are free, bars and the end are never barred: there is always a way on.

use crate::assemble::{Placement, clock};
use crate::prime::Primed;
use crate::{AvoidCopies, ComposeError};
use leitmotif_events::{EventVocabulary, PitchValue, Representation, RepresentationConfig, Sequence, Value, step_of};
use leitmotif_measures::OriginalityIndex;
use leitmotif_measures::originality::{Line, LineNote, Player, grid_step, lines};
use leitmotif_score::{Quarters, Resolution, Ticks};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lines of a piece as far as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    index: Arc<OriginalityIndex>,
    most: usize,
    lines: BTreeMap<Player, Line>,
    /// The clock of the decoded sequence, and a grid step in it.
    decoded: Resolution,
    step: Ticks,
    /// The clock of the final score, and where a note comes to stand in it behind a prime.
    resolution: Resolution,
    placement: Option<Placement>,
    /// Where new music begins, in the clock of the decoded sequence.
    from: Ticks,
    /// Where the bar being written begins and ends, in the clock of the decoded sequence.
    bar: (Ticks, Ticks),
}

impl Copies {
    /// What stands before anything is composed.
    ///
    /// # Errors
    /// [`ComposeError::Request`] if the representation does not distinguish instruments and onsets,
    /// [`ComposeError::Setting`] if no run at all is allowed.
    pub fn new(
        avoid: &AvoidCopies,
        representation: &dyn Representation,
        opening: &Sequence,
        primed: Option<&Primed>,
    ) -> Result<Self, ComposeError> {
        let RepresentationConfig::Events { grid, .. } = representation.vocabulary().settings else {
            let reason = "copies can only be avoided note by note, with rhythm and instruments: use a model of the \
                          representation events";
            return Err(ComposeError::Request(reason.into()));
        };
        if avoid.most == 0 {
            return Err(ComposeError::setting("avoid_copies", 0, "at least 1 note"));
        }
        let decoded = representation.decode(opening)?.resolution;
        let from = primed.map_or(Ticks(0), |primed| decoded.ticks(Quarters(primed.line)));
        let mut copies = Self {
            index: avoid.index.clone(),
            most: avoid.most,
            lines: BTreeMap::new(),
            decoded,
            step: Ticks(decoded.ticks_per_quarter() / u64::from(grid.max(1))),
            resolution: decoded,
            placement: None,
            from,
            bar: (from, from),
        };
        if let Some(primed) = primed {
            copies.resolution = clock(primed.score.resolution, representation);
            copies.placement = Some(Placement::new(primed, decoded, copies.resolution));
            let prime = primed.score.with_resolution(copies.resolution);
            copies.lines = lines(&prime).into_iter().map(|line| (line.player(), line)).collect();
        }
        Ok(copies)
    }

    /// The player of a note and its step in the score; `None` if it is not part of the new music.
    fn place(&self, events: &EventVocabulary, event: &[Value]) -> Option<(Player, u64)> {
        let note = events.note(event)?;
        let instrument = *events.instruments.get(usize::from(*event.get(note.instrument)?))?;
        let position = step_of(*event.get(note.position)?)?;
        let at = self.bar.0 + Ticks(position * self.step.0);
        let placed = self.placement.map_or(at, |placement| placement.tick(at));
        (at >= self.from).then_some((Player::of(instrument?), grid_step(placed, self.resolution)))
    }

    /// Follows one event, which the grammar has accepted.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value]) {
        let kind = events.kind(event);
        if kind.is_bar() {
            let begins = self.bar.1;
            self.bar = (begins, begins + self.decoded.ticks(Quarters(kind.quarters())));
        }
        let Some((player, step)) = self.place(events, event) else { return };
        let value = events.note_fields.and_then(|note| event.get(note.pitch));
        if let Some(PitchValue { pitch, .. }) = value.and_then(|value| events.pitch(*value)) {
            self.lines.entry(player).or_insert_with(|| Line::new(player)).insert(LineNote { step, pitch });
        }
    }

    /// Takes out of `allowed` the values of field number `field`, after the `earlier` ones, that
    /// would make a copy too long.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if events.note_fields.is_none_or(|note| note.pitch != field) {
            return;
        }
        let Some((player, step)) = self.place(events, earlier) else { return };
        let Some(line) = self.lines.get(&player) else { return };
        let forbidden = self.index.forbid(line, step, self.most);
        let is_barred = |pitch: &Option<PitchValue>| pitch.is_some_and(|it| forbidden[usize::from(it.pitch)]);
        let pitches = allowed.iter_mut().zip(&events.pitches);
        pitches.for_each(|(allowed, pitch)| *allowed &= !is_barred(pitch));
    }
}
