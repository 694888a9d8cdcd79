//! Relative attention over `[compressed memory | memory | segment]`: the pre-norm attention
//! sub-layer.
//!
//! Scores follow Transformer-XL (Dai et al. 2019, section 3.3): content and position terms with one
//! global bias each. Positions are distances within the concatenation, so that a compressed state
//! counts as one place, as in the compressive transformer (Rae et al. 2020). Without parameters of
//! positions, queries and keys are rotated by their places instead (Su et al. 2021).

use super::{Dropout, dropout, layer_norm};
use burn::tensor::{Bool, Device, Tensor, TensorData, activation};

/// The parameters of an attention sub-layer of width `d`.
#[derive(Debug, Clone)]
pub struct AttentionWeights {
    /// Scale of the layer norm, `[d]`.
    pub gamma: Tensor<1>,
    /// Shift of the layer norm, `[d]`; empty where rows are divided by their root mean square.
    pub beta: Tensor<1>,
    /// Queries, keys and values side by side, `[d, 3 d]`.
    pub qkv: Tensor<2>,
    /// Projects the sinusoids of distances, `[d, d]`; empty, as the next two, where queries and
    /// keys are rotated by their places instead (Su et al. 2021).
    pub position: Tensor<2>,
    /// Added to queries before they meet keys, `[d]` (heads side by side).
    pub content_bias: Tensor<1>,
    /// Added to queries before they meet positions, `[d]`.
    pub position_bias: Tensor<1>,
    /// Joins the heads, `[d, d]`.
    pub output: Tensor<2>,
    /// `[d]`.
    pub output_bias: Tensor<1>,
}

/// How a context `[streams, compressed + memory, d]` is divided, and how much of it each stream has
/// filled. Both zones fill from their right end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// Places for compressed states, at the left.
    pub compressed: usize,
    /// Places for memory, to the right of them.
    pub memory: usize,
    /// Compressed states of each stream.
    pub filled_compressed: Vec<usize>,
    /// Memory states of each stream.
    pub filled_memory: Vec<usize>,
}

impl Spans {
    /// Places of the whole context.
    pub fn context(&self) -> usize {
        self.compressed + self.memory
    }

    /// Whether place `place` of the context holds a state of stream `stream`.
    pub fn is_filled(&self, stream: usize, place: usize) -> bool {
        if place < self.compressed {
            place + self.filled_compressed[stream] >= self.compressed
        } else {
            place + self.filled_memory[stream] >= self.context()
        }
    }
}

/// The sub-layer `dropout(output(attend(norm(x), norm([context | x]))))`, plus `x` if `residual`.
///
/// `x` is `[streams, segment, d]`; `context`, which receives no gradient, is
/// `[streams, spans.context(), d]`, `None` where that is 0. `probabilities` drops attention
/// probabilities (mask index `((stream * heads + head) * segment + query) * keys + key`).
#[allow(clippy::too_many_arguments)]
pub fn attention(
    x: Tensor<3>,
    context: Option<Tensor<3>>,
    spans: &Spans,
    w: &AttentionWeights,
    heads: usize,
    probabilities: Dropout,
    layer: Dropout,
    residual: bool,
) -> Tensor<3> {
    let settings = super::fused::Use { heads, probabilities, layer, residual };
    match super::fused::attention(&x, context.as_ref(), spans, w, settings) {
        Some(result) => result,
        None => attention_definition(x, context, spans, w, heads, probabilities, layer, residual),
    }
}

/// [`attention`] in ordinary operations.
#[allow(clippy::too_many_arguments)]
pub fn attention_definition(
    x: Tensor<3>,
    context: Option<Tensor<3>>,
    spans: &Spans,
    w: &AttentionWeights,
    heads: usize,
    probabilities: Dropout,
    layer: Dropout,
    residual: bool,
) -> Tensor<3> {
    let [streams, segment, d] = x.dims();
    let (weights, v) = attend(x.clone(), context, spans, w, heads);
    let mixed = dropout(weights, probabilities).matmul(v).swap_dims(1, 2).reshape([streams, segment, d]);
    let output = mixed.matmul(w.output.clone().unsqueeze()) + w.output_bias.clone().unsqueeze();
    let output = dropout(output, layer);
    if residual { x + output } else { output }
}

/// The attention each place of `[context | segment]` receives from the segment's queries, summed
/// over heads, `[streams, keys]`.
pub fn attention_usage(
    x: Tensor<3>,
    context: Tensor<3>,
    spans: &Spans,
    w: &AttentionWeights,
    heads: usize,
) -> Tensor<2> {
    let (weights, _) = attend(x, Some(context), spans, w, heads);
    let [streams, _, _, keys] = weights.dims();
    weights.inner().sum_dim(1).sum_dim(2).reshape([streams, keys])
}

/// The probabilities `[streams, heads, segment, keys]` and the values
/// `[streams, heads, keys, d / heads]`.
fn attend(
    x: Tensor<3>,
    context: Option<Tensor<3>>,
    spans: &Spans,
    w: &AttentionWeights,
    heads: usize,
) -> (Tensor<4>, Tensor<4>) {
    let [streams, segment, d] = x.dims();
    let keys = spans.context() + segment;
    let device = x.device();
    let split = |t: Tensor<3>, length: usize| t.reshape([streams, length, heads, d / heads]).swap_dims(1, 2);
    let bias = |b: &Tensor<1>| b.clone().reshape([1, heads, 1, d / heads]);

    let all = match context {
        Some(context) => Tensor::cat(vec![context, x], 1),
        None => x,
    };
    let normed = layer_norm(all, w.gamma.clone(), w.beta.clone());
    let projected = normed.matmul(w.qkv.clone().unsqueeze());
    let q = split(projected.clone().narrow(1, spans.context(), segment).narrow(2, 0, d), segment);
    let k = split(projected.clone().narrow(2, d, d), keys);
    let v = split(projected.narrow(2, 2 * d, d), keys);
    let hidden = hidden_mask(spans, streams, segment, &device).expand([streams, heads, segment, keys]);
    let scale = ((d / heads) as f32).sqrt();
    if w.position.dims() == [0, 0] {
        let (q, k) = (rotate(q, spans.context()), rotate(k, 0));
        let scores = q.matmul(k.swap_dims(2, 3)) / scale;
        return (activation::softmax(scores.mask_fill(hidden, f32::MIN / 2.0), 3), v);
    }
    let r = sinusoids((0..keys).rev(), d, &device).matmul(w.position.clone());
    let r = r.reshape([1, keys, heads, d / heads]).swap_dims(1, 2);

    let content = (q.clone() + bias(&w.content_bias)).matmul(k.swap_dims(2, 3));
    let position = relative_shift((q + bias(&w.position_bias)).matmul(r.swap_dims(2, 3)));
    let scores = (content + position) / scale;
    let weights = activation::softmax(scores.mask_fill(hidden, f32::MIN / 2.0), 3);
    (weights, v)
}

/// Turns each pair of columns, `p` and `p + dh / 2`, of rows `[streams, heads, n, dh]` by the row's
/// place times `10000^(-2 p / dh)`; the first row stands at place `first`.
fn rotate(x: Tensor<4>, first: usize) -> Tensor<4> {
    let [_, _, n, dh] = x.dims();
    let angles = sinusoids(first..first + n, dh, &x.device()).reshape([1, 1, n, dh]);
    let half = |t: &Tensor<4>, right: usize| t.clone().narrow(3, right * (dh / 2), dh / 2);
    let (sine, cosine) = (half(&angles, 0), half(&angles, 1));
    let (a, b) = (half(&x, 0), half(&x, 1));
    let left = a.clone() * cosine.clone() - b.clone() * sine.clone();
    Tensor::cat(vec![left, a * sine + b * cosine], 3)
}

/// Turns position scores by *descending distance* into scores by key: row `i` (of `segment`) moves
/// left by `segment - 1 - i` places. What lies right of the diagonal is meaningless and must be
/// hidden.
fn relative_shift(x: Tensor<4>) -> Tensor<4> {
    let [streams, heads, segment, keys] = x.dims();
    let zeros = Tensor::zeros([streams, heads, segment, 1], &x.device());
    let padded = Tensor::cat(vec![zeros, x], 3).reshape([streams, heads, keys + 1, segment]);
    padded.narrow(2, 1, keys).reshape([streams, heads, segment, keys])
}

/// Where a query may not look: at later events and at places its stream has not filled;
/// `[streams, 1, segment, keys]`.
fn hidden_mask(spans: &Spans, streams: usize, segment: usize, device: &Device) -> Tensor<4, Bool> {
    let context = spans.context();
    let keys = context + segment;
    let mut hidden = Vec::with_capacity(streams * segment * keys);
    for stream in 0..streams {
        for query in 0..segment {
            hidden.extend((0..context).map(|place| !spans.is_filled(stream, place)));
            hidden.extend((0..segment).map(|key| key > query));
        }
    }
    Tensor::from_data(TensorData::new(hidden, [streams, 1, segment, keys]), device)
}

/// The sinusoidal embedding of distances, `[distances, d]`: sines in the left half, cosines in the
/// right, of `distance / 10000^(2 i / d)` (Vaswani et al. 2017, in Transformer-XL's order).
pub fn sinusoids(distances: impl Iterator<Item = usize>, d: usize, device: &Device) -> Tensor<2> {
    let mut values = Vec::new();
    for distance in distances {
        let angle = |i: usize| distance as f64 / 10000f64.powf(2.0 * i as f64 / d as f64);
        values.extend((0..d / 2).map(|i| angle(i).sin() as f32));
        values.extend((0..d - d / 2).map(|i| angle(i).cos() as f32));
    }
    let rows = values.len() / d;
    Tensor::from_data(TensorData::new(values, [rows, d]), device)
}
