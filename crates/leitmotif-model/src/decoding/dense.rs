//! The small parts of a step, on rows of states: linear map, layer norm, activation.

use super::cache::room;
use crate::{ModelError, Precision, Weights};
use leitmotif_kernels::gemm::{self, Packed};
use leitmotif_kernels::{LayerNorm, step};

/// Most rows that one step hands to a linear map: more would be divided among threads, which a step
/// does not ask for.
pub(super) const ROWS: usize = 64;

/// A linear map with its weights packed once.
#[derive(Debug)]
pub(crate) struct Dense {
    packed: Packed,
    bias: Option<Vec<f32>>,
}

impl Dense {
    /// The map `x -> x W + b` of `weight` `[inputs, outputs]` and, if named, `bias` `[outputs]`.
    pub(crate) fn load(
        weights: &Weights,
        weight: &str,
        bias: Option<&str>,
        [inputs, outputs]: [usize; 2],
    ) -> Result<Self, ModelError> {
        let values = weights.shaped(weight, &[inputs, outputs])?;
        let bias = bias.map(|name| weights.shaped(name, &[outputs]).map(<[f32]>::to_vec)).transpose()?;
        Ok(Self { packed: kept(Packed::new(values, inputs, outputs), weights.precision()), bias })
    }

    /// The map `x -> x Tᵀ + b` of the rows of a table `[outputs, inputs]`.
    pub(super) fn of_rows(
        table: &[f32],
        bias: Option<Vec<f32>>,
        [inputs, outputs]: [usize; 2],
        precision: Precision,
    ) -> Self {
        Self { packed: kept(Packed::transposed(table, inputs, outputs), precision), bias }
    }

    /// The number of results.
    pub(super) fn outputs(&self) -> usize {
        self.packed.n()
    }

    /// Maps each row of `x` `[rows, inputs]` into `y` `[rows, outputs]`.
    pub(crate) fn apply(&self, x: &[f32], y: &mut [f32]) {
        let rows = x.len() / self.packed.k();
        gemm::with_packed_into(x, &self.packed, self.bias.as_deref(), rows, y);
    }
}

fn kept(packed: Packed, precision: Precision) -> Packed {
    match precision {
        Precision::Single => packed,
        Precision::Half => packed.halved(),
    }
}

/// Layer norm's scale and shift.
#[derive(Debug)]
pub(super) struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl Norm {
    pub(super) fn load(weights: &Weights, prefix: &str, d: usize) -> Result<Self, ModelError> {
        let vector = |name: &str| weights.shaped(&format!("{prefix}.{name}"), &[d]).map(<[f32]>::to_vec);
        Ok(Self { gamma: vector("gamma")?, beta: vector("beta")? })
    }

    /// Normalises each row of `x` into `y`.
    pub(super) fn apply(&self, x: &[f32], y: &mut [f32]) {
        step::layer_norm(x, LayerNorm { gamma: &self.gamma, beta: &self.beta }, y);
    }
}

/// A pre-norm feed-forward sub-layer.
#[derive(Debug)]
pub(super) struct FeedForward {
    norm: Norm,
    inner: Dense,
    outer: Dense,
    glu: bool,
    f: usize,
}

impl FeedForward {
    pub(super) fn load(weights: &Weights, prefix: &str, [d, f]: [usize; 2], glu: bool) -> Result<Self, ModelError> {
        let dense = |name: &str, shape: [usize; 2]| {
            Dense::load(weights, &format!("{prefix}.{name}"), Some(&format!("{prefix}.{name}_bias")), shape)
        };
        let wide = if glu { 2 * f } else { f };
        Ok(Self {
            norm: Norm::load(weights, prefix, d)?,
            inner: dense("inner", [d, wide])?,
            outer: dense("outer", [f, d])?,
            glu,
            f,
        })
    }

    /// Writes what the sub-layer adds to the rows `x` `[rows, d]` to `output`.
    pub(super) fn apply(&self, x: &[f32], scratch: &mut Scratch, output: &mut [f32]) {
        let rows = x.len() / self.outer.outputs();
        let normed = room(&mut scratch.normed, x.len());
        self.norm.apply(x, normed);
        let hidden = room(&mut scratch.hidden, rows * self.inner.outputs());
        self.inner.apply(normed, hidden);
        let activated = room(&mut scratch.activated, rows * self.f);
        step::activate(hidden, self.f, self.glu, activated);
        self.outer.apply(activated, output);
    }
}

/// Space for one call, reused.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    normed: Vec<f32>,
    hidden: Vec<f32>,
    activated: Vec<f32>,
}

/// Adds `b` to `a`.
pub(super) fn add(a: &mut [f32], b: &[f32]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}
