//! Cross-entropy over a block of logits that lies in cache.

use crate::simd::{Simd, dispatch};

/// The targets of a block and what to make of its logits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// One class per row.
    pub targets: &'a [i32],
    /// Number of classes.
    pub size: usize,
    /// Floats between rows of logits.
    pub row: usize,
    /// Share of the target's probability that is spread evenly over all classes.
    pub smoothing: f32,
    /// Replace the logits by their gradient times this.
    pub gradient: Option<f32>,
}

dispatch! {
    /// Writes each row's loss; with `gradient`, the logits become gradients.
    pub(super) fn cross_entropy(block: Block<'_>, logits: &mut [f32], losses: &mut [f32]) = cross_entropy_rows;
}

#[inline(always)]
fn cross_entropy_rows<S: Simd>(s: S, block: Block<'_>, logits: &mut [f32], losses: &mut [f32]) {
    let Block { targets, size, row, smoothing, gradient } = block;
    for ((logits, loss), &target) in logits.chunks_mut(row).zip(losses).zip(targets) {
        let logits = &mut logits[..size];
        let target = target as usize;
        let (full, rest) = logits.split_at(size - size % S::N);
        let (mut largest, mut sum) = (s.splat(f32::NEG_INFINITY), s.zero());
        for x in full.chunks_exact(S::N) {
            let x = s.load(x);
            largest = s.max(largest, x);
            sum = s.add(sum, x);
        }
        let largest = rest.iter().fold(s.largest(largest), |m, &x| m.max(x));
        let mean = (s.sum(sum) + rest.iter().sum::<f32>()) / size as f32;
        let at_target = logits[target];
        let mut sum = s.zero();
        for x in logits.chunks_mut(S::N) {
            let e = s.exp(s.sub(s.load_part(x), s.splat(largest)));
            if x.len() == S::N {
                sum = s.add(sum, e);
            }
            s.store_part(x, e);
        }
        let rest = size - size % S::N;
        let sum = s.sum(sum) + logits[rest..].iter().sum::<f32>();
        *loss = largest + sum.ln() - (1.0 - smoothing) * at_target - smoothing * mean;
        if let Some(weight) = gradient {
            let (scale, spread) = (s.splat(weight / sum), s.splat(-weight * smoothing / size as f32));
            for x in logits.chunks_mut(S::N) {
                s.store_part(x, s.fma(s.load_part(x), scale, spread));
            }
            logits[target] -= weight * (1.0 - smoothing);
        }
    }
}
