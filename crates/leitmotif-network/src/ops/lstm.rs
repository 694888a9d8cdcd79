//! One layer of long short-term memory over a segment.

use burn::tensor::{Tensor, activation};

/// Runs `x` `[streams, segment, d]` from `state` `[streams, 2, h]` (hidden state, cell; no gradient
/// reaches it) through one layer: `input` `[d, 4 h]`, `recurrent` `[h, 4 h]`, `bias` `[4 h]`, gates
/// in the order input, forget, candidate, output. Returns the hidden states `[streams, segment, h]`
/// and the last state, detached from the graph.
pub fn lstm(
    x: Tensor<3>,
    state: Tensor<3>,
    input: Tensor<2>,
    recurrent: Tensor<2>,
    bias: Tensor<1>,
) -> (Tensor<3>, Tensor<3>) {
    match super::fused::lstm(&x, &state, &input, &recurrent, &bias) {
        Some(result) => result,
        None => lstm_definition(x, state, input, recurrent, bias),
    }
}

/// [`lstm`] in ordinary operations.
pub fn lstm_definition(
    x: Tensor<3>,
    state: Tensor<3>,
    input: Tensor<2>,
    recurrent: Tensor<2>,
    bias: Tensor<1>,
) -> (Tensor<3>, Tensor<3>) {
    let [streams, segment, _] = x.dims();
    let [h, _] = recurrent.dims();
    let part = |t: &Tensor<3>, place: usize| t.clone().narrow(1, place, 1).reshape([streams, h]);
    let (mut hidden, mut cell) = (part(&state, 0), part(&state, 1));
    let gates = x.matmul(input.unsqueeze()) + bias.unsqueeze();
    let mut outputs = Vec::with_capacity(segment);
    for step in 0..segment {
        let gates = gates.clone().narrow(1, step, 1).reshape([streams, 4 * h]) + hidden.matmul(recurrent.clone());
        let gate = |index: usize| gates.clone().narrow(1, index * h, h);
        let [input, forget, output] = [0, 1, 3].map(|index| activation::sigmoid(gate(index)));
        cell = forget * cell + input * activation::tanh(gate(2));
        hidden = output * activation::tanh(cell.clone());
        outputs.push(hidden.clone().unsqueeze_dim::<3>(1));
    }
    let last = Tensor::stack(vec![hidden.inner(), cell.inner()], 1);
    (Tensor::cat(outputs, 1), last)
}
