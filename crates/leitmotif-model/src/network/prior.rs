//! The blocks of the prior over a piece's sequence of latents; [`crate::Prior`] describes it.

use super::Ops;
use super::lstm::LstmLayer;
use super::parameters::{ParameterBuilder, Weight, constant, fan_in, normal};
use crate::prior::{PRIOR_COPIES, PRIOR_LAGS, PRIOR_PERIODS, PRIOR_SCALES};

/// The parameters of a prior of latents of `d` dimensions and width `w`.
#[derive(Debug, Clone)]
pub struct PriorBlocks {
    /// `[d, w]`.
    input: Weight,
    /// `[lags + 2 periods, w]`.
    features: Weight,
    /// `[d_model, w]`.
    header: Weight,
    /// `[w]`.
    start: Weight,
    /// The LSTM over the latents so far.
    pub lstm: LstmLayer,
    /// `[w, copies + free (1 + 2 d)]`.
    head: Weight,
    head_bias: Weight,
    /// `[copies, d]`.
    pub lag_deviations: Weight,
    /// The shape of all.
    pub shape: PriorShape,
}

/// The sizes of a prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorShape {
    /// Dimensions of a latent.
    pub d: usize,
    /// Width of a header's vector.
    pub d_model: usize,
    /// Width of its LSTM.
    pub width: usize,
    /// Components that are no copies.
    pub free: usize,
}

impl PriorShape {
    /// The numbers that are read from a state: the log-weights of copies and free components, the
    /// free means, the logarithms of their deviations.
    pub fn outputs(&self) -> usize {
        PRIOR_COPIES + self.free * (1 + 2 * self.d)
    }
}

/// The number of features that encode the position within the form of a piece.
pub const PRIOR_FEATURES: usize = PRIOR_LAGS.len() + 2 * PRIOR_PERIODS.len();
/// The logarithms of fresh deviations of copies: of exact and of near ones.
const COPY_DEVIATIONS: [f32; PRIOR_SCALES] = [-3.0, -0.5];

impl PriorBlocks {
    /// A prior of this shape.
    pub fn new(shape: PriorShape, p: &mut ParameterBuilder<'_>) -> Self {
        let PriorShape { d, d_model, width, .. } = shape;
        let lags = PRIOR_LAGS.len();
        let deviations =
            move |_: &mut _, _| COPY_DEVIATIONS.iter().flat_map(|&log| std::iter::repeat_n(log, lags * d)).collect();
        Self {
            input: p.map("input", [d, width], normal(2.0 * fan_in(d))),
            features: p.map("features", [PRIOR_FEATURES, width], normal(0.3)),
            header: p.map("header", [d_model, width], normal(fan_in(d_model))),
            start: p.vector("start", width, normal(0.3)),
            lstm: p.within("lstm", |p| LstmLayer::new(width, p)),
            head: p.map("head", [width, shape.outputs()], normal(fan_in(width))),
            head_bias: p.vector("head_bias", shape.outputs(), constant(0.0)),
            lag_deviations: p.table("lag_deviations", [PRIOR_COPIES, d], deviations),
            shape,
        }
    }

    /// The part that headers `[n, d_model]` contribute, `[n, width]`.
    pub fn header<O: Ops>(&self, ops: &O, headers: &O::Rows) -> O::Rows {
        ops.linear(headers, self.header, None)
    }

    /// What the LSTM reads `[n, width]`: of the latents `before` `[n, d]` (zeros where a piece
    /// `begins`), of [`crate::prior_features`], and of the header.
    pub fn input<O: Ops>(
        &self,
        ops: &O,
        before: &O::Rows,
        begins: impl IntoIterator<Item = bool>,
        features: &O::Rows,
        header: &O::Rows,
    ) -> O::Rows {
        let starts = begins.into_iter().map(|begins| if begins { 0 } else { -1 });
        let x = ops.add_gathered(ops.linear(before, self.input, None), self.start, starts, 1);
        ops.add(ops.add(x, &ops.linear(features, self.features, None)), header)
    }

    /// What is read from states `[n, width]`, `[n, outputs]`.
    pub fn head<O: Ops>(&self, ops: &O, states: &O::Rows) -> O::Rows {
        ops.linear(states, self.head, Some(self.head_bias))
    }
}
