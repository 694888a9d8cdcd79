//! Attention reconstruction: what teaches a compression function (Rae et al. 2020, algorithm 1).

use super::{AttentionWeights, layer_norm};
use burn::tensor::{Bool, Device, Tensor, TensorData, activation};

/// The mean squared difference between what the heads find in `evicted` `[streams, states, d]` and
/// in `compressed` `[streams, groups, d]`, of which each stream has `filled` (states, groups) at
/// the right end; the mean is over streams that have any, 0 if none has.
///
/// Attention by content alone, from every one of `queries` `[streams, segment, d]`, which are the
/// layer's inputs, with the layer's own `w`. Only `compressed` receives a gradient.
pub fn reconstruction_loss(
    queries: Tensor<3>,
    evicted: Tensor<3>,
    compressed: Tensor<3>,
    filled: &[(usize, usize)],
    w: &AttentionWeights,
    heads: usize,
) -> Tensor<1> {
    match super::fused::reconstruction_loss(&queries, &evicted, &compressed, filled, w, heads) {
        Some(loss) => loss,
        None => reconstruction_loss_definition(queries, evicted, compressed, filled, w, heads),
    }
}

/// [`reconstruction_loss`] in ordinary operations.
pub fn reconstruction_loss_definition(
    queries: Tensor<3>,
    evicted: Tensor<3>,
    compressed: Tensor<3>,
    filled: &[(usize, usize)],
    w: &AttentionWeights,
    heads: usize,
) -> Tensor<1> {
    let [streams, states, d] = evicted.dims();
    let ([_, groups, _], [_, segment, _]) = (compressed.dims(), queries.dims());
    let device = compressed.device();
    let (gamma, beta, qkv) = (w.gamma.clone().detach(), w.beta.clone().detach(), w.qkv.clone().detach());
    let split = |t: Tensor<3>, length: usize| t.reshape([streams, length, heads, d / heads]).swap_dims(1, 2);
    let norm = |t: Tensor<3>| layer_norm(t, gamma.clone(), beta.clone());
    let q = split(norm(queries.detach()).matmul(qkv.clone().narrow(1, 0, d).unsqueeze()), segment);
    let attend = |memory: Tensor<3>, length: usize, filled: Vec<usize>| {
        let kv = norm(memory).matmul(qkv.clone().narrow(1, d, 2 * d).unsqueeze());
        let k = split(kv.clone().narrow(2, 0, d), length);
        let v = split(kv.narrow(2, d, d), length);
        let scores = q.clone().matmul(k.swap_dims(2, 3)) / ((d / heads) as f32).sqrt();
        let scores =
            scores.mask_fill(empty_places(&filled, length, [streams, heads, segment], &device), f32::MIN / 2.0);
        activation::softmax(scores, 3).matmul(v)
    };
    let target = attend(evicted, states, filled.iter().map(|filled| filled.0).collect()).detach();
    let found = attend(compressed, groups, filled.iter().map(|filled| filled.1).collect());
    let lane_weights: Vec<f32> = filled.iter().map(|filled| if filled.0 > 0 { 1.0 } else { 0.0 }).collect();
    let counted = lane_weights.iter().sum::<f32>() * (segment * d) as f32;
    let lane_weights: Tensor<4> = Tensor::from_data(TensorData::new(lane_weights, [streams, 1, 1, 1]), &device);
    let difference = found - target;
    (difference.clone() * difference * lane_weights).sum() / counted.max(1.0)
}

/// Places of each stream that hold nothing, `[streams, heads, segment, length]`. A stream that is
/// empty throughout hides nothing, which keeps its softmax finite; it is not counted.
fn empty_places(
    filled: &[usize],
    length: usize,
    [streams, heads, segment]: [usize; 3],
    device: &Device,
) -> Tensor<4, Bool> {
    let hidden = filled
        .iter()
        .flat_map(|&filled| (0..length).map(move |place| filled > 0 && place + filled < length))
        .collect::<Vec<bool>>();
    let hidden: Tensor<4, Bool> = Tensor::from_data(TensorData::new(hidden, [streams, 1, 1, length]), device);
    hidden.expand([streams, heads, segment, length])
}
