//! The head with its loss against its definition.

use crate::common::*;
use leitmotif_kernels::head_loss::{IGNORED, Weights, logits, losses, train};
use leitmotif_kernels::{Isa, LayerNorm};
use rand::Rng;

struct Case {
    d: usize,
    size: usize,
    smoothing: f32,
    targets: Vec<i32>,
}

fn case([n, d, size]: [usize; 3], ignored: f64, smoothing: f32) -> Case {
    let mut rng = rng(n as u64);
    let mut target = || if rng.random_bool(ignored) { IGNORED } else { rng.random_range(0..size as i32) };
    Case { d, size, smoothing, targets: (0..n).map(|_| target()).collect() }
}

impl Case {
    /// z, gamma, beta, table, bias.
    fn tensors(&self) -> Vec<Vec<f32>> {
        let (n, d, size) = (self.targets.len(), self.d, self.size);
        (0..).zip([n * d, d, d, size * d, size]).map(|(i, n)| random(i, n)).collect()
    }

    /// Each row's loss, in double precision.
    fn define(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let (d, size) = (self.d, self.size);
        let smoothing = f64::from(self.smoothing);
        let normed = layer_norm(&t[0], &t[1], &t[2]);
        let rows = normed.chunks(d).zip(&self.targets);
        rows.map(|(x, &target)| {
            if target < 0 {
                return 0.0;
            }
            let logits: Vec<f64> =
                (0..size).map(|c| (0..d).map(|j| x[j] * t[3][c * d + j]).sum::<f64>() + t[4][c]).collect();
            let log_sum = logits.iter().map(|l| l.exp()).sum::<f64>().ln();
            let mean = logits.iter().sum::<f64>() / size as f64;
            log_sum - (1.0 - smoothing) * logits[target as usize] - smoothing * mean
        })
        .collect()
    }
}

fn weights(t: &[Vec<f32>]) -> Weights<'_> {
    Weights { norm: LayerNorm { gamma: &t[1], beta: &t[2] }, table: &t[3], bias: &t[4] }
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    let cases = [
        case([1, 1, 1], 0.0, 0.0),
        case([9, 5, 7], 0.3, 0.1),
        case([200, 16, 33], 0.5, 0.0),
        case([300, 64, 131], 0.1, 0.05),
        case([30, 24, 839], 0.0, 0.0),
        case([6, 3, 4], 1.0, 0.0),
    ];
    for case in cases {
        let t = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        let denominator = 17.0;
        each_isa(|isa| {
            assert_close(
                &format!("{isa:?} losses"),
                &losses(&t[0], &weights(&t), &case.targets, case.smoothing),
                &expected,
                1e-5,
            );
            let trained = train(&t[0], &weights(&t), &case.targets, case.smoothing, denominator);
            assert_close("loss", &[trained.loss], &[expected.iter().sum::<f64>() / 17.0], 1e-6);
            if t[3].len() > 5000 && Some(isa) != Isa::available().last() {
                return;
            }
            let gradients = [trained.z, trained.gamma, trained.beta, trained.table, trained.bias];
            for (i, gradient) in gradients.iter().enumerate() {
                check_gradient(["z", "gamma", "beta", "table", "bias"][i], &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    case.define(&t).iter().sum::<f64>() / 17.0
                });
            }
        });
    }
}

#[test]
fn logits_explain_the_losses() {
    let case = case([12, 10, 21], 0.0, 0.0);
    let t = case.tensors();
    let logits = logits(&t[0], &weights(&t));
    let losses = losses(&t[0], &weights(&t), &case.targets, 0.0);
    for ((row, &target), loss) in logits.chunks(21).zip(&case.targets).zip(losses) {
        let log_sum = row.iter().map(|x| x.exp()).sum::<f32>().ln();
        assert!((log_sum - row[target as usize] - loss).abs() < 1e-5);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let case = case([900, 20, 45], 0.4, 0.1);
    let t = case.tensors();
    same_for_all_threads(|| {
        let g = train(&t[0], &weights(&t), &case.targets, 0.1, 3.0);
        vec![vec![g.loss], g.z, g.gamma, g.beta, g.table, g.bias, losses(&t[0], &weights(&t), &case.targets, 0.1)]
    });
}

#[test]
fn products_of_bfloat16_numbers_give_nearly_the_same() {
    let case = case([300, 21, 45], 0.4, 0.1);
    let t = case.tensors();
    nearly_the_same_in_bf16(|| {
        let g = train(&t[0], &weights(&t), &case.targets, 0.1, 3.0);
        vec![vec![g.loss], g.z, g.gamma, g.beta, g.table, g.bias, losses(&t[0], &weights(&t), &case.targets, 0.1)]
    });
}
