//! The kernel of [`crate::ops::copy_features`].

use super::{Input, is_tracked, leaf, node, slice};
use burn::tensor::Tensor;
use leitmotif_kernels::copy_features as kernel;

pub(crate) fn copy_features(table: &Tensor<2>, gains: &Tensor<2>, indices: &[i32]) -> Option<Tensor<2>> {
    let [copies, d] = gains.dims();
    let inputs = [Input::new(table)?, Input::new(gains)?];
    let values = kernel::forward(inputs[0].slice(), inputs[1].slice(), indices, d);
    let shape = [indices.len() / copies, d];
    let inputs = inputs.each_ref();
    if !is_tracked(&inputs) {
        return Some(leaf(values, shape));
    }
    let (data, indices) = (inputs.map(Input::data), indices.to_vec());
    Some(node(values, shape, inputs, move |dy| {
        let gradients = kernel::backward(dy, slice(&data[0]), slice(&data[1]), &indices, d);
        [gradients.table, gradients.gains]
    }))
}
