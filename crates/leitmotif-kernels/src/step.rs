//! Pieces for work on one position at a time (generation): nothing is allocated, packed or given to
//! other threads.
//!
//! Products with weights that were packed once are [`crate::gemm::with_packed_into`]; what a query
//! asks of cached keys and values is [`attend`].

mod attend;
mod gates;

use crate::dropout::Dropout;
use crate::feed_forward;
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize};
use crate::simd::{Simd, dispatch};
pub use attend::{Past, attend};
pub use gates::{Gru, gru_reset, gru_update, lstm_cell};

/// Normalises each row of `x[rows, d]` into `y`.
///
/// # Panics
/// If the sizes do not fit.
pub fn layer_norm(x: &[f32], norm: LayerNorm<'_>, y: &mut [f32]) {
    norm.rows(x);
    assert_eq!(x.len(), y.len(), "y is [rows, d]");
    normalize(Isa::current(), x, norm, y, norm.d());
}

/// Activates each row of `h[rows, ff]` (`[rows, 2 ff]` when gated) into `y[rows, ff]`, as the
/// feed-forward does.
///
/// # Panics
/// If the sizes do not fit.
pub fn activate(h: &[f32], ff: usize, gated: bool, y: &mut [f32]) {
    let row = if gated { 2 * ff } else { ff };
    assert!(
        ff > 0 && y.len().is_multiple_of(ff) && h.len() == y.len() / ff * row,
        "h is [rows, hidden], y is [rows, ff]"
    );
    let hidden = feed_forward::Hidden { ff, row, out_row: ff, gated, dropout: Dropout::NONE, first_row: 0 };
    feed_forward::activate(Isa::current(), hidden, h, y);
}

/// Replaces scores by the exponentials that sum to one; nothing happens to an empty slice.
pub fn softmax(scores: &mut [f32]) {
    if !scores.is_empty() {
        softmax_row(Isa::current(), scores);
    }
}

dispatch! { fn softmax_row(scores: &mut [f32]) = softmax_lanes; }

#[inline(always)]
fn softmax_lanes<S: Simd>(s: S, scores: &mut [f32]) {
    let whole = scores.len() - scores.len() % S::N;
    let mut largest = s.splat(f32::NEG_INFINITY);
    for x in scores[..whole].chunks_exact(S::N) {
        largest = s.max(largest, s.load(x));
    }
    let largest = scores[whole..].iter().fold(s.largest(largest), |m, &x| m.max(x));
    let mut sum = s.zero();
    for x in scores.chunks_mut(S::N) {
        let e = s.exp(s.sub(s.load_part(x), s.splat(largest)));
        if x.len() == S::N {
            sum = s.add(sum, e);
        }
        s.store_part(x, e);
    }
    let sum = s.sum(sum) + scores[whole..].iter().sum::<f32>();
    let scale = s.splat(1.0 / sum);
    for x in scores.chunks_mut(S::N) {
        s.store_part(x, s.mul(s.load_part(x), scale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, random};

    #[test]
    fn softmax_agrees_with_its_definition() {
        for isa in Isa::available() {
            for n in [0, 1, 5, 16, 100] {
                let mut x: Vec<f32> = random(n as u64, n).iter().map(|x| x * 30.0 - 50.0).collect();
                let e: Vec<f64> = x.iter().map(|&x| f64::from(x).exp()).collect();
                let sum: f64 = e.iter().sum();
                isa.force(|| softmax(&mut x));
                assert_close(&x, &e.iter().map(|e| e / sum).collect::<Vec<_>>(), 2e-6);
            }
        }
    }

    #[test]
    fn pieces_make_the_feed_forward() {
        let [n, d, ff] = [3, 12, 20];
        let [x, gamma, beta, b2] = [n * d, d, d, d].map(|n| random(n as u64, n));
        for gated in [false, true] {
            let hidden = if gated { 2 * ff } else { ff };
            let [w1, b1, w2] = [d * hidden, hidden, ff * d].map(|n| random(n as u64, n));
            let norm = LayerNorm { gamma: &gamma, beta: &beta };
            let w = feed_forward::Weights { norm, w1: &w1, b1: &b1, w2: &w2, b2: &b2 };
            let [hidden_dropout, output_dropout] = [Dropout::NONE; 2];
            let config = feed_forward::Config { gated, residual: false, hidden_dropout, output_dropout };
            let (expected, _) = feed_forward::forward(&x, &w, &config, false);
            let (mut normed, mut activated) = (vec![0.0; n * d], vec![0.0; n * ff]);
            layer_norm(&x, norm, &mut normed);
            let h = crate::gemm::nn(&normed, &w1, Some(&b1), [n, d, hidden]);
            activate(&h, ff, gated, &mut activated);
            assert_eq!(crate::gemm::nn(&activated, &w2, Some(&b2), [n, ff, d]), expected);
        }
    }
}
