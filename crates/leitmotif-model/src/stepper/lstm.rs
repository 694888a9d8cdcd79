//! Long short-term memory, one event at a time.

use super::dense::{Dense, add, sigmoid};
use crate::{ModelConfig, ModelError, Weights};

/// All layers.
#[derive(Debug)]
pub(super) struct Lstm {
    layers: Vec<[Dense; 2]>,
    d: usize,
}

/// Hidden state and cell of each layer.
#[derive(Debug)]
pub(super) struct LstmState {
    layers: Vec<[Vec<f32>; 2]>,
    gates: Vec<f32>,
    recurrent: Vec<f32>,
}

impl Lstm {
    pub(super) fn load(weights: &Weights, config: &ModelConfig) -> Result<Self, ModelError> {
        let d = config.d_model;
        let layer = |index: usize| {
            let name = |part: &str| format!("lstm.layers.{index}.{part}");
            Ok([
                Dense::load(weights, &name("input"), Some(&name("bias")), [d, 4 * d])?,
                Dense::load(weights, &name("state"), None, [d, 4 * d])?,
            ])
        };
        Ok(Self { layers: (0..config.layers).map(layer).collect::<Result<_, ModelError>>()?, d })
    }

    /// The beginning of a piece.
    pub(super) fn start(&self) -> LstmState {
        let zeros = |count: usize| vec![0.0; count * self.d];
        LstmState {
            layers: self.layers.iter().map(|_| [zeros(1), zeros(1)]).collect(),
            gates: zeros(4),
            recurrent: zeros(4),
        }
    }

    /// Runs one embedded event `[d]` through the layers, in place.
    pub(super) fn step(&self, x: &mut [f32], state: &mut LstmState) {
        let d = self.d;
        let LstmState { layers, gates, recurrent } = state;
        for ([input, state], [hidden, cell]) in self.layers.iter().zip(layers) {
            input.apply(x, gates);
            state.apply(hidden, recurrent);
            add(gates, recurrent);
            for i in 0..d {
                let [input, forget, output] = [0, 1, 3].map(|gate| sigmoid(gates[gate * d + i]));
                cell[i] = forget * cell[i] + input * gates[2 * d + i].tanh();
                hidden[i] = output * cell[i].tanh();
            }
            x.copy_from_slice(hidden);
        }
    }
}
