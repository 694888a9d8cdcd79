//! One event: field after field, each drawn from what grammar, constraints and course leave.
//!
//! Where nothing is left for a field, the choice before it is taken back and forbidden, as far back as needed: a search
//! that ends, because every step forbids one more value.

use crate::course::Course;
use crate::masks::Masks;
use crate::meaning::Meaning;
use crate::{FieldSampling, Filter, Place, Request};
use leitmotif_data::{Grammar, NONE, Sequence, Value, Vocabulary};
use leitmotif_model::Stepper;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// How strict the masks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// No grammar, but which fields apply.
    Free,
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
            grammar_on: request.grammar,
            invalid: 0,
        }
    }

    /// Draws the next event and steps the grammar over it; `None` if there is none, which no grammar of a valid piece allows.
    pub fn next(
        &mut self,
        stepper: &mut dyn Stepper,
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
        [Rules::Full, Rules::Close, Rules::Grammar].into_iter().find_map(|rules| {
            let event = self.draw(stepper, grammar, course, sequence, rules)?;
            grammar.accept(&event).is_ok().then_some(event)
        })
    }

    fn draw(
        &mut self,
        stepper: &mut dyn Stepper,
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
