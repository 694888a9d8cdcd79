//! One event: field after field, each drawn from what grammar, constraints and course leave.
//!
//! Where nothing is left for a field, the choice before it is taken back and forbidden, as far back as needed: a search
//! that ends, because every step forbids one more value.
//!
//! An event's first fields are drawn before one knows whether the grammar leaves its later ones what the model means.
//! Masking a later field alone would bend the choice (a chord that climbs because it may not repeat); so a field that the
//! grammar restricts is accepted with the probability that the model gives to what is left, and else the whole event
//! is drawn again: rejection sampling, which keeps the model's own proportions among valid events.

use crate::course::Course;
use crate::masks::Masks;
use crate::meaning::Meaning;
use crate::{FieldSampling, Filter, Place, Request};
use leitmotif_data::{Grammar, NONE, Sequence, Value, Vocabulary};
use leitmotif_model::Stepper;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// How often an event is drawn again before its fields are masked one by one.
const TRIES: usize = 24;

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
    /// The grammar alone.
    Grammar,
}

/// Draws events. Holds the space it needs.
pub(crate) struct Writer<'a> {
    pub meaning: &'a Meaning,
    pub masks: &'a Masks,
    sampling: Vec<FieldSampling>,
    filters: &'a [Arc<dyn Filter>],
    rng: ChaCha8Rng,
    logits: Vec<Vec<f32>>,
    allowed: Vec<Vec<bool>>,
    /// What the grammar alone allows.
    lawful: Vec<Vec<bool>>,
    grammar_on: bool,
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
            grammar_on: request.grammar,
            invalid: 0,
        }
    }

    /// Draws the next event and steps the grammar over it; `None` if there is none, which no grammar of a valid piece allows.
    pub fn next(
        &mut self,
        stepper: &mut Stepper<'_>,
        grammar: &mut dyn Grammar,
        course: &Course,
        sequence: &Sequence,
    ) -> Option<Vec<Value>> {
        if !self.grammar_on {
            if let Some(event) = self.draw(stepper, grammar, course, sequence, Rules::Free)
                && grammar.accept(&event).is_ok()
            {
                return Some(event);
            }
            self.invalid += 1;
        }
        let rules = std::iter::repeat_n(Rules::Faithful, TRIES).chain([Rules::Full, Rules::Close, Rules::Grammar]);
        rules.into_iter().find_map(|rules| {
            let event = self.draw(stepper, grammar, course, sequence, rules)?;
            grammar.accept(&event).is_ok().then_some(event)
        })
    }

    fn draw(
        &mut self,
        stepper: &mut Stepper<'_>,
        grammar: &dyn Grammar,
        course: &Course,
        sequence: &Sequence,
        rules: Rules,
    ) -> Option<Vec<Value>> {
        let mut event = Vec::with_capacity(self.allowed.len());
        let mut asked = false;
        while event.len() < self.allowed.len() {
            let field = event.len();
            if !asked {
                self.allow(grammar, course, &event, rules);
                let mut open = self.allowed[field].iter().enumerate().filter(|(_, allowed)| **allowed);
                if let (Some((value, _)), None) = (open.next(), open.next()) {
                    event.push(value as Value);
                    continue;
                }
                if self.allowed[field].contains(&true) {
                    let logits = &mut self.logits[field];
                    stepper.logits(&event, field, logits);
                    let place = Place { sequence, earlier: &event, field };
                    self.filters.iter().for_each(|filter| filter.apply(&place, logits));
                    course.shift(self.meaning, &event, field, logits);
                    if rules == Rules::Faithful && field > 0 {
                        grammar.allowed(&event, field, &mut self.lawful[field]);
                        if self.rng.random::<f64>() >= mass(&self.logits[field], &self.lawful[field]) {
                            return None;
                        }
                    }
                }
            }
            let mut sampling = self.sampling[field];
            sampling.temperature *= course.heat();
            if let Some(value) = sampling.draw(&self.logits[field], &self.allowed[field], &mut self.rng) {
                event.push(value as Value);
                asked = false;
                continue;
            }
            loop {
                let value = event.pop()?;
                let allowed = &mut self.allowed[event.len()];
                allowed[usize::from(value)] = false;
                if allowed.contains(&true) {
                    break;
                }
            }
            asked = true;
        }
        Some(event)
    }

    fn allow(&mut self, grammar: &dyn Grammar, course: &Course, earlier: &[Value], rules: Rules) {
        let field = earlier.len();
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
            Rules::Close => {}
            _ => course.mask(self.meaning, earlier, field, rules == Rules::Free, allowed),
        }
    }
}

/// The probability that the logits of a field that applies give to its `lawful` values.
fn mass(logits: &[f32], lawful: &[bool]) -> f64 {
    let values = || logits.iter().zip(lawful).skip(usize::from(NONE) + 1);
    let most = values().map(|(logit, _)| *logit).fold(f32::NEG_INFINITY, f32::max);
    if !most.is_finite() {
        return 1.0;
    }
    let sum = |kept: &dyn Fn(bool) -> bool| -> f64 {
        values().filter(|(_, lawful)| kept(**lawful)).map(|(logit, _)| f64::from(logit - most).exp()).sum()
    };
    sum(&|lawful| lawful) / sum(&|_| true)
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
}
