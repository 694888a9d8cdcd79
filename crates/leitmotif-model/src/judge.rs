//! Judging with a model's stepper: slow, and the definition that every faster evaluator must agree with.

use crate::{Evaluator, Judge, Model, ModelDescription, Segment, Stepper};

/// Judges with any model, event by event as it writes.
pub struct StepperJudge<'a>(pub &'a dyn Model);

impl Judge for StepperJudge<'_> {
    fn description(&self) -> &ModelDescription {
        self.0.description()
    }

    fn evaluator(&self, lanes: usize) -> Box<dyn Evaluator + '_> {
        Box::new(StepperEvaluator { model: self.0, lanes: (0..lanes).map(|_| self.0.stepper()).collect() })
    }
}

struct StepperEvaluator<'a> {
    model: &'a dyn Model,
    lanes: Vec<Stepper<'a>>,
}

impl Evaluator for StepperEvaluator<'_> {
    fn nats(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let sizes = &self.model.description().sizes;
        let k = sizes.len();
        let mut nats = vec![0.0; segment.lanes * segment.segment * k];
        let mut logits = vec![0.0; sizes.iter().copied().max().unwrap_or(0)];
        for lane in 0..segment.lanes {
            if segment.starts[lane] {
                self.lanes[lane] = self.model.stepper();
            }
            for step in 0..segment.lengths[lane] {
                let place = (lane * segment.segment + step) * k;
                self.lanes[lane].push(&segment.inputs[place..place + k]);
                let target = &segment.targets[place..place + k];
                for field in (0..k).filter(|&field| field == 0 || target[field] != 0) {
                    let logits = &mut logits[..sizes[field]];
                    self.lanes[lane].logits(&target[..field], field, logits);
                    nats[place + field] = cross_entropy(logits, usize::from(target[field]));
                }
            }
        }
        nats
    }
}

/// The nats that `value` costs under the softmax of `logits`.
fn cross_entropy(logits: &[f32], value: usize) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
    sum.ln() + most - logits[value]
}
