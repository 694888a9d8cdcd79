//! Scoring with a model's decoding session: slow, and the definition that every faster evaluator
//! must agree with.

use crate::{
    Condition, DecodingSession, Model, ModelDescription, Posterior, Scorer, ScoringSession, Segment, latent_noise,
};

/// Scores with any model, event by event as it writes.
pub struct SessionScorer<'a>(pub &'a dyn Model);

impl Scorer for SessionScorer<'_> {
    fn description(&self) -> &ModelDescription {
        self.0.description()
    }

    fn scoring_session(&self, streams: usize) -> Box<dyn ScoringSession + '_> {
        let streams = (0..streams).map(|_| self.0.decoding_session()).collect();
        Box::new(SessionScoring { model: self.0, streams, posteriors: Vec::new() })
    }
}

struct SessionScoring<'a> {
    model: &'a dyn Model,
    streams: Vec<DecodingSession<'a>>,
    posteriors: Vec<Posterior>,
}

impl ScoringSession for SessionScoring<'_> {
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let ModelDescription { sizes, given, .. } = self.model.description();
        let k = sizes.len();
        let mut nats = vec![0.0; segment.streams * segment.segment * k];
        let mut logits = vec![0.0; sizes.iter().copied().max().unwrap_or(0)];
        let latents = self.model.latents().zip(segment.bars);
        let encoded = latents.filter(|(_, bars)| !bars.keys.is_empty());
        self.posteriors = encoded.map_or_else(Vec::new, |(space, bars)| space.encode_groups(&bars.into()));
        let drawn = |(posterior, key): (&Posterior, &u64)| posterior.draw(&latent_noise(*key, posterior.mean.len()));
        let keys = segment.bars.map_or(&[][..], |bars| &bars.keys);
        let drawn: Vec<Vec<f32>> = self.posteriors.iter().zip(keys).map(drawn).collect();
        for stream in 0..segment.streams {
            if segment.starts[stream] {
                self.streams[stream] = self.model.decoding_session();
            }
            for step in 0..segment.lengths[stream] {
                let input = stream * segment.segment + step;
                let place = input * k;
                if let Some((space, bars)) = latents {
                    let bar = usize::try_from(bars.of_input[input]).ok();
                    let classes = space.attributes().len();
                    self.streams[stream].condition(bar.map(|bar| Condition {
                        latent: &drawn[bars.group_of_bar[bar] as usize],
                        classes: &bars.classes[bar * classes..(bar + 1) * classes],
                    }));
                }
                self.streams[stream].push(&segment.inputs[place..place + k]);
                let target = &segment.targets[place..place + k];
                for field in (0..k).filter(|field| *field == 0 || target[*field] != 0 && !given.contains(field)) {
                    let logits = &mut logits[..sizes[field]];
                    self.streams[stream].logits(&target[..field], field, logits);
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

/// The nats that `value` costs under the softmax of `logits`.
fn cross_entropy(logits: &[f32], value: usize) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
    sum.ln() + most - logits[value]
}
