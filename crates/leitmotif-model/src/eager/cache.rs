//! Keys and values of states that attention looks back on, laid out for one query at a time.

use super::rotation::Rotation;
use leitmotif_kernels::step::Past;

/// Floats of a cache line.
const LINE: usize = 16;

/// Floats between rows of columns: whole cache lines, and never so many that a column falls on one
/// cache set.
pub(super) fn column_stride(count: usize) -> usize {
    let stride = count.next_multiple_of(LINE);
    if stride.is_multiple_of(8 * LINE) { stride + LINE } else { stride }
}

/// States in a row, oldest first, up to a fixed number.
#[derive(Debug)]
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

    /// Copies another zone of the same size into this one.
    fn copy(&mut self, other: &Self) {
        let columns = self.keys.chunks_exact_mut(self.stride).zip(other.keys.chunks_exact(self.stride));
        columns.for_each(|(keys, others)| keys[..other.count].copy_from_slice(&others[..other.count]));
        self.values[..other.count * self.d].copy_from_slice(&other.values[..other.count * self.d]);
        self.count = other.count;
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

    /// Turns all keys by so many places more.
    pub(super) fn turn(&mut self, rotation: &Rotation, places: f64) {
        let (stride, count) = (self.stride, self.count);
        rotation.each(places, |pair, sine, cosine| {
            for head in self.keys.chunks_exact_mut(stride * rotation.width()) {
                let (left, right) = head.split_at_mut(stride * rotation.width() / 2);
                let (left, right) = (&mut left[pair * stride..][..count], &mut right[pair * stride..][..count]);
                left.iter_mut()
                    .zip(right)
                    .for_each(|(a, b)| (*a, *b) = (*a * cosine - *b * sine, *a * sine + *b * cosine));
            }
        });
    }

    /// What a query looks back on, with the columns of positions (as far apart as `position_row`
    /// says) that begin with the oldest state's.
    pub(super) fn past<'a>(&'a self, positions: &'a [f32], position_row: usize) -> Past<'a> {
        let Self { d, count, stride, keys, values } = self;
        Past { states: *count, keys, key_row: *stride, positions, position_row, values, value_row: *d }
    }
}

/// The cache of one layer for one piece.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) compressed: Zone,
    /// Memory and segment, one after the other.
    pub(super) recent: Zone,
    /// The layer's inputs in memory and segment, `[_, d]`, where they will be compressed.
    pub(super) states: Vec<f32>,
    /// The attention that memory and segment received in this segment, one number a state.
    pub(super) usage: Vec<f32>,
    /// States of `recent` that are memory.
    pub(super) memory: usize,
    /// States so far: the place of the next one.
    pub(super) read: u64,
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
            read: 0,
        }
    }

    /// Copies another cache of the same layer into this one.
    pub(super) fn copy(&mut self, other: &Self) {
        self.compressed.copy(&other.compressed);
        self.recent.copy(&other.recent);
        self.states.clone_from(&other.states);
        self.usage.clone_from(&other.usage);
        self.memory = other.memory;
        self.read = other.read;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_kernels::step;

    #[test]
    fn a_zone_keeps_the_newest_states_in_order() {
        let (d, capacity) = (4, 5);
        let (mut zone, empty) = (Zone::new(capacity, d), Zone::new(0, d));
        let state = |i: usize| [i as f32, 1.0, -(i as f32), 0.5];
        let mut expected: Vec<usize> = Vec::new();
        for i in 0..40 {
            if zone.count() == capacity {
                zone.forget(i % capacity + 1);
                expected.drain(..i % capacity + 1);
            }
            zone.push(&state(i), &state(i + 1));
            expected.push(i);
            // The place of a state less the third number of its key is `place + i`: the newest is
            // the largest by far.
            let stride = 7;
            let positions: Vec<f32> = (0..d * stride).map(|p| 50.0 * (p % stride) as f32).collect();
            let past = [empty.past(&positions, stride), zone.past(&positions, stride)];
            let (mut weights, mut mixed) = (vec![f32::NAN; zone.count()], [f32::NAN; 4]);
            step::attend([&[0.0, 0.0, -1.0, 0.0], &[0.0, 1.0, 0.0, 0.0]], 1, past, &mut weights, &mut mixed);
            assert_eq!(weights.last(), Some(&1.0));
            assert_eq!(mixed, state(i + 1));
            let past = past.map(|past| Past { positions: &[0.0; 28], ..past });
            step::attend([&[0.0; 4], &[0.0; 4]], 1, past, &mut weights, &mut mixed);
            let mean = expected.iter().map(|&i| i as f32 + 1.0).sum::<f32>() / expected.len() as f32;
            assert!((mixed[0] - mean).abs() < 1e-4 && (mixed[2] + mean).abs() < 1e-4, "{mixed:?}, not {mean}");
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
