//! An interpolated back-off Markov model: the counting baseline.
//!
//! Each field of an event is predicted from several chains of contexts (see `context`: the event's
//! earlier fields, the previous events whole and in parts, and the last events that agree with this
//! one in some fields). Along a chain the estimates are interpolated by Witten & Bell (1991, "The
//! zero-frequency problem", method C; the recursive form is Chen & Goodman 1998, equation 15):
//!
//! ```text
//! P_n(v | c) = (N(c, v) + T(c) P_{n-1}(v | c')) / (N(c) + T(c))
//! ```
//!
//! where `c'` is the context one feature shorter, `N(c, v)` how often `v` followed `c`, `N(c)` the
//! sum over `v`, `T(c)` the number of different values that followed, and `P_{-1}` is uniform over
//! the values that may apply. The chains are then mixed with weights fitted on pieces that were
//! kept out of the counts (see `gate`).
//!
//! Caches of the piece itself are further terms of the mixture:
//! `P(v) = (N(v) + T / values) / (N + T)` over what they hold.
//!
//! The memory of a piece is bounded: the last `order` events, counts of values, and per voice a
//! table of fixed size. What it stores is bounded by [`MAX_PAIRS`]. Value 0 of a field after the
//! first ("does not apply") is neither counted nor predicted: its probability is zero (its logit
//! [`NOTHING`]).

mod build;
mod context;
mod gate;
mod store;
mod table;

pub use build::{MAX_KEPT_OUT, MAX_PAIRS, MarkovBuilder};
pub use store::MAX_FILE_BYTES;

use crate::{DecodingBatch, Model, ModelDescription, Scorer, ScoringSession, Segment};
use context::{ContextLayout, Memory};
use gate::{Gate, Trial};
use table::Table;

/// The logit of a value that the model never predicts.
pub const NOTHING: f32 = -100.0;

/// The most different values of a cache whose values may come more than once.
const CACHE_SCAN: usize = 8;

/// A trained Markov model.
#[derive(Debug)]
pub struct Markov {
    description: ModelDescription,
    plan: ContextLayout,
    tables: Vec<Table>,
    gates: Vec<Gate>,
}

/// Working space for one prediction, reused.
#[derive(Debug, Default)]
struct Scratch {
    contexts: Vec<u64>,
    trial: Trial,
    /// Values that a cache holds, and how often.
    cached: Vec<(u16, u32)>,
    weights: Vec<f32>,
    /// `[chains, values]`.
    chains: Vec<f32>,
}

impl Markov {
    /// The number of contexts stored.
    pub fn contexts(&self) -> usize {
        self.tables.iter().map(|table| table.keys.len()).sum()
    }

    /// The probability that each chain gives one value, with the chain's bucket.
    fn trial(&self, memory: &Memory, field: usize, earlier: &[u16], value: u16, scratch: &mut Scratch) {
        let (table, base) = (&self.tables[field], self.uniform(field));
        scratch.trial.clear();
        for chain in 0..self.plan.chains[field].len() {
            if let Some((state, total, kinds)) = self.cached(memory, chain, field, earlier, scratch) {
                let count = scratch.cached.iter().filter(|held| held.0 == value).map(|held| held.1).sum::<u32>();
                let p = (count as f32 + kinds as f32 * base) / (total + kinds).max(1) as f32;
                let p = if total == 0 { base } else { p };
                scratch.trial.push((gate::cache_bucket(state, total.into(), kinds as usize) as u16, p));
                continue;
            }
            memory.contexts(&self.plan, chain, field, earlier, &mut scratch.contexts);
            let (mut p, mut bucket) = (base, 0);
            for (depth, &key) in scratch.contexts.iter().enumerate() {
                let Some(place) = table.find(key) else { break };
                let (total, kinds) = (table.total(&place), place.len());
                p = (table.count(&place, value) as f32 + kinds as f32 * p) / (total as f32 + kinds as f32);
                bucket = gate::bucket(depth, total, kinds);
            }
            scratch.trial.push((bucket as u16, p));
        }
    }

    /// The probability of one value of a field of the next event.
    fn probability(&self, memory: &Memory, field: usize, earlier: &[u16], value: u16, scratch: &mut Scratch) -> f32 {
        self.trial(memory, field, earlier, value, scratch);
        let buckets = scratch.trial.iter().map(|&(bucket, _)| usize::from(bucket));
        self.gates[field].weights(buckets, &mut scratch.weights);
        scratch.trial.iter().zip(&scratch.weights).map(|((_, p), weight)| p * weight).sum()
    }

    /// The probabilities of all values of a field of the next event.
    fn probabilities(&self, memory: &Memory, field: usize, earlier: &[u16], scratch: &mut Scratch, out: &mut [f32]) {
        let (table, size) = (&self.tables[field], self.description.sizes[field]);
        scratch.trial.clear();
        scratch.chains.clear();
        for chain in 0..self.plan.chains[field].len() {
            let cached = self.cached(memory, chain, field, earlier, scratch);
            let first = scratch.chains.len();
            scratch.chains.resize(first + size, self.uniform(field));
            let p = &mut scratch.chains[first..];
            if field > 0 && size > 1 {
                p[0] = 0.0;
            }
            if let Some((state, total, kinds)) = cached {
                if total > 0 {
                    let scale = 1.0 / (total + kinds) as f32;
                    p.iter_mut().for_each(|p| *p *= kinds as f32 * scale);
                    scratch.cached.iter().for_each(|&(value, count)| p[usize::from(value)] += count as f32 * scale);
                }
                scratch.trial.push((gate::cache_bucket(state, total.into(), kinds as usize) as u16, 0.0));
                continue;
            }
            memory.contexts(&self.plan, chain, field, earlier, &mut scratch.contexts);
            let mut bucket = 0;
            for (depth, &key) in scratch.contexts.iter().enumerate() {
                let Some(place) = table.find(key) else { break };
                let (total, kinds) = (table.total(&place), place.len());
                let scale = 1.0 / (total as f32 + kinds as f32);
                p.iter_mut().for_each(|p| *p *= kinds as f32 * scale);
                for (&value, &count) in table.values[place.clone()].iter().zip(&table.counts[place]) {
                    p[usize::from(value)] += count as f32 * scale;
                }
                bucket = gate::bucket(depth, total, kinds);
            }
            scratch.trial.push((bucket as u16, 0.0));
        }
        let buckets = scratch.trial.iter().map(|&(bucket, _)| usize::from(bucket));
        self.gates[field].weights(buckets, &mut scratch.weights);
        out.fill(0.0);
        for (chain, weight) in scratch.chains.chunks_exact(size).zip(&scratch.weights) {
            out.iter_mut().zip(chain).for_each(|(sum, p)| *sum += weight * p);
        }
    }

    /// Fills `scratch.cached` if the chain is a cache; returns its state, how much it holds, and
    /// how many different values.
    fn cached(
        &self,
        memory: &Memory,
        chain: usize,
        field: usize,
        earlier: &[u16],
        scratch: &mut Scratch,
    ) -> Option<(usize, u32, u32)> {
        let cached = &mut scratch.cached;
        cached.clear();
        let state = memory.cache(&self.plan, chain, field, earlier, |value, count| {
            match cached.iter_mut().rev().take(CACHE_SCAN).find(|held| held.0 == value) {
                Some(held) => held.1 += count,
                None => cached.push((value, count)),
            }
        })?;
        Some((state, cached.iter().map(|held| held.1).sum(), cached.len() as u32))
    }

    /// The probability of each value before any context.
    fn uniform(&self, field: usize) -> f32 {
        let size = self.description.sizes[field];
        1.0 / if field == 0 { size } else { (size - 1).max(1) } as f32
    }
}

impl Model for Markov {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn decoding_batch(&self, streams: usize) -> Box<dyn DecodingBatch + '_> {
        let memories = vec![Memory::new(&self.plan); streams];
        Box::new(MarkovBatch { model: self, memories, scratch: Scratch::default() })
    }

    fn stream_bytes(&self) -> usize {
        Memory::new(&self.plan).bytes()
    }
}

impl Scorer for Markov {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn scoring_session(&self, streams: usize) -> Box<dyn ScoringSession + '_> {
        let memories = vec![Memory::new(&self.plan); streams];
        Box::new(MarkovScoring { model: self, memories, scratch: Scratch::default() })
    }
}

struct MarkovBatch<'a> {
    model: &'a Markov,
    memories: Vec<Memory>,
    scratch: Scratch,
}

impl DecodingBatch for MarkovBatch<'_> {
    fn push(&mut self, streams: &[usize], events: &[u16]) {
        let plan = &self.model.plan;
        assert_eq!(events.len(), streams.len() * plan.fields, "events are [streams, fields]");
        for (&stream, event) in streams.iter().zip(events.chunks_exact(plan.fields)) {
            self.memories[stream].push(plan, event);
        }
    }

    fn logits(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        let size = self.model.description.sizes[field];
        assert_eq!(earlier.len(), streams.len() * field, "earlier fields are [streams, field]");
        assert_eq!(logits.len(), streams.len() * size, "logits are [streams, values]");
        for (row, (&stream, logits)) in streams.iter().zip(logits.chunks_exact_mut(size)).enumerate() {
            let earlier = &earlier[row * field..(row + 1) * field];
            self.model.probabilities(&self.memories[stream], field, earlier, &mut self.scratch, logits);
            logits.iter_mut().for_each(|p| *p = p.ln().max(NOTHING));
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.memories[to] = self.memories[from].clone();
    }
}

struct MarkovScoring<'a> {
    model: &'a Markov,
    memories: Vec<Memory>,
    scratch: Scratch,
}

impl ScoringSession for MarkovScoring<'_> {
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let (k, given) = (self.model.plan.fields, &Model::description(self.model).given);
        let mut nats = vec![0.0; segment.streams * segment.segment * k];
        for stream in 0..segment.streams {
            let memory = &mut self.memories[stream];
            if segment.starts[stream] {
                memory.clear();
            }
            for step in 0..segment.lengths[stream] {
                let place = (stream * segment.segment + step) * k;
                memory.push(&self.model.plan, &segment.inputs[place..place + k]);
                let target = &segment.targets[place..place + k];
                for field in (0..k).filter(|field| *field == 0 || target[*field] != 0 && !given.contains(field)) {
                    let p = self.model.probability(memory, field, &target[..field], target[field], &mut self.scratch);
                    nats[place + field] = -p.ln().max(NOTHING);
                }
            }
        }
        nats
    }
}
