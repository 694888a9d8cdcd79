//! The embedding of an event: the sum of its fields' rows of one table.

use burn::tensor::{Int, Tensor, TensorData};

/// Sums rows of `table` `[values, d]`: row `i` of the result `[n, d]` is the sum of the `k` rows that
/// `indices[i * k..(i + 1) * k]` name, times `scale`. Every index must be below `values`.
pub fn embed(table: Tensor<2>, indices: &[i32], k: usize, scale: f32) -> Tensor<2> {
    match super::fused::embed(&table, indices, k, scale) {
        Some(result) => result,
        None => embed_definition(table, indices, k, scale),
    }
}

/// [`embed`] in ordinary operations.
pub fn embed_definition(table: Tensor<2>, indices: &[i32], k: usize, scale: f32) -> Tensor<2> {
    let [_, d] = table.dims();
    let n = indices.len() / k;
    let device = table.device();
    let rows: Tensor<1, Int> = Tensor::from_data(TensorData::new(indices.to_vec(), [n * k]), &device);
    table.select(0, rows).reshape([n, k, d]).sum_dim(1).reshape([n, d]) * scale
}
