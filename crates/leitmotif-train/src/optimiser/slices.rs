//! Gradients and moments in main memory.

use super::Slot;
use burn::tensor::{Tensor, TensorData};
use leitmotif_kernels::adamw::AdamW;
use rayon::prelude::*;
use std::borrow::Cow;

/// One parameter's gradient and moments.
#[derive(Debug)]
pub(super) struct Slices {
    first: Vec<f32>,
    second: Vec<f32>,
    gradient: Option<Vec<f32>>,
}

/// The values of a tensor of 32-bit floats.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("the values were just made 32-bit floats")
}

impl Slot for Slices {
    fn new<const D: usize>(parameter: &Tensor<D>) -> Self {
        let length = parameter.shape().num_elements();
        Self { first: vec![0.0; length], second: vec![0.0; length], gradient: None }
    }

    fn accumulate<const D: usize>(&mut self, gradient: Tensor<D>) {
        let gradient = values(gradient);
        match &mut self.gradient {
            Some(sum) => sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value),
            None => self.gradient = Some(gradient),
        }
    }

    fn squares(slots: &[&Self]) -> f64 {
        // Sixteen running sums in a fixed order: fast, and the same whatever the number of threads.
        let squares = |gradient: &Vec<f32>| {
            let mut sums = [0.0f64; 16];
            for chunk in gradient.chunks(16) {
                for (sum, &value) in sums.iter_mut().zip(chunk) {
                    *sum += f64::from(value) * f64::from(value);
                }
            }
            sums.iter().sum::<f64>()
        };
        let sums: Vec<f64> = slots.par_iter().filter_map(|slot| slot.gradient.as_ref()).map(squares).collect();
        sums.iter().sum()
    }

    fn update<const D: usize>(&mut self, parameter: Tensor<D>, update: &AdamW) -> Tensor<D> {
        let Some(gradient) = self.gradient.take() else { return parameter };
        let (device, shape) = (parameter.device(), parameter.dims());
        let mut weights = values(parameter);
        update.update(&mut weights, &gradient, &mut self.first, &mut self.second);
        Tensor::from_data(TensorData::new(weights, shape), &device)
    }

    fn has_gradient(&self) -> bool {
        self.gradient.is_some()
    }

    fn gradient(&self) -> Option<Cow<'_, [f32]>> {
        self.gradient.as_deref().map(Cow::Borrowed)
    }

    fn set_gradient(&mut self, gradient: &[f32]) {
        self.gradient = Some(gradient.to_vec());
    }

    fn clear(&mut self) {
        self.gradient = None;
    }

    fn moments(&self) -> [Vec<f32>; 2] {
        [self.first.clone(), self.second.clone()]
    }

    fn restore<const D: usize>(&mut self, _parameter: &Tensor<D>, [first, second]: [Vec<f32>; 2]) {
        (self.first, self.second, self.gradient) = (first, second, None);
    }
}
