//! The output head with its loss: layer norm, a linear map whose weights are rows of a table (so
//! that they can be tied to an embedding), softmax and cross-entropy.
//!
//! Logits are never stored: the training form makes them block by block and turns them at once into
//! gradients. Rows whose target is [`IGNORED`] cost nothing. [`grouped`] is a head with many
//! softmaxes side by side.

mod blocks;
pub mod grouped;
mod softmax;

use crate::isa::Isa;
use crate::layer_norm::LayerNorm;
use blocks::{Active, Cost};
use softmax::{Block, cross_entropy};

/// The target of a row without loss. Every negative target means this.
pub const IGNORED: i32 = -1;

/// Parameters of the head.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of the input, `[d]`.
    pub norm: LayerNorm<'a>,
    /// One row per class, `[size, d]`: a stretch of rows of a larger table where weights are tied.
    pub table: &'a [f32],
    /// `[size]`
    pub bias: &'a [f32],
}

impl Weights<'_> {
    /// Rows of `z`.
    fn rows(&self, z: &[f32]) -> usize {
        let (d, size) = (self.norm.d(), self.bias.len());
        assert!(size > 0 && self.table.len() == size * d, "table is [size, d], size > 0");
        self.norm.rows(z)
    }

    fn check(&self, z: &[f32], targets: &[i32]) {
        assert_eq!(self.rows(z), targets.len(), "z is [n, d], targets are [n]");
        assert!(targets.iter().all(|&t| t < 0 || (t as usize) < self.bias.len()), "targets are below size");
    }
}

/// What [`train`] returns.
#[derive(Debug)]
pub struct Trained {
    /// Sum of the rows' losses over the denominator.
    pub loss: f32,
    /// `[n, d]`, zero in ignored rows.
    pub z: Vec<f32>,
    /// `[d]`
    pub gamma: Vec<f32>,
    /// `[d]`
    pub beta: Vec<f32>,
    /// `[size, d]`
    pub table: Vec<f32>,
    /// `[size]`
    pub bias: Vec<f32>,
}

/// One softmax over all classes.
struct Single<'a> {
    targets: &'a [i32],
    size: usize,
    smoothing: f32,
}

impl Cost for Single<'_> {
    fn count(&self) -> usize {
        1
    }

    fn turn(&self, isa: Isa, rows: &[u32], logits: &mut [f32], row: usize, gradient: Option<f32>, losses: &mut [f32]) {
        let targets: Vec<i32> = rows.iter().map(|&row| self.targets[row as usize]).collect();
        let Self { size, smoothing, .. } = *self;
        cross_entropy(isa, Block { targets: &targets, size, row, smoothing, gradient }, logits, losses);
    }
}

/// The loss of each row of `z[n, d]` in nats, 0 where ignored. With `smoothing` the target's
/// distribution is mixed with that share of the uniform one.
///
/// # Panics
/// If the sizes do not fit or a target is not a class.
#[must_use]
pub fn losses(z: &[f32], w: &Weights<'_>, targets: &[i32], smoothing: f32) -> Vec<f32> {
    w.check(z, targets);
    blocks::losses(z, w, &Active::of(targets, 1), &Single { targets, size: w.bias.len(), smoothing })
}

/// The sum of losses over `denominator` (usually the number of rows that count), with all its
/// gradients.
///
/// # Panics
/// If the sizes do not fit or a target is not a class.
#[must_use]
pub fn train(z: &[f32], w: &Weights<'_>, targets: &[i32], smoothing: f32, denominator: f32) -> Trained {
    w.check(z, targets);
    let cost = Single { targets, size: w.bias.len(), smoothing };
    blocks::train(z, w, &Active::of(targets, 1), &cost, denominator).1
}

/// The logits `[n, size]` of all rows.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn logits(z: &[f32], w: &Weights<'_>) -> Vec<f32> {
    let (d, size) = (w.norm.d(), w.bias.len());
    let normed = crate::layer_norm::forward(z, w.norm);
    crate::gemm::nt(&normed, w.table, Some(w.bias), [z.len() / d, d, size])
}
