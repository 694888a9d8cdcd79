//! Relative attention for the new states of some streams, each over the cached keys and values of
//! its own stream.

use super::cache::{Cache, column_stride, room};
use super::compress::{CompressScratch, Compressor};
use super::dense::{Dense, Norm, ROWS};
use crate::{Compression, ModelConfig, ModelError, Weights};
use leitmotif_kernels::step;

/// One layer's attention parameters.
#[derive(Debug)]
pub(super) struct Attention {
    d: usize,
    heads: usize,
    norm: Norm,
    qkv: Dense,
    output: Dense,
    content_bias: Vec<f32>,
    position_bias: Vec<f32>,
    /// Projected sinusoids, a column per distance, the largest first: `[d, position_stride]`.
    positions: Vec<f32>,
    position_stride: usize,
    /// Distances, from 0.
    distances: usize,
    compressor: Option<Compressor>,
    /// States per segment, of memory, of compressed memory.
    spans: [usize; 3],
    counts_usage: bool,
}

impl Attention {
    /// Loads layer `index`; `compressors` counts the compressors of the layers before.
    pub(super) fn load(
        weights: &Weights,
        config: &ModelConfig,
        index: usize,
        compressors: usize,
    ) -> Result<Self, ModelError> {
        let d = config.d_model;
        let prefix = format!("decoder.blocks.{index}.attention");
        let name = |part: &str| format!("{prefix}.{part}");
        let vector = |part: &str| weights.shaped(&name(part), &[d]).map(<[f32]>::to_vec);
        let remembers = config.has_memory(index);
        let spans = match remembers {
            true => [config.segment, config.memory, config.compressed],
            false => [config.segment, 0, 0],
        };
        let position = Dense::load(weights, &name("position"), None, [d, d])?;
        let distances: usize = spans.iter().sum();
        let sinusoids = sinusoids(distances, d);
        let mut projected = vec![0.0; sinusoids.len()];
        position.apply(&sinusoids, &mut projected);
        let position_stride = column_stride(distances);
        let mut positions = vec![0.0; d * position_stride];
        for (distance, projected) in projected.chunks_exact(d).enumerate() {
            let columns = positions[distances - 1 - distance..].iter_mut().step_by(position_stride);
            columns.zip(projected).for_each(|(column, &value)| *column = value);
        }
        let compresses = remembers && config.compressed > 0;
        Ok(Self {
            d,
            heads: config.heads,
            norm: Norm::load(weights, &prefix, d)?,
            qkv: Dense::load(weights, &name("qkv"), None, [d, 3 * d])?,
            output: Dense::load(weights, &name("output"), Some(&name("output_bias")), [d, d])?,
            content_bias: vector("content_bias")?,
            position_bias: vector("position_bias")?,
            positions,
            position_stride,
            distances,
            compressor: compresses.then(|| Compressor::load(weights, config, compressors)).transpose()?,
            spans,
            counts_usage: compresses && config.compression == Compression::MostUsed,
        })
    }

    /// Whether this layer has a compressor.
    pub(super) fn compresses(&self) -> bool {
        self.compressor.is_some()
    }

    /// The beginning of a piece.
    pub(super) fn start(&self) -> Cache {
        Cache::new(self.spans, self.d)
    }

    /// The numbers that a cache holds: keys and values, and states that will be compressed.
    pub(super) fn stream_floats(&self) -> usize {
        let [segment, memory, compressed] = self.spans;
        let states = if self.compressor.is_some() { segment + memory } else { 0 };
        self.d * (2 * (segment + memory + compressed) + states)
    }

    /// Writes what the sub-layer adds to the states `x` `[rows, d]`, one of each of `streams`, to
    /// `output` `[rows, d]`. Each is remembered in the cache of its stream.
    pub(super) fn apply(
        &self,
        streams: &[usize],
        x: &[f32],
        caches: &mut [Cache],
        scratch: &mut AttentionScratch,
        output: &mut [f32],
    ) {
        let d = self.d;
        let AttentionScratch { normed, qkv, mixed, one, end } = scratch;
        let (normed, qkv, mixed) = (room(normed, x.len()), room(qkv, 3 * x.len()), room(mixed, x.len()));
        self.norm.apply(x, normed);
        self.qkv.apply(normed, qkv);
        for (row, &stream) in streams.iter().enumerate() {
            let (cache, x) = (&mut caches[stream], &x[row * d..(row + 1) * d]);
            if cache.recent.count() - cache.memory == self.spans[0] {
                self.end_segment(cache, end);
            }
            let qkv = &qkv[row * 3 * d..(row + 1) * 3 * d];
            cache.recent.push(&qkv[d..2 * d], &qkv[2 * d..]);
            if self.compressor.is_some() {
                cache.states.extend_from_slice(x);
            }
            self.attend(&qkv[..d], cache, one, &mut mixed[row * d..(row + 1) * d]);
        }
        self.output.apply(mixed, output);
    }

    fn attend(&self, query: &[f32], cache: &mut Cache, scratch: &mut OneScratch, mixed: &mut [f32]) {
        let Self { d, heads, position_stride, .. } = *self;
        let Cache { compressed, recent, usage, memory: filled, .. } = cache;
        let (older, newer) = (compressed.count(), recent.count());
        // The column of a distance. The segment stands at its place whether or not the memory
        // before it is full yet.
        let column = |distance: usize| &self.positions[self.distances - 1 - distance..];
        let oldest = column(self.spans[1] + newer - 1 - *filled + older);
        let pasts = [compressed.past(oldest, position_stride), recent.past(column(newer - 1), position_stride)];
        let (by_content, by_position) = room(&mut scratch.queries, 2 * d).split_at_mut(d);
        let scale = 1.0 / ((d / heads) as f32).sqrt();
        for (to, bias) in [(&mut *by_content, &self.content_bias), (&mut *by_position, &self.position_bias)] {
            to.iter_mut().zip(query.iter().zip(bias)).for_each(|(to, (query, bias))| *to = (query + bias) * scale);
        }
        let weights = room(&mut scratch.weights, heads * (older + newer));
        step::attend([by_content, by_position], heads, pasts, weights, mixed);
        if self.counts_usage {
            usage.resize(newer, 0.0);
            for weights in weights.chunks_exact(older + newer) {
                usage.iter_mut().zip(&weights[older..]).for_each(|(sum, weight)| *sum += weight);
            }
        }
    }

    /// Makes the segment memory; what the memory cannot hold is compressed or forgotten.
    fn end_segment(&self, cache: &mut Cache, scratch: &mut EndScratch) {
        let d = self.d;
        let [_, memory, most] = self.spans;
        let count = cache.recent.count();
        let evicted = count.saturating_sub(memory);
        if let Some(compressor) = self.compressor.as_ref().filter(|_| evicted > 0) {
            let EndScratch { compressor: space, states, normed, qkv } = scratch;
            let evicted = &cache.states[..evicted * d];
            let groups = compressor.begin(evicted, &cache.usage, space);
            let first = groups - groups.min(most);
            cache.compressed.forget((cache.compressed.count() + groups - first).saturating_sub(most));
            for block in (first..groups).step_by(ROWS) {
                let block = block..groups.min(block + ROWS);
                let rows = block.len();
                let (states, normed) = (room(states, rows * d), room(normed, rows * d));
                compressor.apply(evicted, block, space, states);
                self.norm.apply(states, normed);
                let qkv = room(qkv, rows * 3 * d);
                self.qkv.apply(normed, qkv);
                qkv.chunks_exact(3 * d).for_each(|row| cache.compressed.push(&row[d..2 * d], &row[2 * d..]));
            }
        }
        cache.recent.forget(evicted);
        cache.states.drain(..(evicted * d).min(cache.states.len()));
        cache.usage.clear();
        cache.memory = count - evicted;
    }
}

/// Space of attention, reused.
#[derive(Debug, Default)]
pub(super) struct AttentionScratch {
    normed: Vec<f32>,
    qkv: Vec<f32>,
    mixed: Vec<f32>,
    one: OneScratch,
    end: EndScratch,
}

/// Space for one state.
#[derive(Debug, Default)]
struct OneScratch {
    /// By content and by position, `[2, d]`.
    queries: Vec<f32>,
    /// `[heads, states]`.
    weights: Vec<f32>,
}

/// Space for the end of a segment.
#[derive(Debug, Default)]
struct EndScratch {
    compressor: CompressScratch,
    states: Vec<f32>,
    normed: Vec<f32>,
    qkv: Vec<f32>,
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
