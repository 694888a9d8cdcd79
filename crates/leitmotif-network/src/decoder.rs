//! The compressive transformer: a stack of blocks, and what becomes of their memories.

use crate::blocks::{Block, BlockDropout};
use crate::carry::Carry;
use crate::compress::{Compressor, Evicted};
use crate::init::Init;
use crate::latent::Conditioning;
use crate::ops::{Dropout, Spans, attention_usage, dropout, join, site};
use burn::module::Module;
use burn::tensor::Tensor;
use leitmotif_model::{Compression, ModelConfig};

/// Layers and the compressors of those that have compressed memory.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    blocks: Vec<Block>,
    compressors: Vec<Compressor>,
}

/// What a segment gave.
pub(crate) struct Forward {
    /// The states to read events from, `[streams * segment, d]`.
    pub(crate) state: Tensor<2>,
    /// What is remembered now.
    pub(crate) carry: Carry,
    /// The mean compression loss of the layers that have one to learn from.
    pub(crate) compression_loss: Option<Tensor<1>>,
}

/// Places among a layer's sites of dropout.
const PROBABILITIES: u64 = 1;
const ATTENTION: u64 = 2;
const HIDDEN: u64 = 3;
const FEED_FORWARD: u64 = 4;
const INPUT: u64 = 5;

impl Decoder {
    pub(crate) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let compresses = |layer: usize| config.compressed > 0 && config.has_memory(layer);
        Self {
            blocks: (0..config.layers).map(|_| Block::new(config, init)).collect(),
            compressors: (0..config.layers).filter(|&l| compresses(l)).map(|_| Compressor::new(config, init)).collect(),
        }
    }

    /// Runs embedded events `[streams, segment, d]` through the layers, each of which has its part
    /// of `conditioning` on the bars. With `training`, drops out by that seed and computes the
    /// compression loss.
    pub(crate) fn forward(
        &self,
        embedded: Tensor<3>,
        carry: Carry,
        conditioning: Option<&Conditioning<'_>>,
        config: &ModelConfig,
        training: Option<u64>,
    ) -> Forward {
        let [streams, segment, d] = embedded.dims();
        let seed = training.unwrap_or(0);
        let drops = |probability: f32| if training.is_some() { probability } else { 0.0 };
        let drop = |layer: usize, place: u64, probability: f32| Dropout {
            probability: drops(probability),
            seed: site(seed, layer, place),
        };
        let without_memory =
            Spans { filled_compressed: vec![0; streams], filled_memory: vec![0; streams], ..Spans::default() };
        let Carry { layers, spans, copies } = carry;
        let next = next_spans(&spans, segment, config.ratio);
        let evicted_filled = evicted_filled(&spans, segment);
        let mut x = dropout(embedded, drop(0, INPUT, config.layer_dropout));
        let mut compressors = self.compressors.iter();
        let mut losses = Vec::new();
        let mut remembered = Vec::with_capacity(layers.len());
        for (index, (block, context)) in self.blocks.iter().zip(layers).enumerate() {
            let dropout = BlockDropout {
                probabilities: drop(index, PROBABILITIES, config.attention_dropout),
                attention: drop(index, ATTENTION, config.layer_dropout),
                hidden: drop(index, HIDDEN, config.ff_dropout),
                feed_forward: drop(index, FEED_FORWARD, config.layer_dropout),
            };
            if let Some(conditioning) = conditioning {
                x = conditioning.before(index, x);
            }
            let input = x.clone().inner();
            let spans = if context.is_some() { &spans } else { &without_memory };
            x = block.forward(x, context.clone(), spans, config.heads, &dropout);
            let Some(context) = context else {
                remembered.push(None);
                continue;
            };
            // States of the memory that leave it, and of the segment that do not enter it.
            let leaving = spans.memory.min(segment);
            let passing = 0..segment - leaving;
            let memory = [(&context, spans.compressed + leaving..spans.context()), (&input, passing.end..segment)];
            if spans.compressed == 0 {
                remembered.push(Some(join(&memory)));
                continue;
            }
            let weights = block.attention.weights();
            let usage = (config.compression == Compression::MostUsed).then(|| {
                let usage = attention_usage(input.clone(), context.clone(), spans, &weights, config.heads);
                usage.narrow(1, spans.compressed, segment).into_data().iter::<f32>().collect()
            });
            let states = join(&[(&context, spans.compressed..spans.compressed + leaving), (&input, passing)]);
            let Some(compressor) = compressors.next() else { continue };
            let evicted = Evicted { states, filled: evicted_filled.clone(), usage };
            let compressed = compressor.forward(&evicted, config);
            if training.is_some() {
                losses.extend(compressor.loss(&evicted, compressed.clone(), input.clone(), &weights, config));
            }
            let [_, groups, _] = compressed.dims();
            let entering = groups.min(spans.compressed);
            let [kept, newest] = memory;
            let older = (&context, entering..spans.compressed);
            remembered.push(Some(join(&[older, (&compressed, groups - entering..groups), kept, newest])));
        }
        let count = losses.len();
        let sum = losses.into_iter().reduce(|sum, loss| sum + loss);
        Forward {
            state: x.reshape([streams * segment, d]),
            carry: Carry { layers: remembered, spans: next, copies },
            compression_loss: sum.map(|sum| sum / count as f32),
        }
    }
}

/// How full everything is after a segment of `segment` events.
fn next_spans(spans: &Spans, segment: usize, ratio: usize) -> Spans {
    let evicted = evicted_filled(spans, segment).into_iter().zip(&spans.filled_compressed);
    Spans {
        filled_compressed: evicted
            .map(|(evicted, &filled)| (filled + evicted.div_ceil(ratio)).min(spans.compressed))
            .collect(),
        filled_memory: spans.filled_memory.iter().map(|&filled| (filled + segment).min(spans.memory)).collect(),
        ..*spans
    }
}

/// How many real states of each stream leave a memory that takes in `segment` new ones.
fn evicted_filled(spans: &Spans, segment: usize) -> Vec<usize> {
    spans.filled_memory.iter().map(|&filled| (filled + segment).saturating_sub(spans.memory)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_fills_then_overflows_into_compressed_memory() {
        let mut spans = Spans { compressed: 5, memory: 10, filled_compressed: vec![0], filled_memory: vec![0] };
        let mut seen = Vec::new();
        for _ in 0..6 {
            let evicted = evicted_filled(&spans, 4)[0];
            spans = next_spans(&spans, 4, 3);
            seen.push((evicted, spans.filled_memory[0], spans.filled_compressed[0]));
        }
        assert_eq!(seen, [(0, 4, 0), (0, 8, 0), (2, 10, 1), (4, 10, 3), (4, 10, 5), (4, 10, 5)]);
    }
}
