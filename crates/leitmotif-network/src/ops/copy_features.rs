//! The sum of copied values' embeddings, each copy feature with its own gains.

use burn::tensor::{Int, Tensor, TensorData};

/// `gains[e] * table[indices[i, e]]` summed over the copy features `e`: `table` is `[values, d]`,
/// `gains` `[copies, d]`, `indices` `[n, copies]`, where an index below 0 adds nothing. The result
/// is `[n, d]`.
pub fn copy_features(table: Tensor<2>, gains: Tensor<2>, indices: &[i32]) -> Tensor<2> {
    match super::fused::copy_features(&table, &gains, indices) {
        Some(result) => result,
        None => copy_features_definition(table, gains, indices),
    }
}

/// [`copy_features`] in ordinary operations.
pub fn copy_features_definition(table: Tensor<2>, gains: Tensor<2>, indices: &[i32]) -> Tensor<2> {
    let [copies, d] = gains.dims();
    let n = indices.len() / copies;
    let device = table.device();
    let sounding: Vec<f32> = indices.iter().map(|&index| if index < 0 { 0.0 } else { 1.0 }).collect();
    let sounding: Tensor<3> = Tensor::from_data(TensorData::new(sounding, [n, copies, 1]), &device);
    let rows: Vec<i32> = indices.iter().map(|&index| index.max(0)).collect();
    let rows: Tensor<1, Int> = Tensor::from_data(TensorData::new(rows, [n * copies]), &device);
    let values = table.select(0, rows).reshape([n, copies, d]) * sounding;
    (values * gains.unsqueeze()).sum_dim(1).reshape([n, d])
}
