//! Events into states and states into events: an event's fields are predicted one after another,
//! each from the backbone's state and the fields before it; or all at once, each from the state
//! alone.

use super::parameters::{ParameterBuilder, Weight, constant, fan_in, normal, site};
use super::sublayers::{FeedForward, Norm};
use super::{Dropout, Ops};
use crate::{CopyFeatureLayout, FieldDecoding, ModelDescription};

/// The table of all fields' embeddings, and what turns a state into the next event's fields.
#[derive(Debug, Clone)]
pub struct Fields {
    /// A row per value of every field, `[values, d]`.
    pub embedding: Weight,
    /// The same for output; the embedding itself where they are tied.
    pub output: Weight,
    /// A bias per value, `[values]`.
    pub bias: Weight,
    /// One per field, or one for all independent ones.
    pub norms: Vec<Norm>,
    /// One per field but the first; none where fields are independent.
    mixers: Vec<FeedForward>,
    /// The gains of each field's copy features, `[copies, d]`; none without copy features.
    gains: Vec<Weight>,
    /// The number of values of each field.
    pub sizes: Vec<usize>,
    /// Where the values of each field begin in the common table.
    pub offsets: Vec<usize>,
    /// Fields that are not predicted.
    pub given: Vec<usize>,
}

/// What is known of some events: their first fields.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// `[n, width]`.
    pub values: &'a [u16],
    /// Fields of each event that are given, at least those that are used.
    pub width: usize,
}

impl<'a> Known<'a> {
    /// The first `fields` of each event.
    pub(super) fn first(self, fields: usize) -> impl Iterator<Item = &'a [u16]> {
        // Where nothing is given, nothing is needed either.
        self.values.chunks_exact(self.width.max(1)).map(move |event| &event[..fields])
    }
}

/// The mean and the deviation of fresh gains.
const GAIN: (f32, f32) = (0.5, 0.25);
/// The place of field decoding among the sites of dropout.
const PLACE: u64 = 0xF1E1D;

impl Fields {
    pub(super) fn new(description: &ModelDescription, p: &mut ParameterBuilder<'_>) -> Self {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values) = (config.d_model, sizes.iter().sum());
        let layout = CopyFeatureLayout::new(sizes, &description.given);
        let chained = if config.fields == FieldDecoding::Chained { sizes.len() } else { 1 };
        let copying = if config.copy_features { sizes.len() } else { 0 };
        let embedding = p.table("embedding", [values, d], normal(fan_in(d)));
        let output = match config.tied {
            true => embedding,
            false => p.table("output", [values, d], normal(fan_in(d))),
        };
        Self {
            embedding,
            output,
            bias: p.vector("bias", values, constant(0.0)),
            norms: p.each("norms", 0..chained, |p, _| Norm::new(config, p)),
            mixers: p.each("mixers", 1..chained, |p, _| FeedForward::new(config, config.d_field, false, 1.0, p)),
            gains: (0..copying)
                .map(|field| {
                    p.table(format!("gains.{field}"), [layout.count(field), d], |draws, n| {
                        draws.normal(n, GAIN.1).into_iter().map(|value| value + GAIN.0).collect()
                    })
                })
                .collect(),
            sizes: sizes.clone(),
            offsets: (0..sizes.len()).map(|field| sizes[..field].iter().sum()).collect(),
            given: description.given.clone(),
        }
    }

    /// Whether all fields are read from the state alone.
    pub fn independent(&self) -> bool {
        self.norms.len() < self.sizes.len()
    }

    /// The rows of the common table that the fields of one event name, from number `first` on.
    pub(super) fn rows<'a>(&'a self, event: &'a [u16], first: usize) -> impl Iterator<Item = i32> + 'a {
        event.iter().zip(&self.offsets).skip(first).map(|(&value, offset)| (offset + usize::from(value)) as i32)
    }

    /// The embedded events `[n, d]` of `values` `[n, fields]`.
    pub fn embed<O: Ops>(&self, ops: &O, values: &[u16]) -> O::Rows {
        let k = self.sizes.len();
        let rows = values.chunks_exact(k).flat_map(|event| self.rows(event, 0));
        ops.gather(self.embedding, rows, [values.len() / k, k])
    }

    /// The sum of states and of the embeddings of the fields `from..to` of events.
    pub fn add_known<O: Ops>(&self, ops: &O, sum: O::Rows, known: Known<'_>, from: usize, to: usize) -> O::Rows {
        match to - from {
            0 => sum,
            fields => {
                let rows = known.first(to).flat_map(|event| self.rows(event, from));
                ops.add_gathered(sum, self.embedding, rows, fields)
            }
        }
    }

    /// The states that field number `field` is predicted from: those of the backbone with the
    /// embeddings of the earlier fields in `sum`, the values of its copy features `[n, copies]`,
    /// and what `add_latents` adds for any field but the first.
    pub fn state<O: Ops>(
        &self,
        ops: &O,
        field: usize,
        sum: O::Rows,
        copies: &[i32],
        add_latents: impl FnOnce(O::Rows) -> O::Rows,
        dropout: Dropout,
    ) -> O::Rows {
        let state = match self.gains.get(field) {
            Some(&gains) => ops.add_copies(sum, self.embedding, gains, copies),
            None => sum,
        };
        let Some(before) = field.checked_sub(1).filter(|_| !self.independent()) else { return state };
        let state = add_latents(state);
        let hidden = Dropout { seed: site(dropout.seed, field, PLACE), ..dropout };
        ops.feed_forward(state, &self.mixers[before], [hidden, Dropout::NONE], true)
    }

    /// The norm of field number `field`'s output.
    pub fn output_norm(&self, field: usize) -> &Norm {
        &self.norms[if self.independent() { 0 } else { field }]
    }
}
