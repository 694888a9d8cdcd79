//! Relative attention for one new state at a time, over cached keys and values.

use super::compress::Compressor;
use super::dense::{Dense, Norm};
use crate::{Compression, ModelConfig, ModelError, Weights};

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
    /// Projected sinusoids by distance, `[distances, d]`.
    positions: Vec<f32>,
    compressor: Option<Compressor>,
    /// States per segment, of memory, of compressed memory.
    spans: [usize; 3],
    counts_usage: bool,
}

/// One layer's memory of the piece: states with their keys and values, each `[count, d]`, oldest first.
#[derive(Debug, Clone, Default)]
struct Zone {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// What one layer remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    compressed: Zone,
    /// Memory and segment, one after the other.
    recent: Zone,
    /// The layer's inputs in memory and segment.
    states: Vec<f32>,
    /// The attention that memory and segment received in this segment, one number a state.
    usage: Vec<f32>,
    /// States of `recent` that are memory.
    memory: usize,
    scores: Vec<f32>,
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
        let sinusoids = sinusoids(spans.iter().sum(), d);
        let mut positions = vec![0.0; sinusoids.len()];
        position.apply(&sinusoids, &mut positions);
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
            compressor: compresses.then(|| Compressor::load(weights, config, compressors)).transpose()?,
            spans,
            counts_usage: compresses && config.compression == Compression::MostUsed,
        })
    }

    /// Whether this layer has a compressor.
    pub(super) fn compresses(&self) -> bool {
        self.compressor.is_some()
    }

    /// What the sub-layer adds to the state `x` `[d]`, which is remembered.
    pub(super) fn apply(&self, x: &[f32], cache: &mut Cache) -> Vec<f32> {
        let d = self.d;
        let [segment, memory, _] = self.spans;
        if cache.recent.keys.len() / d - cache.memory == segment {
            self.end_segment(cache);
        }
        let mut normed = vec![0.0; d];
        self.norm.apply(x, &mut normed);
        let mut qkv = vec![0.0; 3 * d];
        self.qkv.apply(&normed, &mut qkv);
        cache.recent.keys.extend_from_slice(&qkv[d..2 * d]);
        cache.recent.values.extend_from_slice(&qkv[2 * d..]);
        if memory > 0 || self.compressor.is_some() {
            cache.states.extend_from_slice(x);
        }
        let mixed = self.attend(&qkv[..d], cache);
        let mut output = vec![0.0; d];
        self.output.apply(&mixed, &mut output);
        output
    }

    fn attend(&self, query: &[f32], cache: &mut Cache) -> Vec<f32> {
        let Self { d, heads, .. } = *self;
        let Cache { compressed, recent, usage, memory: filled, scores, .. } = cache;
        let [_, memory, _] = self.spans;
        let [older, newer] = [&compressed.keys, &recent.keys].map(|keys| keys.len() / d);
        let query_place = newer - 1;
        if self.counts_usage {
            usage.resize(newer, 0.0);
        }
        let (width, scale) = (d / heads, 1.0 / ((d / heads) as f32).sqrt());
        // The segment stands at its place whether or not the memory before it is full yet.
        let segment_place = query_place - *filled;
        let distance = |place: usize| match place < older {
            true => memory + segment_place + older - place,
            false => query_place - (place - older),
        };
        let mut mixed = vec![0.0; d];
        for head in 0..heads {
            let part = head * width..(head + 1) * width;
            let biased = |bias: &[f32]| {
                query[part.clone()].iter().zip(&bias[part.clone()]).map(|(q, b)| (q + b) * scale).collect::<Vec<f32>>()
            };
            let (by_content, by_position) = (biased(&self.content_bias), biased(&self.position_bias));
            scores.clear();
            let keys = compressed.keys.chunks_exact(d).chain(recent.keys.chunks_exact(d)).enumerate();
            scores.extend(keys.map(|(place, key)| {
                let position = &self.positions[distance(place) * d..][part.clone()];
                dot(&by_content, &key[part.clone()]) + dot(&by_position, position)
            }));
            softmax(scores);
            let values = compressed.values.chunks_exact(d).chain(recent.values.chunks_exact(d));
            let mixed = &mut mixed[part.clone()];
            for (value, &weight) in values.zip(scores.iter()) {
                mixed.iter_mut().zip(&value[part.clone()]).for_each(|(sum, value)| *sum += weight * value);
            }
            if self.counts_usage {
                usage.iter_mut().zip(&scores[older..]).for_each(|(sum, weight)| *sum += weight);
            }
        }
        mixed
    }

    /// Makes the segment memory; what the memory cannot hold is compressed or forgotten.
    fn end_segment(&self, cache: &mut Cache) {
        let d = self.d;
        let [_, memory, most_compressed] = self.spans;
        let count = cache.recent.keys.len() / d;
        let evicted = count.saturating_sub(memory);
        if let Some(compressor) = self.compressor.as_ref().filter(|_| evicted > 0) {
            let states = compressor.apply(&cache.states[..evicted * d], &cache.usage);
            let rows = states.len() / d;
            let (mut normed, mut qkv) = (vec![0.0; rows * d], vec![0.0; rows * 3 * d]);
            self.norm.apply(&states, &mut normed);
            self.qkv.apply(&normed, &mut qkv);
            for row in qkv.chunks_exact(3 * d) {
                cache.compressed.keys.extend_from_slice(&row[d..2 * d]);
                cache.compressed.values.extend_from_slice(&row[2 * d..]);
            }
            let excess = (cache.compressed.keys.len() / d).saturating_sub(most_compressed);
            cache.compressed.forget(excess * d);
        }
        cache.recent.forget(evicted * d);
        cache.states.drain(..(evicted * d).min(cache.states.len()));
        cache.usage.clear();
        cache.memory = count - evicted;
    }
}

impl Zone {
    fn forget(&mut self, values: usize) {
        self.keys.drain(..values);
        self.values.drain(..values);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    /// Independent sums, so that the additions need not wait for each other.
    const LANES: usize = 8;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
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
