//! Relative attention for one new state at a time, over cached keys and values.

use super::cache::{AttentionScratch, Cache, column_stride, room};
use super::compress::Compressor;
use super::dense::{Dense, Norm};
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

    /// Writes what the sub-layer adds to the state `x` `[d]`, which is remembered, to `output`.
    pub(super) fn apply(&self, x: &[f32], cache: &mut Cache, scratch: &mut AttentionScratch, output: &mut [f32]) {
        let d = self.d;
        let [segment, memory, _] = self.spans;
        if cache.recent.count() - cache.memory == segment {
            self.end_segment(cache);
        }
        let AttentionScratch { qkv, queries, scores, mixed, common } = scratch;
        let (qkv, mixed) = (room(qkv, 3 * d), room(mixed, d));
        let normed = room(&mut common.normed, d);
        self.norm.apply(x, normed);
        self.qkv.apply(normed, qkv);
        cache.recent.push(&qkv[d..2 * d], &qkv[2 * d..]);
        if memory > 0 || self.compressor.is_some() {
            cache.states.extend_from_slice(x);
        }
        let states = cache.compressed.count() + cache.recent.count();
        self.attend(&qkv[..d], cache, room(queries, 2 * d / self.heads), room(scores, states), mixed);
        self.output.apply(mixed, output);
    }

    fn attend(&self, query: &[f32], cache: &mut Cache, queries: &mut [f32], scores: &mut [f32], mixed: &mut [f32]) {
        let Self { d, heads, position_stride, .. } = *self;
        let Cache { compressed, recent, usage, memory: filled, .. } = cache;
        let [_, memory, _] = self.spans;
        let (older, newer) = (compressed.count(), recent.count());
        if self.counts_usage {
            usage.resize(newer, 0.0);
        }
        let (width, scale) = (d / heads, 1.0 / ((d / heads) as f32).sqrt());
        // The column of a distance. The segment stands at its place whether or not the memory before it is full yet.
        let column = |distance: usize| self.distances - 1 - distance;
        let oldest_compressed = column(memory + newer - 1 - *filled + older);
        let oldest_recent = column(newer - 1);
        let (by_content, by_position) = queries.split_at_mut(width);
        for first in (0..d).step_by(width) {
            let part = first..first + width;
            let biased = |bias: &[f32], to: &mut [f32]| {
                let query = query[part.clone()].iter().zip(&bias[part.clone()]);
                to.iter_mut().zip(query).for_each(|(to, (query, bias))| *to = (query + bias) * scale);
            };
            biased(&self.content_bias, by_content);
            biased(&self.position_bias, by_position);
            let queries = [&*by_content, &*by_position];
            let positions = |oldest: usize| (&self.positions[first * position_stride + oldest..], position_stride);
            compressed.score(first, queries, positions(oldest_compressed), &mut scores[..older]);
            recent.score(first, queries, positions(oldest_recent), &mut scores[older..]);
            step::softmax(scores);
            let mixed = &mut mixed[part.clone()];
            mixed.fill(0.0);
            compressed.mix(first, &scores[..older], mixed);
            recent.mix(first, &scores[older..], mixed);
            if self.counts_usage {
                usage.iter_mut().zip(&scores[older..]).for_each(|(sum, weight)| *sum += weight);
            }
        }
    }

    /// Makes the segment memory; what the memory cannot hold is compressed or forgotten.
    fn end_segment(&self, cache: &mut Cache) {
        let d = self.d;
        let [_, memory, most_compressed] = self.spans;
        let count = cache.recent.count();
        let evicted = count.saturating_sub(memory);
        if let Some(compressor) = self.compressor.as_ref().filter(|_| evicted > 0) {
            let states = compressor.apply(&cache.states[..evicted * d], &cache.usage);
            let rows = states.len() / d;
            let (mut normed, mut qkv) = (vec![0.0; rows * d], vec![0.0; rows * 3 * d]);
            self.norm.apply(&states, &mut normed);
            self.qkv.apply(&normed, &mut qkv);
            let kept = rows.min(most_compressed);
            cache.compressed.forget((cache.compressed.count() + kept).saturating_sub(most_compressed));
            for row in qkv.chunks_exact(3 * d).skip(rows - kept) {
                cache.compressed.push(&row[d..2 * d], &row[2 * d..]);
            }
        }
        cache.recent.forget(evicted);
        cache.states.drain(..(evicted * d).min(cache.states.len()));
        cache.usage.clear();
        cache.memory = count - evicted;
    }
}

/// The sinusoidal embedding of distances `0..distances`, `[distances, d]`, sines in the left half, cosines in the right.
fn sinusoids(distances: usize, d: usize) -> Vec<f32> {
    let angle = |distance: usize, i: usize| distance as f64 / 10000f64.powf(2.0 * i as f64 / d as f64);
    let row = |distance: usize| {
        let sines = (0..d / 2).map(move |i| angle(distance, i).sin() as f32);
        sines.chain((0..d - d / 2).map(move |i| angle(distance, i).cos() as f32))
    };
    (0..distances).flat_map(row).collect()
}
