//! Pieces composed together on one thread.
//!
//! The model answers the questions of all pieces in one pass over its weights, field by field, and
//! reads their events in another. A piece draws from its own stream and sees only its own stream,
//! so what it becomes depends on nothing but its number.

use crate::composition::Composition;
use crate::plan::CompositionPlan;
use crate::{ComposeError, Piece, PieceProgress};
use leitmotif_events::Value;
use leitmotif_model::{DecodingBatch, Model};
use std::sync::atomic::{AtomicBool, Ordering};

/// Events of openings that the model is given at once, or a few more.
const OPENING_EVENTS: usize = 64;

/// Streams of the model for each piece: one that writes it, and one that keeps what the model was
/// where a bar began that may be drawn again.
pub(crate) const STREAMS_PER_PIECE: usize = 2;

/// Composes the pieces of these numbers, and hands each, or why there is none, to `finished` as
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
        sizes: &model.description().sizes,
        batch: model.decoding_batch(STREAMS_PER_PIECE * compositions.len()),
        running: (0..compositions.len()).collect(),
        compositions,
        asking: Vec::new(),
        streams: Vec::new(),
        values: Vec::new(),
        logits: Vec::new(),
    };
    group.open(finished);
    while !group.running.is_empty() && !cancel.load(Ordering::Relaxed) {
        group.draw();
        group.advance(progress, finished);
    }
    for &stream in &group.running {
        finished(group.compositions[stream].piece(), Err(ComposeError::Cancelled));
    }
}

struct Group<'a> {
    /// Values of each field.
    sizes: &'a [usize],
    /// A stream for each piece, and one for where its bar began.
    batch: Box<dyn DecodingBatch + 'a>,
    compositions: Vec<Composition<'a>>,
    /// The streams whose pieces are not complete, ascending.
    running: Vec<usize>,
    /// Those of them that wait for logits, after the field that they wait for.
    asking: Vec<(usize, usize)>,
    /// What the decoding batch is told: streams, and their values.
    streams: Vec<usize>,
    values: Vec<Value>,
    logits: Vec<f32>,
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
                    self.read();
                    self.batch.condition(stream, self.compositions[stream].condition(event));
                }
                self.streams.push(stream);
                self.values.extend_from_slice(event);
            }
            if self.streams.len() >= OPENING_EVENTS {
                self.read();
            }
        }
        self.read();
    }

    /// Lets the model read the events of `streams`.
    fn read(&mut self) {
        self.batch.push(&self.streams, &self.values);
        self.streams.clear();
        self.values.clear();
    }

    /// Draws the next event of each running piece.
    fn draw(&mut self) {
        self.asking.clear();
        self.asking.extend(self.running.iter().map(|&stream| (0, stream)));
        loop {
            let compositions = &mut self.compositions;
            self.asking.retain_mut(|(field, stream)| match compositions[*stream].draw() {
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
            for &(_, stream) in asking {
                self.streams.push(stream);
                self.values.extend_from_slice(self.compositions[stream].event());
            }
            self.logits.resize(asking.len() * size, 0.0);
            self.batch.logits(&self.streams, &self.values, field, &mut self.logits);
            for (&stream, logits) in self.streams.iter().zip(self.logits.chunks_exact(size)) {
                self.compositions[stream].take_logits(logits);
            }
            self.streams.clear();
            self.values.clear();
        }
    }

    /// Adds the events that were drawn to their pieces, hands over those that are complete, and
    /// lets the model read the others'.
    fn advance(
        &mut self,
        progress: &(dyn Fn(PieceProgress) + Sync),
        finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>),
    ) {
        let copies = self.compositions.len();
        let mut begun = Vec::new();
        self.running.retain(|&stream| {
            let composition = &mut self.compositions[stream];
            if composition.goes_back() {
                self.batch.copy(copies + stream, stream);
                return true;
            }
            let first = self.values.len();
            self.values.extend_from_slice(composition.event());
            if let Some(now) = composition.follow() {
                progress(now);
            }
            let goes_on = !composition.hand_over(finished);
            if goes_on {
                if let Some(condition) = composition.condition(&self.values[first..]) {
                    self.batch.condition(stream, Some(condition));
                }
                self.streams.push(stream);
                if composition.begins_bar(&self.values[first..]) && composition.mark() {
                    begun.push(stream);
                }
            } else {
                self.values.truncate(first);
            }
            goes_on
        });
        self.read();
        begun.into_iter().for_each(|stream| self.batch.copy(stream, copies + stream));
    }
}
