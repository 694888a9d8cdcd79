//! Gradients and moments on the network's device.

use super::Slot;
use burn::tensor::{Device, Tensor, TensorData};
use leitmotif_kernels::adamw::AdamW;
use std::borrow::Cow;

/// One parameter's gradient and moments, flattened.
#[derive(Debug)]
pub(super) struct Tensors {
    first: Tensor<1>,
    second: Tensor<1>,
    gradient: Option<Tensor<1>>,
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let length = tensor.shape().num_elements();
    tensor.reshape([length])
}

fn given(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("the values were just made 32-bit floats")
}

impl Slot for Tensors {
    fn new<const D: usize>(parameter: &Tensor<D>) -> Self {
        let zeros = || Tensor::zeros([parameter.shape().num_elements()], &parameter.device().inner());
        Self { first: zeros(), second: zeros(), gradient: None }
    }

    fn accumulate<const D: usize>(&mut self, gradient: Tensor<D>) {
        let gradient = flat(gradient);
        self.gradient = Some(match self.gradient.take() {
            Some(sum) => sum + gradient,
            None => gradient,
        });
    }

    fn squares(slots: &[&Self]) -> f64 {
        let square = |slot: &&Self| slot.gradient.clone().map(|gradient| gradient.powi_scalar(2).sum());
        let sums: Vec<Tensor<1>> = slots.iter().filter_map(square).collect();
        // One read from the device for all parameters.
        values(Tensor::cat(sums, 0)).into_iter().map(f64::from).sum()
    }

    fn update<const D: usize>(&mut self, parameter: Tensor<D>, update: &AdamW) -> Tensor<D> {
        let Some(gradient) = self.gradient.take() else { return parameter };
        let AdamW { rate, beta1, beta2, epsilon, weight_decay, step, gradient_scale } = *update;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        let square = (1.0 / correction(beta2).sqrt()) as f32;
        let shape = parameter.dims();
        let gradient = gradient.mul_scalar(gradient_scale);
        let squared = gradient.clone().powi_scalar(2);
        self.first = self.first.clone().mul_scalar(beta1) + gradient.mul_scalar(1.0 - beta1);
        self.second = self.second.clone().mul_scalar(beta2) + squared.mul_scalar(1.0 - beta2);
        let divisor = self.second.clone().sqrt().mul_scalar(square).add_scalar(epsilon);
        let change = self.first.clone().mul_scalar((f64::from(rate) / correction(beta1)) as f32) / divisor;
        (flat(parameter).mul_scalar(1.0 - rate * weight_decay) - change).reshape(shape)
    }

    fn has_gradient(&self) -> bool {
        self.gradient.is_some()
    }

    fn gradient(&self) -> Option<Cow<'_, [f32]>> {
        self.gradient.clone().map(|gradient| Cow::Owned(values(gradient)))
    }

    fn set_gradient(&mut self, gradient: &[f32]) {
        self.gradient = Some(given(gradient.to_vec(), &self.first.device()));
    }

    fn clear(&mut self) {
        self.gradient = None;
    }

    fn moments(&self) -> [Vec<f32>; 2] {
        [values(self.first.clone()), values(self.second.clone())]
    }

    fn restore<const D: usize>(&mut self, parameter: &Tensor<D>, [first, second]: [Vec<f32>; 2]) {
        let device = parameter.device().inner();
        (self.first, self.second, self.gradient) = (given(first, &device), given(second, &device), None);
    }
}
