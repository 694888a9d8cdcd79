//! The rows of [`crate::ops::join`], copied once.

use super::{Input, leaf};
use burn::tensor::Tensor;
use std::ops::Range;

pub(crate) fn join(stretches: &[(&Tensor<3>, Range<usize>)]) -> Option<Tensor<3>> {
    let [streams, _, d] = stretches.first()?.0.dims();
    let inputs = stretches.iter().map(|(tensor, _)| Input::new(tensor)).collect::<Option<Vec<_>>>()?;
    let count = stretches.iter().map(|(_, states)| states.len()).sum();
    let mut values = Vec::with_capacity(streams * count * d);
    for stream in 0..streams {
        for (input, (tensor, states)) in inputs.iter().zip(stretches) {
            let [_, length, _] = tensor.dims();
            values.extend_from_slice(&input.slice()[(stream * length + states.start) * d..][..states.len() * d]);
        }
    }
    Some(leaf(values, [streams, count, d]))
}
