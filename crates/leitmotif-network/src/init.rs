//! Weights before training: a pure function of a seed and a parameter's place.

use crate::ops::site;
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

/// Draws initial weights, each parameter from its own residual stream.
#[derive(Debug)]
pub(crate) struct Init {
    seed: u64,
    drawn: u64,
    device: Device,
}

impl Init {
    pub(crate) fn new(seed: u64, device: &Device) -> Self {
        Self { seed, drawn: 0, device: device.clone() }
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Normally distributed values of this standard deviation.
    pub(crate) fn normal<const D: usize>(&mut self, shape: [usize; D], deviation: f32) -> Param<Tensor<D>> {
        let values = self.normal_values(shape.iter().product(), deviation);
        self.given(shape, values)
    }

    /// These values.
    pub(crate) fn given<const D: usize>(&self, shape: [usize; D], values: Vec<f32>) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new(values, shape), &self.device)
    }

    /// One value throughout.
    pub(crate) fn constant<const D: usize>(&self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.given(shape, vec![value; shape.iter().product()])
    }

    /// `n` normally distributed values (Box-Muller).
    pub(crate) fn normal_values(&mut self, n: usize, deviation: f32) -> Vec<f32> {
        self.drawn += 1;
        let residual = site(self.seed, 0, self.drawn);
        let uniform = |index: u64| (site(residual, 1, index) >> 11) as f64 / (1u64 << 53) as f64;
        let normal = |index: u64| {
            let radius = (-2.0 * (1.0 - uniform(2 * index)).ln()).sqrt();
            radius * (std::f64::consts::TAU * uniform(2 * index + 1)).cos()
        };
        (0..n as u64).map(|index| (normal(index) * f64::from(deviation)) as f32).collect()
    }
}
