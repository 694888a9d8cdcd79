//! Long short-term memory, one event of each of some streams at a time.

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
    /// Hidden state and cell of each layer, `[streams, d]`.
    layers: Vec<[Vec<f32>; 2]>,
    /// The hidden states of the streams that advance, `[rows, d]`.
    hidden: Vec<f32>,
    /// Sums of the gates by input and by state, `[rows, 4 d]`.
    gates: [Vec<f32>; 2],
}

impl LstmState {
    /// Makes stream `to` what stream `from` is, `d` numbers wide.
    pub(super) fn copy(&mut self, from: usize, to: usize, d: usize) {
        self.layers.iter_mut().flatten().for_each(|streams| copy_row(streams, d, from, to));
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

    /// The beginning of `streams` pieces.
    pub(super) fn start(&self, streams: usize) -> LstmState {
        let zeros = || vec![0.0; streams * self.d];
        LstmState {
            layers: self.layers.iter().map(|_| [zeros(), zeros()]).collect(),
            hidden: Vec::new(),
            gates: [Vec::new(), Vec::new()],
        }
    }

    /// The numbers that a stream's state holds.
    pub(super) fn stream_floats(&self) -> usize {
        self.layers.len() * 2 * self.d
    }

    /// Runs the next embedded events `[streams, d]` of some streams through the layers, in place.
    pub(super) fn step(&self, streams: &[usize], x: &mut [f32], state: &mut LstmState) {
        // What a stream was after one event is needed for its next.
        let mut first = 0;
        while first < streams.len() {
            let rest = &streams[first..];
            let again = (1..rest.len()).find(|&row| rest[..row].contains(&rest[row]));
            let next = first + again.unwrap_or(rest.len());
            self.advance(&streams[first..next], &mut x[first * self.d..next * self.d], state);
            first = next;
        }
    }

    /// [`Self::step`] for different streams.
    fn advance(&self, streams: &[usize], x: &mut [f32], state: &mut LstmState) {
        let d = self.d;
        let LstmState { layers, hidden: before, gates } = state;
        let [by_input, by_state] = gates.each_mut().map(|gates| room(gates, 4 * x.len()));
        let before = room(before, x.len());
        for ([input, state], [hidden, cell]) in self.layers.iter().zip(layers) {
            for (row, &stream) in before.chunks_exact_mut(d).zip(streams) {
                row.copy_from_slice(&hidden[stream * d..(stream + 1) * d]);
            }
            input.apply(x, by_input);
            state.apply(before, by_state);
            let sums = by_input.chunks_exact(4 * d).zip(by_state.chunks_exact(4 * d));
            for ((&stream, x), (by_input, by_state)) in streams.iter().zip(x.chunks_exact_mut(d)).zip(sums) {
                let (hidden, cell) = (&mut hidden[stream * d..][..d], &mut cell[stream * d..][..d]);
                step::lstm_cell(by_input, by_state, cell, hidden);
                x.copy_from_slice(hidden);
            }
        }
    }
}
