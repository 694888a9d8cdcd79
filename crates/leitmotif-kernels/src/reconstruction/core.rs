//! One head of one sequence: both attentions, their difference and its gradient, some queries at a
//! time.

use super::softmax::{Scores, difference, softmax, softmax_backward};
use crate::feed_forward::split;
use crate::gemm::{Dims, Start, product};
use crate::isa::Isa;
use crate::pool;
use crate::rows::stride;
use crate::transpose::transpose;

/// One head of one sequence. All matrices begin at this head's first column.
pub(super) struct Head<'a> {
    pub isa: Isa,
    pub d: usize,
    pub dh: usize,
    /// `[segment, d]`
    pub queries: &'a [f32],
    /// Keys and values of the evicted states, `[_, 2 d]`.
    pub evicted: &'a [f32],
    /// Keys and values of the compressed states, `[_, 2 d]`.
    pub compressed: &'a [f32],
    /// What a difference is multiplied with to become its gradient.
    pub slope: f32,
}

/// Queries of a tile.
const ROWS: usize = 32;

impl Head<'_> {
    /// The sum of squared differences over `segment` queries that find `states` evicted and
    /// `groups` compressed states; writes the gradient of the compressed states' keys and values
    /// `[groups, 2 dh]`.
    pub(super) fn train(&self, [segment, states, groups]: [usize; 3], gradient: &mut [f32]) -> f64 {
        let Self { isa, d, dh, slope, .. } = *self;
        let (state_row, group_row) = (stride(states), stride(groups));
        let lengths = [
            dh * state_row,
            dh * group_row,
            dh * group_row,
            ROWS * state_row,
            ROWS * group_row,
            ROWS * group_row,
            ROWS * dh,
            ROWS * dh,
        ];
        let mut scratch = pool::take(lengths.iter().sum());
        let [state_keys, group_keys, group_values, state_scores, group_scores, dscores, target, found] =
            split(&mut scratch, lengths);
        transpose(isa, (self.evicted, 2 * d), (state_keys, state_row), [states, dh]);
        transpose(isa, (self.compressed, 2 * d), (group_keys, group_row), [groups, dh]);
        transpose(isa, (&self.compressed[d..], 2 * d), (group_values, group_row), [groups, dh]);
        let scale = 1.0 / (dh as f32).sqrt();
        let mut sum = 0.0;
        for i in (0..segment).step_by(ROWS) {
            let m = ROWS.min(segment - i);
            let queries = &self.queries[i * d..];
            let across = |n: usize, row: usize| Dims { m, n, k: dh, a_row: d, a_col: 1, b_row: row, c_row: row };
            let along = |n: usize, row: usize| Dims { m, n: dh, k: n, a_row: row, a_col: 1, b_row: 2 * d, c_row: dh };
            let of_states = Scores { rows: m, keys: states, row: state_row, scale };
            let of_groups = Scores { rows: m, keys: groups, row: group_row, scale };
            product(isa, across(states, state_row), queries, state_keys, state_scores, Start::Zero);
            softmax(isa, of_states, state_scores);
            product(isa, along(states, state_row), state_scores, &self.evicted[d..], target, Start::Zero);
            product(isa, across(groups, group_row), queries, group_keys, group_scores, Start::Zero);
            softmax(isa, of_groups, group_scores);
            product(isa, along(groups, group_row), group_scores, &self.compressed[d..], found, Start::Zero);
            sum += difference(isa, &mut found[..m * dh], &target[..m * dh], slope);
            let across = Dims { a_row: dh, ..across(groups, group_row) };
            product(isa, across, found, group_values, dscores, Start::Zero);
            let start = if i > 0 { Start::Add } else { Start::Zero };
            let down = Dims { m: groups, n: dh, k: m, a_row: 1, a_col: group_row, b_row: dh, c_row: 2 * dh };
            product(isa, down, group_scores, found, &mut gradient[dh..], start);
            softmax_backward(isa, of_groups, group_scores, dscores);
            product(isa, Dims { b_row: d, ..down }, dscores, queries, gradient, start);
        }
        sum
    }
}
