//! The kernel of [`crate::ops::lstm`].

use super::{Input, is_tracked, leaf, node, slice};
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use leitmotif_kernels::lstm::{self as kernel, State, Weights};

pub(crate) fn lstm(
    x: &Tensor<3>,
    state: &Tensor<3>,
    input: &Tensor<2>,
    recurrent: &Tensor<2>,
    bias: &Tensor<1>,
) -> Option<(Tensor<3>, Tensor<3>)> {
    let [batch, segment, _] = x.dims();
    let [width, _] = recurrent.dims();
    let state = Input::new(state)?;
    let part = |place: usize| -> Vec<f32> {
        state.slice().chunks_exact(2 * width).flat_map(|stream| &stream[place * width..][..width]).copied().collect()
    };
    let (h, c) = (part(0), part(1));
    let inputs = [Input::new(x)?, Input::new(input)?, Input::new(recurrent)?, Input::new(bias)?];
    let inputs = inputs.each_ref();
    let data = inputs.map(Input::data);
    let output = kernel::forward(slice(&data[0]), batch, State { h: &h, c: &c }, &weights(&data));
    let streams = output.h.chunks_exact(width).zip(output.c.chunks_exact(width));
    let last = leaf(streams.flat_map(|(h, c)| h.iter().chain(c)).copied().collect(), [batch, 2, width]);
    let dims = [batch, segment, width];
    if !is_tracked(&inputs) {
        return Some((leaf(output.y, dims), last));
    }
    let saved = output.saved;
    let y = node(output.y, dims, inputs, move |dy| {
        let start = State { h: &h, c: &c };
        let g = kernel::backward(slice(&data[0]), batch, start, dy, None, &weights(&data), &saved);
        [g.x, g.w_ih, g.w_hh, g.b]
    });
    Some((y, last))
}

fn weights(data: &[FlexTensor; 4]) -> Weights<'_> {
    let [_, w_ih, w_hh, b] = data;
    Weights { w_ih: slice(w_ih), w_hh: slice(w_hh), b: slice(b) }
}
