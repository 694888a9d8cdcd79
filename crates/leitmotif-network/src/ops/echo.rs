//! The sum of echoed values' embeddings, each echo with its own gains.

use burn::tensor::{Int, Tensor, TensorData};

/// `gains[e] * table[indices[i, e]]` summed over the echoes `e`: `table` is `[values, d]`, `gains` `[echoes, d]`, `indices`
/// `[n, echoes]`, where an index below 0 adds nothing. The result is `[n, d]`.
pub fn echo(table: Tensor<2>, gains: Tensor<2>, indices: &[i32]) -> Tensor<2> {
    match super::fused::echo(&table, &gains, indices) {
        Some(result) => result,
        None => echo_definition(table, gains, indices),
    }
}

/// [`echo`] in ordinary operations.
pub fn echo_definition(table: Tensor<2>, gains: Tensor<2>, indices: &[i32]) -> Tensor<2> {
    let [echoes, d] = gains.dims();
    let n = indices.len() / echoes;
    let device = table.device();
    let sounding: Vec<f32> = indices.iter().map(|&index| if index < 0 { 0.0 } else { 1.0 }).collect();
    let sounding: Tensor<3> = Tensor::from_data(TensorData::new(sounding, [n, echoes, 1]), &device);
    let rows: Vec<i32> = indices.iter().map(|&index| index.max(0)).collect();
    let rows: Tensor<1, Int> = Tensor::from_data(TensorData::new(rows, [n * echoes]), &device);
    let values = table.select(0, rows).reshape([n, echoes, d]) * sounding;
    (values * gains.unsqueeze()).sum_dim(1).reshape([n, d])
}
