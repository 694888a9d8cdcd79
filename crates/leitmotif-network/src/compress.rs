//! The losses that teach compression (Rae et al. 2020, algorithm 1).
//!
//! Every loss here sees detached states and detached attention weights, so its gradient reaches the
//! compressor alone.

use crate::Parameters;
use crate::ops::{AttentionWeights, reconstruction_loss};
use burn::tensor::{Tensor, TensorData};
use leitmotif_model::network::Compressor;

/// The loss that teaches a compressor what the states that left the memory `[streams, states, d]`
/// became, of which each stream has `filled` real ones; `None` where there is nothing to learn
/// from.
///
/// `queries` are the layer's inputs of this segment `[streams, segment, d]`, its attention and its
/// heads.
pub(crate) fn compression_loss(
    p: &Parameters,
    compressor: &Compressor,
    states: &Tensor<3>,
    filled: &[usize],
    compressed: Tensor<3>,
    queries: impl FnOnce() -> (Tensor<3>, AttentionWeights, usize),
) -> Option<Tensor<1>> {
    compressor.kernel?;
    if filled.iter().all(|&filled| filled == 0) {
        return None;
    }
    Some(match compressor.decoder {
        Some([decoder, bias]) => {
            let decoder = (p.matrix(decoder), p.matrix(bias));
            auto_encoding_loss(states.clone(), filled, compressed, decoder, compressor.ratio())
        }
        None => {
            let filled: Vec<_> = filled.iter().map(|&filled| (filled, compressor.groups(filled))).collect();
            let (queries, attention, heads) = queries();
            reconstruction_loss(queries, states.clone(), compressed, &filled, &attention, heads)
        }
    })
}

/// What the compression loss is a mean over, up to a factor that is the same for every batch: the
/// states that left the memories, or the streams that any left.
pub(crate) fn compression_weight(compressor: &Compressor, filled: &[usize]) -> f64 {
    let weight = match compressor.decoder {
        Some(_) => filled.iter().sum::<usize>(),
        None => filled.iter().filter(|&&filled| filled > 0).count(),
    };
    weight as f64
}

/// Mean squared difference between the states that left the memory and what a linear decoder makes
/// of the compressed ones.
fn auto_encoding_loss(
    states: Tensor<3>,
    filled: &[usize],
    compressed: Tensor<3>,
    (decoder, bias): (Tensor<2>, Tensor<2>),
    ratio: usize,
) -> Tensor<1> {
    let ([streams, count, d], device) = (states.dims(), states.device());
    let padding = (ratio - count % ratio) % ratio;
    let length = count + padding;
    let states = match padding {
        0 => states,
        _ => Tensor::cat(vec![Tensor::zeros([streams, padding, d], &device), states], 1),
    };
    let decoded = (compressed.matmul(decoder.unsqueeze()) + bias.unsqueeze()).reshape([streams, length, d]);
    let real: Tensor<3> = Tensor::from_data(TensorData::new(real_rows(filled, length), [streams, length, 1]), &device);
    let counted = filled.iter().sum::<usize>() * d;
    let difference = (decoded - states) * real;
    (difference.clone() * difference).sum() / counted as f32
}

/// 1 for each stream's `filled` newest of `length` places, else 0.
fn real_rows(filled: &[usize], length: usize) -> Vec<f32> {
    let row = |&filled: &usize| (0..length).map(move |place| if place + filled >= length { 1.0 } else { 0.0 });
    filled.iter().flat_map(row).collect()
}
