//! The compressive transformer, one event of each of some streams at a time.

use super::attention::CachedAttention;
use super::backend::add;
use super::cache::Cache;
use super::{Eager, Rows};
use crate::ModelConfig;
use crate::network::{Attend, Decoder, Layer};

/// What the layers go by besides their parameters.
#[derive(Debug)]
pub(crate) struct CachedDecoder {
    layers: Vec<CachedAttention>,
}

/// The caches of the layers for some pieces.
#[derive(Debug)]
pub(crate) struct DecoderState {
    /// Of each layer, of each stream.
    caches: Vec<Vec<Cache>>,
    /// Space for compression, used again.
    kept: Vec<i32>,
}

impl DecoderState {
    /// Copies stream `from` to stream `to`.
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        for streams in &mut self.caches {
            if let Ok([from, to]) = streams.get_disjoint_mut([from, to]) {
                to.copy(from);
            }
        }
    }
}

impl CachedDecoder {
    pub(crate) fn new(ops: &Eager, decoder: &Decoder, config: &ModelConfig) -> Self {
        let layers = decoder.layers.iter().enumerate();
        Self { layers: layers.map(|(index, layer)| CachedAttention::new(ops, layer, config, index)).collect() }
    }

    /// The beginning of `streams` pieces.
    pub(crate) fn start(&self, streams: usize) -> DecoderState {
        let caches = |layer: &CachedAttention| (0..streams).map(|_| layer.start()).collect();
        DecoderState { caches: self.layers.iter().map(caches).collect(), kept: Vec::new() }
    }

    /// The numbers that a stream's caches hold.
    pub(crate) fn stream_floats(&self) -> usize {
        self.layers.iter().map(CachedAttention::stream_floats).sum()
    }

    /// Runs the next embedded events `[streams, d]` of some streams through the layers. Before each
    /// layer its part of `conditions`, `[layers, d]` of each stream of a model with latents, is
    /// added to the stream.
    pub(crate) fn step(
        &self,
        (ops, decoder): (&Eager, &Decoder),
        streams: &[usize],
        x: Rows,
        conditions: &[Option<Vec<f32>>],
        state: &mut DecoderState,
    ) -> Rows {
        decoder.forward(ops, x, &mut Step { layers: &self.layers, streams, conditions, state }, None)
    }
}

/// One step of some streams.
struct Step<'a> {
    layers: &'a [CachedAttention],
    streams: &'a [usize],
    conditions: &'a [Option<Vec<f32>>],
    state: &'a mut DecoderState,
}

impl Attend<Eager> for Step<'_> {
    fn condition(&mut self, _: &Eager, layer: usize, mut x: Rows) -> Rows {
        let d = x.width();
        for (&stream, x) in self.streams.iter().zip(x.rows_mut()) {
            if let Some(Some(condition)) = self.conditions.get(stream) {
                add(x, &condition[layer * d..(layer + 1) * d]);
            }
        }
        x
    }

    fn attend(&mut self, ops: &Eager, index: usize, layer: &Layer, x: &Rows, residual: bool) -> Rows {
        let DecoderState { caches, kept } = &mut *self.state;
        self.layers[index].apply(ops, layer, (self.streams, x), &mut caches[index], kept, residual)
    }
}
