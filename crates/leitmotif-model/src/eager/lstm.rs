//! Long short-term memory, one event of each of some streams at a time.

use super::{Eager, Rows, copy_row};
use crate::network::{Lstm, LstmLayer, Ops};
use leitmotif_kernels::step;

/// The states of the layers for some pieces.
#[derive(Debug)]
pub(crate) struct LstmState {
    /// Hidden state and cell of each layer, `[streams, d]`.
    layers: Vec<[Vec<f32>; 2]>,
    d: usize,
}

impl LstmState {
    /// The beginning of `streams` pieces.
    pub(crate) fn start(lstm: &Lstm, d: usize, streams: usize) -> Self {
        let zeros = || vec![0.0; streams * d];
        Self { layers: lstm.layers.iter().map(|_| [zeros(), zeros()]).collect(), d }
    }

    /// Copies stream `from` to stream `to`.
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        self.layers.iter_mut().flatten().for_each(|streams| copy_row(streams, self.d, from, to));
    }

    /// Runs the next embedded events `[streams, d]` of some streams through the layers.
    pub(crate) fn step(&mut self, ops: &Eager, lstm: &Lstm, streams: &[usize], mut x: Rows) -> Rows {
        // A stream's state after one event is needed for its next.
        let mut first = 0;
        while first < streams.len() {
            let rest = &streams[first..];
            let again = (1..rest.len()).find(|&row| rest[..row].contains(&rest[row]));
            let next = first + again.unwrap_or(rest.len());
            let rows = first * self.d..next * self.d;
            let advanced = self.advance(ops, lstm, &streams[first..next], Rows::of(&x[rows.clone()], self.d));
            x[rows].copy_from_slice(&advanced);
            first = next;
        }
        x
    }

    /// [`Self::step`] for different streams.
    fn advance(&mut self, ops: &Eager, lstm: &Lstm, streams: &[usize], mut x: Rows) -> Rows {
        for (layer, [hidden, cell]) in lstm.layers.iter().zip(&mut self.layers) {
            let mut before = Rows::any(streams.len(), self.d);
            for (row, &stream) in before.rows_mut().zip(streams) {
                row.copy_from_slice(&hidden[stream * self.d..(stream + 1) * self.d]);
            }
            let mut cells = Rows::any(streams.len(), self.d);
            for (row, &stream) in cells.rows_mut().zip(streams) {
                row.copy_from_slice(&cell[stream * self.d..(stream + 1) * self.d]);
            }
            advance(ops, layer, &mut x, &mut before, &mut cells);
            for (row, &stream) in streams.iter().enumerate() {
                hidden[stream * self.d..(stream + 1) * self.d].copy_from_slice(before.row(row));
                cell[stream * self.d..(stream + 1) * self.d].copy_from_slice(cells.row(row));
            }
        }
        x
    }
}

/// One step of a layer: `x` `[n, d]` becomes the hidden states that follow `hidden` and `cells`
/// `[n, h]`, which are brought up to date.
pub(crate) fn advance(ops: &Eager, layer: &LstmLayer, x: &mut Rows, hidden: &mut Rows, cells: &mut Rows) {
    let by_input = ops.linear(x, layer.input, Some(layer.bias));
    let by_state = ops.linear(hidden, layer.state, None);
    let states = cells.rows_mut().zip(hidden.rows_mut());
    for ((cell, hidden), (by_input, by_state)) in states.zip(by_input.rows().zip(by_state.rows())) {
        step::lstm_cell(by_input, by_state, cell, hidden);
    }
    *x = hidden.clone();
}
