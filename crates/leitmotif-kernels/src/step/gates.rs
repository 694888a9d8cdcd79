//! The gates of recurrent units, after their matrix products.

use crate::isa::Isa;
use crate::simd::{Simd, dispatch};

/// The sums inside a gated recurrent unit (Cho et al. 2014) that are made of its inputs and of its
/// state, for some rows.
#[derive(Clone, Copy, Debug)]
pub struct Gru<'a> {
    /// `[rows, 3 d]`: for reset, update and candidate.
    pub input: &'a [f32],
    /// `[rows, 2 d]`: for reset and update.
    pub state: &'a [f32],
    /// Added to the update's sum, `[d]`.
    pub bias: &'a [f32],
}

impl Gru<'_> {
    fn check(&self, rows: &[f32]) {
        let d = self.bias.len();
        assert!(d > 0 && rows.len().is_multiple_of(d), "rows are [rows, d]");
        assert_eq!(
            (self.input.len(), self.state.len()),
            (3 * rows.len(), 2 * rows.len()),
            "sums are [rows, 3 d], [rows, 2 d]"
        );
    }
}

/// The state after the reset gate: `reset = sigmoid(..) residual`, `[rows, d]`.
///
/// # Panics
/// If the sizes do not fit.
pub fn gru_reset(gru: Gru<'_>, residual: &[f32], reset: &mut [f32]) {
    gru.check(residual);
    assert_eq!(residual.len(), reset.len(), "reset is [rows, d]");
    reset_on(Isa::current(), gru, residual, reset);
}

/// Moves each row of `residual` towards the candidate as far as the update gate lets it;
/// `candidate` `[rows, d]` is what the state after the reset gate adds to its sum.
///
/// # Panics
/// If the sizes do not fit.
pub fn gru_update(gru: Gru<'_>, candidate: &[f32], residual: &mut [f32]) {
    gru.check(residual);
    assert_eq!(residual.len(), candidate.len(), "candidate is [rows, d]");
    update_on(Isa::current(), gru, candidate, residual);
}

/// One step of an LSTM cell for one sequence, from the sums `input` and `recurrent` (`[4 d]` each:
/// input, forget, candidate, output), into `cell` and `hidden` `[d]`.
///
/// # Panics
/// If the sizes do not fit.
pub fn lstm_cell(input: &[f32], recurrent: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let d = cell.len();
    assert!(
        hidden.len() == d && input.len() == 4 * d && recurrent.len() == 4 * d,
        "sums are [4 d], cell and hidden [d]"
    );
    cell_on(Isa::current(), input, recurrent, cell, hidden);
}

dispatch! { fn reset_on(gru: Gru<'_>, residual: &[f32], reset: &mut [f32]) = reset_lanes; }
dispatch! { fn update_on(gru: Gru<'_>, candidate: &[f32], residual: &mut [f32]) = update_lanes; }
dispatch! { fn cell_on(input: &[f32], recurrent: &[f32], cell: &mut [f32], hidden: &mut [f32]) = cell_lanes; }

#[inline(always)]
fn reset_lanes<S: Simd>(s: S, gru: Gru<'_>, residual: &[f32], reset: &mut [f32]) {
    let d = gru.bias.len();
    for (row, (residual, reset)) in residual.chunks_exact(d).zip(reset.chunks_exact_mut(d)).enumerate() {
        let (input, state) = (&gru.input[row * 3 * d..][..d], &gru.state[row * 2 * d..][..d]);
        for j in (0..d).step_by(S::N) {
            let lanes = j..d.min(j + S::N);
            let sum = s.add(s.load_part(&input[lanes.clone()]), s.load_part(&state[lanes.clone()]));
            let y = s.mul(s.sigmoid(sum), s.load_part(&residual[lanes.clone()]));
            s.store_part(&mut reset[lanes], y);
        }
    }
}

#[inline(always)]
fn update_lanes<S: Simd>(s: S, gru: Gru<'_>, candidate: &[f32], residual: &mut [f32]) {
    let d = gru.bias.len();
    for (row, (candidate, residual)) in candidate.chunks_exact(d).zip(residual.chunks_exact_mut(d)).enumerate() {
        let (input, state) = (&gru.input[row * 3 * d + d..][..2 * d], &gru.state[row * 2 * d + d..][..d]);
        for j in (0..d).step_by(S::N) {
            let lanes = j..d.min(j + S::N);
            let sum = s.add(s.load_part(&input[lanes.clone()]), s.load_part(&state[lanes.clone()]));
            let update = s.sigmoid(s.add(sum, s.load_part(&gru.bias[lanes.clone()])));
            let input = s.load_part(&input[d + lanes.start..d + lanes.end]);
            let target = s.tanh(s.add(input, s.load_part(&candidate[lanes.clone()])));
            let x = s.load_part(&residual[lanes.clone()]);
            s.store_part(&mut residual[lanes], s.fma(update, s.sub(target, x), x));
        }
    }
}

#[inline(always)]
fn cell_lanes<S: Simd>(s: S, input: &[f32], recurrent: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let d = cell.len();
    for j in (0..d).step_by(S::N) {
        let lanes = j..d.min(j + S::N);
        let sum = |gate: usize| {
            let at = gate * d + lanes.start..gate * d + lanes.end;
            s.add(s.load_part(&input[at.clone()]), s.load_part(&recurrent[at]))
        };
        let new = s.mul(s.sigmoid(sum(0)), s.tanh(sum(2)));
        let c = s.fma(s.sigmoid(sum(1)), s.load_part(&cell[lanes.clone()]), new);
        s.store_part(&mut cell[lanes.clone()], c);
        s.store_part(&mut hidden[lanes.clone()], s.mul(s.sigmoid(sum(3)), s.tanh(c)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, random};

    fn sigmoid(x: f32) -> f64 {
        1.0 / (1.0 + (-f64::from(x)).exp())
    }

    #[test]
    fn a_gated_unit_agrees_with_its_definition() {
        for (rows, d) in [(1, 1), (3, 7), (2, 16), (5, 45)] {
            let [input, state, bias] = [3 * rows * d, 2 * rows * d, d].map(|n| random(n as u64, n));
            let [residual, candidate] = [1, 2].map(|seed| random(seed, rows * d));
            let gru = Gru { input: &input, state: &state, bias: &bias };
            let (mut reset, mut moved) = (Vec::new(), Vec::new());
            for i in 0..rows * d {
                let (row, c) = (i / d, i % d);
                let (input, state) = (&input[row * 3 * d..], &state[row * 2 * d..]);
                reset.push(sigmoid(input[c] + state[c]) * f64::from(residual[i]));
                let update = sigmoid(input[d + c] + state[d + c] + bias[c]);
                let target = f64::from(input[2 * d + c] + candidate[i]).tanh();
                moved.push(update * target + (1.0 - update) * f64::from(residual[i]));
            }
            for isa in Isa::available() {
                let (mut found, mut residual) = (vec![f32::NAN; rows * d], residual.clone());
                isa.force(|| gru_reset(gru, &residual, &mut found));
                assert_close(&found, &reset, 1e-6);
                isa.force(|| gru_update(gru, &candidate, &mut residual));
                assert_close(&residual, &moved, 1e-6);
            }
        }
    }

    #[test]
    fn a_cell_agrees_with_its_definition() {
        for d in [1, 7, 16, 45] {
            let [input, recurrent, before] = [4 * d, 4 * d + 1, d].map(|n| random(n as u64, n));
            let recurrent = &recurrent[1..];
            let gate = |gate: usize, i: usize| input[gate * d + i] + recurrent[gate * d + i];
            let cell: Vec<f64> = (0..d)
                .map(|i| {
                    let new = sigmoid(gate(0, i)) * f64::from(gate(2, i)).tanh();
                    sigmoid(gate(1, i)) * f64::from(before[i]) + new
                })
                .collect();
            let hidden: Vec<f64> = (0..d).map(|i| sigmoid(gate(3, i)) * cell[i].tanh()).collect();
            for isa in Isa::available() {
                let (mut found, mut out) = (before.clone(), vec![f32::NAN; d]);
                isa.force(|| lstm_cell(&input, recurrent, &mut found, &mut out));
                assert_close(&found, &cell, 1e-6);
                assert_close(&out, &hidden, 1e-6);
            }
        }
    }
}
