//! The parts of a layer: normalisation, feed-forward, attention's parameters, gates.

use super::Ops;
use super::parameters::{ParameterBuilder, Weight, constant, fan_in, normal};
use crate::{ModelConfig, Normalisation, Positions};

/// A normalisation of rows.
#[derive(Debug, Clone)]
pub struct Norm {
    /// Scale, `[d]`.
    pub gamma: Weight,
    /// Shift, `[d]`; rows are divided by their root mean square where there is none.
    pub beta: Option<Weight>,
}

impl Norm {
    pub(super) fn new(config: &ModelConfig, p: &mut ParameterBuilder<'_>) -> Self {
        let (d, shifts) = (config.d_model, config.norm == Normalisation::Layer);
        let gamma = p.vector("gamma", d, constant(1.0));
        Self { gamma, beta: shifts.then(|| p.vector("beta", d, constant(0.0))) }
    }
}

/// A pre-norm feed-forward sub-layer.
#[derive(Debug, Clone)]
pub struct FeedForward {
    /// Normalises its input.
    pub norm: Norm,
    /// Into the inner width, `[d, f]`, or `[d, 2 f]` with gated linear units: values left, gates
    /// right.
    pub inner: Weight,
    /// `[f]` or `[2 f]`.
    pub inner_bias: Weight,
    /// Back, `[f, d]`.
    pub outer: Weight,
    /// `[d]`.
    pub outer_bias: Weight,
    /// The inner width.
    pub f: usize,
    /// Whether its units are gated.
    pub glu: bool,
}

impl FeedForward {
    /// `depth` divides the last projection at first, so that a deep residual stream starts no wider
    /// than a shallow one.
    pub(super) fn new(config: &ModelConfig, f: usize, glu: bool, depth: f32, p: &mut ParameterBuilder<'_>) -> Self {
        let (d, wide) = (config.d_model, if glu { 2 * f } else { f });
        Self {
            norm: Norm::new(config, p),
            inner: p.map("inner", [d, wide], normal(fan_in(d))),
            inner_bias: p.vector("inner_bias", wide, constant(0.0)),
            outer: p.map("outer", [f, d], normal(fan_in(f) / depth)),
            outer_bias: p.vector("outer_bias", d, constant(0.0)),
            f,
            glu,
        }
    }
}

/// Attention of every row of a group to every other, without positions.
#[derive(Debug, Clone)]
pub struct GroupAttention {
    /// Normalises its input.
    pub norm: Norm,
    /// Queries, keys and values side by side, `[d, 3 d]`.
    pub qkv: Weight,
    /// Joins the heads, `[d, d]`.
    pub output: Weight,
    /// `[d]`.
    pub output_bias: Weight,
    /// Their number.
    pub heads: usize,
}

impl GroupAttention {
    pub(super) fn new(config: &ModelConfig, depth: f32, p: &mut ParameterBuilder<'_>) -> Self {
        let d = config.d_model;
        Self {
            norm: Norm::new(config, p),
            qkv: p.map("qkv", [d, 3 * d], normal(2.0 * fan_in(d))),
            output: p.map("output", [d, d], normal(fan_in(d) / depth)),
            output_bias: p.vector("output_bias", d, constant(0.0)),
            heads: config.heads,
        }
    }
}

/// Relative attention over `[compressed memory | memory | segment]`.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Normalises its input.
    pub norm: Norm,
    /// Queries, keys and values side by side, `[d, 3 d]`.
    pub qkv: Weight,
    /// How distances count; queries and keys are rotated by their places where this is none.
    pub relative: Option<RelativePositions>,
    /// Joins the heads, `[d, d]`.
    pub output: Weight,
    /// `[d]`.
    pub output_bias: Weight,
}

/// Relative positions (Dai et al. 2019).
#[derive(Debug, Clone)]
pub struct RelativePositions {
    /// Projects the sinusoids of distances, `[d, d]`.
    pub position: Weight,
    /// Added to queries before they meet keys, `[d]` (heads side by side).
    pub content_bias: Weight,
    /// Added to queries before they meet positions, `[d]`.
    pub position_bias: Weight,
}

impl Attention {
    pub(super) fn new(config: &ModelConfig, depth: f32, p: &mut ParameterBuilder<'_>) -> Self {
        let d = config.d_model;
        Self {
            norm: Norm::new(config, p),
            qkv: p.map("qkv", [d, 3 * d], normal(fan_in(d))),
            relative: (config.positions == Positions::Relative).then(|| RelativePositions {
                position: p.map("position", [d, d], normal(fan_in(d))),
                content_bias: p.vector("content_bias", d, constant(0.0)),
                position_bias: p.vector("position_bias", d, constant(0.0)),
            }),
            output: p.map("output", [d, d], normal(fan_in(d) / depth)),
            output_bias: p.vector("output_bias", d, constant(0.0)),
        }
    }
}

/// The gated recurrent unit of GTrXL (Parisotto et al. 2019, section 3.2): the residual stream is
/// the state, the sub-layer's output the input. Its bias makes it start out passing the residual
/// stream through.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Of the sub-layer's output into reset, update and candidate, `[d, 3 d]`.
    input: Weight,
    /// Of the residual stream into reset and update, `[d, 2 d]`.
    state: Weight,
    /// Of the reset residual stream into the candidate, `[d, d]`.
    candidate: Weight,
    /// Added before the update's sigmoid, `[d]`.
    bias: Weight,
}

/// How strongly a fresh gate keeps the residual stream.
const GATE_BIAS: f32 = -2.0;

impl Gate {
    pub(super) fn new(d: usize, p: &mut ParameterBuilder<'_>) -> Self {
        Self {
            input: p.map("input", [d, 3 * d], normal(fan_in(d))),
            state: p.map("state", [d, 2 * d], normal(fan_in(d))),
            candidate: p.map("candidate", [d, d], normal(fan_in(d))),
            bias: p.vector("bias", d, constant(GATE_BIAS)),
        }
    }

    /// Joins the residual stream and a sub-layer's output.
    pub(super) fn join<O: Ops>(&self, ops: &O, residual: O::Rows, output: &O::Rows) -> O::Rows {
        let (input, state) = (ops.linear(output, self.input, None), ops.linear(&residual, self.state, None));
        let candidate = ops.linear(&ops.gru_reset(&input, &state, &residual), self.candidate, None);
        ops.gru_update(&input, &state, &candidate, self.bias, residual)
    }
}
