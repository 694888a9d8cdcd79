//! The kernel of [`crate::ops::convolution`].

use super::{Input, is_tracked, leaf, node, slice};
use crate::ops::Taps;
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use leitmotif_kernels::convolution as kernel;

pub(crate) fn convolution(
    states: &Tensor<3>,
    filled: &[usize],
    taps: Taps,
    weights: &Tensor<2>,
    bias: &Tensor<1>,
) -> Option<Tensor<3>> {
    let [streams, slots, d] = states.dims();
    let call = Call { states: Input::new(states)?.data(), filled: filled.to_vec(), slots, d, taps };
    let (weights, bias) = (Input::new(weights)?, Input::new(bias)?);
    let values = kernel::forward(&call.input(), weights.slice(), bias.slice());
    let shape = [streams, slots.div_ceil(taps.ratio), d];
    if !is_tracked(&[&weights, &bias]) {
        return Some(leaf(values, shape));
    }
    Some(node(values, shape, [&weights, &bias], move |dy| {
        let gradients = kernel::backward(&call.input(), dy);
        [gradients.kernel, gradients.bias]
    }))
}

/// What both passes read.
struct Call {
    states: FlexTensor,
    filled: Vec<usize>,
    slots: usize,
    d: usize,
    taps: Taps,
}

impl Call {
    fn input(&self) -> kernel::Input<'_> {
        kernel::Input {
            states: slice(&self.states),
            filled: &self.filled,
            slots: self.slots,
            d: self.d,
            ratio: self.taps.ratio,
            dilation: self.taps.dilation,
        }
    }
}
