//! The kernel of [`crate::ops::group_attention`].

use super::{Input, is_tracked, kernel_dropout, leaf, node, slice};
use crate::ops::{Dropout, GroupAttentionWeights};
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::group_attention::{self as kernel, Config, Weights};

pub(crate) fn group_attention(
    x: &Tensor<2>,
    offsets: &[usize],
    w: &GroupAttentionWeights,
    heads: usize,
    layer: Dropout,
    residual: bool,
) -> Option<Tensor<2>> {
    let shape = x.dims();
    let config = Config { residual, output_dropout: kernel_dropout(layer) };
    let x = Input::new(x)?;
    let [gamma, beta] = [Input::new(&w.gamma)?, Input::new(&w.beta)?];
    let [qkv, output, output_bias] = [Input::new(&w.qkv)?, Input::new(&w.output)?, Input::new(&w.output_bias)?];
    let inputs = [&x, &gamma, &beta, &qkv, &output, &output_bias];
    let call = Call { offsets: offsets.to_vec(), heads, data: inputs.map(Input::data) };
    let (y, saved) = kernel::forward(&call.input(), &call.weights(), &config, is_tracked(&inputs));
    let Some(saved) = saved else { return Some(leaf(y, shape)) };
    Some(node(y, shape, inputs, move |dy| {
        let g = kernel::backward(&call.input(), dy, &call.weights(), &config, &saved);
        [g.x, g.gamma, g.beta, g.w_qkv, g.w_o, g.b_o]
    }))
}

/// What both passes read.
struct Call {
    offsets: Vec<usize>,
    heads: usize,
    data: [FlexTensor; 6],
}

impl Call {
    fn input(&self) -> kernel::Input<'_> {
        kernel::Input { x: slice(&self.data[0]), offsets: &self.offsets, heads: self.heads }
    }

    fn weights(&self) -> Weights<'_> {
        let [_, gamma, beta, w_qkv, w_o, b_o] = &self.data;
        Weights {
            norm: LayerNorm { gamma: slice(gamma), beta: slice(beta) },
            w_qkv: slice(w_qkv),
            w_o: slice(w_o),
            b_o: slice(b_o),
        }
    }
}
