//! One piece while it is composed. Its caller supplies the model's logits when it needs them, and
//! feeds its events to the model.

use crate::attribute_mask::AttributeMask;
use crate::drive::DrawEvents;
use crate::ensemble::Entries;
use crate::form::{Form, FormRequest};
use crate::half_empty::HalfEmpty;
use crate::harmony::Harmony;
use crate::latent::Conditioner;
use crate::parts::PartLimits;
use crate::piece_state::{Counted, PieceState};
use crate::plan::CompositionPlan;
use crate::redraw::{Checkpoint, Closing};
use crate::repeats::Repeats;
use crate::report::provenance;
use crate::sampler::{Draw, EventSampler, TracedEvent};
use crate::{ComposeError, Length, Piece, PieceProgress, PieceReport, assemble};
use leitmotif_events::{EventKind, Grammar, Sequence, Value};
use leitmotif_model::Condition;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Events between two reports of progress.
const REPORT_EVERY: usize = 64;

/// A piece being composed.
pub(crate) struct Composition<'a> {
    plan: &'a CompositionPlan<'a>,
    /// Its number.
    piece: u64,
    grammar: Box<dyn Grammar + 'a>,
    state: PieceState,
    sampler: EventSampler<'a>,
    sequence: Sequence,
    /// How each event since the opening was drawn, where that is requested.
    trace: Vec<TracedEvent>,
    /// Where the bar being written began, where it may be drawn again.
    checkpoint: Option<Checkpoint<'a>>,
    /// Bars that were drawn again.
    redrawn_bars: usize,
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
    /// [`ComposeError`] if the opening is not grammatical or the length too short for the
    /// instruments.
    pub fn new(plan: &'a CompositionPlan<'a>, piece: u64) -> Result<Self, ComposeError> {
        let mut grammar = plan.representation.grammar();
        for event in plan.opening.events() {
            grammar.accept(event)?;
        }
        let mut state = set_out(plan, piece, Counted::by(&*grammar))?;
        if plan.latents.is_some() {
            state.attribute_mask = AttributeMask::new(&plan.vocabulary().settings, plan.masks.drums(plan.events));
        }
        state.copies = plan.copies.clone();
        let mut rng = ChaCha8Rng::seed_from_u64(plan.request.seed);
        rng.set_stream(piece);
        let sampler = EventSampler::new(plan.events, &plan.masks, plan.vocabulary(), &plan.request, rng);
        let end = plan.primed.as_ref().map_or(0.0, |primed| primed.line);
        let complete = grammar.is_finished();
        let conditioner = plan.latents.as_ref().map(|latents| {
            let (classes, seeds) = (latents.classes.clone(), (plan.request.seed, piece));
            Conditioner::new(latents.space, &latents.conditions, classes, &latents.header, &latents.opening, seeds)
        });
        let sequence = plan.opening.clone();
        Ok(Self {
            plan,
            piece,
            grammar,
            state,
            sampler,
            sequence,
            trace: Vec::new(),
            checkpoint: None,
            redrawn_bars: 0,
            conditioner,
            end,
            complete,
        })
    }

    /// The condition that the model gets before it reads `event`, if that begins a bar and the
    /// model has latents.
    pub fn condition(&mut self, event: &[Value]) -> Option<Condition<'_>> {
        let conditioner = self.conditioner.as_mut().filter(|_| self.plan.events.kind(event).is_bar())?;
        conditioner.begin_bar();
        if let Some(attribute_mask) = &mut self.state.attribute_mask {
            conditioner.ask(attribute_mask);
        }
        Some(conditioner.now())
    }

    /// Its plan.
    pub fn plan(&self) -> &'a CompositionPlan<'a> {
        self.plan
    }

    /// Whether an event begins a bar.
    pub fn begins_bar(&self, event: &[Value]) -> bool {
        self.plan.events.kind(event).is_bar()
    }

    /// Its number.
    pub fn piece(&self) -> u64 {
        self.piece
    }

    /// Passes on the piece if it is complete; returns whether it did.
    pub fn hand_over(&self, finished: &mut dyn FnMut(u64, Result<Piece, ComposeError>)) -> bool {
        if self.complete {
            finished(self.piece, self.finish());
        }
        self.complete
    }

    /// Whether the bar that has just begun may be drawn again; it then starts from here.
    pub fn mark(&mut self) -> bool {
        let endings = if self.state.is_last_bar() { self.plan.request.endings } else { 1 };
        let open = !self.complete && !self.state.form.returns();
        let marks = open && (endings > 1 || self.state.repeats.must_differ() || self.state.half_empty.must_sound());
        self.checkpoint = marks.then(|| {
            let counts = (self.sequence.len(), self.trace.len());
            Checkpoint::new(self.grammar.fork(), self.state.clone(), counts, endings)
        });
        if marks && self.may_depart() && self.state.repeats.departs_at_once() {
            self.state.repeats.depart(self.sampler.chance());
        }
        marks
    }

    /// Whether a bar can depart from the one before at one of its notes: not where notes are
    /// repeated as cells.
    fn may_depart(&self) -> bool {
        self.plan.representation.cells().is_none()
    }

    /// Looks at the bar that the event just drawn closes, if it does and may be drawn again. True
    /// if it is: the piece stands where the bar began, and the model must go back there too.
    pub fn goes_back(&mut self) -> bool {
        let kind = self.plan.events.kind(self.sampler.event());
        let closes = kind.is_bar() || kind == EventKind::End;
        if self.complete || !closes {
            return false;
        }
        let Some(mut checkpoint) = self.checkpoint.take() else { return false };
        let ending = (kind == EventKind::End).then_some(self.sampler.ending);
        let closing = Closing { grammar: &*self.grammar, state: &self.state, sequence: &self.sequence };
        let chance = self.sampler.chance();
        if checkpoint.again(&closing, ending, &self.trace, chance) {
            self.redrawn_bars += 1;
            (self.grammar, self.state) = checkpoint.start();
            if self.may_depart() && checkpoint.must_depart() {
                self.state.repeats.depart(self.sampler.chance());
            }
            if checkpoint.must_be_new() {
                self.state.half_empty.write_anew();
            }
            self.sequence.truncate(checkpoint.events());
            self.trace.truncate(checkpoint.traced());
            self.sampler.begin();
            self.checkpoint = Some(checkpoint);
            return true;
        }
        if let Some(candidate) = checkpoint.chosen() {
            // An earlier candidate is the bar; its end event is the one just drawn.
            self.sequence.truncate(checkpoint.events());
            candidate.values.chunks_exact(self.sequence.fields()).for_each(|event| self.sequence.push(event));
            self.trace.truncate(checkpoint.traced());
            self.trace.extend(candidate.trace);
            (self.grammar, self.state) = (candidate.grammar, candidate.state);
        }
        false
    }

    /// Adds the event that was drawn, if there was one. Returns how far the piece has come, from
    /// time to time and in the end.
    pub fn follow(&mut self) -> Option<PieceProgress> {
        if !self.complete {
            let (events, event) = (self.plan.events, self.sampler.event());
            self.sequence.push(event);
            self.end += events.kind(event).quarters();
            self.state.follow(events, event, &*self.grammar);
            self.trace.extend(self.sampler.traced());
            self.sampler.begin();
            self.complete = self.grammar.is_finished();
        }
        let Counted { bars, notes, seconds } = self.state.now;
        let done = if self.complete { 1.0 } else { self.state.done() };
        let due = self.complete || self.events().is_multiple_of(REPORT_EVERY);
        due.then_some(PieceProgress { piece: self.piece, bars, notes, seconds, done })
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
        let CompositionPlan { representation, request, events, primed, tempo, .. } = self.plan;
        let (primed, drawing) = (primed.as_ref(), self.sampler.drawing);
        let end = events.note_fields.map(|_| self.end);
        let mut score = assemble::assemble(*representation, &self.sequence, primed, *tempo, end, request)?;
        score.texts.push(provenance(request, primed, self.piece, self.plan.precision)?);
        let prime_bars = primed.map_or(0, |primed| primed.bars);
        let bars = if events.note_fields.is_some() { self.state.bars } else { self.state.now.bars };
        let report = PieceReport {
            path: None,
            piece: self.piece,
            bars: prime_bars + bars,
            notes: score.note_count(),
            seconds: score.duration().0,
            instruments: score.instruments().into_iter().map(leitmotif_score::Instrument::name).collect(),
            prime_bars,
            events: self.events(),
            redrawn_events: drawing.redrawn,
            masked_events: drawing.masked,
            redrawn_bars: self.redrawn_bars,
            invalid_events: drawing.invalid,
            valid: drawing.invalid == 0 && self.grammar.is_finished(),
        };
        Ok(Piece { score, sequence: self.sequence.clone(), report, trace: self.trace.clone() })
    }
}

impl DrawEvents for Composition<'_> {
    fn draw(&mut self) -> Option<usize> {
        match self.sampler.draw(&mut *self.grammar, &self.state, &self.sequence) {
            Draw::Asks(field) => return Some(field),
            Draw::Done => {}
            Draw::Stuck => self.complete = true,
        }
        None
    }

    fn event(&self) -> &[Value] {
        self.sampler.event()
    }

    fn take_logits(&mut self, logits: &[f32]) {
        self.sampler.take_logits(logits);
    }
}

/// Prepares the piece's state: rules, missing instruments, the tempo to begin with.
fn set_out(plan: &CompositionPlan<'_>, piece: u64, start: Counted) -> Result<PieceState, ComposeError> {
    let CompositionPlan { representation, request, events, masks, tempo, opening, primed, .. } = plan;
    let mut state = PieceState::new(request.length, start);
    state.has_cells = events.has_cells();
    if let Some(chords) = &request.chords {
        state.harmony = Harmony::new(crate::harmony::cells(request, *representation)?, chords);
    }
    if let Some(form) = &request.form {
        state.form = set_form(plan, form, piece)?;
    }
    state.most_silent_bars = request.most_silent_bars;
    state.most_notes_in_bar = request.most_notes_in_bar;
    let (observed, genre) = (request.observed.as_deref(), request.header.genre.as_ref());
    state.repeats = Repeats::new(request.most_equal_bars, observed, genre, plan.song.as_ref(), request.length);
    state.half_empty = HalfEmpty::new(plan.song.as_ref(), request.length);
    let notes = || opening.events().filter(|event| events.kind(event) == EventKind::Note);
    let sounded =
        |value: &Value| events.note_fields.is_some_and(|note| notes().any(|event| event[note.instrument] == *value));
    if let Some(observed) = observed {
        state.parts = PartLimits::new(events, observed);
    }
    let players = masks.playing();
    let bars = primed.as_ref().map_or(0, |primed| primed.bars);
    state.entries = Entries::new(events, &players, plan.song.as_ref(), request.length, bars);
    notes().for_each(|event| state.parts.follow(events, event));
    state.header_open = players.is_empty() && primed.is_none() && request.constraints.instruments.is_empty();
    state.missing = masks.required.iter().copied().filter(|value| !sounded(value)).collect();
    if let Length::Notes(notes) = request.length
        && notes < state.missing.len()
    {
        let reason = format!("{notes} notes are too few for {} instruments", state.missing.len());
        return Err(ComposeError::Request(reason));
    }
    let mut tempos = opening.events().rev().filter(|event| events.kind(event).is_tempo());
    let current = tempos.next().map(|event| usize::from(event[0]));
    state.tempo_known = current.is_some();
    if let Some(tempo) = tempo {
        state.tempo_fixed = true;
        state.tempo_due = tempo.kind.filter(|&kind| current != Some(kind));
        state.pace = tempo.nearest / tempo.exact;
    }
    Ok(state)
}

/// The form of the piece: its length is in bars, and chords that are enforced return with it.
fn set_form(plan: &CompositionPlan<'_>, form: &FormRequest, piece: u64) -> Result<Form, ComposeError> {
    let CompositionPlan { representation, request, .. } = plan;
    let refuse = |reason: &str| ComposeError::Request(reason.to_owned());
    let cells = representation
        .cells()
        .ok_or_else(|| refuse("only models of cells write forms: prepare the songs with --representation cells"))?;
    let Length::Bars(bars) = request.length else {
        return Err(refuse("a form needs a length in bars"));
    };
    let form = Form::new(cells, form, bars, (request.seed, piece))?;
    let strict = request.chords.as_ref().filter(|chords| chords.strict);
    let every = strict.map_or(1, |chords| chords.progression.bars.len().max(1));
    let chords_return = form.lags().all(|lag| lag % every == 0);
    let reason = "strict chords must return with the sections: make these as long as the progression";
    chords_return.then_some(form).ok_or_else(|| refuse(reason))
}
