//! Dropout whose mask is a pure function of a seed and a place, so that a resumed run draws what
//! the uninterrupted one would have drawn.

use burn::tensor::{Tensor, TensorData};
use leitmotif_model::network::Dropout;

/// Sets values to zero as `dropout` specifies; the mask's index is the row-major place in `x`.
pub fn dropout<const D: usize>(x: Tensor<D>, dropout: Dropout) -> Tensor<D> {
    if dropout.is_none() {
        return x;
    }
    let shape = x.dims();
    let mask = leitmotif_kernels::dropout::mask(dropout.seed, shape.iter().product(), dropout.probability);
    let mask = Tensor::from_data(TensorData::new(mask, shape), &x.device());
    x * mask
}
