//! The output of one field: layer norm, logits over that field's values, cross-entropy.

use super::layer_norm;
use burn::tensor::{Int, Tensor, TensorData, activation};

/// A target that costs nothing.
pub const IGNORED: i32 = -1;

/// The parameters of one field's output: a stretch of rows of a table that all fields share.
#[derive(Debug, Clone)]
pub struct FieldOutput {
    /// Scale of the layer norm, `[d]`.
    pub gamma: Tensor<1>,
    /// Shift of the layer norm, `[d]`.
    pub beta: Tensor<1>,
    /// A row per value of every field, `[values, d]`.
    pub table: Tensor<2>,
    /// A bias per value of every field, `[values]`.
    pub bias: Tensor<1>,
    /// The first row of this field.
    pub offset: usize,
    /// The number of its values.
    pub size: usize,
}

impl FieldOutput {
    /// The logits `[n, size]` of states `z` `[n, d]`.
    pub fn logits(&self, z: Tensor<2>) -> Tensor<2> {
        let normed = layer_norm(z, self.gamma.clone(), self.beta.clone());
        let rows = self.table.clone().narrow(0, self.offset, self.size);
        let bias = self.bias.clone().narrow(0, self.offset, self.size);
        normed.matmul(rows.transpose()) + bias.unsqueeze()
    }
}

/// The sum over rows of the cross-entropy in nats of `targets` (below `size`, or -1, which costs
/// nothing), times `scale`.
pub fn field_loss(z: Tensor<2>, output: &FieldOutput, targets: &[i32], scale: f32) -> Tensor<1> {
    match super::fused::field_loss(&z, output, targets, scale) {
        Some(loss) => loss,
        None => field_loss_definition(z, output, targets, scale),
    }
}

/// [`field_loss`] in ordinary operations.
pub fn field_loss_definition(z: Tensor<2>, output: &FieldOutput, targets: &[i32], scale: f32) -> Tensor<1> {
    (row_nll(z, output, targets) * scale).sum()
}

/// The cross-entropy of each row in nats, 0 where the target is -1. No gradient.
pub fn field_nll(z: Tensor<2>, output: &FieldOutput, targets: &[i32]) -> Vec<f32> {
    match super::fused::field_nll(&z, output, targets) {
        Some(nats) => nats,
        None => row_nll(z, output, targets).into_data().iter::<f32>().collect(),
    }
}

fn row_nll(z: Tensor<2>, output: &FieldOutput, targets: &[i32]) -> Tensor<1> {
    let [n, _] = z.dims();
    let device = z.device();
    let known: Vec<f32> = targets.iter().map(|&target| if target == IGNORED { 0.0 } else { 1.0 }).collect();
    let indices: Vec<i32> = targets.iter().map(|&target| target.max(0)).collect();
    let known: Tensor<1> = Tensor::from_data(TensorData::new(known, [n]), &device);
    let indices: Tensor<2, Int> = Tensor::from_data(TensorData::new(indices, [n, 1]), &device);
    let log_probabilities = activation::log_softmax(output.logits(z), 1);
    -log_probabilities.gather(1, indices).reshape([n]) * known
}
