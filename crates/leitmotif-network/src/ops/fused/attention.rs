//! The kernel of [`crate::ops::attention`].

use super::{Input, is_tracked, kernel_dropout, leaf, node, slice};
use crate::ops::{AttentionWeights, Dropout, Spans};
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::attention::{self as kernel, Config, Shape, Valid, Weights};

/// How the sub-layer is used, besides its inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) heads: usize,
    pub(crate) probabilities: Dropout,
    pub(crate) layer: Dropout,
    pub(crate) residual: bool,
}

pub(crate) fn attention(
    x: &Tensor<3>,
    context: Option<&Tensor<3>>,
    spans: &Spans,
    w: &AttentionWeights,
    settings: Use,
) -> Option<Tensor<3>> {
    let dims @ [batch, segment, _] = x.dims();
    let shape = Shape { batch, segment, compressed: spans.compressed, memory: spans.memory, heads: settings.heads };
    let filled = spans.filled_compressed.iter().zip(&spans.filled_memory);
    let valid: Vec<Valid> = filled.map(|(&compressed, &memory)| Valid { compressed, memory }).collect();
    let config = Config {
        residual: settings.residual,
        probability_dropout: kernel_dropout(settings.probabilities),
        output_dropout: kernel_dropout(settings.layer),
        context_gradient: false,
    };
    let context = match context {
        Some(context) => Some(Input::new(context)?.data()),
        None => None,
    };
    let x = Input::new(x)?;
    let [gamma, beta] = [Input::new(&w.gamma)?, Input::new(&w.beta)?];
    let [qkv, position, output] = [Input::new(&w.qkv)?, Input::new(&w.position)?, Input::new(&w.output)?];
    let [content_bias, position_bias] = [Input::new(&w.content_bias)?, Input::new(&w.position_bias)?];
    let output_bias = Input::new(&w.output_bias)?;
    let inputs = [&x, &gamma, &beta, &qkv, &position, &content_bias, &position_bias, &output, &output_bias];
    let call = Call { shape, context, valid, data: inputs.map(Input::data) };
    let (y, saved) = kernel::forward(&call.input(), &call.weights(), &config, is_tracked(&inputs));
    let Some(saved) = saved else { return Some(leaf(y, dims)) };
    Some(node(y, dims, inputs, move |dy| {
        let g = kernel::backward(&call.input(), dy, &call.weights(), &config, &saved);
        [g.x, g.gamma, g.beta, g.w_qkv, g.w_r, g.u, g.v, g.w_o, g.b_o]
    }))
}

/// What both passes read.
struct Call {
    shape: Shape,
    context: Option<FlexTensor>,
    valid: Vec<Valid>,
    data: [FlexTensor; 9],
}

impl Call {
    fn input(&self) -> kernel::Input<'_> {
        kernel::Input {
            shape: self.shape,
            x: slice(&self.data[0]),
            context: self.context.as_ref().map_or(&[], slice),
            valid: &self.valid,
        }
    }

    fn weights(&self) -> Weights<'_> {
        let [_, gamma, beta, w_qkv, w_r, u, v, w_o, b_o] = &self.data;
        Weights {
            norm: LayerNorm { gamma: slice(gamma), beta: slice(beta) },
            w_qkv: slice(w_qkv),
            w_r: slice(w_r),
            u: slice(u),
            v: slice(v),
            w_o: slice(w_o),
            b_o: slice(b_o),
        }
    }
}
