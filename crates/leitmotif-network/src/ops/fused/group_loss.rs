//! The kernel of [`crate::ops::group_loss`]: it computes its gradients in the forward pass.

use super::{Input, is_tracked, leaf, node};
use crate::ops::GroupOutput;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::head_loss::{
    Weights,
    grouped::{self as kernel, Targets},
};

struct Inputs {
    gamma: Input,
    beta: Input,
    table: Input,
    bias: Input,
}

impl Inputs {
    fn new(output: &GroupOutput) -> Option<Self> {
        Some(Self {
            gamma: Input::new(&output.gamma)?,
            beta: Input::new(&output.beta)?,
            table: Input::new(&output.table)?,
            bias: Input::new(&output.bias)?,
        })
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            norm: LayerNorm { gamma: self.gamma.slice(), beta: self.beta.slice() },
            table: self.table.slice(),
            bias: self.bias.slice(),
        }
    }
}

pub(crate) fn group_loss(
    z: &Tensor<2>,
    output: &GroupOutput,
    classes: &[i32],
    scale: f32,
) -> Option<(Tensor<1>, Vec<f64>)> {
    let z = Input::new(z)?;
    let inputs = Inputs::new(output)?;
    let parents = [&z, &inputs.gamma, &inputs.beta, &inputs.table, &inputs.bias];
    let targets = Targets { groups: &output.groups, classes };
    if !is_tracked(&parents) {
        let nats = kernel::losses(z.slice(), &inputs.weights(), targets);
        let count = output.groups.len();
        let of_group = |group: usize| nats[group..].iter().step_by(count).map(|&nats| f64::from(nats)).sum::<f64>();
        let groups: Vec<f64> = (0..count).map(|group| of_group(group) * f64::from(scale)).collect();
        return Some((leaf(vec![groups.iter().sum::<f64>() as f32], [1]), groups));
    }
    let (sums, trained) = kernel::train(z.slice(), &inputs.weights(), targets, 1.0 / scale);
    let groups = sums.iter().map(|sum| sum * f64::from(scale)).collect();
    let loss = node(vec![trained.loss], [1], parents, move |received| {
        let gradients = [&trained.z, &trained.gamma, &trained.beta, &trained.table, &trained.bias];
        gradients.map(|gradient| gradient.iter().map(|value| value * received[0]).collect())
    });
    Some((loss, groups))
}

pub(crate) fn group_nats(z: &Tensor<2>, output: &GroupOutput, classes: &[i32]) -> Option<Vec<f32>> {
    let z = Input::new(z)?;
    let inputs = Inputs::new(output)?;
    Some(kernel::losses(z.slice(), &inputs.weights(), Targets { groups: &output.groups, classes }))
}
