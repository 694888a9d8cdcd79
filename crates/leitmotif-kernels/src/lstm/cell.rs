//! One step of the cell for one sequence, and its gradient.

use crate::simd::{Simd, dispatch};

dispatch! {
    /// From the sums `gates[4 width]` (input, forget, candidate, output) and the cell before:
    /// activates the gates in place and writes cell and output `[width]`.
    pub(super) fn step(gates: &mut [f32], before: &[f32], cell: &mut [f32], out: &mut [f32]) = step_lanes;
}

dispatch! {
    /// From activated `gates`, the cells before and after, and the gradients of output and cell
    /// after: writes the gradients of the sums to `dgates`, and replaces `dcell` by the gradient of
    /// the cell before.
    pub(super) fn step_backward(
        gates: &[f32],
        before: &[f32],
        cell: &[f32],
        dout: &[f32],
        dcell: &mut [f32],
        dgates: &mut [f32],
    ) = backward_lanes;
}

#[inline(always)]
fn step_lanes<S: Simd>(s: S, gates: &mut [f32], before: &[f32], cell: &mut [f32], out: &mut [f32]) {
    let n = out.len();
    for j in (0..n).step_by(S::N) {
        let lanes = j..n.min(j + S::N);
        let at = |gate: usize| gate * n + lanes.start..gate * n + lanes.end;
        let input = s.sigmoid(s.load_part(&gates[at(0)]));
        let forget = s.sigmoid(s.load_part(&gates[at(1)]));
        let candidate = s.tanh(s.load_part(&gates[at(2)]));
        let output = s.sigmoid(s.load_part(&gates[at(3)]));
        let c = s.fma(forget, s.load_part(&before[lanes.clone()]), s.mul(input, candidate));
        s.store_part(&mut gates[at(0)], input);
        s.store_part(&mut gates[at(1)], forget);
        s.store_part(&mut gates[at(2)], candidate);
        s.store_part(&mut gates[at(3)], output);
        s.store_part(&mut cell[lanes.clone()], c);
        s.store_part(&mut out[lanes], s.mul(output, s.tanh(c)));
    }
}

#[inline(always)]
fn backward_lanes<S: Simd>(
    s: S,
    gates: &[f32],
    before: &[f32],
    cell: &[f32],
    dout: &[f32],
    dcell: &mut [f32],
    dgates: &mut [f32],
) {
    let (n, one) = (dout.len(), s.splat(1.0));
    for j in (0..n).step_by(S::N) {
        let lanes = j..n.min(j + S::N);
        let at = |gate: usize| gate * n + lanes.start..gate * n + lanes.end;
        let [input, forget, candidate, output] = [0, 1, 2, 3].map(|gate| s.load_part(&gates[at(gate)]));
        let t = s.tanh(s.load_part(&cell[lanes.clone()]));
        let dh = s.load_part(&dout[lanes.clone()]);
        let through = s.mul(s.mul(dh, output), s.sub(one, s.mul(t, t)));
        let dc = s.add(s.load_part(&dcell[lanes.clone()]), through);
        // The derivative of a sigmoid, from its value.
        let slope = |y: S::V| s.mul(y, s.sub(one, y));
        let before = s.load_part(&before[lanes.clone()]);
        s.store_part(&mut dgates[at(0)], s.mul(s.mul(dc, candidate), slope(input)));
        s.store_part(&mut dgates[at(1)], s.mul(s.mul(dc, before), slope(forget)));
        let flat = s.sub(one, s.mul(candidate, candidate));
        s.store_part(&mut dgates[at(2)], s.mul(s.mul(dc, input), flat));
        s.store_part(&mut dgates[at(3)], s.mul(s.mul(dh, t), slope(output)));
        s.store_part(&mut dcell[lanes], s.mul(dc, forget));
    }
}
