//! Long short-term memory (Hochreiter & Schmidhuber 1997), the recurrent baseline.

use super::parameters::{ParameterBuilder, Weight, fan_in, normal};
use crate::ModelConfig;

/// One layer; gates stand in the order input, forget, candidate, output.
#[derive(Debug, Clone)]
pub struct LstmLayer {
    /// `[d, 4 h]`.
    pub input: Weight,
    /// `[h, 4 h]`.
    pub state: Weight,
    /// `[4 h]`; the forget gate's starts at 1 (Gers et al. 2000).
    pub bias: Weight,
}

/// A stack of layers of one width.
#[derive(Debug, Clone)]
pub struct Lstm {
    /// From the first to the last.
    pub layers: Vec<LstmLayer>,
}

impl LstmLayer {
    /// A layer of width `h`.
    pub(super) fn new(h: usize, p: &mut ParameterBuilder<'_>) -> Self {
        let forgetting =
            |_: &mut _, n: usize| (0..n).map(|i| if (h..2 * h).contains(&i) { 1.0 } else { 0.0 }).collect();
        Self {
            input: p.map("input", [h, 4 * h], normal(2.0 * fan_in(h))),
            state: p.map("state", [h, 4 * h], normal(2.0 * fan_in(h))),
            bias: p.vector("bias", 4 * h, forgetting),
        }
    }
}

impl Lstm {
    pub(super) fn new(config: &ModelConfig, p: &mut ParameterBuilder<'_>) -> Self {
        Self { layers: p.each("layers", 0..config.layers, |p, _| LstmLayer::new(config.d_model, p)) }
    }
}
