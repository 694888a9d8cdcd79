//! The kernel of [`crate::ops::feed_forward`].

use super::{Input, is_tracked, kernel_dropout, leaf, node, slice};
use crate::ops::{Dropout, FeedForwardWeights};
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::feed_forward::{self as kernel, Config, Weights};

pub(crate) fn feed_forward(
    x: &Tensor<2>,
    w: &FeedForwardWeights,
    hidden: Dropout,
    layer: Dropout,
    residual: bool,
) -> Option<Tensor<2>> {
    let shape = x.dims();
    let [f, _] = w.outer.dims();
    let config = Config {
        gated: w.inner.dims()[1] == 2 * f,
        residual,
        hidden_dropout: kernel_dropout(hidden),
        output_dropout: kernel_dropout(layer),
    };
    let x = Input::new(x)?;
    let [gamma, beta] = [Input::new(&w.gamma)?, Input::new(&w.beta)?];
    let [inner, outer] = [Input::new(&w.inner)?, Input::new(&w.outer)?];
    let [inner_bias, outer_bias] = [Input::new(&w.inner_bias)?, Input::new(&w.outer_bias)?];
    let inputs = [&x, &gamma, &beta, &inner, &inner_bias, &outer, &outer_bias];
    let data = inputs.map(Input::data);
    let tracked = is_tracked(&inputs);
    let (y, saved) = kernel::forward(slice(&data[0]), &weights(&data), &config, tracked);
    let Some(saved) = saved else { return Some(leaf(y, shape)) };
    Some(node(y, shape, inputs, move |dy| {
        let g = kernel::backward(slice(&data[0]), dy, &weights(&data), &config, &saved);
        [g.x, g.gamma, g.beta, g.w1, g.b1, g.w2, g.b2]
    }))
}

fn weights(data: &[FlexTensor; 7]) -> Weights<'_> {
    let [_, gamma, beta, w1, b1, w2, b2] = data;
    Weights {
        norm: LayerNorm { gamma: slice(gamma), beta: slice(beta) },
        w1: slice(w1),
        b1: slice(b1),
        w2: slice(w2),
        b2: slice(b2),
    }
}
