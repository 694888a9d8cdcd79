//! The pre-norm feed-forward sub-layer.

use super::{Dropout, dropout, layer_norm};
use burn::tensor::{Tensor, activation};

/// The parameters of a feed-forward sub-layer of width `d` and inner width `f`.
#[derive(Debug, Clone)]
pub struct FeedForwardWeights {
    /// Scale of the layer norm, `[d]`.
    pub gamma: Tensor<1>,
    /// Shift of the layer norm, `[d]`.
    pub beta: Tensor<1>,
    /// Into the inner width, `[d, f]`, or `[d, 2 f]` with gated linear units: values left, gates
    /// right.
    pub inner: Tensor<2>,
    /// `[f]` or `[2 f]`.
    pub inner_bias: Tensor<1>,
    /// Back, `[f, d]`.
    pub outer: Tensor<2>,
    /// `[d]`.
    pub outer_bias: Tensor<1>,
}

/// `dropout(outer(dropout(act(inner(norm(x))))))`, plus `x` if `residual`; `x` is `[n, d]`.
///
/// `act` is the exact GELU; with gated linear units (`inner` twice as wide as `outer` is tall), it
/// is `gelu(left) * right` (Shazeer 2020).
pub fn feed_forward(
    x: Tensor<2>,
    w: &FeedForwardWeights,
    hidden: Dropout,
    layer: Dropout,
    residual: bool,
) -> Tensor<2> {
    match super::fused::feed_forward(&x, w, hidden, layer, residual) {
        Some(result) => result,
        None => feed_forward_definition(x, w, hidden, layer, residual),
    }
}

/// [`feed_forward`] in ordinary operations.
pub fn feed_forward_definition(
    x: Tensor<2>,
    w: &FeedForwardWeights,
    hidden: Dropout,
    layer: Dropout,
    residual: bool,
) -> Tensor<2> {
    let [_, wide] = w.inner.dims();
    let [f, _] = w.outer.dims();
    let normed = layer_norm(x.clone(), w.gamma.clone(), w.beta.clone());
    let inner = normed.matmul(w.inner.clone()) + w.inner_bias.clone().unsqueeze();
    let active = if wide == 2 * f {
        activation::gelu(inner.clone().narrow(1, 0, f)) * inner.narrow(1, f, f)
    } else {
        activation::gelu(inner)
    };
    let outer = dropout(active, hidden).matmul(w.outer.clone()) + w.outer_bias.clone().unsqueeze();
    let outer = dropout(outer, layer);
    if residual { x + outer } else { outer }
}
