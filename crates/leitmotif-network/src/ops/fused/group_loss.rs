//! The kernel of [`crate::ops::group_loss`]: it computes its gradients in the forward pass.

use super::head::Head;
use super::{Input, is_tracked, leaf, node};
use crate::ops::GroupOutput;
use burn::tensor::Tensor;
use leitmotif_kernels::head_loss::grouped::{self as kernel, Targets};

fn head(output: &GroupOutput) -> Option<Head> {
    Head::new(&output.gamma, &output.beta, &output.table, &output.bias)
}

pub(crate) fn group_loss(
    z: &Tensor<2>,
    output: &GroupOutput,
    classes: &[i32],
    scale: f32,
) -> Option<(Tensor<1>, Vec<f64>)> {
    let z = Input::new(z)?;
    let head = head(output)?;
    let values = output.table.dims()[0];
    let parents = head.parents(&z);
    let targets = Targets { groups: &output.groups, classes };
    if !is_tracked(&parents) {
        let nats = kernel::losses(z.slice(), &head.weights(0..values), targets);
        let count = output.groups.len();
        let of_group = |group: usize| nats[group..].iter().step_by(count).map(|&nats| f64::from(nats)).sum::<f64>();
        let groups: Vec<f64> = (0..count).map(|group| of_group(group) * f64::from(scale)).collect();
        return Some((leaf(vec![groups.iter().sum::<f64>() as f32], [1]), groups));
    }
    let (sums, trained) = kernel::train(z.slice(), &head.weights(0..values), targets, 1.0 / scale);
    let groups = sums.iter().map(|sum| sum * f64::from(scale)).collect();
    let loss = node(vec![trained.loss], [1], parents, move |received| {
        let gradients = [&trained.z, &trained.gamma, &trained.beta, &trained.table, &trained.bias];
        gradients.map(|gradient| gradient.iter().map(|value| value * received[0]).collect())
    });
    Some((loss, groups))
}

pub(crate) fn group_nll(z: &Tensor<2>, output: &GroupOutput, classes: &[i32]) -> Option<Vec<f32>> {
    let z = Input::new(z)?;
    let head = head(output)?;
    let values = output.table.dims()[0];
    Some(kernel::losses(z.slice(), &head.weights(0..values), Targets { groups: &output.groups, classes }))
}
