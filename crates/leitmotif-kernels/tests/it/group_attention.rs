//! Attention within groups against its definition.

use crate::common::*;
use leitmotif_kernels::group_attention::{Config, Gradients, Input, Weights, backward, forward};
use leitmotif_kernels::{Dropout, Isa, LayerNorm, dropout};

struct Case {
    groups: Vec<usize>,
    heads: usize,
    d: usize,
    config: Config,
}

const DROP: Dropout = Dropout { p: 0.2, seed: 11 };

fn case(groups: &[usize], heads: usize, d: usize, drop: bool, residual: bool) -> Case {
    let output_dropout = if drop { DROP } else { Dropout::NONE };
    Case { groups: groups.to_vec(), heads, d, config: Config { residual, output_dropout } }
}

fn cases() -> Vec<Case> {
    vec![
        case(&[1], 1, 1, false, false),
        case(&[], 2, 4, true, true),
        case(&[1, 1, 2, 1], 1, 3, false, true),
        case(&[7, 1, 5], 2, 6, true, false),
        case(&[9, 33, 16, 1, 8], 3, 9, true, true),
        case(&[70], 8, 64, false, true),
        case(&[5; 30], 4, 24, true, true),
        case(&[63, 65], 1, 20, false, false),
        case(&[3, 100, 2, 64], 2, 18, true, true),
        case(&[13; 90], 2, 4, true, true),
    ]
}

impl Case {
    fn rows(&self) -> usize {
        self.groups.iter().sum()
    }

    fn offsets(&self) -> Vec<usize> {
        (0..=self.groups.len()).map(|group| self.groups[..group].iter().sum()).collect()
    }

    /// Output's gradient, and: x, gamma, beta, w_qkv, w_o, b_o.
    fn tensors(&self) -> (Vec<f32>, Vec<Vec<f32>>) {
        let (n, d) = (self.rows() * self.d, self.d);
        let mut tensors: Vec<_> = (0..).zip([n, d, d, 3 * d * d, d * d, d]).map(|(i, n)| random(i, n)).collect();
        for i in [3, 4] {
            tensors[i].iter_mut().for_each(|x| *x *= (4.0 / d as f32).sqrt());
        }
        (random(99, n), tensors)
    }

    /// In double precision.
    fn define(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let (d, dh) = (self.d, self.d / self.heads);
        let qkv = matmul(&layer_norm(&t[0], &t[1], &t[2]), &t[3], d, 3 * d);
        let mut mixed = vec![0.0; self.rows() * d];
        for group in self.offsets().windows(2) {
            for (i, first) in (group[0]..group[1]).flat_map(|i| (0..self.heads).map(move |h| (i, h * dh))) {
                let at = |row: usize, part: usize, c: usize| qkv[row * 3 * d + part * d + first + c];
                let score = |j: usize| (0..dh).map(|c| at(i, 0, c) * at(j, 1, c)).sum::<f64>() / (dh as f64).sqrt();
                let largest = (group[0]..group[1]).map(score).fold(f64::NEG_INFINITY, f64::max);
                let e: Vec<f64> = (group[0]..group[1]).map(|j| (score(j) - largest).exp()).collect();
                let sum: f64 = e.iter().sum();
                for c in 0..dh {
                    mixed[i * d + first + c] = (group[0]..group[1]).zip(&e).map(|(j, e)| e / sum * at(j, 2, c)).sum();
                }
            }
        }
        let mut y = matmul(&mixed, &t[4], d, d);
        let drop = self.config.output_dropout;
        let keep = wide(&dropout::mask(drop.seed, y.len(), drop.p));
        for (i, y) in y.iter_mut().enumerate() {
            *y = (*y + t[5][i % d]) * keep[i] + if self.config.residual { t[0][i] } else { 0.0 };
        }
        y
    }

    fn run(&self, dy: &[f32], t: &[Vec<f32>]) -> (Vec<f32>, Gradients) {
        let input = Input { x: &t[0], offsets: &self.offsets(), heads: self.heads };
        let norm = LayerNorm { gamma: &t[1], beta: &t[2] };
        let w = Weights { norm, w_qkv: &t[3], w_o: &t[4], b_o: &t[5] };
        let (y, saved) = forward(&input, &w, &self.config, true);
        assert_eq!(y, forward(&input, &w, &self.config, false).0);
        let gradients = backward(&input, dy, &w, &self.config, &saved.unwrap());
        (y, gradients)
    }
}

fn list(g: Gradients) -> [Vec<f32>; 6] {
    [g.x, g.gamma, g.beta, g.w_qkv, g.w_o, g.b_o]
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    for case in cases() {
        let (dy, t) = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        let large = case.groups.iter().map(|rows| rows * rows * case.d).sum::<usize>() > 50_000;
        each_isa(|isa| {
            let (y, gradients) = case.run(&dy, &t);
            assert_close(&format!("{isa:?} {:?} y", case.groups), &y, &expected, 1e-5);
            // The reference is slow: differences for large cases only once.
            if large && Some(isa) != Isa::available().last() {
                return;
            }
            let names = ["x", "gamma", "beta", "w_qkv", "w_o", "b_o"];
            for (i, gradient) in list(gradients).iter().enumerate() {
                check_gradient(&format!("{isa:?} {:?} {}", case.groups, names[i]), &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    dot(&case.define(&t), &dy)
                });
            }
        });
    }
}

#[test]
fn large_scores_stay_finite() {
    let case = case(&[40, 3], 2, 16, false, true);
    let (dy, mut t) = case.tensors();
    t[3].iter_mut().for_each(|x| *x *= 30.0);
    let expected = case.define(&t.iter().map(|t| wide(t)).collect::<Vec<_>>());
    each_isa(|isa| {
        let (y, gradients) = case.run(&dy, &t);
        assert_close(&format!("{isa:?}"), &y, &expected, 1e-3);
        assert!(list(gradients).iter().flatten().all(|g| g.is_finite()));
    });
}

#[test]
fn other_groups_have_no_influence() {
    let case = case(&[5, 40, 6], 2, 8, true, true);
    let (mut dy, mut t) = case.tensors();
    let before = case.run(&dy, &t);
    for x in [&mut dy, &mut t[0]] {
        let (head, tail) = x.split_at_mut(45 * 8);
        head[..5 * 8].iter_mut().chain(tail).for_each(|x| *x = 0.5 - *x);
    }
    let after = case.run(&dy, &t);
    assert_eq!(before.0[5 * 8..45 * 8], after.0[5 * 8..45 * 8]);
    assert_eq!(before.1.x[5 * 8..45 * 8], after.1.x[5 * 8..45 * 8]);
}

#[test]
#[should_panic(expected = "every group has a row")]
fn empty_groups_are_refused() {
    let case = case(&[3, 0, 2], 1, 4, false, false);
    let (dy, t) = case.tensors();
    case.run(&dy, &t);
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for case in [case(&[70, 1, 300, 9, 33, 64, 700], 2, 24, true, true), case(&[7; 100], 3, 9, false, false)] {
        let (dy, t) = case.tensors();
        same_for_all_threads(|| {
            let (y, gradients) = case.run(&dy, &t);
            list(gradients).into_iter().chain([y]).collect()
        });
    }
}

#[test]
fn products_of_bfloat16_numbers_give_nearly_the_same() {
    for case in [case(&[70, 1, 9, 33, 64], 2, 34, true, true), case(&[7; 30], 3, 27, false, false)] {
        let (dy, t) = case.tensors();
        nearly_the_same_in_bf16(|| {
            let (y, gradients) = case.run(&dy, &t);
            list(gradients).into_iter().chain([y]).collect()
        });
    }
}
