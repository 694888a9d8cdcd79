//! The compressive transformer: a stack of layers over the residual stream.

use super::parameters::{ParameterBuilder, site};
use super::sublayers::{Attention, FeedForward, Gate};
use super::{Compressor, Dropout, Ops};
use crate::{Gating, ModelConfig};

/// Layers, and the compressors of those that have compressed memory.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// From the first to the last.
    pub layers: Vec<Layer>,
    feed_forward_dropouts: [f32; 2],
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Attention's parameters.
    pub attention: Attention,
    /// What turns states that leave the memory into compressed memory, if the layer has that.
    pub compressor: Option<Compressor>,
    feed_forward: FeedForward,
    /// How the two sub-layers join the residual stream, if not by addition.
    gates: Option<[Gate; 2]>,
}

/// How a back end attends: over a whole segment, or one step over cached keys and values.
pub trait Attend<O: Ops> {
    /// The residual stream before layer number `layer`, with what the layer is conditioned on.
    fn condition(&mut self, ops: &O, layer: usize, x: O::Rows) -> O::Rows;

    /// The attention sub-layer of layer number `index`, plus `x` if `residual`. The layer's memory
    /// of `x` is kept.
    fn attend(&mut self, ops: &O, index: usize, layer: &Layer, x: &O::Rows, residual: bool) -> O::Rows;
}

/// Places among a layer's sites of dropout.
const HIDDEN: u64 = 3;
const FEED_FORWARD: u64 = 4;

impl Decoder {
    pub(super) fn new(config: &ModelConfig, p: &mut ParameterBuilder<'_>) -> Self {
        let gated = config.gating == Gating::Gru;
        let depth = (2.0 * config.layers as f32).sqrt();
        let mut layers = p.each("blocks", 0..config.layers, |p, _| Layer {
            attention: p.within("attention", |p| Attention::new(config, depth, p)),
            feed_forward: p.within("feed_forward", |p| FeedForward::new(config, config.d_ff, config.glu, depth, p)),
            gates: gated.then(|| {
                ["attention_gate", "feed_forward_gate"].map(|name| p.within(name, |p| Gate::new(config.d_model, p)))
            }),
            compressor: None,
        });
        let compresses = (0..config.layers).filter(|&layer| config.compressed > 0 && config.has_memory(layer));
        let compressors = p.each("compressors", compresses, |p, layer| (layer, Compressor::new(config, p)));
        compressors.into_iter().for_each(|(layer, compressor)| layers[layer].compressor = Some(compressor));
        Self { layers, feed_forward_dropouts: [config.ff_dropout, config.layer_dropout] }
    }

    /// Runs states through the layers, which attend as `form` does. With `training`, drops out by
    /// that seed.
    pub fn forward<O: Ops>(
        &self,
        ops: &O,
        mut x: O::Rows,
        form: &mut impl Attend<O>,
        training: Option<u64>,
    ) -> O::Rows {
        for (index, layer) in self.layers.iter().enumerate() {
            let dropout = |place: u64, probability: f32| match training {
                Some(seed) => Dropout { probability, seed: site(seed, index, place) },
                None => Dropout::NONE,
            };
            let [hidden, output] = self.feed_forward_dropouts;
            let dropouts = [dropout(HIDDEN, hidden), dropout(FEED_FORWARD, output)];
            x = form.condition(ops, index, x);
            let residual = layer.gates.is_none();
            let attended = form.attend(ops, index, layer, &x, residual);
            x = match &layer.gates {
                Some([gate, _]) => gate.join(ops, x, &attended),
                None => attended,
            };
            x = match &layer.gates {
                Some([_, gate]) => {
                    let output = ops.feed_forward(x.clone(), &layer.feed_forward, dropouts, false);
                    gate.join(ops, x, &output)
                }
                None => ops.feed_forward(x, &layer.feed_forward, dropouts, true),
            };
        }
        x
    }
}
