//! One piece while it is composed, as far as it has come. Whoever drives it answers its questions with a model's logits
//! and tells the model of its events.

use crate::course::{Counted, Course};
use crate::latent::{Conditioner, Keeping};
use crate::meaning::Kind;
use crate::plan::Plan;
use crate::report::provenance;
use crate::writer::{Draw, Writer};
use crate::{ComposeError, Length, Piece, PieceReport, Progress, assemble};
use leitmotif_data::{Grammar, Sequence, Value};
use leitmotif_model::Condition;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Events between two reports of progress.
const REPORT_EVERY: usize = 64;

/// A piece being composed.
pub(crate) struct Composition<'a> {
    plan: &'a Plan<'a>,
    /// Its number.
    piece: u64,
    grammar: Box<dyn Grammar + 'a>,
    course: Course,
    writer: Writer<'a>,
    sequence: Sequence,
    /// Of a model with latents.
    conditioner: Option<Conditioner<'a>>,
    /// Where the last bar ends, in quarters.
    end: f64,
    complete: bool,
}

impl<'a> Composition<'a> {
    /// Piece number `piece`, as far as its opening.
    ///
    /// # Errors
    /// [`ComposeError`] if the opening is not grammatical or the length too short for the instruments.
    pub fn new(plan: &'a Plan<'a>, piece: u64) -> Result<Self, ComposeError> {
        let mut grammar = plan.representation.grammar();
        for event in plan.opening.events() {
            grammar.accept(event)?;
        }
        let mut course = set_out(plan, Counted::by(&*grammar))?;
        if plan.latents.is_some() {
            course.keeping = Keeping::new(plan.vocabulary(), plan.masks.drums(&plan.meaning));
        }
        course.copies = plan.copies.clone();
        let mut rng = ChaCha8Rng::seed_from_u64(plan.request.seed);
        rng.set_stream(piece);
        let writer = Writer::new(&plan.meaning, &plan.masks, plan.vocabulary(), plan.request, rng);
        let end = plan.primed.as_ref().map_or(0.0, |primed| primed.line);
        let complete = grammar.is_finished();
        let conditioner = plan.latents.as_ref().map(|latents| {
            let (classes, seeds) = (latents.classes.clone(), (plan.request.seed, piece));
            Conditioner::new(latents.space, &latents.conditions, classes, &latents.header, &latents.opening, seeds)
        });
        let sequence = plan.opening.clone();
        Ok(Self { plan, piece, grammar, course, writer, sequence, conditioner, end, complete })
    }

    /// What the model is to be told before it reads `event`, if that begins a bar and the model has latents.
    pub fn condition(&mut self, event: &[Value]) -> Option<Condition<'_>> {
        let conditioner = self.conditioner.as_mut().filter(|_| self.plan.meaning.kind(event).is_bar())?;
        conditioner.begin_bar();
        if let Some(keeping) = &mut self.course.keeping {
            conditioner.ask(keeping);
        }
        Some(conditioner.now())
    }

    /// Its number.
    pub fn piece(&self) -> u64 {
        self.piece
    }

    /// Hands the piece over if nothing more follows; whether it did.
    pub fn hand_over(&self, finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>)) -> bool {
        if self.complete {
            finished(self.piece, self.finish());
        }
        self.complete
    }

    /// Draws the next event as far as it comes without logits it does not have, and returns the field it needs them of.
    pub fn draw(&mut self) -> Option<usize> {
        match self.writer.draw(&mut *self.grammar, &self.course, &self.sequence) {
            Draw::Asks(field) => return Some(field),
            Draw::Done => {}
            Draw::Stuck => self.complete = true,
        }
        None
    }

    /// The fields of the next event that are drawn.
    pub fn event(&self) -> &[Value] {
        self.writer.event()
    }

    /// Takes the logits of the field that [`Self::draw`] asked for.
    pub fn hear(&mut self, logits: &[f32]) {
        self.writer.hear(logits);
    }

    /// Adds the event that was drawn, if there was one. Returns how far the piece has come, from time to time and in the end.
    pub fn follow(&mut self) -> Option<Progress> {
        if !self.complete {
            let (meaning, event) = (&self.plan.meaning, self.writer.event());
            self.sequence.push(event);
            self.end += meaning.kind(event).quarters();
            self.course.follow(meaning, event, &*self.grammar);
            self.writer.begin();
            self.complete = self.grammar.is_finished();
        }
        let Counted { bars, notes, seconds } = self.course.now;
        let done = if self.complete { 1.0 } else { self.course.done() };
        let due = self.complete || self.events().is_multiple_of(REPORT_EVERY);
        due.then_some(Progress { piece: self.piece, bars, notes, seconds, done })
    }

    /// Events composed.
    fn events(&self) -> usize {
        self.sequence.len() - self.plan.opening.len()
    }

    /// The complete piece as music.
    ///
    /// # Errors
    /// [`ComposeError`] if its events cannot be decoded.
    fn finish(&self) -> Result<Piece, ComposeError> {
        let Plan { representation, request, meaning, primed, tempo, .. } = self.plan;
        let primed = primed.as_ref();
        let end = meaning.places.map(|_| self.end);
        let mut score = assemble::assemble(*representation, &self.sequence, primed, *tempo, end, request)?;
        score.texts.push(provenance(request, primed, self.piece, self.plan.precision)?);
        let prime_bars = primed.map_or(0, |primed| primed.bars);
        let bars = if meaning.places.is_some() { self.course.bars } else { self.course.now.bars };
        let report = PieceReport {
            path: None,
            piece: self.piece,
            bars: prime_bars + bars,
            notes: score.note_count(),
            seconds: score.duration().0,
            instruments: score.instruments().into_iter().map(leitmotif_score::Instrument::name).collect(),
            prime_bars,
            events: self.events(),
            invalid_events: self.writer.invalid,
            valid: self.writer.invalid == 0 && self.grammar.is_finished(),
        };
        Ok(Piece { score, sequence: self.sequence.clone(), report })
    }
}

/// Prepares the course: rules, missing instruments, the tempo to begin with.
fn set_out(plan: &Plan<'_>, start: Counted) -> Result<Course, ComposeError> {
    let Plan { request, meaning, masks, tempo, opening, .. } = plan;
    let mut course = Course::new(request.length, start);
    course.most_silent_bars = request.most_silent_bars;
    course.most_notes_in_bar = request.most_notes_in_bar;
    course.most_equal_bars = request.most_equal_bars;
    let sounded = |value: &Value| {
        let mut notes = opening.events().filter(|event| meaning.kind(event) == Kind::Note);
        meaning.places.is_some_and(|places| notes.any(|event| event[places.instrument] == *value))
    };
    course.played = masks.required.iter().map(|&value| (value, 0)).collect();
    course.missing = masks.required.iter().copied().filter(|value| !sounded(value)).collect();
    if let Length::Notes(notes) = request.length
        && notes < course.missing.len()
    {
        let reason = format!("{notes} notes are too few for {} instruments", course.missing.len());
        return Err(ComposeError::Request(reason));
    }
    let mut tempos = opening.events().rev().filter(|event| meaning.kind(event).is_tempo());
    let current = tempos.next().map(|event| usize::from(event[0]));
    course.tempo_known = current.is_some();
    if let Some(tempo) = tempo {
        course.tempo_fixed = true;
        course.tempo_due = tempo.kind.filter(|&kind| current != Some(kind));
        course.pace = tempo.nearest / tempo.exact;
    }
    Ok(course)
}
