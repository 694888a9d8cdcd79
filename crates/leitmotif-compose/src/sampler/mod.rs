//! One event: field after field, drawn in the model's own proportions among the events that are
//! allowed.
//!
//! Grammar, constraints, the state of the piece and the ban on copies each refuse values of a
//! field. An event's first fields are drawn before it is known whether its later ones are allowed,
//! so masking field by field would bend the choice: a chord would climb because it may not repeat,
//! an instrument would play in the place of a likelier one. Instead a value that is refused rejects
//! the whole event, and a [`Tree`] records what was tried ([`tree`] explains why the proportions
//! stay exact). Whose cell comes next in a window or in a form is given and rejects nothing: a
//! model that is not sure of it must not be less likely to close a cell for that.
//!
//! Where the model gives next to no probability to what is allowed, after [`MOST_EVALUATIONS`]
//! evaluations of a field or where sampling filters leave nothing, values are drawn under masks
//! field by field ([`Mode::Masked`]), dead ends taken back; where even that leaves nothing, the bar
//! closes, then the piece ends.
//!
//! The sampler requests logits and waits for them ([`EventSampler::draw`]), so that the logits of
//! many pieces can be computed together.

mod mode;
mod rule;
#[cfg(test)]
mod tests;
mod trace;
mod tree;

pub use rule::Rule;
pub use trace::{TracedEvent, TracedField};

use crate::masks::Masks;
use crate::piece_state::PieceState;
use crate::{FieldSampling, Filter, Place, Request};
use leitmotif_events::{EventVocabulary, Grammar, NONE, Sequence, Value, Vocabulary};
use mode::{Mode, Rules};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use trace::Trace;
use tree::{Drawn, ROOT, Tree};

/// The most candidates of a bar.
pub const MAX_CANDIDATES: usize = 64;
/// How many fields are evaluated for one event before masks take over.
const MOST_EVALUATIONS: usize = 128;

/// Words of a random stream that each bar has for itself, in [`EventSampler::turn_to_bar`], and
/// each candidate of it; a stream has 2^68.
const WORDS_A_BAR: u128 = 1 << 32;
const WORDS_A_DRAFT: u128 = WORDS_A_BAR / MAX_CANDIDATES as u128;

/// How drawing an event goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draw {
    /// The logits of this field are needed, given the fields of [`EventSampler::event`].
    Asks(usize),
    /// [`EventSampler::event`] is the next event, which the grammar has stepped over.
    Done,
    /// There is none, which no grammar of a valid piece allows.
    Stuck,
}

/// What a try came to.
enum Try {
    Asks(usize),
    Complete,
    Refused,
    /// Nothing is left in this mode.
    Dead,
}

/// What became of one field.
enum Step {
    /// A value of a node.
    Drawn(usize, Drawn),
    /// The only value there can be.
    Only(Value),
    /// No value is left.
    Nothing,
    /// Its logits are needed.
    Asks,
    /// Too much was tried for one event.
    Enough,
}

/// What was drawn of a piece, in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Drawing {
    /// Events that the grammar would not have let through, with the grammar off.
    pub invalid: usize,
    /// Events that were drawn again because a rule refused them.
    pub redrawn: usize,
    /// Events for which masks took over.
    pub masked: usize,
}

/// Draws events. Holds the space it needs.
pub(crate) struct EventSampler<'a> {
    events: &'a EventVocabulary,
    masks: &'a Masks,
    sampling: Vec<FieldSampling>,
    filters: &'a [Arc<dyn Filter>],
    rng: ChaCha8Rng,
    sizes: Vec<usize>,
    /// Of the field at hand; those of the first field are kept for further tries.
    logits: Vec<f32>,
    first: Vec<f32>,
    /// Whether the first field's logits are those of this event, filtered and shifted.
    first_known: bool,
    /// Whether the requested logits have come.
    answered: bool,
    /// Which values of it the rules allow.
    allowed: Vec<bool>,
    /// The values of a field that pass the sampling filters, with their probabilities.
    values: Vec<(usize, f64)>,
    open: Vec<bool>,
    grammar_on: bool,
    tree: Tree,
    mode: Mode,
    /// The event being drawn: its fields so far, and where in the tree they were drawn last.
    event: Vec<Value>,
    at: Option<(usize, usize)>,
    /// Whether each field so far was the only one allowed.
    forced: bool,
    evaluations: usize,
    trace: Trace,
    /// In the last bar: how likely the model was to end there, at the last evaluation of the first
    /// field.
    pub ending: f64,
    /// Of all events so far.
    pub drawing: Drawing,
}

impl<'a> EventSampler<'a> {
    pub fn new(
        events: &'a EventVocabulary,
        masks: &'a Masks,
        vocabulary: &Vocabulary,
        request: &'a Request,
        rng: ChaCha8Rng,
    ) -> Self {
        Self {
            events,
            masks,
            sampling: vocabulary.fields.iter().map(|field| request.sampling.field(&field.name)).collect(),
            filters: &request.filters,
            rng,
            sizes: vocabulary.sizes(),
            logits: Vec::new(),
            first: Vec::new(),
            first_known: false,
            answered: false,
            allowed: Vec::new(),
            values: Vec::new(),
            open: Vec::new(),
            grammar_on: request.grammar,
            tree: Tree::default(),
            mode: if request.grammar { Mode::Exact } else { Mode::Free },
            event: Vec::new(),
            at: None,
            forced: true,
            evaluations: 0,
            trace: Trace::new(request.trace),
            ending: 0.0,
            drawing: Drawing::default(),
        }
    }

    /// The fields that are drawn, all of them once [`Self::draw`] is done.
    pub fn event(&self) -> &[Value] {
        &self.event
    }

    /// Takes the requested logits.
    pub fn take_logits(&mut self, logits: &[f32]) {
        self.logits.clear();
        self.logits.extend_from_slice(logits);
        self.answered = true;
    }

    /// Clears the event that was drawn, for the next.
    pub fn begin(&mut self) {
        self.restart();
        self.tree.clear();
        self.trace.clear();
        self.mode = if self.grammar_on { Mode::Exact } else { Mode::Free };
        (self.first_known, self.answered, self.evaluations) = (false, false, 0);
    }

    /// How the event was drawn, if that is traced.
    pub fn traced(&self) -> Option<TracedEvent> {
        self.trace.event(&self.event, self.mode.masks(), self.evaluations)
    }

    /// A number from 0 to 1 from the stream of the draws.
    pub fn chance(&mut self) -> f64 {
        rand::Rng::random(&mut self.rng)
    }

    /// Draws on from the randomness of candidate number `candidate` of bar number `bar`, which is
    /// the same whatever was drawn before.
    pub fn turn_to_bar(&mut self, bar: usize, candidate: usize) {
        turn_to_bar(&mut self.rng, bar, candidate);
    }

    /// Draws the next event and steps the grammar over it, as far as it can with the logits it has.
    /// Goes on after [`Self::take_logits`].
    pub fn draw(&mut self, grammar: &mut dyn Grammar, state: &PieceState, sequence: &Sequence) -> Draw {
        loop {
            match self.attempt(grammar, state, sequence) {
                Try::Asks(field) => return Draw::Asks(field),
                Try::Complete if grammar.accept(&self.event).is_ok() => {
                    self.drawing.masked += usize::from(self.mode.masks());
                    return Draw::Done;
                }
                Try::Complete if self.mode == Mode::Free => {
                    self.drawing.invalid += 1;
                    self.change_to(Mode::Exact);
                }
                Try::Complete => {
                    if let Some((node, branch)) = self.at {
                        self.tree.close(node, branch);
                    } else if !self.give_up() {
                        return Draw::Stuck;
                    }
                }
                Try::Refused => self.drawing.redrawn += usize::from(self.mode == Mode::Exact),
                Try::Dead => {
                    if !self.give_up() {
                        return Draw::Stuck;
                    }
                }
            }
            self.restart();
        }
    }

    /// Goes on to the next mode; false if there is none.
    fn give_up(&mut self) -> bool {
        let next = self.mode.next();
        next.into_iter().for_each(|mode| self.change_to(mode));
        next.is_some()
    }

    fn change_to(&mut self, mode: Mode) {
        self.mode = mode;
        self.tree.clear();
    }

    /// Begins the event again, excluding what was refused.
    fn restart(&mut self) {
        self.event.clear();
        self.trace.restart();
        (self.at, self.forced) = (None, true);
    }

    /// Draws field after field.
    fn attempt(&mut self, grammar: &dyn Grammar, state: &PieceState, sequence: &Sequence) -> Try {
        while self.event.len() < self.sizes.len() {
            let next = match self.at {
                None => (!self.tree.is_empty()).then_some(ROOT),
                Some((node, branch)) => self.tree.child(node, branch),
            };
            let known = next.filter(|&node| self.tree.field(node) == self.event.len());
            let step = match known {
                Some(node) => {
                    self.tree.draw(node, &mut self.rng).map_or(Step::Nothing, |drawn| Step::Drawn(node, drawn))
                }
                None => self.evaluate(grammar, state, sequence),
            };
            match step {
                Step::Drawn(node, drawn) => {
                    if drawn.refused {
                        let (rules, size) = (self.rules(grammar, state), self.sizes[self.event.len()]);
                        let (mode, event) = (self.mode, &self.event);
                        self.trace.refuse(|| rules.refusing(mode, event, drawn.value, size));
                        return Try::Refused;
                    }
                    self.take(drawn.value, Some(drawn.probability));
                    self.at = Some((node, drawn.branch));
                }
                Step::Only(value) => self.take(value, None),
                Step::Nothing => return self.dead_end(),
                Step::Asks => return Try::Asks(self.event.len()),
                Step::Enough => return Try::Dead,
            }
        }
        Try::Complete
    }

    fn take(&mut self, value: Value, probability: Option<f64>) {
        self.forced &= probability.is_none();
        self.event.push(value);
        self.trace.take(probability);
    }

    /// Makes the node of the field at hand, if it has its logits, and draws from it.
    fn evaluate(&mut self, grammar: &dyn Grammar, state: &PieceState, sequence: &Sequence) -> Step {
        let field = self.event.len();
        self.allow(grammar, state);
        let exact = self.mode == Mode::Exact && field > 0;
        if let Some(value) = only(&self.allowed) {
            // No other value could be drawn, so no refused value has to be drawn first.
            let applies = field == 0 || value != usize::from(NONE);
            let is_given = || {
                let given = self.events.given.contains(&field);
                given || self.rules(grammar, state).determine(&self.event, self.allowed.len())
            };
            if !applies || self.forced || !exact || is_given() {
                return Step::Only(value as Value);
            }
        }
        if !(self.answered || field == 0 && self.first_known) {
            let enough = self.mode == Mode::Exact && self.evaluations >= MOST_EVALUATIONS;
            return if enough { Step::Enough } else { Step::Asks };
        }
        self.weigh(state, sequence);
        self.open.clear();
        if exact {
            // The model's own proportions: what the rules refuse is refused when it is drawn.
            self.open.resize(self.sizes[field], true);
            self.open[usize::from(NONE)] = false;
        } else {
            self.open.extend_from_slice(&self.allowed);
        }
        let logits = if field == 0 { &self.first } else { &self.logits };
        self.sampling[field].distribute_normalised(logits, &self.open, &mut self.values);
        let node = self.tree.add(self.at, field, &self.values, &self.allowed);
        let drawn = if exact {
            self.tree.draw_first(node, &mut self.rng)
        } else {
            self.tree.close_refused(node);
            self.tree.draw(node, &mut self.rng)
        };
        drawn.map_or(Step::Nothing, |drawn| Step::Drawn(node, drawn))
    }

    /// Nothing is left of the field at hand: the value before it is taken out, and the event begins
    /// again.
    fn dead_end(&mut self) -> Try {
        let Some((above, branch)) = self.at else { return Try::Dead };
        self.tree.close(above, branch);
        Try::Refused
    }

    /// Applies the filters and the state's shifts to the logits, once for each evaluation.
    fn weigh(&mut self, state: &PieceState, sequence: &Sequence) {
        let field = self.event.len();
        if !std::mem::take(&mut self.answered) {
            return;
        }
        self.evaluations += 1;
        let place = Place { sequence, earlier: &self.event, field };
        self.filters.iter().for_each(|filter| filter.apply(&place, &mut self.logits));
        if field == 0 {
            self.ending = state.ending(self.events, &self.logits);
        }
        state.shift(self.events, &self.event, field, &mut self.logits);
        if field == 0 {
            std::mem::swap(&mut self.first, &mut self.logits);
            self.first_known = true;
        }
    }

    /// Finds what is allowed of the field at hand.
    fn allow(&mut self, grammar: &dyn Grammar, state: &PieceState) {
        self.allowed.resize(self.sizes[self.event.len()], true);
        self.rules(grammar, state).apply(self.mode, &self.event, &mut self.allowed);
    }

    fn rules<'r>(&self, grammar: &'r dyn Grammar, state: &'r PieceState) -> Rules<'r>
    where
        'a: 'r,
    {
        Rules { events: self.events, masks: self.masks, grammar, state }
    }
}

/// The only allowed value, if there is just one.
fn only(allowed: &[bool]) -> Option<usize> {
    let mut allowed = allowed.iter().enumerate().filter(|(_, allowed)| **allowed);
    let (value, _) = allowed.next()?;
    allowed.next().is_none().then_some(value)
}

/// The place of a random stream that belongs to a candidate of a bar.
fn turn_to_bar(rng: &mut ChaCha8Rng, bar: usize, candidate: usize) {
    rng.set_word_pos(bar as u128 * WORDS_A_BAR + candidate as u128 * WORDS_A_DRAFT);
}
