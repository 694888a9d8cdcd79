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
        LstmState { layers: self.layers.iter().map(|_| [vec![0.0; self.d], vec![0.0; self.d]]).collect() }
    }

    /// Runs one embedded event through the layers.
    pub(super) fn step(&self, mut x: Vec<f32>, state: &mut LstmState) -> Vec<f32> {
        let d = self.d;
        let (mut gates, mut recurrent) = (vec![0.0; 4 * d], vec![0.0; 4 * d]);
        for ([input, state], [hidden, cell]) in self.layers.iter().zip(&mut state.layers) {
            input.apply(&x, &mut gates);
            state.apply(hidden, &mut recurrent);
            add(&mut gates, &recurrent);
            for i in 0..d {
                let [input, forget, output] = [0, 1, 3].map(|gate| sigmoid(gates[gate * d + i]));
                cell[i] = forget * cell[i] + input * gates[2 * d + i].tanh();
                hidden[i] = output * cell[i].tanh();
            }
            x.copy_from_slice(hidden);
        }
        x
    }
}
