//! The output of all fields at once: one layer norm, logits over all fields' values, a softmax and
//! cross-entropy for each.

use super::layer_norm;
use burn::tensor::{Int, Tensor, TensorData, activation};
use std::ops::Range;

/// The parameters of an output whose values fall into groups.
#[derive(Debug, Clone)]
pub struct GroupOutput {
    /// Scale of the layer norm, `[d]`.
    pub gamma: Tensor<1>,
    /// Shift of the layer norm, `[d]`.
    pub beta: Tensor<1>,
    /// A row per value of all groups, `[values, d]`.
    pub table: Tensor<2>,
    /// A bias per value, `[values]`.
    pub bias: Tensor<1>,
    /// The values of each group, in order and apart; those of no group are not predicted.
    pub groups: Vec<Range<usize>>,
}

/// The sum over rows `z` `[n, d]` and groups of the cross-entropy in nats, times `scale`; and that
/// of each group without gradient, `[groups]`. `classes` `[n, groups]` counts from a group's first
/// value; below 0 costs nothing.
pub fn group_loss(z: Tensor<2>, output: &GroupOutput, classes: &[i32], scale: f32) -> (Tensor<1>, Vec<f64>) {
    match super::fused::group_loss(&z, output, classes, scale) {
        Some(loss) => loss,
        None => group_loss_definition(z, output, classes, scale),
    }
}

/// [`group_loss`] in ordinary operations.
pub fn group_loss_definition(z: Tensor<2>, output: &GroupOutput, classes: &[i32], scale: f32) -> (Tensor<1>, Vec<f64>) {
    let costs = nll(z, output, classes).sum_dim(0) * scale;
    let groups = costs.clone().inner().into_data().iter::<f32>().map(f64::from).collect();
    (costs.sum(), groups)
}

/// The cross-entropy of each row and group in nats, `[n, groups]`, 0 where the class is below 0. No
/// gradient.
pub fn group_nll(z: Tensor<2>, output: &GroupOutput, classes: &[i32]) -> Vec<f32> {
    match super::fused::group_nll(&z, output, classes) {
        Some(nats) => nats,
        None => nll(z, output, classes).into_data().iter::<f32>().collect(),
    }
}

fn nll(z: Tensor<2>, output: &GroupOutput, classes: &[i32]) -> Tensor<2> {
    let ([n, _], device, count) = (z.dims(), z.device(), output.groups.len());
    let normed = layer_norm(z, output.gamma.clone(), output.beta.clone());
    let logits = normed.matmul(output.table.clone().transpose()) + output.bias.clone().unsqueeze();
    let of_group = |(group, values): (usize, &Range<usize>)| {
        if values.is_empty() {
            return Tensor::zeros([n, 1], &device);
        }
        let classes: Vec<i32> = classes.iter().skip(group).step_by(count).copied().collect();
        let known: Vec<f32> = classes.iter().map(|&class| if class < 0 { 0.0 } else { 1.0 }).collect();
        let indices: Vec<i32> = classes.iter().map(|&class| class.max(0)).collect();
        let known: Tensor<2> = Tensor::from_data(TensorData::new(known, [n, 1]), &device);
        let indices: Tensor<2, Int> = Tensor::from_data(TensorData::new(indices, [n, 1]), &device);
        let log_probabilities = activation::log_softmax(logits.clone().narrow(1, values.start, values.len()), 1);
        -log_probabilities.gather(1, indices) * known
    };
    Tensor::cat(output.groups.iter().enumerate().map(of_group).collect(), 1)
}
