//! Layer normalisation (Ba et al. 2016) over the last dimension.

use burn::tensor::Tensor;

/// Added to the variance.
pub const EPSILON: f32 = 1e-5;

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta`; `gamma` and `beta` are `[d]`, the length
/// of the last dimension. With an empty `beta`, `x / sqrt(mean(x^2) + epsilon) * gamma`.
pub fn layer_norm<const D: usize>(x: Tensor<D>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<D> {
    if beta.dims() == [0] {
        let square = (x.clone() * x.clone()).mean_dim(D - 1);
        return x / (square + EPSILON).sqrt() * gamma.unsqueeze();
    }
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = (centred.clone() * centred.clone()).mean_dim(D - 1);
    centred / (variance + EPSILON).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
}
