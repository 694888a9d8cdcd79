//! The compressive transformer over a whole segment: attention, and what becomes of the memories.

use crate::Parameters;
use crate::carry::Carry;
use crate::compress::{compression_loss, compression_weight};
use crate::ops::{Spans, attention, attention_usage, dropout, join};
use burn::tensor::Tensor;
use leitmotif_model::ModelConfig;
use leitmotif_model::network::{Attend, Decoder, Dropout, Evicted, Layer, Ops, site};

/// What a segment gave.
pub(crate) struct Forward {
    /// The states to read events from, `[streams * segment, d]`.
    pub(crate) state: Tensor<2>,
    /// The memory after the segment.
    pub(crate) carry: Carry,
    /// The mean compression loss of the layers that have one to learn from.
    pub(crate) compression_loss: Option<Tensor<1>>,
    /// What that is a mean over.
    pub(crate) compression_weight: f64,
}

/// What the decoder is conditioned on in a segment: of each layer, of each bar.
pub(crate) struct Conditioning<'a> {
    /// `[bars, d]` of each layer.
    pub(crate) layers: Vec<Tensor<2>>,
    /// The bar of each input, -1 for none.
    pub(crate) of_input: &'a [i32],
}

/// Places among a layer's sites of dropout.
const PROBABILITIES: u64 = 1;
const ATTENTION: u64 = 2;
const INPUT: u64 = 5;

/// Runs embedded events `[streams * segment, d]` through the layers, each of which has its part of
/// `conditioning` on the bars. With `training`, drops out by that seed and computes the compression
/// loss.
pub(crate) fn forward(
    p: &Parameters,
    decoder: &Decoder,
    embedded: Tensor<2>,
    carry: Carry,
    conditioning: Option<Conditioning<'_>>,
    config: &ModelConfig,
    training: Option<u64>,
) -> Forward {
    let streams = carry.streams();
    let [events, _] = embedded.dims();
    let segment = events / streams;
    let without_memory =
        Spans { filled_compressed: vec![0; streams], filled_memory: vec![0; streams], ..Spans::default() };
    let Carry { layers, spans, copies } = carry;
    let next = next_spans(&spans, segment, config.ratio);
    let mut form = SegmentForm {
        config,
        conditioning,
        evicted: evicted_filled(&spans, segment),
        spans,
        without_memory,
        context: layers,
        training,
        losses: Vec::new(),
        weight: 0.0,
        remembered: Vec::with_capacity(config.layers),
    };
    let x = dropout(embedded, form.drop(0, INPUT, config.layer_dropout));
    let state = decoder.forward(p, x, &mut form, training);
    let count = form.losses.len();
    let sum = form.losses.into_iter().reduce(|sum, loss| sum + loss);
    Forward {
        state,
        carry: Carry { layers: form.remembered, spans: next, copies },
        compression_loss: sum.map(|sum| sum / count as f32),
        compression_weight: form.weight,
    }
}

/// Attention over a segment and what came before it.
struct SegmentForm<'a> {
    config: &'a ModelConfig,
    conditioning: Option<Conditioning<'a>>,
    spans: Spans,
    /// The spans of a layer that has no memory.
    without_memory: Spans,
    /// How many real states of each stream leave the memory.
    evicted: Vec<usize>,
    /// `[compressed memory | memory]` of each layer, `[streams, places, d]`.
    context: Vec<Option<Tensor<3>>>,
    training: Option<u64>,
    /// The compression losses of the layers so far, what each is a mean over (the same for all),
    /// and their memories.
    losses: Vec<Tensor<1>>,
    weight: f64,
    remembered: Vec<Option<Tensor<3>>>,
}

impl SegmentForm<'_> {
    fn drop(&self, layer: usize, place: u64, probability: f32) -> Dropout {
        match self.training {
            Some(seed) => Dropout { probability, seed: site(seed, layer, place) },
            None => Dropout::NONE,
        }
    }

    /// A layer's new memory, from its `context` and its `input` `[streams, segment, d]`.
    fn remember(&mut self, p: &Parameters, layer: &Layer, context: &Tensor<3>, input: &Tensor<3>) -> Tensor<3> {
        let (spans, [streams, segment, d]) = (&self.spans, input.dims());
        // States of the memory that leave it, and of the segment that do not enter it.
        let leaving = spans.memory.min(segment);
        let passing = 0..segment - leaving;
        let memory = [(context, spans.compressed + leaving..spans.context()), (input, passing.end..segment)];
        let Some(compressor) = &layer.compressor else { return join(&memory) };
        let usage = compressor.counts_usage().then(|| {
            let weights = p.attention(&layer.attention);
            let usage = attention_usage(input.clone(), context.clone(), spans, &weights, self.config.heads);
            usage.narrow(1, spans.compressed, segment).into_data().iter::<f32>().collect::<Vec<_>>()
        });
        let states = join(&[(context, spans.compressed..spans.compressed + leaving), (input, passing)]);
        let evicted = Evicted { count: segment, filled: &self.evicted, usage: usage.as_deref().unwrap_or_default() };
        let (flat, groups) = (states.clone().reshape([streams * segment, d]), compressor.groups(segment));
        let compressed = compressor.compress(p, &flat, &evicted, 0..groups, &mut Vec::new());
        let compressed = compressed.reshape([streams, groups, d]);
        if self.training.is_some() {
            let queries = || (input.clone(), p.attention(&layer.attention), self.config.heads);
            self.weight = compression_weight(compressor, &self.evicted);
            self.losses.extend(compression_loss(p, compressor, &states, &self.evicted, compressed.clone(), queries));
        }
        let entering = groups.min(spans.compressed);
        let [kept, newest] = memory;
        let older = (context, entering..spans.compressed);
        join(&[older, (&compressed, groups - entering..groups), kept, newest])
    }
}

impl Attend<Parameters> for SegmentForm<'_> {
    fn condition(&mut self, p: &Parameters, layer: usize, x: Tensor<2>) -> Tensor<2> {
        match &self.conditioning {
            Some(Conditioning { layers, of_input }) => {
                x + p.pick(&layers[layer], of_input.iter().copied(), [of_input.len(), 1])
            }
            None => x,
        }
    }

    fn attend(&mut self, p: &Parameters, index: usize, layer: &Layer, x: &Tensor<2>, residual: bool) -> Tensor<2> {
        let (streams, [events, d]) = (self.evicted.len(), x.dims());
        let x = x.clone().reshape([streams, events / streams, d]);
        let context = self.context[index].take();
        let spans = if context.is_some() { &self.spans } else { &self.without_memory };
        let probabilities = self.drop(index, PROBABILITIES, self.config.attention_dropout);
        let output = self.drop(index, ATTENTION, self.config.layer_dropout);
        let weights = p.attention(&layer.attention);
        let heads = self.config.heads;
        let attended = attention(x.clone(), context.clone(), spans, &weights, heads, probabilities, output, residual);
        let remembered = context.map(|context| self.remember(p, layer, &context, &x.inner()));
        self.remembered.push(remembered);
        attended.reshape([events, d])
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
