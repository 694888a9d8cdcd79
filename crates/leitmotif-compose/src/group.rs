//! Pieces composed together on one thread.
//!
//! The model answers the questions of all pieces in one pass over its weights, field by field, and reads their events in
//! another. A piece draws from its own stream and sees only its own lane, so what it becomes depends on nothing but its
//! number.

use crate::composition::Composition;
use crate::plan::Plan;
use crate::{ComposeError, Piece, Progress};
use leitmotif_events::Value;
use leitmotif_model::{Ensemble, Model};
use std::sync::atomic::{AtomicBool, Ordering};

/// Events of openings that the model is given at once, or a few more.
const OPENING_EVENTS: usize = 64;

/// Lanes of the model for each piece: one that writes it, and one that keeps what the model was
/// where a bar began that may be drawn again.
pub(crate) const LANES_A_PIECE: usize = 2;

/// Composes the pieces of these numbers, and hands each, or why there is none, to `finished` as soon as it is complete.
pub(crate) fn compose_together(
    pieces: &[(u64, &Plan<'_>)],
    model: &dyn Model,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
    finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>),
) {
    let mut compositions = Vec::with_capacity(pieces.len());
    for &(piece, plan) in pieces {
        match Composition::new(plan, piece) {
            Ok(composition) => compositions.push(composition),
            Err(error) => finished(piece, Err(error)),
        }
    }
    let mut group = Group {
        sizes: &model.description().sizes,
        ensemble: model.ensemble(LANES_A_PIECE * compositions.len()),
        running: (0..compositions.len()).collect(),
        compositions,
        asking: Vec::new(),
        lanes: Vec::new(),
        values: Vec::new(),
        logits: Vec::new(),
    };
    group.open(finished);
    while !group.running.is_empty() && !cancel.load(Ordering::Relaxed) {
        group.draw();
        group.advance(progress, finished);
    }
    for &lane in &group.running {
        finished(group.compositions[lane].piece(), Err(ComposeError::Cancelled));
    }
}

struct Group<'a> {
    /// Values of each field.
    sizes: &'a [usize],
    /// A lane for each piece, and one for where its bar began.
    ensemble: Box<dyn Ensemble + 'a>,
    compositions: Vec<Composition<'a>>,
    /// The lanes whose pieces are not complete, ascending.
    running: Vec<usize>,
    /// Those of them that wait for logits, after the field that they wait for.
    asking: Vec<(usize, usize)>,
    /// What the ensemble is told: lanes, and their values.
    lanes: Vec<usize>,
    values: Vec<Value>,
    logits: Vec<f32>,
}

impl Group<'_> {
    /// Lets the model read how the pieces begin.
    fn open(&mut self, finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>)) {
        self.running.retain(|&lane| !self.compositions[lane].hand_over(finished));
        let plans: Vec<&Plan<'_>> = self.compositions.iter().map(Composition::plan).collect();
        let longest = self.running.iter().map(|&lane| plans[lane].opening.len()).max().unwrap_or(0);
        for at in 0..longest {
            for index in 0..self.running.len() {
                let lane = self.running[index];
                let plan = plans[lane];
                if at >= plan.opening.len() {
                    continue;
                }
                let event = plan.opening.event(at);
                if plan.latents.is_some() && plan.events.kind(event).is_bar() {
                    self.read();
                    self.ensemble.condition(lane, self.compositions[lane].condition(event));
                }
                self.lanes.push(lane);
                self.values.extend_from_slice(event);
            }
            if self.lanes.len() >= OPENING_EVENTS {
                self.read();
            }
        }
        self.read();
    }

    /// Lets the model read the events of `lanes`.
    fn read(&mut self) {
        self.ensemble.push(&self.lanes, &self.values);
        self.lanes.clear();
        self.values.clear();
    }

    /// Draws the next event of each running piece.
    fn draw(&mut self) {
        self.asking.clear();
        self.asking.extend(self.running.iter().map(|&lane| (0, lane)));
        loop {
            let compositions = &mut self.compositions;
            self.asking.retain_mut(|(field, lane)| match compositions[*lane].draw() {
                Some(asked) => {
                    *field = asked;
                    true
                }
                None => false,
            });
            if self.asking.is_empty() {
                return;
            }
            self.asking.sort_unstable();
            self.answer();
        }
    }

    /// Answers those who ask, all questions about a field together.
    fn answer(&mut self) {
        for asking in self.asking.chunk_by(|a, b| a.0 == b.0) {
            let (field, size) = (asking[0].0, self.sizes[asking[0].0]);
            for &(_, lane) in asking {
                self.lanes.push(lane);
                self.values.extend_from_slice(self.compositions[lane].event());
            }
            self.logits.resize(asking.len() * size, 0.0);
            self.ensemble.logits(&self.lanes, &self.values, field, &mut self.logits);
            for (&lane, logits) in self.lanes.iter().zip(self.logits.chunks_exact(size)) {
                self.compositions[lane].take_logits(logits);
            }
            self.lanes.clear();
            self.values.clear();
        }
    }

    /// Adds the events that were drawn to their pieces, hands over those that are complete, and lets the model read the others'.
    fn advance(
        &mut self,
        progress: &(dyn Fn(Progress) + Sync),
        finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>),
    ) {
        let copies = self.compositions.len();
        let mut begun = Vec::new();
        self.running.retain(|&lane| {
            let composition = &mut self.compositions[lane];
            if composition.goes_back() {
                self.ensemble.copy(copies + lane, lane);
                return true;
            }
            let first = self.values.len();
            self.values.extend_from_slice(composition.event());
            if let Some(told) = composition.follow() {
                progress(told);
            }
            let goes_on = !composition.hand_over(finished);
            if goes_on {
                if let Some(condition) = composition.condition(&self.values[first..]) {
                    self.ensemble.condition(lane, Some(condition));
                }
                self.lanes.push(lane);
                if composition.begins_bar(&self.values[first..]) && composition.mark() {
                    begun.push(lane);
                }
            } else {
                self.values.truncate(first);
            }
            goes_on
        });
        self.read();
        begun.into_iter().for_each(|lane| self.ensemble.copy(lane, copies + lane));
    }
}
