//! The parameters of an output head as slices, whatever it predicts.

use super::Input;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::head_loss::Weights;
use std::ops::Range;

pub(super) struct Head {
    gamma: Input,
    beta: Input,
    table: Input,
    bias: Input,
}

impl Head {
    /// Of a layer norm's scale and shift `[d]`, a table `[values, d]` and a bias `[values]`; `None`
    /// unless all are on the CPU.
    pub(super) fn new(gamma: &Tensor<1>, beta: &Tensor<1>, table: &Tensor<2>, bias: &Tensor<1>) -> Option<Self> {
        let (gamma, beta) = (Input::new(gamma)?, Input::new(beta)?);
        Some(Self { gamma, beta, table: Input::new(table)?, bias: Input::new(bias)? })
    }

    /// What a kernel needs to predict these rows of the table.
    pub(super) fn weights(&self, rows: Range<usize>) -> Weights<'_> {
        let norm = LayerNorm { gamma: self.gamma.slice(), beta: self.beta.slice() };
        let d = norm.gamma.len();
        Weights { norm, table: &self.table.slice()[rows.start * d..rows.end * d], bias: &self.bias.slice()[rows] }
    }

    /// All that a loss depends on, with the states that it reads first.
    pub(super) fn parents<'a>(&'a self, z: &'a Input) -> [&'a Input; 5] {
        [z, &self.gamma, &self.beta, &self.table, &self.bias]
    }
}
