//! Keys and values of states that attention looks back on, laid out for products with one query.

use super::dense::Scratch;
use leitmotif_kernels::gemm::{self, Dims, Start};

/// Floats of a cache line.
const LINE: usize = 16;

/// Floats between rows of columns: whole cache lines, and never so many that a column falls on one cache set.
pub(super) fn column_stride(count: usize) -> usize {
    let stride = count.next_multiple_of(LINE);
    if stride.is_multiple_of(8 * LINE) { stride + LINE } else { stride }
}

/// States in a row, oldest first, up to a fixed number.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    d: usize,
    count: usize,
    stride: usize,
    /// A column per state, `[d, stride]`: scores of consecutive keys are then made side by side.
    keys: Vec<f32>,
    /// A row per state, `[capacity, d]`.
    values: Vec<f32>,
}

impl Zone {
    pub(super) fn new(capacity: usize, d: usize) -> Self {
        let stride = column_stride(capacity);
        Self { d, count: 0, stride, keys: vec![0.0; d * stride], values: vec![0.0; capacity * d] }
    }

    /// The number of states.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds a state, for which there must be room.
    pub(super) fn push(&mut self, key: &[f32], value: &[f32]) {
        for (column, &key) in self.keys[self.count..].iter_mut().step_by(self.stride).zip(key) {
            *column = key;
        }
        self.values[self.count * self.d..][..self.d].copy_from_slice(value);
        self.count += 1;
    }

    /// Drops the oldest states.
    pub(super) fn forget(&mut self, states: usize) {
        if states == 0 {
            return;
        }
        for keys in self.keys.chunks_exact_mut(self.stride) {
            keys.copy_within(states..self.count, 0);
        }
        self.values.copy_within(states * self.d..self.count * self.d, 0);
        self.count -= states;
    }

    /// Scores of all states for the two queries `[dh]` of the head that begins at column `first`: by content, plus by
    /// position, whose columns `[dh, positions.1]` begin with the oldest state's.
    pub(super) fn score(&self, first: usize, queries: [&[f32]; 2], positions: (&[f32], usize), scores: &mut [f32]) {
        let dims = |b_row: usize| Dims {
            m: 1,
            n: self.count,
            k: queries[0].len(),
            a_row: queries[0].len(),
            a_col: 1,
            b_row,
            c_row: self.count,
        };
        if self.count > 0 {
            let keys = &self.keys[first * self.stride..];
            gemm::multiply(dims(self.stride), queries[0], keys, scores, Start::Zero);
            gemm::multiply(dims(positions.1), queries[1], positions.0, scores, Start::Add);
        }
    }

    /// Adds to `mixed` `[dh]` the values of the head that begins at column `first`, weighted.
    pub(super) fn mix(&self, first: usize, weights: &[f32], mixed: &mut [f32]) {
        if self.count > 0 {
            let n = mixed.len();
            let dims = Dims { m: 1, n, k: self.count, a_row: self.count, a_col: 1, b_row: self.d, c_row: n };
            gemm::multiply(dims, weights, &self.values[first..], mixed, Start::Add);
        }
    }
}

/// What one layer remembers.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    pub(super) compressed: Zone,
    /// Memory and segment, one after the other.
    pub(super) recent: Zone,
    /// The layer's inputs in memory and segment, `[_, d]`.
    pub(super) states: Vec<f32>,
    /// The attention that memory and segment received in this segment, one number a state.
    pub(super) usage: Vec<f32>,
    /// States of `recent` that are memory.
    pub(super) memory: usize,
}

impl Cache {
    /// Nothing yet, with room for a segment, memory and compressed memory of so many states.
    pub(super) fn new([segment, memory, compressed]: [usize; 3], d: usize) -> Self {
        Self {
            compressed: Zone::new(compressed, d),
            recent: Zone::new(segment + memory, d),
            states: Vec::new(),
            usage: Vec::new(),
            memory: 0,
        }
    }
}

/// Space that grows to what is asked for and stays.
pub(super) fn room(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// Space of a layer's attention, reused.
#[derive(Debug, Default)]
pub(super) struct AttentionScratch {
    pub(super) qkv: Vec<f32>,
    /// Both queries of a head.
    pub(super) queries: Vec<f32>,
    pub(super) scores: Vec<f32>,
    pub(super) mixed: Vec<f32>,
    pub(super) common: Scratch,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_zone_keeps_the_newest_states_in_order() {
        let (d, capacity) = (4, 5);
        let mut zone = Zone::new(capacity, d);
        let state = |i: usize| [i as f32, 1.0, -(i as f32), 0.5];
        let mut expected: Vec<usize> = Vec::new();
        for i in 0..40 {
            if zone.count() == capacity {
                zone.forget(i % capacity + 1);
                expected.drain(..i % capacity + 1);
            }
            zone.push(&state(i), &state(i + 1));
            expected.push(i);
            // The second head's columns: by content the key's third, by position the place.
            let stride = 7;
            let positions: Vec<f32> = (0..2 * stride).map(|p| (p % stride) as f32).collect();
            let mut scores = vec![f32::NAN; zone.count()];
            zone.score(2, [&[1.0, 0.0], &[0.0, 1.0]], (&positions, stride), &mut scores);
            let scored: Vec<f32> = expected.iter().enumerate().map(|(place, &i)| place as f32 - i as f32).collect();
            assert_eq!(scores, scored);
            let (mut weights, mut mixed) = (vec![0.0; zone.count()], [10.0, 10.0]);
            *weights.last_mut().unwrap() = 2.0;
            zone.mix(0, &weights, &mut mixed);
            assert_eq!(mixed, [10.0 + 2.0 * (i + 1) as f32, 12.0]);
        }
    }

    #[test]
    fn columns_do_not_share_a_cache_set() {
        for count in 0..2000 {
            let stride = column_stride(count);
            assert!(stride >= count && stride.is_multiple_of(LINE) && !stride.is_multiple_of(8 * LINE));
        }
    }
}
