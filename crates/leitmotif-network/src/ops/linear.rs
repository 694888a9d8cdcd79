//! A linear map.

use burn::tensor::Tensor;

/// `x w`, plus a bias: `x` is `[n, inputs]`, `w` `[inputs, outputs]`, `bias` `[outputs]`.
pub fn linear(x: Tensor<2>, w: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    match super::fused::linear(&x, &w, bias.as_ref()) {
        Some(result) => result,
        None => linear_definition(x, w, bias),
    }
}

/// [`linear`] in ordinary operations.
pub fn linear_definition(x: Tensor<2>, w: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let y = x.matmul(w);
    match bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    }
}
