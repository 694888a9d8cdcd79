//! One event: field after field, each drawn from what grammar, constraints, course and the ban on copies leave.
//!
//! Where nothing is left for a field, the choice before it is taken back and forbidden, as far back as needed: a search
//! that ends, because every step forbids one more value.
//!
//! An event's first fields are drawn before one knows whether the grammar leaves its later ones what the model means.
//! Masking a later field alone would bend the choice (a chord that climbs because it may not repeat); so a field that the
//! grammar (or the ban on copies) restricts is accepted with the probability that the model gives to what is left, and else the whole event
//! is drawn again: rejection sampling, which keeps the model's own proportions among valid events.
//!
//! The writer asks for logits and waits for them ([`Writer::draw`]), so that the questions of many pieces can be answered
//! together.

use crate::course::Course;
use crate::latent::MAX_DRAFTS;
use crate::masks::Masks;
use crate::meaning::Meaning;
use crate::{FieldSampling, Filter, Place, Request};
use leitmotif_data::{Grammar, NONE, Sequence, Value, Vocabulary};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// How often an event is drawn again before its fields are masked one by one.
const TRIES: usize = 24;

/// Words of a stream of chance that each bar has for itself, in [`Writer::turn_to_bar`], and each draft of it; a stream has 2^68.
const WORDS_A_BAR: u128 = 1 << 32;
const WORDS_A_DRAFT: u128 = WORDS_A_BAR / MAX_DRAFTS as u128;

/// How strict the masks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// No grammar, but which fields apply.
    Free,
    /// All three masks, and an event that strays from the grammar is given up.
    Faithful,
    /// All three masks.
    Full,
    /// Grammar and constraints, and nothing but closing the bar or the piece.
    Close,
    /// Grammar and constraints, and nothing but the end.
    End,
    /// The grammar alone.
    Grammar,
}

/// How far the field at hand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing is known of it.
    Open,
    /// Its mask is made, its logits are awaited.
    Asked,
    /// Its mask and its logits are there.
    Known,
}

/// How drawing an event goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draw {
    /// The logits of this field are needed, given the fields of [`Writer::event`].
    Asks(usize),
    /// [`Writer::event`] is the next event, which the grammar has stepped over.
    Done,
    /// There is none, which no grammar of a valid piece allows.
    Stuck,
}

/// Draws events. Holds the space it needs.
pub(crate) struct Writer<'a> {
    meaning: &'a Meaning,
    masks: &'a Masks,
    sampling: Vec<FieldSampling>,
    filters: &'a [Arc<dyn Filter>],
    rng: ChaCha8Rng,
    logits: Vec<Vec<f32>>,
    allowed: Vec<Vec<bool>>,
    /// What the grammar alone allows.
    lawful: Vec<Vec<bool>>,
    /// What would copy too much, of the field at hand; empty for nothing.
    barred: Vec<bool>,
    /// The values that stay of a field, with their probabilities.
    values: Vec<(usize, f64)>,
    grammar_on: bool,
    /// The event being drawn: its fields so far.
    event: Vec<Value>,
    /// How often it was begun.
    tries: usize,
    stage: Stage,
    /// Whether the first field's logits are those of this event.
    first_known: bool,
    /// Events that the grammar would not have let through.
    pub invalid: usize,
}

impl<'a> Writer<'a> {
    pub fn new(
        meaning: &'a Meaning,
        masks: &'a Masks,
        vocabulary: &Vocabulary,
        request: &'a Request,
        rng: ChaCha8Rng,
    ) -> Self {
        let sizes = vocabulary.sizes();
        Self {
            meaning,
            masks,
            sampling: vocabulary.fields.iter().map(|field| request.sampling.field(&field.name)).collect(),
            filters: &request.filters,
            rng,
            logits: sizes.iter().map(|&size| vec![0.0; size]).collect(),
            allowed: sizes.iter().map(|&size| vec![false; size]).collect(),
            lawful: sizes.iter().map(|&size| vec![false; size]).collect(),
            barred: Vec::new(),
            values: Vec::new(),
            grammar_on: request.grammar,
            event: Vec::with_capacity(sizes.len()),
            tries: 0,
            stage: Stage::Open,
            first_known: false,
            invalid: 0,
        }
    }

    /// The fields that are drawn, all of them once [`Self::draw`] is done.
    pub fn event(&self) -> &[Value] {
        &self.event
    }

    /// Takes the logits that were asked for.
    pub fn hear(&mut self, logits: &[f32]) {
        self.logits[self.event.len()].copy_from_slice(logits);
    }

    /// Forgets the event that was drawn, for the next.
    pub fn begin(&mut self) {
        self.event.clear();
        (self.tries, self.stage, self.first_known) = (0, Stage::Open, false);
    }

    /// Draws on from the chances of draft number `draft` of bar number `bar`, which are the same whatever was drawn before.
    pub fn turn_to_bar(&mut self, bar: usize, draft: usize) {
        turn_to_bar(&mut self.rng, bar, draft);
    }

    /// Draws the next event and steps the grammar over it, as far as it comes without logits it does not have.
    /// Goes on after [`Self::hear`].
    pub fn draw(&mut self, grammar: &mut dyn Grammar, course: &Course, sequence: &Sequence) -> Draw {
        while let Some(rules) = self.rules() {
            match self.fields(grammar, course, sequence, rules) {
                Draw::Done if grammar.accept(&self.event).is_ok() => return Draw::Done,
                Draw::Asks(field) => return Draw::Asks(field),
                Draw::Done | Draw::Stuck => {}
            }
            self.invalid += usize::from(rules == Rules::Free);
            self.event.clear();
            self.tries += 1;
            self.stage = Stage::Open;
        }
        Draw::Stuck
    }

    /// The rules of this try.
    fn rules(&self) -> Option<Rules> {
        let tries = if self.grammar_on { self.tries + 1 } else { self.tries };
        match tries {
            0 => Some(Rules::Free),
            1..=TRIES => Some(Rules::Faithful),
            _ => [Rules::Full, Rules::Close, Rules::End, Rules::Grammar].get(tries - TRIES - 1).copied(),
        }
    }

    /// Draws the event's fields under some rules.
    fn fields(&mut self, grammar: &dyn Grammar, course: &Course, sequence: &Sequence, rules: Rules) -> Draw {
        while self.event.len() < self.allowed.len() {
            let field = self.event.len();
            if self.stage == Stage::Open {
                self.allow(grammar, course, rules);
                let mut open = self.allowed[field].iter().enumerate().filter(|(_, allowed)| **allowed);
                match (open.next(), open.next()) {
                    (Some((value, _)), None) => {
                        self.event.push(value as Value);
                        continue;
                    }
                    (Some(_), Some(_)) if field > 0 || !self.first_known => {
                        self.stage = Stage::Asked;
                        return Draw::Asks(field);
                    }
                    _ => self.stage = Stage::Known,
                }
            }
            if self.stage == Stage::Asked {
                self.stage = Stage::Known;
                if !self.weigh(grammar, course, sequence, rules) {
                    return Draw::Stuck;
                }
            }
            let mut sampling = self.sampling[field];
            sampling.temperature *= course.heat();
            let (logits, allowed) = (&self.logits[field], &self.allowed[field]);
            if let Some(value) = sampling.draw_in(&mut self.values, logits, allowed, &mut self.rng) {
                self.event.push(value as Value);
                self.stage = Stage::Open;
            } else if !self.take_back() {
                return Draw::Stuck;
            }
        }
        Draw::Done
    }

    /// What filters and course make of the logits. False if the event is given up, because too little of their
    /// mass is lawful.
    fn weigh(&mut self, grammar: &dyn Grammar, course: &Course, sequence: &Sequence, rules: Rules) -> bool {
        let field = self.event.len();
        let logits = &mut self.logits[field];
        let place = Place { sequence, earlier: &self.event, field };
        self.filters.iter().for_each(|filter| filter.apply(&place, logits));
        course.shift(self.meaning, &self.event, field, logits);
        if field == 0 {
            self.first_known = true;
        } else if rules == Rules::Faithful {
            grammar.allowed(&self.event, field, &mut self.lawful[field]);
            and_not(&mut self.lawful[field], &self.barred);
            return self.rng.random::<f64>() < mass(&self.logits[field], &self.lawful[field]);
        }
        true
    }

    /// Takes back the last choice that had another, and forbids it. False if there is none.
    fn take_back(&mut self) -> bool {
        while let Some(value) = self.event.pop() {
            let allowed = &mut self.allowed[self.event.len()];
            allowed[usize::from(value)] = false;
            if allowed.contains(&true) {
                return true;
            }
        }
        false
    }

    /// Makes the mask of the field at hand.
    fn allow(&mut self, grammar: &dyn Grammar, course: &Course, rules: Rules) {
        self.allow_by(grammar, course, rules);
        if let Some(copies) = &course.copies {
            copies.bar(self.meaning, &self.event, self.event.len(), &mut self.barred);
            and_not(&mut self.allowed[self.event.len()], &self.barred);
        }
    }

    /// What the rules alone allow of the field at hand.
    fn allow_by(&mut self, grammar: &dyn Grammar, course: &Course, rules: Rules) {
        let (earlier, field) = (&self.event, self.event.len());
        let allowed = &mut self.allowed[field];
        grammar.allowed(earlier, field, allowed);
        if rules == Rules::Grammar {
            return;
        }
        let none = usize::from(NONE);
        let applies = field == 0 || !allowed[none];
        if rules == Rules::Free && applies {
            allowed.fill(true);
            allowed[none] = field == 0;
        }
        self.masks.apply(self.meaning, earlier, field, allowed);
        match rules {
            Rules::Close if field == 0 => course.close(self.meaning, allowed),
            Rules::End if field == 0 => course.end(self.meaning, allowed),
            Rules::Close | Rules::End => {}
            _ => course.mask(self.meaning, earlier, field, rules == Rules::Free, allowed),
        }
    }
}

/// Takes what is `barred` out of `allowed`.
fn and_not(allowed: &mut [bool], barred: &[bool]) {
    allowed.iter_mut().zip(barred).for_each(|(allowed, barred)| *allowed &= !barred);
}

/// The probability that the logits of a field that applies give to its `lawful` values.
fn mass(logits: &[f32], lawful: &[bool]) -> f64 {
    let values = || logits.iter().zip(lawful).skip(usize::from(NONE) + 1);
    let most = values().map(|(logit, _)| *logit).fold(f32::NEG_INFINITY, f32::max);
    if !most.is_finite() {
        return 1.0;
    }
    let (mut all, mut kept) = (0.0, 0.0);
    for (logit, lawful) in values() {
        let probability = f64::from((logit - most).exp());
        all += probability;
        kept += if *lawful { probability } else { 0.0 };
    }
    kept / all
}

/// The place of a stream of chance that belongs to a draft of a bar.
fn turn_to_bar(rng: &mut ChaCha8Rng, bar: usize, draft: usize) {
    rng.set_word_pos(bar as u128 * WORDS_A_BAR + draft as u128 * WORDS_A_DRAFT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mass_is_a_share_of_what_applies() {
        let logits = [9.0, 0.0, 2f32.ln(), 0.0];
        assert!((mass(&logits, &[false, true, false, false]) - 0.25).abs() < 1e-6);
        assert!((mass(&logits, &[false, false, true, true]) - 0.75).abs() < 1e-6);
        assert_eq!(mass(&logits, &[false, true, true, true]), 1.0);
        assert_eq!(mass(&[0.0, f32::NEG_INFINITY], &[false, false]), 1.0, "a model without an opinion");
    }

    #[test]
    fn a_bars_chances_are_its_own() {
        use rand::SeedableRng;
        let after = |before: usize, bar: usize, draft: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let _: Vec<u64> = (0..before).map(|_| rng.random()).collect();
            turn_to_bar(&mut rng, bar, draft);
            rng.random::<u64>()
        };
        assert_eq!([after(0, 3, 1), after(1000, 3, 1)], [after(7, 3, 1); 2], "whatever was drawn before");
        assert_ne!(after(0, 3, 1), after(0, 4, 1));
        assert_ne!(after(0, 3, 0), after(0, 3, 1));
    }
}
