//! The LSTM over a whole segment.

use crate::Parameters;
use crate::carry::Carry;
use crate::decoder::Forward;
use crate::ops::{dropout, lstm};
use burn::tensor::Tensor;
use leitmotif_model::ModelConfig;
use leitmotif_model::network::{Dropout, Lstm, site};

/// Runs embedded events `[streams * segment, d]` through the layers, with dropout between them in
/// training.
pub(crate) fn forward(
    p: &Parameters,
    network: &Lstm,
    embedded: Tensor<2>,
    carry: Carry,
    config: &ModelConfig,
    training: Option<u64>,
) -> Forward {
    let (streams, [events, d]) = (carry.streams(), embedded.dims());
    let drop = |layer: usize| match training {
        Some(seed) => Dropout { probability: config.ff_dropout, seed: site(seed, layer, 0) },
        None => Dropout::NONE,
    };
    let mut x = embedded.reshape([streams, events / streams, d]);
    let mut remembered = Vec::with_capacity(network.layers.len());
    for (index, (layer, state)) in network.layers.iter().zip(&carry.layers).enumerate() {
        let state = state.clone().unwrap_or_else(|| Tensor::zeros([streams, 2, d], &x.device().inner()));
        let weights = (p.matrix(layer.input), p.matrix(layer.state), p.vector(layer.bias));
        let (y, state) = lstm(dropout(x, drop(index)), state, weights.0, weights.1, weights.2);
        remembered.push(Some(state));
        x = y;
    }
    let state = dropout(x, drop(network.layers.len())).reshape([events, d]);
    Forward { state, carry: Carry { layers: remembered, ..carry }, compression_loss: None, compression_weight: 0.0 }
}
