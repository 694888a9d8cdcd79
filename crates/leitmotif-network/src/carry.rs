//! A network's memory of several pieces between two segments.

use crate::ops::Spans;
use burn::tensor::{Device, Tensor, TensorData};
use leitmotif_model::{Array, CopyFeatureLayout, CopyFeatures, ModelDescription, ModelError, ModelKind, Weights};
use std::collections::BTreeMap;
use std::ops::Range;

/// Hidden states carried, without gradient, from segment to segment: for a transformer
/// `[compressed memory | memory]` of each layer that has it, for an LSTM each layer's hidden state
/// and cell.
#[derive(Debug, Clone)]
pub struct Carry {
    /// `[streams, places, d]` of each layer; `None` where the layer carries nothing.
    pub(crate) layers: Vec<Option<Tensor<3>>>,
    /// How `layers` are divided and filled.
    pub(crate) spans: Spans,
    /// The copy features' state of each stream; none without copy features.
    pub(crate) copies: Vec<CopyFeatures>,
}

const FILLED_MEMORY: &str = "filled_memory";

/// The name of a stream's copy features; every other array is of all streams.
fn copies_name(stream: usize) -> String {
    format!("echoes.{stream}")
}

/// The stream whose copy features have this name.
fn stream_of(name: &str) -> Option<usize> {
    name.strip_prefix("echoes.")?.parse().ok()
}

/// Places of an LSTM layer: its hidden state and its cell.
const LSTM_PLACES: usize = 2;

impl Carry {
    /// An empty memory for `streams` pieces.
    pub(crate) fn empty(description: &ModelDescription, streams: usize, device: &Device) -> Self {
        let config = &description.model;
        let device = device.clone().inner();
        let zeros = |places: usize| Tensor::zeros([streams, places, config.d_model], &device);
        let layer = |layer: usize| match config.kind {
            ModelKind::Lstm => Some(zeros(LSTM_PLACES)),
            _ => config.has_memory(layer).then(|| zeros(config.memory + config.compressed)),
        };
        let plan = CopyFeatureLayout::new(&description.sizes, &description.given);
        let copies = if config.copy_features { vec![CopyFeatures::new(&plan); streams] } else { Vec::new() };
        let layers: Vec<_> = (0..config.layers).map(layer).collect();
        let remembers = config.kind == ModelKind::Transformer && layers.iter().any(Option::is_some);
        Self {
            layers,
            spans: Spans {
                compressed: if remembers { config.compressed } else { 0 },
                memory: if remembers { config.memory } else { 0 },
                filled_compressed: vec![0; streams],
                filled_memory: vec![0; streams],
            },
            copies,
        }
    }

    /// Clears the memory of the streams where `starts` is set.
    pub(crate) fn reset(&mut self, starts: &[bool], kind: ModelKind) {
        for (stream, _) in starts.iter().enumerate().filter(|(_, starts)| **starts) {
            self.spans.filled_memory[stream] = 0;
            self.spans.filled_compressed[stream] = 0;
            self.copies.iter_mut().skip(stream).take(1).for_each(CopyFeatures::clear);
        }
        if kind == ModelKind::Lstm && starts.contains(&true) {
            let keep: Vec<f32> = starts.iter().map(|&starts| if starts { 0.0 } else { 1.0 }).collect();
            for layer in self.layers.iter_mut().flatten() {
                let keep: Tensor<3> =
                    Tensor::from_data(TensorData::new(keep.clone(), [starts.len(), 1, 1]), &layer.device());
                *layer = layer.clone() * keep;
            }
        }
    }

    /// The number of pieces.
    pub fn streams(&self) -> usize {
        self.spans.filled_memory.len()
    }

    /// Everything, as named arrays.
    pub fn to_weights(&self, description: &ModelDescription) -> Weights {
        let count = |counts: &[usize]| Array::new([counts.len()], counts.iter().map(|&count| count as f32).collect());
        let mut weights = Weights::new();
        weights.insert(FILLED_MEMORY, count(&self.spans.filled_memory));
        weights.insert("filled_compressed", count(&self.spans.filled_compressed));
        let plan = CopyFeatureLayout::new(&description.sizes, &description.given);
        for (stream, copies) in self.copies.iter().enumerate() {
            let state = copies.state(&plan).into_iter().map(f32::from).collect();
            weights.insert(copies_name(stream), Array::new([plan.state_len()], state));
        }
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some(layer) = layer {
                let data = layer.to_data().iter::<f32>().collect();
                weights.insert(format!("layer.{index}"), Array::new(layer.dims(), data));
            }
        }
        weights
    }

    /// The part of what [`Self::to_weights`] gave that is of these streams.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if it has fewer streams.
    pub fn select(weights: &Weights, streams: Range<usize>) -> Result<Weights, ModelError> {
        let mut selected = Weights::new();
        for (name, array) in weights.iter() {
            match stream_of(name) {
                Some(stream) if streams.contains(&stream) => {
                    selected.insert(copies_name(stream - streams.start), array.clone());
                }
                Some(_) => {}
                None => {
                    let (all, each) = (array.shape[0], array.shape[1..].iter().product::<usize>());
                    let data = array.data.get(streams.start * each..streams.end * each).ok_or_else(|| {
                        ModelError::Weights(format!("{name} is of {all} streams, not of {}", streams.end))
                    })?;
                    let shape = [&[streams.len()], &array.shape[1..]].concat();
                    selected.insert(name, Array::new(shape, data.to_vec()));
                }
            }
        }
        Ok(selected)
    }

    /// What [`Self::to_weights`] would give of the streams of all `parts` side by side, which are
    /// of one model.
    pub fn join(parts: &[Weights]) -> Weights {
        let mut joined = BTreeMap::<String, Array>::new();
        let mut first = 0;
        for part in parts {
            for (name, array) in part.iter() {
                match (stream_of(name), joined.get_mut(name)) {
                    (Some(stream), _) => {
                        joined.insert(copies_name(first + stream), array.clone());
                    }
                    (None, Some(joined)) => {
                        joined.shape[0] += array.shape[0];
                        joined.data.extend_from_slice(&array.data);
                    }
                    (None, None) => {
                        joined.insert(name.to_owned(), array.clone());
                    }
                }
            }
            first += part.iter().find(|(name, _)| *name == FILLED_MEMORY).map_or(0, |(_, array)| array.data.len());
        }
        joined.into_iter().collect()
    }

    /// What [`Self::to_weights`] gave, for a model of this description.
    ///
    /// # Errors
    /// [`ModelError::Weights`] if the arrays do not fit the model.
    pub fn from_weights(
        description: &ModelDescription,
        streams: usize,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut carry = Self::empty(description, streams, device);
        let counts = |name: &str, most: usize| {
            let counts = weights.shaped(name, &[streams])?.iter().map(|&count| count as usize);
            match counts.clone().find(|&count| count > most) {
                Some(count) => Err(ModelError::Weights(format!("{name} says {count}, there are {most} places"))),
                None => Ok(counts.collect::<Vec<usize>>()),
            }
        };
        carry.spans.filled_memory = counts(FILLED_MEMORY, carry.spans.memory)?;
        carry.spans.filled_compressed = counts("filled_compressed", carry.spans.compressed)?;
        let plan = CopyFeatureLayout::new(&description.sizes, &description.given);
        for (stream, copies) in carry.copies.iter_mut().enumerate() {
            let name = copies_name(stream);
            let state: Vec<u16> =
                weights.shaped(&name, &[plan.state_len()])?.iter().map(|&value| value as u16).collect();
            *copies = CopyFeatures::from_state(&plan, &state)
                .ok_or_else(|| ModelError::Weights(format!("{name} holds values that no field has")))?;
        }
        for (index, layer) in carry.layers.iter_mut().enumerate() {
            if let Some(layer) = layer {
                let (shape, device) = (layer.dims(), layer.device());
                let data = weights.shaped(&format!("layer.{index}"), &shape)?.to_vec();
                *layer = Tensor::from_data(TensorData::new(data, shape), &device);
            }
        }
        Ok(carry)
    }
}
