//! Judging with a model's stepper: slow, and the definition that every faster evaluator must agree with.

use crate::{
    Condition, Evaluator, Judge, LatentSpace, Model, ModelDescription, Posterior, Segment, Stepper, latent_noise,
};
use leitmotif_events::SegmentBars;

/// Judges with any model, event by event as it writes.
pub struct StepperJudge<'a>(pub &'a dyn Model);

impl Judge for StepperJudge<'_> {
    fn description(&self) -> &ModelDescription {
        self.0.description()
    }

    fn evaluator(&self, lanes: usize) -> Box<dyn Evaluator + '_> {
        let lanes = (0..lanes).map(|_| self.0.stepper()).collect();
        Box::new(StepperEvaluator { model: self.0, lanes, posteriors: Vec::new() })
    }
}

struct StepperEvaluator<'a> {
    model: &'a dyn Model,
    lanes: Vec<Stepper<'a>>,
    posteriors: Vec<Posterior>,
}

impl Evaluator for StepperEvaluator<'_> {
    fn nats(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let sizes = &self.model.description().sizes;
        let k = sizes.len();
        let mut nats = vec![0.0; segment.lanes * segment.segment * k];
        let mut logits = vec![0.0; sizes.iter().copied().max().unwrap_or(0)];
        let latents = self.model.latents().zip(segment.bars);
        self.posteriors = latents.map_or_else(Vec::new, |(space, bars)| encode(space, bars, k));
        let drawn = |(posterior, key): (&Posterior, &u64)| posterior.draw(&latent_noise(*key, posterior.mean.len()));
        let keys = segment.bars.map_or(&[][..], |bars| &bars.keys);
        let drawn: Vec<Vec<f32>> = self.posteriors.iter().zip(keys).map(drawn).collect();
        for lane in 0..segment.lanes {
            if segment.starts[lane] {
                self.lanes[lane] = self.model.stepper();
            }
            for step in 0..segment.lengths[lane] {
                let input = lane * segment.segment + step;
                let place = input * k;
                if let Some((space, bars)) = latents {
                    let bar = usize::try_from(bars.of_input[input]).ok();
                    let classes = space.attributes().len();
                    self.lanes[lane].condition(bar.map(|bar| Condition {
                        latent: &drawn[bars.group_of_bar[bar] as usize],
                        classes: &bars.classes[bar * classes..(bar + 1) * classes],
                    }));
                }
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

    fn posteriors(&self) -> &[Posterior] {
        &self.posteriors
    }
}

/// The posterior of each group.
fn encode(space: &LatentSpace, bars: &SegmentBars, fields: usize) -> Vec<Posterior> {
    let groups = bars.offsets.windows(2).map(|pair| pair[0]..pair[1]);
    let encoded = groups.map(|group| {
        let places: Vec<usize> = bars.places[group.clone()].iter().map(|&place| place.max(0) as usize).collect();
        space.encode(&bars.events[group.start * fields..group.end * fields], &places)
    });
    encoded.collect()
}

/// The nats that `value` costs under the softmax of `logits`.
fn cross_entropy(logits: &[f32], value: usize) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
    sum.ln() + most - logits[value]
}
