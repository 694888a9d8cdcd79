//! The kernel of [`crate::ops::field_loss`]: it computes its gradients in the forward pass.

use super::{Input, is_tracked, leaf, node};
use crate::ops::FieldOutput;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::head_loss::{self as kernel, Weights};

/// No label smoothing: losses are nats of the model's own distribution.
const SMOOTHING: f32 = 0.0;

struct Inputs {
    gamma: Input,
    beta: Input,
    table: Input,
    bias: Input,
}

impl Inputs {
    fn new(output: &FieldOutput) -> Option<Self> {
        Some(Self {
            gamma: Input::new(&output.gamma)?,
            beta: Input::new(&output.beta)?,
            table: Input::new(&output.table)?,
            bias: Input::new(&output.bias)?,
        })
    }

    fn weights(&self, output: &FieldOutput) -> Weights<'_> {
        let [_, d] = output.table.dims();
        let rows = output.offset..output.offset + output.size;
        Weights {
            norm: LayerNorm { gamma: self.gamma.slice(), beta: self.beta.slice() },
            table: &self.table.slice()[rows.start * d..rows.end * d],
            bias: &self.bias.slice()[rows],
        }
    }
}

pub(crate) fn field_loss(z: &Tensor<2>, output: &FieldOutput, targets: &[i32], scale: f32) -> Option<Tensor<1>> {
    let [values, d] = output.table.dims();
    let z = Input::new(z)?;
    let inputs = Inputs::new(output)?;
    let parents = [&z, &inputs.gamma, &inputs.beta, &inputs.table, &inputs.bias];
    if !is_tracked(&parents) {
        let losses = kernel::losses(z.slice(), &inputs.weights(output), targets, SMOOTHING);
        return Some(leaf(vec![losses.iter().sum::<f32>() * scale], [1]));
    }
    let trained = kernel::train(z.slice(), &inputs.weights(output), targets, SMOOTHING, 1.0 / scale);
    let (offset, size) = (output.offset, output.size);
    Some(node(vec![trained.loss], [1], parents, move |received| {
        let scaled = |gradient: &[f32]| gradient.iter().map(|value| value * received[0]).collect::<Vec<f32>>();
        let placed = |gradient: &[f32], width: usize| {
            let mut all = vec![0.0; values * width];
            all[offset * width..(offset + size) * width].copy_from_slice(&scaled(gradient));
            all
        };
        [
            scaled(&trained.z),
            scaled(&trained.gamma),
            scaled(&trained.beta),
            placed(&trained.table, d),
            placed(&trained.bias, 1),
        ]
    }))
}

pub(crate) fn field_nats(z: &Tensor<2>, output: &FieldOutput, targets: &[i32]) -> Option<Vec<f32>> {
    let z = Input::new(z)?;
    let inputs = Inputs::new(output)?;
    Some(kernel::losses(z.slice(), &inputs.weights(output), targets, SMOOTHING))
}
