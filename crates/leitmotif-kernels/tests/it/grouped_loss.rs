//! The head of many softmaxes against its definition.

use crate::common::*;
use leitmotif_kernels::head_loss::grouped::{Targets, losses, train};
use leitmotif_kernels::head_loss::{self, Weights};
use leitmotif_kernels::{Isa, LayerNorm};
use rand::Rng;
use std::ops::Range;

struct Case {
    d: usize,
    size: usize,
    groups: Vec<Range<usize>>,
    classes: Vec<i32>,
}

fn case([n, d, size]: [usize; 3], groups: Vec<Range<usize>>, ignored: f64) -> Case {
    let mut rng = rng(n as u64);
    let mut class = |group: &Range<usize>| match group.is_empty() || rng.random_bool(ignored) {
        true => -1,
        false => rng.random_range(0..group.len() as i32),
    };
    let classes = (0..n).flat_map(|_| groups.iter().map(&mut class).collect::<Vec<_>>()).collect();
    Case { d, size, groups, classes }
}

/// `count` groups of `length` classes, each after `skipped` classes of no group.
fn regular(count: usize, length: usize, skipped: usize) -> Vec<Range<usize>> {
    (0..count).map(|group| group * (length + skipped) + skipped..(group + 1) * (length + skipped)).collect()
}

impl Case {
    fn rows(&self) -> usize {
        self.classes.len() / self.groups.len()
    }

    fn targets(&self) -> Targets<'_> {
        Targets { groups: &self.groups, classes: &self.classes }
    }

    /// z, gamma, beta, table, bias.
    fn tensors(&self) -> Vec<Vec<f32>> {
        let (n, d, size) = (self.rows(), self.d, self.size);
        (0..).zip([n * d, d, d, size * d, size]).map(|(i, n)| random(i, n)).collect()
    }

    /// The losses, in double precision.
    fn define(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let d = self.d;
        let normed = layer_norm(&t[0], &t[1], &t[2]);
        let mut losses = Vec::new();
        for (x, classes) in normed.chunks(d).zip(self.classes.chunks(self.groups.len())) {
            let logit = |c: usize| (0..d).map(|j| x[j] * t[3][c * d + j]).sum::<f64>() + t[4][c];
            for (group, &class) in self.groups.iter().zip(classes) {
                let sum: f64 = group.clone().map(|c| logit(c).exp()).sum();
                losses.push(if class < 0 { 0.0 } else { sum.ln() - logit(group.start + class as usize) });
            }
        }
        losses
    }
}

fn weights(t: &[Vec<f32>]) -> Weights<'_> {
    Weights { norm: LayerNorm { gamma: &t[1], beta: &t[2] }, table: &t[3], bias: &t[4] }
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    let cases = [
        case([1, 1, 1], regular(1, 1, 0), 0.0),
        case([9, 5, 12], vec![0..3, 4..4, 4..5, 7..10], 0.3),
        case([200, 16, 267], regular(89, 2, 1), 0.2),
        case([300, 24, 60], regular(3, 20, 0), 0.5),
        case([6, 3, 4], regular(2, 2, 0), 1.0),
    ];
    for case in cases {
        let t = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        let count = case.groups.len();
        let totals: Vec<f64> = (0..count).map(|group| expected[group..].iter().step_by(count).sum()).collect();
        each_isa(|isa| {
            assert_close(&format!("{isa:?}"), &losses(&t[0], &weights(&t), case.targets()), &expected, 1e-5);
            let (sums, trained) = train(&t[0], &weights(&t), case.targets(), 17.0);
            let sums: Vec<f32> = sums.iter().map(|&sum| sum as f32).collect();
            assert_close("sums", &sums, &totals, 1e-5);
            assert_close("loss", &[trained.loss], &[expected.iter().sum::<f64>() / 17.0], 1e-6);
            if t[3].len() > 2000 && Some(isa) != Isa::available().last() {
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
fn classes_of_no_group_learn_nothing() {
    let case = case([40, 8, 30], regular(10, 2, 1), 0.1);
    let t = case.tensors();
    let (_, trained) = train(&t[0], &weights(&t), case.targets(), 1.0);
    for class in 0..case.size {
        let row = &trained.table[class * case.d..(class + 1) * case.d];
        let outside = class % 3 == 0;
        assert_eq!(trained.bias[class] == 0.0 && row.iter().all(|&x| x == 0.0), outside, "class {class}");
    }
}

#[test]
fn one_group_is_the_plain_head() {
    let case = case([70, 12, 19], regular(1, 19, 0), 0.3);
    let t = case.tensors();
    let plain = head_loss::train(&t[0], &weights(&t), &case.classes, 0.0, 5.0);
    let (_, grouped) = train(&t[0], &weights(&t), case.targets(), 5.0);
    for (a, b) in [(&plain.z, &grouped.z), (&plain.table, &grouped.table), (&plain.bias, &grouped.bias)] {
        assert_close("gradient", b, &wide(a), 1e-5);
    }
    assert_close("loss", &[grouped.loss], &[f64::from(plain.loss)], 1e-5);
}

#[test]
fn far_logits_cost_what_they_should() {
    let (z, gamma, beta) = ([1.0, -1.0], [1.0, 1.0], [0.0, 0.0]);
    let (table, bias) = ([0.0; 8], [900.0, 0.0, -900.0, -800.0]);
    let w = Weights { norm: LayerNorm { gamma: &gamma, beta: &beta }, table: &table, bias: &bias };
    let targets = Targets { groups: &[0..2, 2..4], classes: &[1, 1] };
    assert_eq!(losses(&z, &w, targets), [900.0, 0.0]);
    assert!(train(&z, &w, targets, 1.0).1.bias.iter().all(|x| x.is_finite()));
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let case = case([900, 20, 45], regular(15, 2, 1), 0.4);
    let t = case.tensors();
    same_for_all_threads(|| {
        let (sums, g) = train(&t[0], &weights(&t), case.targets(), 3.0);
        let sums = sums.iter().map(|&sum| sum as f32).collect();
        vec![sums, vec![g.loss], g.z, g.gamma, g.beta, g.table, g.bias, losses(&t[0], &weights(&t), case.targets())]
    });
}
