//! Attention of every row of a group to every other row of its group, without positions.

use super::{Dropout, dropout, layer_norm};
use burn::tensor::{Bool, Tensor, TensorData, activation};

/// The parameters of the sub-layer, of width `d`.
#[derive(Debug, Clone)]
pub struct GroupAttentionWeights {
    /// Scale of the layer norm, `[d]`.
    pub gamma: Tensor<1>,
    /// Shift of the layer norm, `[d]`.
    pub beta: Tensor<1>,
    /// Into queries, keys and values, `[d, 3 d]`.
    pub qkv: Tensor<2>,
    /// Back, `[d, d]`.
    pub output: Tensor<2>,
    /// `[d]`.
    pub output_bias: Tensor<1>,
}

/// `dropout(output(attend(norm(x))))`, plus `x` if `residual`; `x` is `[n, d]`.
///
/// Group `g` is rows `offsets[g]..offsets[g + 1]`; the offsets rise strictly from 0 to `n`.
pub fn group_attention(
    x: Tensor<2>,
    offsets: &[usize],
    w: &GroupAttentionWeights,
    heads: usize,
    layer: Dropout,
    residual: bool,
) -> Tensor<2> {
    match super::fused::group_attention(&x, offsets, w, heads, layer, residual) {
        Some(result) => result,
        None => group_attention_definition(x, offsets, w, heads, layer, residual),
    }
}

/// [`group_attention`] in ordinary operations; each row's scores are those of all `n` rows, most of
/// them hidden.
pub fn group_attention_definition(
    x: Tensor<2>,
    offsets: &[usize],
    w: &GroupAttentionWeights,
    heads: usize,
    layer: Dropout,
    residual: bool,
) -> Tensor<2> {
    let [n, d] = x.dims();
    let device = x.device();
    let mut groups = vec![0usize; n];
    for (g, pair) in offsets.windows(2).enumerate() {
        groups[pair[0]..pair[1]].fill(g);
    }
    let hidden: Vec<bool> = groups.iter().flat_map(|a| groups.iter().map(move |b| a != b)).collect();
    let hidden: Tensor<3, Bool> = Tensor::from_data(TensorData::new(hidden, [1, n, n]), &device);
    let hidden = hidden.expand([heads, n, n]);
    let qkv = layer_norm(x.clone(), w.gamma.clone(), w.beta.clone()).matmul(w.qkv.clone());
    let split = |part: usize| qkv.clone().narrow(1, part * d, d).reshape([n, heads, d / heads]).swap_dims(0, 1);
    let scores = split(0).matmul(split(1).swap_dims(1, 2)) / ((d / heads) as f32).sqrt();
    let weights = activation::softmax(scores.mask_fill(hidden, f32::MIN / 2.0), 2);
    let mixed = weights.matmul(split(2)).swap_dims(0, 1).reshape([n, d]);
    let output = dropout(mixed.matmul(w.output.clone()) + w.output_bias.clone().unsqueeze(), layer);
    if residual { x + output } else { output }
}
