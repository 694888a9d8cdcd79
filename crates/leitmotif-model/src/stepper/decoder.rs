//! The compressive transformer, one event at a time.

use super::attention::Attention;
use super::cache::{AttentionScratch, Cache, room};
use super::dense::{Dense, FeedForward, add, sigmoid};
use crate::{Gating, ModelConfig, ModelError, Weights};

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

/// What the layers remember of one piece.
#[derive(Debug)]
pub(super) struct DecoderState {
    caches: Vec<Cache>,
    scratch: AttentionScratch,
    gate: Vec<f32>,
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

    /// The beginning of a piece.
    pub(super) fn start(&self) -> DecoderState {
        DecoderState {
            caches: self.layers.iter().map(|layer| layer.attention.start()).collect(),
            scratch: AttentionScratch::default(),
            gate: Vec::new(),
        }
    }

    /// Runs one embedded event `[d]` through the layers, in place.
    pub(super) fn step(&self, x: &mut [f32], state: &mut DecoderState) {
        let DecoderState { caches, scratch, gate } = state;
        let mut output = std::mem::take(&mut scratch.common.output);
        let added = room(&mut output, x.len());
        for (layer, cache) in self.layers.iter().zip(caches) {
            layer.attention.apply(x, cache, scratch, added);
            layer.join(0, x, added, gate);
            layer.feed_forward.apply(x, &mut scratch.common, added);
            layer.join(1, x, added, gate);
        }
        scratch.common.output = output;
    }
}

impl Layer {
    fn join(&self, sublayer: usize, stream: &mut [f32], output: &[f32], scratch: &mut Vec<f32>) {
        match &self.gates {
            Some(gates) => gates[sublayer].apply(stream, output, scratch),
            None => add(stream, output),
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

    fn apply(&self, stream: &mut [f32], output: &[f32], scratch: &mut Vec<f32>) {
        let d = stream.len();
        let (input, rest) = room(scratch, 7 * d).split_at_mut(3 * d);
        let (state, rest) = rest.split_at_mut(2 * d);
        let (reset, candidate) = rest.split_at_mut(d);
        self.input.apply(output, input);
        self.state.apply(stream, state);
        for i in 0..d {
            reset[i] = sigmoid(input[i] + state[i]) * stream[i];
        }
        self.candidate.apply(reset, candidate);
        for i in 0..d {
            let update = sigmoid(input[d + i] + state[d + i] + self.bias[i]);
            stream[i] += update * ((input[2 * d + i] + candidate[i]).tanh() - stream[i]);
        }
    }
}
