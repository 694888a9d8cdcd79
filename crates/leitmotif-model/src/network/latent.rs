//! The variational auto-encoder's blocks: from the events of a group of bars to a Gaussian, and
//! from a latent to what the decoder is conditioned on.
//!
//! The encoder is a bidirectional transformer over the events of one group of bars: pre-norm
//! sub-layers as the decoder's, but every event attends to every other, without positions, because
//! an event's place in its bar is one of its fields. The state of the event that opens the group
//! becomes the posterior, a Gaussian with a mean and a variance of each dimension.
//!
//! The decoder is conditioned on a bar's latent and the embedded classes of its attributes by a
//! linear map of them, added to the residual stream before each layer (in-attention; Wu & Yang
//! 2021, MuseMorphose, section 3.3), here with a map of its own for each layer.

use super::bag_latent::BagLatent;
use super::fields::{Fields, Known};
use super::parameters::{ParameterBuilder, Weight, fan_in, normal, site};
use super::slot_latent::SlotLatent;
use super::sublayers::{FeedForward, GroupAttention, Norm};
use super::{Dropout, Ops};
use crate::{ModelConfig, ModelDescription};
use leitmotif_events::SegmentBars;

/// The encoder, and how latents and attributes enter the decoder.
#[derive(Debug, Clone)]
pub struct Latent {
    layers: Vec<EncoderLayer>,
    norm: Norm,
    /// Of a group's first event into mean and log-variance, `[d, 2 d_latent]`.
    posterior: Weight,
    posterior_bias: Weight,
    /// Of a bar's number within its group, `[bars, d]`; none where a group is one bar.
    places: Option<Weight>,
    /// Of each attribute, `[classes + 1, d_attribute]`.
    attributes: Vec<Weight>,
    /// Of each layer of the decoder, `[d_condition, d]`.
    conditions: Vec<Weight>,
    /// By what a condition is multiplied first.
    scale: f32,
    /// What events write to latents and fields read from them, besides: by key, and in no order.
    slots: Option<SlotLatent>,
    bags: Option<BagLatent>,
    /// Dimensions of a latent, and those of them that are not the bags'.
    d: usize,
    of_slots: usize,
    /// Of the hidden layers and of the sub-layers' results.
    dropouts: [f32; 2],
}

/// One layer of the encoder.
#[derive(Debug, Clone)]
struct EncoderLayer {
    attention: GroupAttention,
    feed_forward: FeedForward,
}

/// The events of some groups of bars.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    /// `[n, fields]`; the first event of each group opens its first bar.
    pub events: &'a [u16],
    /// The number of each event's bar within its group, `[n]`.
    pub places: &'a [i32],
    /// The first event of each group and at last their number, rising strictly.
    pub offsets: &'a [usize],
}

impl<'a> From<&'a SegmentBars> for Groups<'a> {
    fn from(bars: &'a SegmentBars) -> Self {
        Self { events: &bars.events, places: &bars.places, offsets: &bars.offsets }
    }
}

/// Latents that fields read from.
pub struct LatentReader<'a, O: Ops> {
    latent: &'a Latent,
    /// The latent of each event, zeros where it has none, `[n, d_latent]`.
    latents: O::Rows,
    /// The event before each, `[n, fields]`.
    previous: &'a [u16],
}

/// Places among the encoder's sites of dropout, apart from the decoder's.
const ATTENTION: u64 = 11;
const HIDDEN: u64 = 12;
const FEED_FORWARD: u64 = 13;
/// How much smaller than elsewhere the weights of a posterior's log-variance begin, so that it
/// begins near the prior's.
const QUIET: f32 = 0.1;
/// Where the log-variances of latents that fields read from begin, so that what is written can be
/// read from the first step.
const NARROW: f32 = -2.0;

impl Latent {
    /// The latents of a model, if it has any.
    pub(super) fn new(description: &ModelDescription, p: &mut ParameterBuilder<'_>) -> Option<Self> {
        let config = &description.model;
        let (d, d_latent, bars) = (config.d_model, config.d_latent, config.bars_per_latent());
        if bars == 0 {
            return None;
        }
        let depth = (2.0 * config.encoder_layers as f32).sqrt();
        let read = config.fields_read_latents();
        // The posterior is drawn before the layers.
        let posterior =
            p.map("posterior", [d, 2 * d_latent], |draws, n| posterior(draws.normal(n, 2.0 * fan_in(d)), config));
        let layers = p.each("layers", 0..config.encoder_layers, |p, _| EncoderLayer {
            attention: p.within("attention", |p| GroupAttention::new(config, depth, p)),
            feed_forward: p.within("feed_forward", |p| FeedForward::new(config, config.d_ff, config.glu, depth, p)),
        });
        let norm = p.within("norm", |p| Norm::new(config, p));
        let bias = |_: &mut _, n: usize| (0..n).map(|i| if read && i >= d_latent { NARROW } else { 0.0 }).collect();
        let posterior_bias = p.vector("posterior_bias", 2 * d_latent, bias);
        let places = (bars > 1).then(|| p.table("places", [bars, d], normal(fan_in(d))));
        let attributes = description.attributes.iter().enumerate().map(|(index, attribute)| {
            p.table(format!("attributes.{index}"), [attribute.classes() + 1, config.d_attribute], normal(1.0))
        });
        let attributes = attributes.collect();
        let inputs = config.d_condition();
        let conditions =
            (0..config.layers).map(|layer| p.map(format!("conditions.{layer}"), [inputs, d], normal(fan_in(inputs))));
        Some(Self {
            layers,
            norm,
            posterior,
            posterior_bias,
            places,
            attributes,
            conditions: conditions.collect(),
            scale: config.condition_scale(),
            slots: (config.latent_slots > 0).then(|| p.within("slots", |p| SlotLatent::new(description, p))),
            bags: (config.latent_bag > 0).then(|| p.within("bags", |p| BagLatent::new(description, p))),
            d: d_latent,
            of_slots: d_latent - config.bag_dimensions(description.sizes.len()),
            dropouts: [config.ff_dropout, config.layer_dropout],
        })
    }

    /// Whether fields read from latents themselves.
    pub fn is_read(&self) -> bool {
        self.slots.is_some() || self.bags.is_some()
    }

    /// The posterior of each group: means, then log-variances (without bounds),
    /// `[groups, 2 d_latent]`. With `training`, drops out by that seed.
    pub fn encode<O: Ops>(&self, ops: &O, fields: &Fields, groups: &Groups<'_>, training: Option<u64>) -> O::Rows {
        let drop = |layer: usize, place: u64, probability: f32| match training {
            Some(seed) => Dropout { probability, seed: site(seed, layer, place) },
            None => Dropout::NONE,
        };
        let mut x = fields.embed(ops, groups.events);
        if let Some(places) = self.places {
            x = ops.add_gathered(x, places, groups.places.iter().copied(), 1);
        }
        let embedded = self.slots.is_some().then(|| x.clone());
        let [hidden, output] = self.dropouts;
        for (index, layer) in self.layers.iter().enumerate() {
            x = ops.group_attention(x, &layer.attention, groups.offsets, drop(index, ATTENTION, output));
            let dropouts = [drop(index, HIDDEN, hidden), drop(index, FEED_FORWARD, output)];
            x = ops.feed_forward(x, &layer.feed_forward, dropouts, true);
        }
        let normed = ops.norm(&x, &self.norm);
        let firsts = groups.offsets[..groups.offsets.len() - 1].iter().map(|&first| first as i32);
        let mut both = ops.linear(
            &ops.pick(&normed, firsts, [groups.offsets.len() - 1, 1]),
            self.posterior,
            Some(self.posterior_bias),
        );
        if let Some((slots, embedded)) = self.slots.as_ref().zip(embedded) {
            let [means, log_variances] = slots.write(ops, fields, &embedded, normed, groups);
            both = ops.add_at(both, &means, 0);
            both = ops.add_at(both, &log_variances, self.d);
        }
        if let Some(bags) = &self.bags {
            both = ops.add_at(both, &bags.write(ops, fields, groups), self.of_slots);
        }
        both
    }

    /// Of each layer of the decoder what it is conditioned on, `[n, d]`, by latents `[n, d_latent]`
    /// and classes of attributes `[n, attributes]`.
    pub fn conditions<O: Ops>(&self, ops: &O, latents: O::Rows, classes: &[u16]) -> Vec<O::Rows> {
        let count = self.attributes.len();
        let embedded = self.attributes.iter().enumerate().map(|(attribute, &table)| {
            let classes = classes.chunks_exact(count).map(|classes| i32::from(classes[attribute]));
            ops.gather(table, classes.clone(), [classes.len(), 1])
        });
        let parts: Vec<O::Rows> = std::iter::once(latents).chain(embedded).collect();
        let condition = ops.scale(ops.beside(&parts), self.scale);
        self.conditions.iter().map(|&map| ops.linear(&condition, map, None)).collect()
    }

    /// What fields read from the latents of events, each after an event of `previous`, if they do.
    pub fn reader<'a, O: Ops>(&'a self, latents: O::Rows, previous: &'a [u16]) -> Option<LatentReader<'a, O>> {
        self.is_read().then_some(LatentReader { latent: self, latents, previous })
    }
}

impl<O: Ops> LatentReader<'_, O> {
    /// `state` `[n, d]` plus what field number `field` (from 1) reads, given the earlier fields.
    pub fn add_to(&self, ops: &O, fields: &Fields, field: usize, known: Known<'_>, mut state: O::Rows) -> O::Rows {
        let Latent { slots, bags, d, of_slots, .. } = self.latent;
        if let Some(slots) = slots {
            let latents = ops.columns(&self.latents, *d, 0..*of_slots);
            state = ops.add(state, &slots.read(ops, fields, field, known, self.previous, &latents));
        }
        if let Some(bags) = bags {
            state = ops.add(state, &bags.read(ops, field, &self.latents, *d, *of_slots));
        }
        state
    }
}

/// Fresh weights of the posterior `[d, 2 d_latent]`, of others of the same deviation.
fn posterior(mut values: Vec<f32>, config: &ModelConfig) -> Vec<f32> {
    if config.fields_read_latents() {
        values.iter_mut().for_each(|value| *value *= QUIET);
    }
    for row in values.chunks_exact_mut(2 * config.d_latent) {
        row[config.d_latent..].iter_mut().for_each(|value| *value *= QUIET);
    }
    values
}
