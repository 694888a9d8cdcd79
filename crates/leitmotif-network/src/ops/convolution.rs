//! Learnt compression: a convolution whose stride is the number of its taps (Rae et al. 2020,
//! section 3.2).

use burn::tensor::{Int, Tensor, TensorData};

/// Which states a group's taps fall on.
#[derive(Debug, Clone, Copy)]
pub struct Taps {
    /// Their number, and how many states a group stands for.
    pub ratio: usize,
    /// States from one tap to the next; the last tap falls on the group's newest state.
    pub dilation: usize,
}

/// Compresses `states` `[streams, states, d]`, each stream's newest `filled` real and the others
/// zero, in groups counted from the newest, to `[streams, ceil(states / ratio), d]`.
///
/// `kernel` is `[ratio d, d]`, taps from the oldest to the newest, `bias` is `[d]`; only they
/// receive gradients.
pub fn convolution(states: Tensor<3>, filled: &[usize], taps: Taps, kernel: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
    match super::fused::convolution(&states, filled, taps, &kernel, &bias) {
        Some(result) => result,
        None => convolution_definition(states, filled, taps, kernel, bias),
    }
}

/// [`convolution`] in ordinary operations.
pub fn convolution_definition(
    states: Tensor<3>,
    filled: &[usize],
    taps: Taps,
    kernel: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<3> {
    let [streams, count, d] = states.dims();
    let (Taps { ratio, dilation }, device) = (taps, states.device());
    let groups = count.div_ceil(ratio);
    let real = filled.iter().flat_map(|&filled| (0..count).map(move |place| (place + filled >= count) as u8 as f32));
    let real: Tensor<3> = Tensor::from_data(TensorData::new(real.collect::<Vec<f32>>(), [streams, count, 1]), &device);
    // Zeros as far back as the oldest group's taps reach.
    let before = (groups - 1) * ratio + (ratio - 1) * dilation + 1;
    let padded = Tensor::cat(vec![Tensor::zeros([streams, before, d], &device), states.detach() * real], 1);
    let newest = |group: usize| before + count - 1 - (groups - 1 - group) * ratio;
    let place = |group: usize, tap: usize| (newest(group) - dilation * (ratio - 1 - tap)) as i32;
    let places = (0..groups).flat_map(|group| (0..ratio).map(move |tap| place(group, tap)));
    let places: Tensor<1, Int> =
        Tensor::from_data(TensorData::new(places.collect::<Vec<i32>>(), [groups * ratio]), &device);
    let rows = padded.select(1, places).reshape([streams, groups, ratio * d]);
    rows.matmul(kernel.unsqueeze()) + bias.unsqueeze()
}
