//! The compressive transformer, one event of each of some streams at a time.

use super::attention::{Attention, AttentionScratch};
use super::cache::{Cache, room};
use super::dense::{Dense, FeedForward, Scratch, add};
use crate::{Gating, ModelConfig, ModelError, Weights};
use leitmotif_kernels::step::{self, Gru};

/// All layers.
#[derive(Debug)]
pub(super) struct Decoder {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    attention: Attention,
    feed_forward: FeedForward,
    gates: Option<[Gate; 2]>,
}

/// What the layers remember of some pieces.
#[derive(Debug)]
pub(super) struct DecoderState {
    /// Of each layer, of each stream.
    caches: Vec<Vec<Cache>>,
    attention: AttentionScratch,
    feed_forward: Scratch,
    gate: Vec<f32>,
    /// What a sub-layer adds.
    output: Vec<f32>,
}

impl DecoderState {
    /// Makes stream `to` what stream `from` is.
    pub(super) fn copy(&mut self, from: usize, to: usize) {
        for streams in &mut self.caches {
            if let Ok([from, to]) = streams.get_disjoint_mut([from, to]) {
                to.copy(from);
            }
        }
    }
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &ModelConfig) -> Result<Self, ModelError> {
        let mut layers: Vec<Layer> = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let compressors = layers.iter().filter(|layer| layer.attention.compresses()).count();
            let prefix = format!("decoder.blocks.{index}");
            let gate = |name: &str| Gate::load(weights, &format!("{prefix}.{name}"), config.d_model);
            let gated = config.gating == Gating::Gru;
            let gates = gated.then(|| Ok::<_, ModelError>([gate("attention_gate")?, gate("feed_forward_gate")?]));
            layers.push(Layer {
                attention: Attention::load(weights, config, index, compressors)?,
                feed_forward: FeedForward::load(
                    weights,
                    &format!("{prefix}.feed_forward"),
                    [config.d_model, config.d_ff],
                    config.glu,
                )?,
                gates: gates.transpose()?,
            });
        }
        Ok(Self { layers })
    }

    /// The beginning of `streams` pieces.
    pub(super) fn start(&self, streams: usize) -> DecoderState {
        let caches = |layer: &Layer| (0..streams).map(|_| layer.attention.start()).collect();
        DecoderState {
            caches: self.layers.iter().map(caches).collect(),
            attention: AttentionScratch::default(),
            feed_forward: Scratch::default(),
            gate: Vec::new(),
            output: Vec::new(),
        }
    }

    /// The numbers that a stream's caches hold.
    pub(super) fn stream_floats(&self) -> usize {
        self.layers.iter().map(|layer| layer.attention.stream_floats()).sum()
    }

    /// Runs the next embedded events `[streams, d]` of some streams through the layers, in place.
    /// Before each layer its part of `conditions`, `[layers, d]` of each stream of a model
    /// with latents, is added to the stream.
    pub(super) fn step(
        &self,
        streams: &[usize],
        x: &mut [f32],
        conditions: &[Option<Vec<f32>>],
        state: &mut DecoderState,
    ) {
        let DecoderState { caches, attention, feed_forward, gate, output } = state;
        let output = room(output, x.len());
        let d = x.len() / streams.len().max(1);
        for (index, (layer, caches)) in self.layers.iter().zip(caches).enumerate() {
            for (&stream, x) in streams.iter().zip(x.chunks_exact_mut(d.max(1))) {
                if let Some(Some(conditioning)) = conditions.get(stream) {
                    add(x, &conditioning[index * d..(index + 1) * d]);
                }
            }
            layer.attention.apply(streams, x, caches, attention, output);
            layer.join(0, x, output, gate);
            layer.feed_forward.apply(x, feed_forward, output);
            layer.join(1, x, output, gate);
        }
    }
}

impl Layer {
    fn join(&self, sublayer: usize, residual: &mut [f32], output: &[f32], scratch: &mut Vec<f32>) {
        match &self.gates {
            Some(gates) => gates[sublayer].apply(residual, output, scratch),
            None => add(residual, output),
        }
    }
}

/// The gated recurrent unit of GTrXL (Parisotto et al. 2019, section 3.2).
#[derive(Debug)]
struct Gate {
    input: Dense,
    state: Dense,
    candidate: Dense,
    bias: Vec<f32>,
}

impl Gate {
    fn load(weights: &Weights, prefix: &str, d: usize) -> Result<Self, ModelError> {
        let dense = |part: &str, wide: usize| Dense::load(weights, &format!("{prefix}.{part}"), None, [d, wide * d]);
        Ok(Self {
            input: dense("input", 3)?,
            state: dense("state", 2)?,
            candidate: dense("candidate", 1)?,
            bias: weights.shaped(&format!("{prefix}.bias"), &[d])?.to_vec(),
        })
    }

    fn apply(&self, residual: &mut [f32], output: &[f32], scratch: &mut Vec<f32>) {
        let values = residual.len();
        let (input, rest) = room(scratch, 7 * values).split_at_mut(3 * values);
        let (state, rest) = rest.split_at_mut(2 * values);
        let (reset, candidate) = rest.split_at_mut(values);
        self.input.apply(output, input);
        self.state.apply(residual, state);
        let gru = Gru { input, state, bias: &self.bias };
        step::gru_reset(gru, residual, reset);
        self.candidate.apply(reset, candidate);
        step::gru_update(gru, candidate, residual);
    }
}
