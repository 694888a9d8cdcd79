//! The compressive transformer, one event at a time.

use super::attention::{Attention, Cache};
use super::dense::{Dense, FeedForward, Scratch, add, sigmoid};
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
#[derive(Debug, Default)]
pub(super) struct DecoderState {
    caches: Vec<Cache>,
    scratch: Scratch,
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
        DecoderState { caches: self.layers.iter().map(|_| Cache::default()).collect(), scratch: Scratch::default() }
    }

    /// Runs one embedded event through the layers.
    pub(super) fn step(&self, mut x: Vec<f32>, state: &mut DecoderState) -> Vec<f32> {
        for (layer, cache) in self.layers.iter().zip(&mut state.caches) {
            let attended = layer.attention.apply(&x, cache);
            layer.join(0, &mut x, &attended);
            let fed = layer.feed_forward.apply(&x, &mut state.scratch);
            layer.join(1, &mut x, &fed);
        }
        x
    }
}

impl Layer {
    fn join(&self, sublayer: usize, stream: &mut [f32], output: &[f32]) {
        match &self.gates {
            Some(gates) => gates[sublayer].apply(stream, output),
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

    fn apply(&self, stream: &mut [f32], output: &[f32]) {
        let d = stream.len();
        let (mut input, mut state, mut candidate) = (vec![0.0; 3 * d], vec![0.0; 2 * d], vec![0.0; d]);
        self.input.apply(output, &mut input);
        self.state.apply(stream, &mut state);
        let reset: Vec<f32> = (0..d).map(|i| sigmoid(input[i] + state[i]) * stream[i]).collect();
        self.candidate.apply(&reset, &mut candidate);
        for i in 0..d {
            let update = sigmoid(input[d + i] + state[d + i] + self.bias[i]);
            stream[i] += update * ((input[2 * d + i] + candidate[i]).tanh() - stream[i]);
        }
    }
}
