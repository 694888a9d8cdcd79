//! The parameters of the decoder's sub-layers, and how they join the residual stream.

use crate::init::Init;
use crate::ops::{AttentionWeights, Dropout, FeedForwardWeights, Spans, attention, feed_forward};
use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use leitmotif_model::{Gating, ModelConfig};

/// Attention over `[compressed memory | memory | segment]`.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    pub(crate) gamma: Param<Tensor<1>>,
    pub(crate) beta: Param<Tensor<1>>,
    pub(crate) qkv: Param<Tensor<2>>,
    pub(crate) position: Param<Tensor<2>>,
    pub(crate) content_bias: Param<Tensor<1>>,
    pub(crate) position_bias: Param<Tensor<1>>,
    pub(crate) output: Param<Tensor<2>>,
    pub(crate) output_bias: Param<Tensor<1>>,
}

impl Attention {
    fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let d = config.d_model;
        let deviation = fan_in(d);
        Self {
            gamma: init.constant([d], 1.0),
            beta: init.constant([d], 0.0),
            qkv: init.normal([d, 3 * d], deviation),
            position: init.normal([d, d], deviation),
            content_bias: init.constant([d], 0.0),
            position_bias: init.constant([d], 0.0),
            output: init.normal([d, d], deviation / residual_depth(config)),
            output_bias: init.constant([d], 0.0),
        }
    }

    pub(crate) fn weights(&self) -> AttentionWeights {
        AttentionWeights {
            gamma: self.gamma.val(),
            beta: self.beta.val(),
            qkv: self.qkv.val(),
            position: self.position.val(),
            content_bias: self.content_bias.val(),
            position_bias: self.position_bias.val(),
            output: self.output.val(),
            output_bias: self.output_bias.val(),
        }
    }
}

/// The feed-forward sub-layer.
#[derive(Module, Debug)]
pub(crate) struct FeedForward {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    inner: Param<Tensor<2>>,
    inner_bias: Param<Tensor<1>>,
    outer: Param<Tensor<2>>,
    outer_bias: Param<Tensor<1>>,
}

impl FeedForward {
    pub(crate) fn new(d: usize, f: usize, glu: bool, depth: f32, init: &mut Init) -> Self {
        let wide = if glu { 2 * f } else { f };
        Self {
            gamma: init.constant([d], 1.0),
            beta: init.constant([d], 0.0),
            inner: init.normal([d, wide], fan_in(d)),
            inner_bias: init.constant([wide], 0.0),
            outer: init.normal([f, d], fan_in(f) / depth),
            outer_bias: init.constant([d], 0.0),
        }
    }

    pub(crate) fn weights(&self) -> FeedForwardWeights {
        FeedForwardWeights {
            gamma: self.gamma.val(),
            beta: self.beta.val(),
            inner: self.inner.val(),
            inner_bias: self.inner_bias.val(),
            outer: self.outer.val(),
            outer_bias: self.outer_bias.val(),
        }
    }
}

/// The gated recurrent unit of GTrXL (Parisotto et al. 2019, section 3.2): the residual stream is
/// the state, the sub-layer's output the input. Its bias makes it start out passing the residual
/// stream through.
#[derive(Module, Debug)]
pub(crate) struct Gate {
    /// Of the sub-layer's output into reset, update and candidate, `[d, 3 d]`.
    input: Param<Tensor<2>>,
    /// Of the residual stream into reset and update, `[d, 2 d]`.
    state: Param<Tensor<2>>,
    /// Of the reset residual stream into the candidate, `[d, d]`.
    candidate: Param<Tensor<2>>,
    /// Added before the update's sigmoid, `[d]`.
    bias: Param<Tensor<1>>,
}

/// How strongly a fresh gate keeps the residual stream.
const GATE_BIAS: f32 = -2.0;

impl Gate {
    fn new(d: usize, init: &mut Init) -> Self {
        Self {
            input: init.normal([d, 3 * d], fan_in(d)),
            state: init.normal([d, 2 * d], fan_in(d)),
            candidate: init.normal([d, d], fan_in(d)),
            bias: init.constant([d], GATE_BIAS),
        }
    }

    /// Joins the residual stream and a sub-layer's output, both `[n, d]`.
    fn forward(&self, residual: Tensor<2>, output: Tensor<2>) -> Tensor<2> {
        let [_, d] = residual.dims();
        let input = output.matmul(self.input.val());
        let state = residual.clone().matmul(self.state.val());
        let reset = activation::sigmoid(input.clone().narrow(1, 0, d) + state.clone().narrow(1, 0, d));
        let update = input.clone().narrow(1, d, d) + state.narrow(1, d, d) + self.bias.val().unsqueeze();
        let update = activation::sigmoid(update);
        let candidate = input.narrow(1, 2 * d, d) + (reset * residual.clone()).matmul(self.candidate.val());
        let candidate = activation::tanh(candidate);
        residual.clone() + update * (candidate - residual)
    }
}

/// One layer of the decoder.
#[derive(Module, Debug)]
pub(crate) struct Block {
    pub(crate) attention: Attention,
    feed_forward: FeedForward,
    attention_gate: Option<Gate>,
    feed_forward_gate: Option<Gate>,
}

/// The dropouts of one layer in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockDropout {
    pub(crate) probabilities: Dropout,
    pub(crate) attention: Dropout,
    pub(crate) hidden: Dropout,
    pub(crate) feed_forward: Dropout,
}

impl Block {
    pub(crate) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let gated = config.gating == Gating::Gru;
        Self {
            attention: Attention::new(config, init),
            feed_forward: FeedForward::new(config.d_model, config.d_ff, config.glu, residual_depth(config), init),
            attention_gate: gated.then(|| Gate::new(config.d_model, init)),
            feed_forward_gate: gated.then(|| Gate::new(config.d_model, init)),
        }
    }

    /// `[streams, segment, d]` to the same.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        context: Option<Tensor<3>>,
        spans: &Spans,
        heads: usize,
        dropout: &BlockDropout,
    ) -> Tensor<3> {
        let [streams, segment, d] = x.dims();
        let flat = |t: Tensor<3>| t.reshape([streams * segment, d]);
        let weights = self.attention.weights();
        let residual = self.attention_gate.is_none();
        let attended =
            attention(x.clone(), context, spans, &weights, heads, dropout.probabilities, dropout.attention, residual);
        let x = match &self.attention_gate {
            Some(gate) => gate.forward(flat(x), flat(attended)),
            None => flat(attended),
        };
        let residual = self.feed_forward_gate.is_none();
        let fed = feed_forward(x.clone(), &self.feed_forward.weights(), dropout.hidden, dropout.feed_forward, residual);
        let x = match &self.feed_forward_gate {
            Some(gate) => gate.forward(x, fed),
            None => fed,
        };
        x.reshape([streams, segment, d])
    }
}

/// Standard deviation of weights that read `inputs` values.
pub(crate) fn fan_in(inputs: usize) -> f32 {
    0.5 / (inputs as f32).sqrt()
}

/// What the last projection of each sub-layer is divided by, so that a deep residual stream starts
/// no wider than a shallow one.
fn residual_depth(config: &ModelConfig) -> f32 {
    (2.0 * config.layers as f32).sqrt()
}
