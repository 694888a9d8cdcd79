//! The kernel of [`crate::ops::field_loss`]: it computes its gradients in the forward pass.

use super::head::Head;
use super::{Input, is_tracked, leaf, node};
use crate::ops::FieldOutput;
use burn::tensor::Tensor;
use leitmotif_kernels::head_loss as kernel;
use std::ops::Range;

/// No label smoothing: losses are nats of the model's own distribution.
const SMOOTHING: f32 = 0.0;

fn head(output: &FieldOutput) -> Option<Head> {
    Head::new(&output.gamma, &output.beta, &output.table, &output.bias)
}

fn rows(output: &FieldOutput) -> Range<usize> {
    output.offset..output.offset + output.size
}

pub(crate) fn field_loss(z: &Tensor<2>, output: &FieldOutput, targets: &[i32], scale: f32) -> Option<Tensor<1>> {
    let [values, d] = output.table.dims();
    let z = Input::new(z)?;
    let head = head(output)?;
    let parents = head.parents(&z);
    if !is_tracked(&parents) {
        let losses = kernel::losses(z.slice(), &head.weights(rows(output)), targets, SMOOTHING);
        return Some(leaf(vec![losses.iter().sum::<f32>() * scale], [1]));
    }
    let trained = kernel::train(z.slice(), &head.weights(rows(output)), targets, SMOOTHING, 1.0 / scale);
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

pub(crate) fn field_nll(z: &Tensor<2>, output: &FieldOutput, targets: &[i32]) -> Option<Vec<f32>> {
    let z = Input::new(z)?;
    let head = head(output)?;
    Some(kernel::losses(z.slice(), &head.weights(rows(output)), targets, SMOOTHING))
}
