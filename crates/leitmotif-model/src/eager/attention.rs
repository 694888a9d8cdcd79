//! Relative attention for the new states of some streams, each over the cached keys and values of
//! its own stream.

use super::backend::{ROWS, add};
use super::cache::{Cache, column_stride};
use super::rotation::Rotation;
use super::{Eager, Rows};
use crate::ModelConfig;
use crate::network::{Attention, Evicted, Layer, Ops};
use leitmotif_kernels::step;

/// What one layer's attention goes by besides its parameters.
#[derive(Debug)]
pub(super) struct CachedAttention {
    d: usize,
    heads: usize,
    /// Projected sinusoids, a column per distance, the largest first: `[d, position_stride]`; none
    /// where queries and keys are rotated by their places.
    positions: Vec<f32>,
    rotation: Option<Rotation>,
    position_stride: usize,
    /// Distances, from 0.
    distances: usize,
    /// States per segment, of memory, of compressed memory.
    spans: [usize; 3],
    compresses: bool,
    counts_usage: bool,
}

impl CachedAttention {
    /// That of layer number `index`.
    pub(super) fn new(ops: &Eager, layer: &Layer, config: &ModelConfig, index: usize) -> Self {
        let d = config.d_model;
        let spans = match config.has_memory(index) {
            true => [config.segment, config.memory, config.compressed],
            false => [config.segment, 0, 0],
        };
        let distances: usize = spans.iter().sum();
        let position_stride = column_stride(distances);
        let mut positions = Vec::new();
        if let Some(relative) = &layer.attention.relative {
            let projected = ops.linear(&Rows::of(&sinusoids(distances, d), d), relative.position, None);
            positions.resize(d * position_stride, 0.0);
            for (distance, projected) in projected.rows().enumerate() {
                let columns = positions[distances - 1 - distance..].iter_mut().step_by(position_stride);
                columns.zip(projected).for_each(|(column, &value)| *column = value);
            }
        }
        let rotation = layer.attention.relative.is_none().then(|| Rotation::new(d / config.heads));
        Self {
            d,
            heads: config.heads,
            positions,
            rotation,
            position_stride,
            distances,
            spans,
            compresses: layer.compressor.is_some(),
            counts_usage: layer.compressor.as_ref().is_some_and(|compressor| compressor.counts_usage()),
        }
    }

    /// The beginning of a piece.
    pub(super) fn start(&self) -> Cache {
        Cache::new(self.spans, self.d)
    }

    /// The numbers that a cache holds: keys and values, and states that will be compressed.
    pub(super) fn stream_floats(&self) -> usize {
        let [segment, memory, compressed] = self.spans;
        let states = if self.compresses { segment + memory } else { 0 };
        self.d * (2 * (segment + memory + compressed) + states)
    }

    /// The sub-layer's output for the states `x` `[rows, d]`, one of each of `streams`, plus `x` if
    /// `residual`. Each is stored in the cache of its stream. `kept` is space that is used again.
    pub(super) fn apply(
        &self,
        ops: &Eager,
        layer: &Layer,
        (streams, x): (&[usize], &Rows),
        caches: &mut [Cache],
        kept: &mut Vec<i32>,
        residual: bool,
    ) -> Rows {
        let (d, attention) = (self.d, &layer.attention);
        let mut qkv = ops.linear(&ops.norm(x, &attention.norm), attention.qkv, None);
        let mut mixed = Rows::any(x.count(), d);
        for ((&stream, mixed), (x, qkv)) in streams.iter().zip(mixed.rows_mut()).zip(x.rows().zip(qkv.rows_mut())) {
            let cache = &mut caches[stream];
            if cache.recent.count() - cache.memory == self.spans[0] {
                self.end_segment(ops, layer, cache, kept);
            }
            if let Some(rotation) = &self.rotation {
                rotation.turn(&mut qkv[..2 * d], cache.read as f64);
            }
            cache.read += 1;
            cache.recent.push(&qkv[d..2 * d], &qkv[2 * d..]);
            if self.compresses {
                cache.states.extend_from_slice(x);
            }
            self.attend(ops, attention, &qkv[..d], cache, mixed);
        }
        let mut output = ops.linear(&mixed, attention.output, Some(attention.output_bias));
        if residual {
            add(&mut output, x);
        }
        output
    }

    fn attend(&self, ops: &Eager, attention: &Attention, query: &[f32], cache: &mut Cache, mixed: &mut [f32]) {
        let Self { d, heads, position_stride, .. } = *self;
        let Cache { compressed, recent, usage, memory: filled, .. } = cache;
        let (older, newer) = (compressed.count(), recent.count());
        // The column of a distance. The segment stands at its place whether or not the memory
        // before it is full yet.
        let column = |distance: usize| self.positions.get(self.distances - 1 - distance..).unwrap_or(&[]);
        let oldest = column(self.spans[1] + newer - 1 - *filled + older);
        let pasts = [compressed.past(oldest, position_stride), recent.past(column(newer - 1), position_stride)];
        let mut queries = Rows::any(2, d);
        let scale = 1.0 / ((d / heads) as f32).sqrt();
        let biases = attention.relative.as_ref().map(|relative| [relative.content_bias, relative.position_bias]);
        for (index, to) in queries.rows_mut().enumerate() {
            match biases {
                Some(biases) => {
                    let biased = query.iter().zip(ops.values(biases[index]));
                    to.iter_mut().zip(biased).for_each(|(to, (query, bias))| *to = (query + bias) * scale);
                }
                None => to.iter_mut().zip(query).for_each(|(to, query)| *to = query * scale),
            }
        }
        let mut weights = Rows::any(heads, older + newer);
        step::attend([queries.row(0), queries.row(1)], heads, pasts, &mut weights, mixed);
        if self.counts_usage {
            usage.resize(newer, 0.0);
            for weights in weights.rows() {
                usage.iter_mut().zip(&weights[older..]).for_each(|(sum, weight)| *sum += weight);
            }
        }
    }

    /// Makes the segment memory; what the memory cannot hold is compressed or dropped.
    fn end_segment(&self, ops: &Eager, layer: &Layer, cache: &mut Cache, kept: &mut Vec<i32>) {
        let d = self.d;
        let [_, memory, most] = self.spans;
        let count = cache.recent.count();
        let leaving = count.saturating_sub(memory);
        if let Some(compressor) = layer.compressor.as_ref().filter(|_| leaving > 0) {
            let states = Rows::of(&cache.states[..leaving * d], d);
            let evicted = Evicted { count: leaving, filled: &[leaving], usage: &cache.usage };
            let groups = compressor.groups(leaving);
            let first = groups - groups.min(most);
            cache.compressed.forget((cache.compressed.count() + groups - first).saturating_sub(most));
            if let Some(rotation) = &self.rotation {
                // The places of older states are counted from the segment that begins.
                let moved = (count - cache.memory) as f64 - (groups - first) as f64;
                cache.compressed.turn(rotation, moved);
            }
            for block in (first..groups).step_by(ROWS) {
                let states = compressor.compress(ops, &states, &evicted, block..groups.min(block + ROWS), kept);
                let mut qkv = ops.linear(&ops.norm(&states, &layer.attention.norm), layer.attention.qkv, None);
                for (group, row) in (block..).zip(qkv.rows_mut()) {
                    if let Some(rotation) = &self.rotation {
                        let place = cache.read as f64 - (memory + groups - group) as f64;
                        rotation.turn(&mut row[d..2 * d], place);
                    }
                    cache.compressed.push(&row[d..2 * d], &row[2 * d..]);
                }
            }
        }
        cache.recent.forget(leaving);
        cache.states.drain(..(leaving * d).min(cache.states.len()));
        cache.usage.clear();
        cache.memory = count - leaving;
    }
}

/// The sinusoidal embedding of distances `0..distances`, `[distances, d]`, sines in the left half,
/// cosines in the right.
fn sinusoids(distances: usize, d: usize) -> Vec<f32> {
    let angle = |distance: usize, i: usize| distance as f64 / 10000f64.powf(2.0 * i as f64 / d as f64);
    let row = |distance: usize| {
        let sines = (0..d / 2).map(move |i| angle(distance, i).sin() as f32);
        sines.chain((0..d - d / 2).map(move |i| angle(distance, i).cos() as f32))
    };
    (0..distances).flat_map(row).collect()
}
