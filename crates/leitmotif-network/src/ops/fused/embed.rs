//! The kernel of [`crate::ops::embed`].

use super::{Input, is_tracked, leaf, node};
use burn::tensor::Tensor;
use leitmotif_kernels::embed as kernel;

pub(crate) fn embed(table: &Tensor<2>, indices: &[i32], k: usize, scale: f32) -> Option<Tensor<2>> {
    let [rows, d] = table.dims();
    let input = Input::new(table)?;
    let values = kernel::forward(input.slice(), indices, [d, k], scale);
    let shape = [indices.len() / k, d];
    if !is_tracked(&[&input]) {
        return Some(leaf(values, shape));
    }
    let indices = indices.to_vec();
    Some(node(values, shape, [&input], move |dy| [kernel::backward(dy, &indices, rows, [d, k], scale)]))
}
