//! The feed-forward block against its definition.

use crate::common::*;
use leitmotif_kernels::feed_forward::{Config, Weights, backward, forward};
use leitmotif_kernels::{Dropout, LayerNorm, dropout};

struct Case {
    rows: usize,
    d: usize,
    ff: usize,
    config: Config,
}

const DROP: [Dropout; 2] = [Dropout { p: 0.2, seed: 11 }, Dropout { p: 0.3, seed: 12 }];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, [rows, d, ff]) in
        [[1, 1, 1], [5, 6, 10], [70, 16, 33], [130, 40, 50], [33, 130, 60], [0, 4, 4]].into_iter().enumerate()
    {
        for gated in [false, true] {
            let active = i % 2 == usize::from(gated);
            let [hidden_dropout, output_dropout] = if active { DROP } else { [Dropout::NONE; 2] };
            let config = Config { gated, residual: i != 2, hidden_dropout, output_dropout };
            cases.push(Case { rows, d, ff, config });
        }
    }
    cases
}

impl Case {
    /// Input, output's gradient and weights in the order of `Weights`.
    fn tensors(&self) -> (Vec<f32>, Vec<Vec<f32>>) {
        let Self { rows, d, ff, config } = self;
        let hidden = if config.gated { 2 * ff } else { *ff };
        let sizes = [rows * d, *d, *d, d * hidden, hidden, ff * d, *d];
        let mut tensors: Vec<_> = (0..).zip(sizes).map(|(i, n)| random(i, n)).collect();
        let scale = |w: &mut Vec<f32>, n: usize| w.iter_mut().for_each(|x| *x *= (3.0 / n as f32).sqrt());
        scale(&mut tensors[3], *d);
        scale(&mut tensors[5], *ff);
        (random(99, rows * d), tensors)
    }

    /// In double precision.
    fn define(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let Self { rows, d, ff, config } = self;
        let hidden = t[4].len();
        let normed = layer_norm(&t[0], &t[1], &t[2]);
        let mask = |drop: Dropout, n| wide(&dropout::mask(drop.seed, n, drop.p));
        let keep = mask(config.hidden_dropout, rows * ff);
        let h = matmul(&normed, &t[3], *d, hidden);
        let mut g = Vec::new();
        for h in h.chunks(hidden) {
            for j in 0..*ff {
                let value = gelu(h[j] + t[4][j]);
                let gate = if config.gated { h[ff + j] + t[4][ff + j] } else { 1.0 };
                g.push(value * gate * keep[g.len()]);
            }
        }
        let mut y = matmul(&g, &t[5], *ff, *d);
        let keep = mask(config.output_dropout, rows * d);
        for (i, y) in y.iter_mut().enumerate() {
            *y = (*y + t[6][i % d]) * keep[i] + if config.residual { t[0][i] } else { 0.0 };
        }
        y
    }
}

fn weights(t: &[Vec<f32>]) -> Weights<'_> {
    let norm = LayerNorm { gamma: &t[1], beta: &t[2] };
    Weights { norm, w1: &t[3], b1: &t[4], w2: &t[5], b2: &t[6] }
}

/// By the series of the error function.
fn gelu(x: f64) -> f64 {
    let z = x / std::f64::consts::SQRT_2;
    let (mut term, mut sum) = (z, z);
    for n in 1..80 {
        let n = f64::from(n);
        term *= -z * z / n;
        sum += term / (2.0 * n + 1.0);
    }
    0.5 * x * (1.0 + sum * std::f64::consts::FRAC_2_SQRT_PI)
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    for case in cases() {
        let (dy, t) = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        each_isa(|isa| {
            let (y, saved) = forward(&t[0], &weights(&t), &case.config, true);
            assert_close(&format!("{isa:?} y"), &y, &expected, 1e-5);
            assert_eq!(y, forward(&t[0], &weights(&t), &case.config, false).0);
            let g = backward(&t[0], &dy, &weights(&t), &case.config, &saved.unwrap());
            let gradients = [g.x, g.gamma, g.beta, g.w1, g.b1, g.w2, g.b2];
            let names = ["x", "gamma", "beta", "w1", "b1", "w2", "b2"];
            // The reference is slow: differences for the largest case only once.
            if case.rows * case.d * case.ff > 50_000 && Some(isa) != leitmotif_kernels::Isa::available().last() {
                return;
            }
            for (i, gradient) in gradients.iter().enumerate() {
                check_gradient(names[i], &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    dot(&case.define(&t), &dy)
                });
            }
        });
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let config = Config { gated: true, residual: true, hidden_dropout: DROP[0], output_dropout: DROP[1] };
    let case = Case { rows: 777, d: 24, ff: 40, config };
    let (dy, t) = case.tensors();
    same_for_all_threads(|| {
        let (y, saved) = forward(&t[0], &weights(&t), &config, true);
        let g = backward(&t[0], &dy, &weights(&t), &config, &saved.unwrap());
        vec![y, g.x, g.gamma, g.beta, g.w1, g.b1, g.w2, g.b2]
    });
}

#[test]
fn products_of_bfloat16_numbers_give_nearly_the_same() {
    let config = Config { gated: true, residual: true, hidden_dropout: DROP[0], output_dropout: DROP[1] };
    let case = Case { rows: 333, d: 25, ff: 40, config };
    let (dy, t) = case.tensors();
    nearly_the_same_in_bf16(|| {
        let (y, saved) = forward(&t[0], &weights(&t), &config, true);
        let g = backward(&t[0], &dy, &weights(&t), &config, &saved.unwrap());
        vec![y, g.x, g.gamma, g.beta, g.w1, g.b1, g.w2, g.b2]
    });
}
