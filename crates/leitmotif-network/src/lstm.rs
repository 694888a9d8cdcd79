//! Long short-term memory (Hochreiter & Schmidhuber 1997), the recurrent baseline.

use crate::blocks::fan_in;
use crate::carry::Carry;
use crate::decoder::Forward;
use crate::init::Init;
use crate::ops::{Dropout, dropout, lstm, site};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use leitmotif_model::ModelConfig;

/// One layer; gates stand in the order input, forget, candidate, output.
#[derive(Module, Debug)]
struct Layer {
    /// `[d, 4 d]`.
    input: Param<Tensor<2>>,
    /// `[d, 4 d]`.
    state: Param<Tensor<2>>,
    /// `[4 d]`; the forget gate's starts at 1 (Gers et al. 2000).
    bias: Param<Tensor<1>>,
}

/// A stack of layers of one width.
#[derive(Module, Debug)]
pub(crate) struct Lstm {
    layers: Vec<Layer>,
}

impl Lstm {
    pub(crate) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let d = config.d_model;
        let layer = |init: &mut Init| {
            let bias = (0..4 * d).map(|i| if (d..2 * d).contains(&i) { 1.0 } else { 0.0 }).collect();
            Layer {
                input: init.normal([d, 4 * d], 2.0 * fan_in(d)),
                state: init.normal([d, 4 * d], 2.0 * fan_in(d)),
                bias: init.given([4 * d], bias),
            }
        };
        Self { layers: (0..config.layers).map(|_| layer(init)).collect() }
    }

    /// Runs embedded events `[streams, segment, d]` through the layers, with dropout between them
    /// in training.
    pub(crate) fn forward(
        &self,
        embedded: Tensor<3>,
        carry: Carry,
        config: &ModelConfig,
        training: Option<u64>,
    ) -> Forward {
        let [streams, segment, d] = embedded.dims();
        let drop = |layer: usize| Dropout {
            probability: if training.is_some() { config.ff_dropout } else { 0.0 },
            seed: site(training.unwrap_or(0), layer, 0),
        };
        let mut x = embedded;
        let mut remembered = Vec::with_capacity(self.layers.len());
        for (index, (layer, state)) in self.layers.iter().zip(&carry.layers).enumerate() {
            let state = state.clone().unwrap_or_else(|| Tensor::zeros([streams, 2, d], &x.device().inner()));
            let (y, state) =
                lstm(dropout(x, drop(index)), state, layer.input.val(), layer.state.val(), layer.bias.val());
            remembered.push(Some(state));
            x = y;
        }
        let state = dropout(x, drop(self.layers.len())).reshape([streams * segment, d]);
        Forward { state, carry: Carry { layers: remembered, ..carry }, compression_loss: None }
    }
}
