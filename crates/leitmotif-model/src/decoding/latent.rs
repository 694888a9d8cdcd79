//! Latents while writing: from a bar's events to its latent, from a latent to what each layer is
//! told.
//!
//! The encoder is a bidirectional transformer over the events of one group of bars: pre-norm
//! sub-layers as the decoder's, but every event attends to every other, without positions, because
//! an event's place in its bar is one of its fields. What it says of the event that opens the group
//! becomes the posterior, a Gaussian with a mean and a variance of each dimension.
//!
//! The decoder is conditioned on a bar's latent and the embedded classes of its attributes by a
//! linear map of them, added to the residual stream before each layer (in-attention; Wu & Yang
//! 2021, MuseMorphose, section 3.3), here with a map of its own for each layer.

use super::bag_latent::BagLatent;
use super::cache::room;
use super::dense::{Dense, FeedForward, Norm, Scratch, add};
use super::fields::Fields;
use super::slot_latent::SlotLatent;
use crate::{AttributeCuts, Condition, ModelConfig, ModelDescription, ModelError, Posterior, Prior, Weights};

/// The latents of a model.
#[derive(Debug)]
pub struct LatentSpace {
    d: usize,
    d_model: usize,
    bars: usize,
    /// Of the events, shared with the decoder: a row per value, `[values, d_model]`, and where each
    /// field's begin.
    embedding: Vec<f32>,
    offsets: Vec<usize>,
    attributes: Vec<AttributeCuts>,
    layers: Vec<Layer>,
    norm: Norm,
    posterior: Dense,
    /// An embedding of a bar's number within its group, `[bars, d_model]`; none where a group is
    /// one bar.
    places: Vec<f32>,
    /// Of each attribute, `[classes + 1, d_attribute]`.
    embeddings: Vec<Vec<f32>>,
    d_attribute: usize,
    /// Of each layer of the decoder, from a condition to the residual stream.
    conditions: Vec<Dense>,
    /// What events write to it and fields read from it, besides.
    slots: Option<SlotLatent>,
    bags: Option<BagLatent>,
    /// By what a condition is multiplied first.
    scale: f32,
    prior: Option<Prior>,
}

#[derive(Debug)]
struct Layer {
    norm: Norm,
    qkv: Dense,
    output: Dense,
    heads: usize,
    feed_forward: FeedForward,
}

impl LatentSpace {
    pub(super) fn load(weights: &Weights, description: &ModelDescription, fields: &Fields) -> Result<Self, ModelError> {
        let (config, d) = (&description.model, description.model.d_model);
        let bars = config.bars_per_latent();
        let places = match bars {
            0 | 1 => Vec::new(),
            bars => weights.shaped("latent.places", &[bars, d])?.to_vec(),
        };
        let table = |(index, cuts): (usize, &AttributeCuts)| {
            let shape = [cuts.classes() + 1, config.d_attribute];
            weights.shaped(&format!("latent.attributes.{index}"), &shape).map(<[f32]>::to_vec)
        };
        let condition =
            |layer| Dense::load(weights, &format!("latent.conditions.{layer}"), None, [config.d_condition(), d]);
        let (embedding, offsets) = fields.table();
        Ok(Self {
            d: config.d_latent,
            d_model: d,
            bars,
            embedding: embedding.to_vec(),
            offsets: offsets.to_vec(),
            layers: (0..config.encoder_layers)
                .map(|layer| Layer::load(weights, config, layer))
                .collect::<Result<_, _>>()?,
            norm: Norm::load(weights, "latent.norm", d)?,
            posterior: Dense::load(
                weights,
                "latent.posterior",
                Some("latent.posterior_bias"),
                [d, 2 * config.d_latent],
            )?,
            places,
            embeddings: description.attributes.iter().enumerate().map(table).collect::<Result<_, _>>()?,
            d_attribute: config.d_attribute,
            attributes: description.attributes.clone(),
            conditions: (0..config.layers).map(condition).collect::<Result<_, _>>()?,
            slots: SlotLatent::load(weights, description)?,
            bags: BagLatent::load(weights, description, fields)?,
            scale: config.condition_scale(),
            prior: None,
        })
    }

    pub(crate) fn set_prior(&mut self, prior: Option<Prior>) {
        self.prior = prior;
    }

    /// Whether fields read from latents themselves.
    pub(super) fn is_read(&self) -> bool {
        self.slots.is_some() || self.bags.is_some()
    }

    /// Adds to the state `z` `[d_model]` what field number `field` (from 1) reads from a `latent`,
    /// given its `earlier` fields and the event before.
    pub(super) fn read(
        &self,
        field: usize,
        (earlier, previous): (&[u16], &[u16]),
        latent: &[f32],
        z: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        let (of_slots, of_bags) = latent.split_at(self.of_slots());
        if let Some(slots) = &self.slots {
            slots.read(field, earlier, previous, of_slots, z, scratch);
        }
        if let Some(bags) = &self.bags {
            bags.read(field, of_bags, z, scratch);
        }
    }

    /// Dimensions that are not the bags'.
    fn of_slots(&self) -> usize {
        self.d - self.bags.as_ref().map_or(0, BagLatent::dimensions)
    }

    /// Dimensions of a latent.
    pub fn dimensions(&self) -> usize {
        self.d
    }

    /// Consecutive bars that share a latent.
    pub fn bars_per_latent(&self) -> usize {
        self.bars
    }

    /// The attributes that a bar's classes are of, in their order.
    pub fn attributes(&self) -> &[AttributeCuts] {
        &self.attributes
    }

    /// What is known of a piece's next latent from those before, if the model has learnt that.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// What a prior is told of a piece's header: the sum of its events' embeddings, `[d_model]`.
    pub fn header(&self, events: &[u16]) -> Vec<f32> {
        let (d, k) = (self.d_model, self.offsets.len());
        let mut sum = vec![0.0; d];
        for event in events.chunks_exact(k) {
            for (offset, &value) in self.offsets.iter().zip(event) {
                let row = offset + usize::from(value);
                add(&mut sum, &self.embedding[row * d..(row + 1) * d]);
            }
        }
        sum
    }

    /// Writes to `residual` what each layer is told, `[layers, d_model]`.
    ///
    /// # Panics
    /// If the condition has another width or unknown classes.
    pub(super) fn condition(&self, condition: Condition<'_>, residual: &mut [f32]) {
        assert_eq!(condition.latent.len(), self.d, "a latent has the model's dimensions");
        assert_eq!(condition.classes.len(), self.attributes.len(), "a condition has a class of each attribute");
        let mut conditioning = condition.latent.to_vec();
        for (embedding, &class) in self.embeddings.iter().zip(condition.classes) {
            let row = usize::from(class) * self.d_attribute;
            conditioning.extend_from_slice(&embedding[row..row + self.d_attribute]);
        }
        conditioning.iter_mut().for_each(|value| *value *= self.scale);
        for (map, residual) in self.conditions.iter().zip(residual.chunks_exact_mut(self.d_model)) {
            map.apply(&conditioning, residual);
        }
    }

    /// The posterior of a group of bars from its `events` `[n, fields]` and the number of each
    /// event's bar within the group, `places` `[n]`. Its first event opens its first bar.
    ///
    /// # Panics
    /// If there are no events, or their number is not that of the places.
    pub fn encode(&self, events: &[u16], places: &[usize]) -> Posterior {
        let (d, k) = (self.d_model, self.offsets.len());
        assert!(
            !places.is_empty() && events.len() == places.len() * k,
            "events are [n, fields], places [n], n above 0"
        );
        let mut x = vec![0.0; places.len() * d];
        for ((x, event), &place) in x.chunks_exact_mut(d).zip(events.chunks_exact(k)).zip(places) {
            for (offset, &value) in self.offsets.iter().zip(event) {
                let row = offset + usize::from(value);
                add(x, &self.embedding[row * d..(row + 1) * d]);
            }
            if let Some(row) = self.places.get(place * d..(place + 1) * d) {
                add(x, row);
            }
        }
        let mut space = EncoderScratch::default();
        let embedded = x.clone();
        for layer in &self.layers {
            layer.apply(&mut x, &mut space);
        }
        let mut normed = vec![0.0; x.len()];
        self.norm.apply(&x, &mut normed);
        let mut both = vec![0.0; 2 * self.d];
        self.posterior.apply(&normed[..d], &mut both);
        let mut log_variance = both.split_off(self.d);
        let of_slots = self.of_slots();
        if let Some(slots) = &self.slots {
            let written = slots.write(events, &embedded, &normed);
            let (means, log_variances) = written.split_at(of_slots);
            add(&mut both[..of_slots], means);
            add(&mut log_variance[..of_slots], log_variances);
        }
        if let Some(bags) = &self.bags {
            bags.write(events, &mut both[of_slots..]);
        }
        Posterior::new(both, log_variance)
    }
}

/// Space of the encoder, reused from layer to layer.
#[derive(Debug, Default)]
struct EncoderScratch {
    normed: Vec<f32>,
    qkv: Vec<f32>,
    mixed: Vec<f32>,
    output: Vec<f32>,
    scores: Vec<f32>,
    feed_forward: Scratch,
}

impl Layer {
    fn load(weights: &Weights, config: &ModelConfig, index: usize) -> Result<Self, ModelError> {
        let d = config.d_model;
        let prefix = format!("latent.layers.{index}");
        let name = |part: &str| format!("{prefix}.attention.{part}");
        Ok(Self {
            norm: Norm::load(weights, &format!("{prefix}.attention"), d)?,
            qkv: Dense::load(weights, &name("qkv"), None, [d, 3 * d])?,
            output: Dense::load(weights, &name("output"), Some(&name("output_bias")), [d, d])?,
            heads: config.heads,
            feed_forward: FeedForward::load(weights, &format!("{prefix}.feed_forward"), [d, config.d_ff], config.glu)?,
        })
    }

    fn apply(&self, x: &mut [f32], space: &mut EncoderScratch) {
        let EncoderScratch { normed, qkv, mixed, output, scores, feed_forward } = space;
        let (normed, qkv) = (room(normed, x.len()), room(qkv, 3 * x.len()));
        let (mixed, output) = (room(mixed, x.len()), room(output, x.len()));
        self.norm.apply(x, normed);
        self.qkv.apply(normed, qkv);
        self.attend(qkv, mixed, scores);
        self.output.apply(mixed, output);
        add(x, output);
        self.feed_forward.apply(x, feed_forward, output);
        add(x, output);
    }

    /// Mixes the values of all rows of `qkv` `[n, 3 d]` for each row, into `mixed` `[n, d]`.
    fn attend(&self, qkv: &[f32], mixed: &mut [f32], scores: &mut Vec<f32>) {
        let d = self.output.outputs();
        let (n, width) = (mixed.len() / d, d / self.heads);
        let scores = room(scores, n);
        let scale = 1.0 / (width as f32).sqrt();
        let row = |index: usize, part: usize, head: usize| {
            let from = index * 3 * d + part * d + head * width;
            &qkv[from..from + width]
        };
        for (query, mixed) in mixed.chunks_exact_mut(d).enumerate() {
            for (head, mixed) in mixed.chunks_exact_mut(width).enumerate() {
                let q = row(query, 0, head);
                for (key, score) in scores.iter_mut().enumerate() {
                    *score = scale * q.iter().zip(row(key, 1, head)).map(|(q, k)| q * k).sum::<f32>();
                }
                let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                scores.iter_mut().for_each(|score| *score = (*score - most).exp());
                let sum: f32 = scores.iter().sum();
                mixed.fill(0.0);
                for (key, score) in scores.iter().enumerate() {
                    let weight = score / sum;
                    mixed.iter_mut().zip(row(key, 2, head)).for_each(|(mixed, value)| *mixed += weight * value);
                }
            }
        }
    }
}
