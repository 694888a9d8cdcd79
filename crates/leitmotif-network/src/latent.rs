//! The variational auto-encoder: an encoder from a group of bars to a Gaussian, and what the
//! decoder is told of a bar.
//!
//! The evidence lower bound of a piece is its music's log-likelihood, given latents drawn from
//! their posteriors, less the divergence of the posteriors from the prior (Kingma & Welling 2013).
//! Per event, with the divergence weighed by `beta` (Higgins et al. 2017) and each dimension's free
//! up to `free_bits` nats a group (Kingma et al. 2016):
//!
//! ```text
//! loss = music + beta / events * sum_d max(KL_d, free_bits * groups)      KL_d = sum_g share_g KL_gd
//! ```
//!
//! A group that reaches into several segments is encoded in each, from all its events and with the
//! same noise; its divergence is divided among them by the events that each has of it (`share`), so
//! that over a piece it counts once.

use crate::bag_latent::BagLatent;
use crate::blocks::{FeedForward, fan_in};
use crate::fields::Fields;
use crate::init::Init;
use crate::ops::{Dropout, GroupAttentionWeights, embed, feed_forward, group_attention, layer_norm, site};
use crate::slot_latent::SlotLatent;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use leitmotif_events::SegmentBars;
use leitmotif_model::{LOG_VARIANCES, ModelConfig, ModelDescription, Posterior, latent_noise};

/// How the latents are to be learnt in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentObjective {
    /// Weight of the divergence: 1 is the evidence lower bound.
    pub beta: f32,
    /// Nats of each dimension of each latent that cost nothing.
    pub free_bits: f32,
    /// Word dropout probability; events that open a bar are exempt.
    pub word_dropout: f32,
    /// Probability that a bar has no copy features.
    pub copy_dropout: f32,
}

impl Default for LatentObjective {
    fn default() -> Self {
        Self { beta: 1.0, free_bits: 0.0, word_dropout: 0.0, copy_dropout: 0.0 }
    }
}

/// What a step's latents came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentStep {
    /// Divergence from the standard normal in nats, summed over the segment's shares of groups.
    pub divergence: f64,
    /// The sum of the shares.
    pub groups: f64,
    /// What was added to the loss, in nats per event, weighed and with what is free.
    pub loss: f64,
}

/// One layer of the encoder.
#[derive(Module, Debug)]
struct Layer {
    attention: GroupAttention,
    feed_forward: FeedForward,
}

/// Attention of every event of a group to every other.
#[derive(Module, Debug)]
struct GroupAttention {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    qkv: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
    output_bias: Param<Tensor<1>>,
}

/// A layer norm's parameters.
#[derive(Module, Debug)]
struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

/// The encoder, and how latents and attributes enter the decoder.
#[derive(Module, Debug)]
pub(crate) struct Latent {
    layers: Vec<Layer>,
    norm: Norm,
    /// Of a group's first event into mean and log-variance, `[d, 2 d_latent]`.
    posterior: Param<Tensor<2>>,
    posterior_bias: Param<Tensor<1>>,
    /// Of a bar's number within its group, `[bars, d]`; none where a group is one bar.
    places: Option<Param<Tensor<2>>>,
    /// Of each attribute, `[classes + 1, d_attribute]`.
    attributes: Vec<Param<Tensor<2>>>,
    /// Of each layer of the decoder, `[d_condition, d]`.
    conditions: Vec<Param<Tensor<2>>>,
    /// By what a condition is multiplied first.
    scale: f32,
    /// What events write to latents and fields read from them, besides: by key, and in no order.
    slots: Option<SlotLatent>,
    bags: Option<BagLatent>,
}

/// What the fields of a segment's targets read from.
pub(crate) struct LatentReader<'a> {
    latent: &'a Latent,
    /// The latent of each input, zeros where it has none, `[n, d_latent]`.
    latents: Tensor<2>,
    /// The events before the targets, `[n, fields]`.
    inputs: &'a [u16],
}

/// The Gaussians of a segment's groups.
pub(crate) struct Gaussians {
    /// `[groups, d_latent]`.
    mean: Tensor<2>,
    /// `[groups, d_latent]`.
    log_variance: Tensor<2>,
}

/// What the decoder is told of a segment: of each layer, of each bar.
pub(crate) struct Conditioning<'a> {
    /// `[bars, d]` of each layer.
    layers: Vec<Tensor<2>>,
    /// The bar of each input, -1 for none.
    of_input: &'a [i32],
}

/// Places among the encoder's sites of dropout, apart from the decoder's.
const ATTENTION: u64 = 11;
const HIDDEN: u64 = 12;
const FEED_FORWARD: u64 = 13;
/// How much smaller than elsewhere the weights begin that say a posterior's log-variance, so that
/// it begins near the prior's.
const QUIET: f32 = 0.1;
/// Where the log-variances of latents with slots begin, so that what is written can be read from
/// the first step.
const NARROW: f32 = -2.0;

impl Latent {
    pub(crate) fn new(description: &ModelDescription, init: &mut Init) -> Self {
        let config = &description.model;
        let (d, bars) = (config.d_model, config.bars_per_latent());
        let depth = (2.0 * config.encoder_layers as f32).sqrt();
        let layer = |init: &mut Init| Layer {
            attention: GroupAttention {
                gamma: init.constant([d], 1.0),
                beta: init.constant([d], 0.0),
                qkv: init.normal([d, 3 * d], 2.0 * fan_in(d)),
                output: init.normal([d, d], fan_in(d) / depth),
                output_bias: init.constant([d], 0.0),
            },
            feed_forward: FeedForward::new(d, config.d_ff, config.glu, depth, init),
        };
        let mut posterior = init.normal_values(2 * d * config.d_latent, 2.0 * fan_in(d));
        let read = config.fields_read_latents();
        if read {
            posterior.iter_mut().for_each(|value| *value *= QUIET);
        }
        let mut bias = vec![0.0; 2 * config.d_latent];
        bias[config.d_latent..].fill(if read { NARROW } else { 0.0 });
        for row in posterior.chunks_exact_mut(2 * config.d_latent) {
            row[config.d_latent..].iter_mut().for_each(|value| *value *= QUIET);
        }
        let conditions = config.d_condition();
        Self {
            layers: (0..config.encoder_layers).map(|_| layer(init)).collect(),
            norm: Norm { gamma: init.constant([d], 1.0), beta: init.constant([d], 0.0) },
            posterior: init.given([d, 2 * config.d_latent], posterior),
            posterior_bias: init.given([2 * config.d_latent], bias),
            places: (bars > 1).then(|| init.normal([bars, d], fan_in(d))),
            attributes: (description.attributes.iter())
                .map(|attribute| init.normal([attribute.classes() + 1, config.d_attribute], 1.0))
                .collect(),
            conditions: (0..config.layers).map(|_| init.normal([conditions, d], fan_in(conditions))).collect(),
            scale: config.condition_scale(),
            slots: (config.latent_slots > 0).then(|| SlotLatent::new(description, init)),
            bags: (config.latent_bag > 0).then(|| BagLatent::new(description, init)),
        }
    }

    /// The Gaussian of each group. With `training`, drops out by that seed.
    pub(crate) fn encode(
        &self,
        fields: &Fields,
        bars: &SegmentBars,
        description: &ModelDescription,
        training: Option<u64>,
    ) -> Gaussians {
        let config = &description.model;
        let drop = |layer: usize, place: u64, probability: f32| match training {
            Some(seed) => Dropout { probability, seed: site(seed, layer, place) },
            None => Dropout::NONE,
        };
        let mut x = fields.embed(&bars.events, &description.sizes);
        if let Some(places) = &self.places {
            x = x + embed(places.val(), &bars.places, 1, 1.0);
        }
        let embedded = x.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let attention = drop(index, ATTENTION, config.layer_dropout);
            x = group_attention(x, &bars.offsets, &layer.attention.weights(), config.heads, attention, true);
            let (hidden, output) =
                (drop(index, HIDDEN, config.ff_dropout), drop(index, FEED_FORWARD, config.layer_dropout));
            x = feed_forward(x, &layer.feed_forward.weights(), hidden, output, true);
        }
        let firsts: Vec<i32> = bars.offsets[..bars.offsets.len() - 1].iter().map(|&first| first as i32).collect();
        let normed = layer_norm(x, self.norm.gamma.val(), self.norm.beta.val());
        let first = embed(normed.clone(), &firsts, 1, 1.0);
        let mut both = first.matmul(self.posterior.val()) + self.posterior_bias.val().unsqueeze();
        let (d, of_slots) = (config.d_latent, config.d_latent - config.bag_dimensions(description.sizes.len()));
        if let Some(slots) = &self.slots {
            let [means, log_variances] = slots.write(embedded, normed, bars, &description.sizes);
            both = add_from(both, means, 0);
            both = add_from(both, log_variances, d);
        }
        if let Some(bags) = &self.bags {
            both = add_from(both, bags.write(fields.table(), bars, &description.sizes), of_slots);
        }
        let (low, high) = LOG_VARIANCES;
        Gaussians { mean: both.clone().narrow(1, 0, d), log_variance: both.narrow(1, d, d).clamp(low, high) }
    }

    /// What fields read from the latents of inputs, if they do.
    pub(crate) fn latent_reader<'a>(&'a self, latents: Tensor<2>, inputs: &'a [u16]) -> Option<LatentReader<'a>> {
        (self.slots.is_some() || self.bags.is_some()).then_some(LatentReader { latent: self, latents, inputs })
    }

    /// What each layer is told of each bar with these latents `[groups, d_latent]`.
    pub(crate) fn conditioning<'a>(&self, latents: Tensor<2>, bars: &'a SegmentBars) -> Conditioning<'a> {
        let mut parts = vec![embed(latents, &bars.group_of_bar, 1, 1.0)];
        let count = self.attributes.len();
        for (attribute, table) in self.attributes.iter().enumerate() {
            let classes: Vec<i32> = bars.classes.chunks_exact(count).map(|classes| classes[attribute].into()).collect();
            parts.push(embed(table.val(), &classes, 1, 1.0));
        }
        let condition = Tensor::cat(parts, 1) * self.scale;
        let layers = self.conditions.iter().map(|map| condition.clone().matmul(map.val())).collect();
        Conditioning { layers, of_input: &bars.of_input }
    }
}

/// `sum` `[n, _]` with `part` added to its columns from number `from`.
fn add_from(sum: Tensor<2>, part: Tensor<2>, from: usize) -> Tensor<2> {
    let ([n, width], [_, columns]) = (sum.dims(), part.dims());
    let zeros = |columns: usize| Tensor::zeros([n, columns], &sum.device());
    let padded: Vec<Tensor<2>> =
        [(from > 0).then(|| zeros(from)), Some(part), (from + columns < width).then(|| zeros(width - from - columns))]
            .into_iter()
            .flatten()
            .collect();
    sum.clone() + Tensor::cat(padded, 1)
}

impl LatentReader<'_> {
    /// What field number `field` (from 1) of each of the `events` `[n, fields]` reads, `[n, d]`.
    pub(crate) fn read(&self, field: usize, events: &[u16], sizes: &[usize]) -> Tensor<2> {
        let [_, d_latent] = self.latents.dims();
        let of_bags = self.latent.bags.as_ref().map_or(0, BagLatent::dimensions);
        let slots = self.latent.slots.as_ref().map(|slots| {
            let latents = self.latents.clone().narrow(1, 0, d_latent - of_bags);
            slots.read(field, events, self.inputs, latents, sizes)
        });
        let bags = self.latent.bags.as_ref().map(|bags| {
            let latents = self.latents.clone().narrow(1, d_latent - of_bags, of_bags);
            bags.read(field, latents)
        });
        match (slots, bags) {
            (Some(slots), Some(bags)) => slots + bags,
            (Some(read), None) | (None, Some(read)) => read,
            (None, None) => unreachable!("a memory is of a latent that fields read from"),
        }
    }
}

impl GroupAttention {
    fn weights(&self) -> GroupAttentionWeights {
        GroupAttentionWeights {
            gamma: self.gamma.val(),
            beta: self.beta.val(),
            qkv: self.qkv.val(),
            output: self.output.val(),
            output_bias: self.output_bias.val(),
        }
    }
}

impl Conditioning<'_> {
    /// The residual stream `[streams, segment, d]` before layer number `layer`, with what it is
    /// told there.
    pub(crate) fn before(&self, layer: usize, x: Tensor<3>) -> Tensor<3> {
        let shape = x.dims();
        x + embed(self.layers[layer].clone(), self.of_input, 1, 1.0).reshape(shape)
    }
}

impl Gaussians {
    /// The draws that the groups' keys name, `[groups, d_latent]`.
    pub(crate) fn draw(&self, keys: &[u64]) -> Tensor<2> {
        let [groups, d] = self.mean.dims();
        let noise: Vec<f32> = keys.iter().flat_map(|&key| latent_noise(key, d)).collect();
        let noise = Tensor::from_data(TensorData::new(noise, [groups, d]), &self.mean.device());
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * noise
    }

    /// The part of the loss that the divergence is, for a segment of `events` that count.
    pub(crate) fn loss(&self, shares: &[f32], events: usize, objective: LatentObjective) -> (Tensor<1>, LatentStep) {
        let groups: f32 = shares.iter().sum();
        let shares = Tensor::<2>::from_data(TensorData::new(shares.to_vec(), [shares.len(), 1]), &self.mean.device());
        let (mean, log_variance) = (self.mean.clone(), self.log_variance.clone());
        let divergence = (mean.clone() * mean + log_variance.clone().exp() - log_variance - 1.0) * shares * 0.5;
        let by_dimension = divergence.sum_dim(0);
        let nats: f64 = by_dimension.clone().inner().into_data().iter::<f32>().map(f64::from).sum();
        let weight = objective.beta / events.max(1) as f32;
        let loss = by_dimension.clamp_min(objective.free_bits * groups).sum() * weight;
        let value = f64::from(loss.clone().inner().into_scalar::<f32>());
        (loss, LatentStep { divergence: nats, groups: f64::from(groups), loss: value })
    }

    /// As plain numbers.
    pub(crate) fn posteriors(&self) -> Vec<Posterior> {
        let [_, d] = self.mean.dims();
        let values = |tensor: &Tensor<2>| tensor.clone().inner().into_data().iter::<f32>().collect::<Vec<f32>>();
        let (means, variances) = (values(&self.mean), values(&self.log_variance));
        means.chunks_exact(d).zip(variances.chunks_exact(d)).map(|(a, b)| Posterior::new(a.into(), b.into())).collect()
    }
}

/// Whether a model of this configuration has latents.
pub(crate) fn has_latents(config: &ModelConfig) -> bool {
    config.bars_per_latent() > 0
}
