//! Stretches of states side by side: what memories are cut from and put together with.

use burn::tensor::Tensor;
use std::ops::Range;

/// The given states of each tensor `[streams, _, d]` in order,
/// `[streams, sum of their numbers, d]`; without gradient.
pub fn join(stretches: &[(&Tensor<3>, Range<usize>)]) -> Tensor<3> {
    match super::fused::join(stretches) {
        Some(result) => result,
        None => join_definition(stretches),
    }
}

/// [`join`] in ordinary operations.
pub fn join_definition(stretches: &[(&Tensor<3>, Range<usize>)]) -> Tensor<3> {
    let cut =
        |(tensor, states): &(&Tensor<3>, Range<usize>)| (*tensor).clone().inner().narrow(1, states.start, states.len());
    Tensor::cat(stretches.iter().filter(|stretch| !stretch.1.is_empty()).map(cut).collect(), 1)
}
