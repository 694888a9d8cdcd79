//! Pieces composed together on one thread.
//!
//! The model computes the logits of all pieces in one pass over its weights, field by field, and
//! reads their events in another. A piece draws from its own random stream and reads only its own
//! stream, so that the result depends on nothing but its number.

use crate::composition::Composition;
use crate::drive::{DrawEvents, Drive};
use crate::plan::CompositionPlan;
use crate::{ComposeError, Piece, PieceProgress};
use leitmotif_model::Model;
use std::sync::atomic::{AtomicBool, Ordering};

/// Events of openings that the model is given at once, or a few more.
const OPENING_EVENTS: usize = 64;

/// Streams of the model for each piece: one that writes it, and one that keeps the state where a
/// bar began that may be drawn again.
pub(crate) const STREAMS_PER_PIECE: usize = 2;

/// Composes the pieces of these numbers, and passes each, or why there is none, to `finished` as
/// soon as it is complete.
pub(crate) fn compose_together(
    pieces: &[(u64, &CompositionPlan<'_>)],
    model: &dyn Model,
    progress: &(dyn Fn(PieceProgress) + Sync),
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
        drive: Drive::new(model, STREAMS_PER_PIECE * compositions.len()),
        running: (0..compositions.len()).collect(),
        compositions,
    };
    group.open(finished);
    while !group.running.is_empty() && !cancel.load(Ordering::Relaxed) {
        if group.drive.draw(&mut group.compositions, &group.running).is_err() {
            for &stream in &group.running {
                finished(group.compositions[stream].piece(), Err(ComposeError::NotFinite));
            }
            return;
        }
        group.advance(progress, finished);
    }
    for &stream in &group.running {
        finished(group.compositions[stream].piece(), Err(ComposeError::Cancelled));
    }
}

struct Group<'a> {
    /// A stream for each piece, and one for where its bar began.
    drive: Drive<'a>,
    compositions: Vec<Composition<'a>>,
    /// The streams whose pieces are not complete, ascending.
    running: Vec<usize>,
}

impl Group<'_> {
    /// Lets the model read how the pieces begin.
    fn open(&mut self, finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>)) {
        self.running.retain(|&stream| !self.compositions[stream].hand_over(finished));
        let plans: Vec<&CompositionPlan<'_>> = self.compositions.iter().map(Composition::plan).collect();
        let longest = self.running.iter().map(|&stream| plans[stream].opening.len()).max().unwrap_or(0);
        for at in 0..longest {
            for index in 0..self.running.len() {
                let stream = self.running[index];
                let plan = plans[stream];
                if at >= plan.opening.len() {
                    continue;
                }
                let event = plan.opening.event(at);
                if plan.latents.is_some() && plan.events.kind(event).is_bar() {
                    self.drive.read();
                    self.drive.batch.condition(stream, self.compositions[stream].condition(event));
                }
                self.drive.push(stream, event);
            }
            if self.drive.waiting() >= OPENING_EVENTS {
                self.drive.read();
            }
        }
        self.drive.read();
    }

    /// Adds the events that were drawn to their pieces, passes on those that are complete, and lets
    /// the model read the others'.
    fn advance(
        &mut self,
        progress: &(dyn Fn(PieceProgress) + Sync),
        finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>),
    ) {
        let copies = self.compositions.len();
        let (mut begun, mut event) = (Vec::new(), Vec::new());
        self.running.retain(|&stream| {
            let composition = &mut self.compositions[stream];
            if composition.goes_back() {
                self.drive.batch.copy(copies + stream, stream);
                return true;
            }
            event.clear();
            event.extend_from_slice(composition.event());
            if let Some(now) = composition.follow() {
                progress(now);
            }
            let goes_on = !composition.hand_over(finished);
            if goes_on {
                if let Some(condition) = composition.condition(&event) {
                    self.drive.batch.condition(stream, Some(condition));
                }
                self.drive.push(stream, &event);
                if composition.begins_bar(&event) && composition.mark() {
                    begun.push(stream);
                }
            }
            goes_on
        });
        self.drive.read();
        begun.into_iter().for_each(|stream| self.drive.batch.copy(stream, copies + stream));
    }
}
