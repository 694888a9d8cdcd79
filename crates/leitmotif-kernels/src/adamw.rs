//! The optimiser's step: Adam with decoupled weight decay (Loshchilov and Hutter 2019), and the
//! norm for clipping.

use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use rayon::prelude::*;

/// Elements of a task.
const CHUNK: usize = 1 << 14;

/// Settings of one step.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the mean of gradients.
    pub beta1: f32,
    /// Decay of the mean of squared gradients.
    pub beta2: f32,
    /// Added to the root of the mean of squares.
    pub epsilon: f32,
    /// Share of the parameter that is taken away, times the learning rate.
    pub weight_decay: f32,
    /// Number of this step, from 1, for the correction of the means' bias.
    pub step: u64,
    /// Multiplies the gradient first (clipping to a global norm).
    pub gradient_scale: f32,
}

impl AdamW {
    /// Updates parameters `p` and both means from the gradient, in place.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update(&self, p: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        let n = p.len();
        assert_eq!([gradient.len(), mean.len(), square.len()], [n; 3], "the four slices have one length");
        let (isa, factors) = (Isa::current(), Factors::of(self));
        p.par_chunks_mut(CHUNK)
            .zip(gradient.par_chunks(CHUNK))
            .zip(mean.par_chunks_mut(CHUNK).zip(square.par_chunks_mut(CHUNK)))
            .for_each(|((p, g), (m, v))| update(isa, factors, p, g, m, v));
    }
}

/// The settings as factors of the update.
#[derive(Clone, Copy)]
struct Factors {
    settings: AdamW,
    /// `rate / (1 - beta1^step)`
    rate: f32,
    /// `1 / (1 - beta2^step)`
    square: f32,
    /// `1 - rate * weight_decay`
    keep: f32,
}

impl Factors {
    fn of(settings: &AdamW) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(settings.step as f64);
        Self {
            settings: *settings,
            rate: (f64::from(settings.rate) / correction(settings.beta1)) as f32,
            square: (1.0 / correction(settings.beta2)) as f32,
            keep: 1.0 - settings.rate * settings.weight_decay,
        }
    }
}

dispatch! { fn update(factors: Factors, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) = update_lanes; }

#[inline(always)]
fn update_lanes<S: Simd>(s: S, factors: Factors, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let AdamW { beta1, beta2, epsilon, gradient_scale, .. } = factors.settings;
    let chunks = p.chunks_mut(S::N).zip(g.chunks(S::N)).zip(m.chunks_mut(S::N).zip(v.chunks_mut(S::N)));
    for ((p, g), (m, v)) in chunks {
        let g = s.mul(s.load_part(g), s.splat(gradient_scale));
        let mean = s.fma(s.splat(beta1), s.load_part(m), s.mul(s.splat(1.0 - beta1), g));
        let square = s.fma(s.splat(beta2), s.load_part(v), s.mul(s.splat(1.0 - beta2), s.mul(g, g)));
        s.store_part(m, mean);
        s.store_part(v, square);
        let root = s.sqrt(s.mul(square, s.splat(factors.square)));
        let change = s.div(s.mul(mean, s.splat(-factors.rate)), s.add(root, s.splat(epsilon)));
        s.store_part(p, s.fma(s.load_part(p), s.splat(factors.keep), change));
    }
}

/// The sum of squares, for a global norm: the same bits for any number of threads.
#[must_use]
pub fn sum_of_squares(x: &[f32]) -> f64 {
    let isa = Isa::current();
    let sums: Vec<f64> = x.par_chunks(CHUNK).map(|x| squares(isa, x)).collect();
    sums.iter().sum()
}

dispatch! { fn squares(x: &[f32]) -> f64 = squares_lanes; }

#[inline(always)]
fn squares_lanes<S: Simd>(s: S, x: &[f32]) -> f64 {
    // Single precision only over short stretches.
    const STRETCH: usize = 512;
    let mut total = 0.0;
    for x in x.chunks(STRETCH) {
        let mut sum = s.zero();
        for x in x.chunks(S::N) {
            let v = s.load_part(x);
            sum = s.fma(v, v, sum);
        }
        total += f64::from(s.sum(sum));
    }
    total
}
