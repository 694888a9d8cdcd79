//! Long short-term memory, one event of each of some lanes at a time.

use super::cache::room;
use super::copy_row;
use super::dense::Dense;
use crate::{ModelConfig, ModelError, Weights};
use leitmotif_kernels::step;

/// All layers.
#[derive(Debug)]
pub(super) struct Lstm {
    layers: Vec<[Dense; 2]>,
    d: usize,
}

/// What the layers remember of some pieces.
#[derive(Debug)]
pub(super) struct LstmState {
    /// Hidden state and cell of each layer, `[lanes, d]`.
    layers: Vec<[Vec<f32>; 2]>,
    /// The hidden states of the lanes that advance, `[rows, d]`.
    hidden: Vec<f32>,
    /// Sums of the gates by input and by state, `[rows, 4 d]`.
    gates: [Vec<f32>; 2],
}

impl LstmState {
    /// Makes lane `to` what lane `from` is, `d` numbers wide.
    pub(super) fn copy(&mut self, from: usize, to: usize, d: usize) {
        self.layers.iter_mut().flatten().for_each(|lanes| copy_row(lanes, d, from, to));
    }
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

    /// The beginning of `lanes` pieces.
    pub(super) fn start(&self, lanes: usize) -> LstmState {
        let zeros = || vec![0.0; lanes * self.d];
        LstmState {
            layers: self.layers.iter().map(|_| [zeros(), zeros()]).collect(),
            hidden: Vec::new(),
            gates: [Vec::new(), Vec::new()],
        }
    }

    /// The numbers that a lane's state holds.
    pub(super) fn lane_floats(&self) -> usize {
        self.layers.len() * 2 * self.d
    }

    /// Runs the next embedded events `[lanes, d]` of some lanes through the layers, in place.
    pub(super) fn step(&self, lanes: &[usize], x: &mut [f32], state: &mut LstmState) {
        // What a lane was after one event is needed for its next.
        let mut first = 0;
        while first < lanes.len() {
            let rest = &lanes[first..];
            let again = (1..rest.len()).find(|&row| rest[..row].contains(&rest[row]));
            let next = first + again.unwrap_or(rest.len());
            self.advance(&lanes[first..next], &mut x[first * self.d..next * self.d], state);
            first = next;
        }
    }

    /// [`Self::step`] for different lanes.
    fn advance(&self, lanes: &[usize], x: &mut [f32], state: &mut LstmState) {
        let d = self.d;
        let LstmState { layers, hidden: before, gates } = state;
        let [by_input, by_state] = gates.each_mut().map(|gates| room(gates, 4 * x.len()));
        let before = room(before, x.len());
        for ([input, state], [hidden, cell]) in self.layers.iter().zip(layers) {
            for (row, &lane) in before.chunks_exact_mut(d).zip(lanes) {
                row.copy_from_slice(&hidden[lane * d..(lane + 1) * d]);
            }
            input.apply(x, by_input);
            state.apply(before, by_state);
            let sums = by_input.chunks_exact(4 * d).zip(by_state.chunks_exact(4 * d));
            for ((&lane, x), (by_input, by_state)) in lanes.iter().zip(x.chunks_exact_mut(d)).zip(sums) {
                let (hidden, cell) = (&mut hidden[lane * d..][..d], &mut cell[lane * d..][..d]);
                step::lstm_cell(by_input, by_state, cell, hidden);
                x.copy_from_slice(hidden);
            }
        }
    }
}
