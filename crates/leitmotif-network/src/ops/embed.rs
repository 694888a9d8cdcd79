//! The embedding of an event: the sum of its fields' rows of one table.

use burn::tensor::{Int, Tensor, TensorData};

/// Sums rows of `table` `[values, d]`: row `i` of the result `[n, d]` is the sum of the `k` rows
/// that `indices[i * k..(i + 1) * k]` name, times `scale`. Every index must be below `values`; one
/// below 0 adds nothing.
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
    let rows: Vec<i32> = indices.iter().map(|&index| index.max(0)).collect();
    let rows: Tensor<1, Int> = Tensor::from_data(TensorData::new(rows, [n * k]), &device);
    let mut values = table.select(0, rows).reshape([n, k, d]);
    if indices.iter().any(|&index| index < 0) {
        let named: Vec<f32> = indices.iter().map(|&index| if index < 0 { 0.0 } else { 1.0 }).collect();
        let named: Tensor<3> = Tensor::from_data(TensorData::new(named, [n, k, 1]), &device);
        values = values * named;
    }
    values.sum_dim(1).reshape([n, d]) * scale
}
