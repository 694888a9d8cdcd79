//! Trained networks writing music event by event, without the machinery that trained them.
//!
//! Keys and values of segment, memory and compressed memory are cached, weights are packed once,
//! and the memory rolls on exactly as in training, every [`crate::ModelConfig::segment`] events. So
//! the cost of an event does not grow with the piece, and the logits are those of training, to
//! rounding.
//!
//! Several pieces are written in streams. Every linear map is one product over the rows of the
//! streams that advance, so that weights pass through the cache once for all of them; whatever
//! belongs to a piece (attention over its cache, its memory, its copy features) stays with its
//! stream. No row of a product depends on the others, so a stream is the same bits alone and among
//! others.

mod attention;
mod bag_latent;
mod cache;
mod compress;
mod decoder;
mod dense;
mod fields;
mod latent;
mod lstm;
mod slot_latent;

use crate::{
    Condition, CopyFeatureLayout, CopyFeatures, DecodingBatch, LatentKind, Model, ModelDescription, ModelError,
    ModelKind, Precision, Prior, Weights,
};
pub use bag_latent::BAG_SCALE;
use cache::room;
use decoder::{Decoder, DecoderState};
pub(crate) use dense::Dense;
use dense::ROWS;
use fields::{FieldScratch, Fields};
pub use latent::LatentSpace;
pub(crate) use leitmotif_kernels::step::lstm_cell;
use lstm::{Lstm, LstmState};
pub use slot_latent::SLOT_LEAST;

/// A trained transformer or LSTM, ready to write.
#[derive(Debug)]
pub struct NetworkModel {
    description: ModelDescription,
    fields: Fields,
    backbone: Backbone,
    copies: Option<CopyFeatureLayout>,
    latents: Option<LatentSpace>,
    precision: Precision,
}

#[derive(Debug)]
enum Backbone {
    Decoder(Decoder),
    Lstm(Lstm),
}

enum State {
    Decoder(Box<DecoderState>),
    Lstm(LstmState),
}

impl NetworkModel {
    /// Builds the model from its weights, named as the trainable network names them.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if they do not fit, [`ModelError::Config`] if the description is
    /// invalid or of a Markov model.
    pub fn new(description: &ModelDescription, weights: &Weights) -> Result<Self, ModelError> {
        description.validate()?;
        let backbone = match description.model.kind {
            ModelKind::Transformer => Backbone::Decoder(Decoder::load(weights, &description.model)?),
            ModelKind::Lstm => Backbone::Lstm(Lstm::load(weights, &description.model)?),
            ModelKind::Markov => return Err(ModelError::Config("a Markov model is not a network".into())),
        };
        let fields = Fields::load(weights, description)?;
        let copies = description.model.copy_features.then(|| CopyFeatureLayout::new(&description.sizes));
        let has_latents = description.model.latent != LatentKind::None;
        let latents = has_latents.then(|| LatentSpace::load(weights, description, &fields)).transpose()?;
        let precision = weights.precision();
        Ok(Self { description: description.clone(), fields, backbone, copies, latents, precision })
    }

    /// The same model with what it has learnt of sequences of latents.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if the prior is of other latents.
    pub fn with_prior(mut self, prior: Option<Prior>) -> Result<Self, ModelError> {
        let wanted = self.description.model.d_latent;
        let fits = |prior: &Prior| self.latents.is_some() && prior.dimensions() == wanted;
        if prior.as_ref().is_some_and(|prior| !fits(prior)) {
            return Err(ModelError::Weights("the prior is of other latents than the model's".into()));
        }
        if let Some(latents) = &mut self.latents {
            latents.set_prior(prior);
        }
        Ok(self)
    }
}

impl Model for NetworkModel {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn decoding_batch(&self, streams: usize) -> Box<dyn DecodingBatch + '_> {
        let state = match &self.backbone {
            Backbone::Decoder(decoder) => State::Decoder(Box::new(decoder.start(streams))),
            Backbone::Lstm(lstm) => State::Lstm(lstm.start(streams)),
        };
        let copies = self.copies.iter().flat_map(|plan| (0..streams).map(|_| CopyFeatures::new(plan)));
        Box::new(NetworkBatch {
            model: self,
            state,
            outputs: vec![0.0; streams * self.description.model.d_model],
            previous: vec![0; streams * self.description.sizes.len()],
            latents: match self.read_latents() {
                Some(_) => vec![0.0; streams * self.description.model.d_latent],
                None => Vec::new(),
            },
            conditions: match self.latents {
                Some(_) => vec![None; streams],
                None => Vec::new(),
            },
            copies: copies.collect(),
            rows: Vec::new(),
            copied: Vec::new(),
            read: Vec::new(),
            scratch: FieldScratch::default(),
        })
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn latents(&self) -> Option<&LatentSpace> {
        self.latents.as_ref()
    }

    fn stream_bytes(&self) -> usize {
        let floats = match &self.backbone {
            Backbone::Decoder(decoder) => decoder.stream_floats(),
            Backbone::Lstm(lstm) => lstm.stream_floats(),
        };
        let conditions = self.latents.as_ref().map_or(0, |_| self.condition_floats());
        size_of::<f32>() * (floats + conditions)
            + self.copies.as_ref().map_or(0, |plan| size_of::<u16>() * plan.state_len())
    }
}

impl NetworkModel {
    /// The numbers that a stream is told of its bar.
    fn condition_floats(&self) -> usize {
        self.description.model.layers * self.description.model.d_model + self.description.model.d_latent
    }

    /// Its latents, if fields read from them.
    fn read_latents(&self) -> Option<&LatentSpace> {
        self.latents.as_ref().filter(|latents| latents.is_read())
    }
}

struct NetworkBatch<'a> {
    model: &'a NetworkModel,
    state: State,
    /// What each layer of each stream is told, `[layers, d]`, and the latent, `[d_latent]`; none
    /// without latents.
    conditions: Vec<Option<Vec<f32>>>,
    /// The last event of each stream, `[streams, fields]`.
    previous: Vec<u16>,
    /// The latent that it was read with, `[streams, d_latent]`, zeros for none; empty unless fields
    /// read from latents.
    latents: Vec<f32>,
    /// The backbone's state after the last event of each stream, `[streams, d]`.
    outputs: Vec<f32>,
    /// Of each stream, if the model has copy features.
    copies: Vec<CopyFeatures>,
    /// The states of the streams at hand, `[rows, d]`.
    rows: Vec<f32>,
    /// The copy features of a field.
    copied: Vec<i32>,
    /// Space for what a field reads from a latent.
    read: Vec<f32>,
    scratch: FieldScratch,
}

impl DecodingBatch for NetworkBatch<'_> {
    fn push(&mut self, streams: &[usize], events: &[u16]) {
        let fields = self.model.description.sizes.len();
        assert_eq!(events.len(), streams.len() * fields, "events are [streams, fields]");
        for (streams, events) in streams.chunks(ROWS).zip(events.chunks(ROWS * fields)) {
            self.step(streams, events);
        }
    }

    fn logits(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        let size = self.model.description.sizes[field];
        assert_eq!(earlier.len(), streams.len() * field, "earlier fields are [streams, field]");
        assert_eq!(logits.len(), streams.len() * size, "logits are [streams, values]");
        for (block, streams) in streams.chunks(ROWS).enumerate() {
            let (first, rows) = (block * ROWS, streams.len());
            let earlier = &earlier[first * field..(first + rows) * field];
            self.read(streams, earlier, field, &mut logits[first * size..(first + rows) * size]);
        }
    }

    fn state(&self, stream: usize) -> Option<&[f32]> {
        let d = self.model.description.model.d_model;
        Some(&self.outputs[stream * d..(stream + 1) * d])
    }

    fn condition(&mut self, stream: usize, condition: Option<Condition<'_>>) {
        let Some(latents) = &self.model.latents else { return };
        let conditioning = &mut self.conditions[stream];
        match condition {
            None => *conditioning = None,
            Some(condition) => {
                let conditioning = conditioning.get_or_insert_with(|| vec![0.0; self.model.condition_floats()]);
                let (layers, latent) = conditioning.split_at_mut(self.model.condition_floats() - latents.dimensions());
                latents.condition(condition, layers);
                latent.copy_from_slice(condition.latent);
            }
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        let ModelDescription { model, sizes, .. } = &self.model.description;
        match &mut self.state {
            State::Decoder(state) => state.copy(from, to),
            State::Lstm(state) => state.copy(from, to, model.d_model),
        }
        copy_row(&mut self.outputs, model.d_model, from, to);
        copy_row(&mut self.previous, sizes.len(), from, to);
        if !self.latents.is_empty() {
            copy_row(&mut self.latents, model.d_latent, from, to);
        }
        if from != to {
            copy_item(&mut self.conditions, from, to);
            copy_item(&mut self.copies, from, to);
        }
    }
}

/// Makes row number `to` of `[rows, width]` what row number `from` is.
fn copy_row<T: Copy>(rows: &mut [T], width: usize, from: usize, to: usize) {
    rows.copy_within(from * width..(from + 1) * width, to * width);
}

/// Makes what one stream has another's, in the other's space; where no stream has anything,
/// nothing.
fn copy_item<T: Clone>(streams: &mut [T], from: usize, to: usize) {
    if !streams.is_empty()
        && let Ok([from, to]) = streams.get_disjoint_mut([from, to])
    {
        to.clone_from(from);
    }
}

impl NetworkBatch<'_> {
    /// [`DecodingBatch::push`] for at most [`ROWS`] events.
    fn step(&mut self, streams: &[usize], events: &[u16]) {
        let (model, d) = (self.model, self.model.description.model.d_model);
        let x = room(&mut self.rows, streams.len() * d);
        let events = events.chunks_exact(model.description.sizes.len());
        for ((&stream, event), x) in streams.iter().zip(events).zip(x.chunks_exact_mut(d)) {
            if let Some(plan) = &model.copies {
                self.copies[stream].push(plan, event);
            }
            model.fields.embed(event, x);
            self.previous[stream * event.len()..(stream + 1) * event.len()].copy_from_slice(event);
        }
        match (&model.backbone, &mut self.state) {
            (Backbone::Decoder(decoder), State::Decoder(state)) => decoder.step(streams, x, &self.conditions, state),
            (Backbone::Lstm(lstm), State::Lstm(state)) => lstm.step(streams, x, state),
            _ => unreachable!("a state is of its model's kind"),
        }
        for (&stream, x) in streams.iter().zip(x.chunks_exact(d)) {
            self.outputs[stream * d..(stream + 1) * d].copy_from_slice(x);
        }
        if model.read_latents().is_some() {
            self.keep_latents(streams);
        }
    }

    /// Keeps what the fields of the streams' next events may read.
    fn keep_latents(&mut self, streams: &[usize]) {
        let width = self.model.description.model.d_latent;
        for &stream in streams {
            let kept = &mut self.latents[stream * width..(stream + 1) * width];
            match &self.conditions[stream] {
                Some(conditioning) => kept.copy_from_slice(&conditioning[conditioning.len() - width..]),
                None => kept.fill(0.0),
            }
        }
    }

    /// [`DecodingBatch::logits`] for at most [`ROWS`] streams.
    fn read(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        let (model, d) = (self.model, self.model.description.model.d_model);
        let z = room(&mut self.rows, streams.len() * d);
        self.copied.clear();
        for (row, &stream) in streams.iter().enumerate() {
            z[row * d..(row + 1) * d].copy_from_slice(&self.outputs[stream * d..(stream + 1) * d]);
            if let Some(plan) = &model.copies {
                self.copies[stream].features(plan, &earlier[row * field..(row + 1) * field], &mut self.copied);
            }
        }
        if let Some(latents) = model.read_latents().filter(|_| field > 0) {
            let (k, width) = (model.description.sizes.len(), model.description.model.d_latent);
            for (row, &stream) in streams.iter().enumerate() {
                let known = (&earlier[row * field..(row + 1) * field], &self.previous[stream * k..(stream + 1) * k]);
                let latent = &self.latents[stream * width..(stream + 1) * width];
                latents.read(field, known, latent, &mut z[row * d..(row + 1) * d], &mut self.read);
            }
        }
        model.fields.logits(field, z, earlier, &self.copied, logits, &mut self.scratch);
    }
}
