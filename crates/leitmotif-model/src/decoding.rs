//! A trained network, and pieces that it writes side by side.

use crate::eager::{CachedDecoder, DecoderState, Eager, LstmState, ROWS, Rows, copy_row, in_precision, product};
use crate::network::{Backbone, Blocks, Decoder, Dropout, Known, Lstm, Ops, ParameterBuilder};
use crate::{
    Condition, CopyFeatureLayout, CopyFeatures, DecodingBatch, LatentSpace, Model, ModelDescription, ModelError,
    Precision, Prior, Weights,
};
use leitmotif_kernels::gemm::Packed;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The logit of a value that is not predicted: so low that its probability is 0, and finite, so
/// that it can be the only one allowed.
const NOT_PREDICTED: f32 = -1e9;

/// A trained transformer or LSTM, ready to write.
#[derive(Debug)]
pub struct NetworkModel {
    description: ModelDescription,
    eager: Arc<Eager>,
    blocks: Arc<Blocks>,
    /// The decoder's settings and tables besides its parameters; `None` for an LSTM.
    decoder: Option<CachedDecoder>,
    /// Of each field, the rows of its values as a linear map, and their biases.
    outputs: Vec<(Packed, Vec<f32>)>,
    copies: Option<CopyFeatureLayout>,
    latents: Option<LatentSpace>,
    precision: Precision,
}

enum State<'a> {
    Decoder(&'a CachedDecoder, &'a Decoder, DecoderState),
    Lstm(&'a Lstm, LstmState),
}

impl NetworkModel {
    /// Builds the model from its weights, named as the trainable network names them.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if they do not fit, [`ModelError::Config`] if the description is
    /// invalid or of a Markov model.
    pub fn new(description: &ModelDescription, weights: &Weights) -> Result<Self, ModelError> {
        let mut parameters = ParameterBuilder::of(weights);
        let blocks = Arc::new(Blocks::new(description, &mut parameters)?);
        let precision = weights.precision();
        let eager = Arc::new(Eager::new(parameters.finish()?, precision));
        let decoder = match &blocks.backbone {
            Backbone::Decoder(decoder) => Some(CachedDecoder::new(&eager, decoder, &description.model)),
            Backbone::Lstm(_) => None,
        };
        let (fields, d) = (&blocks.fields, description.model.d_model);
        let outputs = fields.offsets.iter().zip(&fields.sizes).map(|(&offset, &size)| {
            let rows = &eager.values(fields.output)[offset * d..(offset + size) * d];
            let packed = in_precision(Packed::transposed(rows, d, size), precision);
            (packed, eager.values(fields.bias)[offset..offset + size].to_vec())
        });
        Ok(Self {
            outputs: outputs.collect(),
            copies: description
                .model
                .copy_features
                .then(|| CopyFeatureLayout::new(&description.sizes, &description.given)),
            latents: LatentSpace::new(description, &eager, &blocks),
            description: description.clone(),
            eager,
            blocks,
            decoder,
            precision,
        })
    }

    /// Whether arrays of these names and shapes are those of the described model.
    ///
    /// # Errors
    /// As [`NetworkModel::new`].
    pub fn check_shapes(
        description: &ModelDescription,
        shapes: &BTreeMap<String, Vec<usize>>,
    ) -> Result<(), ModelError> {
        let mut parameters = ParameterBuilder::shaped(shapes);
        Blocks::new(description, &mut parameters)?;
        parameters.finish().map(|_| ())
    }

    /// The same model with a prior over sequences of latents.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if the prior is of other latents.
    pub fn with_prior(mut self, prior: Option<Prior>) -> Result<Self, ModelError> {
        let model = &self.description.model;
        let wanted = (model.d_latent, model.d_model);
        let fits = |prior: &Prior| self.latents.is_some() && (prior.dimensions(), prior.header_width()) == wanted;
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
        let state = match (&self.blocks.backbone, &self.decoder) {
            (Backbone::Decoder(decoder), Some(cached)) => State::Decoder(cached, decoder, cached.start(streams)),
            (Backbone::Lstm(lstm), _) => {
                State::Lstm(lstm, LstmState::start(lstm, self.description.model.d_model, streams))
            }
            _ => unreachable!("a decoder is made with its model"),
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
            copied: Vec::new(),
            before: Vec::new(),
        })
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn latents(&self) -> Option<&LatentSpace> {
        self.latents.as_ref()
    }

    fn stream_bytes(&self) -> usize {
        let lstm = 2 * self.description.model.layers * self.description.model.d_model;
        let floats = self.decoder.as_ref().map_or(lstm, CachedDecoder::stream_floats);
        let conditions = self.latents.as_ref().map_or(0, |_| self.condition_floats());
        size_of::<f32>() * (floats + conditions)
            + self.copies.as_ref().map_or(0, |plan| size_of::<u16>() * plan.state_len())
    }
}

impl NetworkModel {
    /// The numbers that the events of a bar are conditioned on.
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
    state: State<'a>,
    /// What each layer of each stream is conditioned on, `[layers, d]`, and the latent,
    /// `[d_latent]`; none without latents.
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
    /// The copy features of a field, and the events before, of the streams at hand.
    copied: Vec<i32>,
    before: Vec<u16>,
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
            State::Decoder(.., state) => state.copy(from, to),
            State::Lstm(_, state) => state.copy(from, to),
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

/// Copies one stream's data to another's space; does nothing where no stream has any.
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
        let k = model.description.sizes.len();
        for (&stream, event) in streams.iter().zip(events.chunks_exact(k)) {
            if let Some(plan) = &model.copies {
                self.copies[stream].push(plan, event);
            }
            self.previous[stream * k..(stream + 1) * k].copy_from_slice(event);
        }
        let x = model.blocks.fields.embed(&*model.eager, events);
        let x = match &mut self.state {
            State::Decoder(cached, decoder, state) => {
                cached.step((&model.eager, decoder), streams, x, &self.conditions, state)
            }
            State::Lstm(lstm, state) => state.step(&model.eager, lstm, streams, x),
        };
        for (&stream, x) in streams.iter().zip(x.rows()) {
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
        let NetworkModel { eager, blocks, copies, .. } = self.model;
        let (eager, fields) = (&**eager, &blocks.fields);
        let mut state = Rows::any(streams.len(), self.model.description.model.d_model);
        for (row, &stream) in state.rows_mut().zip(streams) {
            row.copy_from_slice(row_of(&self.outputs, row.len(), stream));
        }
        let known = Known { values: earlier, width: field };
        if fields.independent() {
            state = eager.norm(&state, fields.output_norm(field));
        } else {
            self.copied.clear();
            if let Some(plan) = copies {
                for (row, &stream) in streams.iter().enumerate() {
                    let earlier = &earlier[row * field..(row + 1) * field];
                    self.copies[stream].features(plan, earlier, &mut self.copied);
                }
            }
            let latents = blocks.latent.as_ref().filter(|_| field > 0 && !self.latents.is_empty()).map(|latent| {
                let (k, width) = (fields.sizes.len(), self.model.description.model.d_latent);
                self.before.clear();
                let mut latents = Rows::any(streams.len(), width);
                for (row, &stream) in latents.rows_mut().zip(streams) {
                    row.copy_from_slice(row_of(&self.latents, width, stream));
                    self.before.extend_from_slice(row_of(&self.previous, k, stream));
                }
                (latent, latents)
            });
            let reader = latents.and_then(|(latent, latents)| latent.reader(latents, &self.before));
            state = fields.add_known(eager, state, known, 0, field);
            let add_latents = |state| match &reader {
                Some(reader) => reader.add_to(eager, fields, field, known, state),
                None => state,
            };
            state = fields.state(eager, field, state, &self.copied, add_latents, Dropout::NONE);
            state = eager.norm(&state, fields.output_norm(field));
        }
        let (map, bias) = &self.model.outputs[field];
        logits.copy_from_slice(&product(&state, map, Some(bias)));
        if fields.independent() && field > 0 {
            logits.iter_mut().step_by(map.n()).for_each(|logit| *logit = NOT_PREDICTED);
        }
    }
}

/// Row number `index` of `[rows, width]`.
fn row_of<T>(rows: &[T], width: usize, index: usize) -> &[T] {
    &rows[index * width..(index + 1) * width]
}
