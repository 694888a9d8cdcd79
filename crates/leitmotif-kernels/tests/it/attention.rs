//! Relative attention against its definition.

use crate::common::*;
use leitmotif_kernels::attention::{Config, Gradients, Input, Shape, Valid, Weights, backward, forward, sinusoids};
use leitmotif_kernels::{Dropout, Isa, LayerNorm, dropout};

struct Case {
    shape: Shape,
    d: usize,
    valid: Vec<Valid>,
    config: Config,
}

const DROP: [Dropout; 2] = [Dropout { p: 0.2, seed: 11 }, Dropout { p: 0.3, seed: 12 }];

/// `[batch, segment, compressed, memory, heads, d]`, valid counts of the sequences in turn, dropout
/// and residual, gradient of the context.
fn case(sizes: [usize; 6], valid: &[[usize; 2]], drop: bool, context_gradient: bool) -> Case {
    let [batch, segment, compressed, memory, heads, d] = sizes;
    let shape = Shape { batch, segment, compressed, memory, heads };
    let valid = valid.iter().cycle().take(batch).map(|&[compressed, memory]| Valid { compressed, memory }).collect();
    let [probability_dropout, output_dropout] = if drop { DROP } else { [Dropout::NONE; 2] };
    Case { shape, d, valid, config: Config { residual: drop, probability_dropout, output_dropout, context_gradient } }
}

fn cases() -> Vec<Case> {
    vec![
        case([1, 1, 0, 0, 1, 1], &[[0, 0]], false, false),
        case([2, 1, 3, 2, 1, 3], &[[3, 2], [0, 0]], false, true),
        case([3, 7, 0, 0, 2, 6], &[[0, 0]], true, false),
        case([2, 5, 0, 4, 3, 9], &[[0, 4], [0, 1]], true, false),
        case([4, 9, 6, 5, 2, 8], &[[6, 5], [2, 5], [0, 3], [3, 0]], false, false),
        case([4, 9, 6, 5, 2, 8], &[[6, 5], [2, 1], [0, 0], [1, 4]], true, true),
        case([1, 64, 0, 0, 8, 64], &[[0, 0]], false, false),
        case([10, 19, 9, 8, 2, 16], &[[9, 8], [3, 8]], true, false),
        case([2, 37, 100, 130, 1, 20], &[[100, 130], [70, 100]], true, true),
    ]
}

impl Case {
    /// Output's gradient, and: x, context, gamma, beta, w_qkv, w_r, u, v, w_o, b_o.
    fn tensors(&self) -> (Vec<f32>, Vec<Vec<f32>>) {
        let (Shape { batch, segment, .. }, d) = (self.shape, self.d);
        let n = batch * segment * d;
        let sizes = [n, batch * self.shape.context() * d, d, d, 3 * d * d, d * d, d, d, d * d, d];
        let mut tensors: Vec<_> = (0..).zip(sizes).map(|(i, n)| random(i, n)).collect();
        for i in [4, 5, 8] {
            tensors[i].iter_mut().for_each(|x| *x *= (4.0 / d as f32).sqrt());
        }
        (random(99, n), tensors)
    }

    fn sees(&self, b: usize, i: usize, j: usize) -> bool {
        let (Shape { compressed, .. }, context) = (self.shape, self.shape.context());
        let valid = self.valid[b];
        if j < compressed {
            j >= compressed - valid.compressed
        } else if j < context {
            j >= context - valid.memory
        } else {
            j <= context + i
        }
    }

    /// In double precision.
    fn define(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let (Shape { batch, segment, heads, .. }, d) = (self.shape, self.d);
        let (context, keys, dh) = (self.shape.context(), self.shape.keys(), d / heads);
        let mut joined = vec![];
        for b in 0..batch {
            joined.extend_from_slice(&t[1][b * context * d..(b + 1) * context * d]);
            joined.extend_from_slice(&t[0][b * segment * d..(b + 1) * segment * d]);
        }
        let qkv = matmul(&layer_norm(&joined, &t[2], &t[3]), &t[4], d, 3 * d);
        let r = matmul(&wide(&sinusoids(keys, d)[..keys * d]), &t[5], d, d);
        let drop = self.config.probability_dropout;
        let keep = wide(&dropout::mask(drop.seed, batch * heads * segment * keys, drop.p));
        let mut out = vec![0.0; batch * segment * d];
        for b in 0..batch {
            for h in 0..heads {
                for i in 0..segment {
                    let at = |row: usize, part: usize, c: usize| qkv[(b * keys + row) * 3 * d + part * d + h * dh + c];
                    let mut e = vec![0.0; keys];
                    for j in (0..keys).filter(|&j| self.sees(b, i, j)) {
                        let score: f64 = (0..dh)
                            .map(|c| {
                                let (q, column) = (at(context + i, 0, c), h * dh + c);
                                (q + t[6][column]) * at(j, 1, c)
                                    + (q + t[7][column]) * r[(context + i - j) * d + column]
                            })
                            .sum();
                        e[j] = (score / (dh as f64).sqrt()).exp();
                    }
                    let sum: f64 = e.iter().sum();
                    for c in 0..dh {
                        out[(b * segment + i) * d + h * dh + c] = (0..keys)
                            .map(|j| e[j] / sum * keep[((b * heads + h) * segment + i) * keys + j] * at(j, 2, c))
                            .sum();
                    }
                }
            }
        }
        let mut y = matmul(&out, &t[8], d, d);
        let drop = self.config.output_dropout;
        let keep = wide(&dropout::mask(drop.seed, y.len(), drop.p));
        for (i, y) in y.iter_mut().enumerate() {
            *y = (*y + t[9][i % d]) * keep[i] + if self.config.residual { t[0][i] } else { 0.0 };
        }
        y
    }

    fn run(&self, dy: &[f32], t: &[Vec<f32>]) -> (Vec<f32>, Gradients) {
        let input = Input { shape: self.shape, x: &t[0], context: &t[1], valid: &self.valid };
        let norm = LayerNorm { gamma: &t[2], beta: &t[3] };
        let w = Weights { norm, w_qkv: &t[4], w_r: &t[5], u: &t[6], v: &t[7], w_o: &t[8], b_o: &t[9] };
        let (y, saved) = forward(&input, &w, &self.config, true);
        assert_eq!(y, forward(&input, &w, &self.config, false).0);
        let gradients = backward(&input, dy, &w, &self.config, &saved.unwrap());
        (y, gradients)
    }
}

fn list(g: Gradients) -> [Option<Vec<f32>>; 10] {
    let [x, gamma, beta, w_qkv, w_r, u, v, w_o, b_o] =
        [g.x, g.gamma, g.beta, g.w_qkv, g.w_r, g.u, g.v, g.w_o, g.b_o].map(Some);
    [x, g.context, gamma, beta, w_qkv, w_r, u, v, w_o, b_o]
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    for case in cases() {
        let (dy, t) = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        let large = case.shape.batch * case.shape.segment * case.shape.keys() * case.d > 50_000;
        each_isa(|isa| {
            let (y, gradients) = case.run(&dy, &t);
            assert_close(&format!("{isa:?} {:?} y", case.shape), &y, &expected, 1e-5);
            assert_eq!(gradients.context.is_some(), case.config.context_gradient);
            if large && Some(isa) != Isa::available().last() {
                return;
            }
            let names = ["x", "context", "gamma", "beta", "w_qkv", "w_r", "u", "v", "w_o", "b_o"];
            for (i, gradient) in list(gradients).iter().enumerate() {
                let Some(gradient) = gradient else { continue };
                check_gradient(&format!("{isa:?} {:?} {}", case.shape, names[i]), &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    dot(&case.define(&t), &dy)
                });
            }
        });
    }
}

#[test]
fn empty_slots_have_no_influence() {
    let case = case([2, 5, 4, 3, 2, 8], &[[1, 2], [0, 1]], false, true);
    let (dy, mut t) = case.tensors();
    let before = case.run(&dy, &t);
    let context = case.shape.context();
    for b in 0..2 {
        for j in (0..context).filter(|&j| !case.sees(b, 0, j)) {
            let rows = &mut t[1][(b * context + j) * 8..][..8];
            rows.iter_mut().for_each(|x| *x = 1e3 - *x);
            let gradient = &before.1.context.as_ref().unwrap()[(b * context + j) * 8..][..8];
            assert!(gradient.iter().all(|&g| g == 0.0));
        }
    }
    let after = case.run(&dy, &t);
    assert_eq!(before.0, after.0);
    assert_eq!(list(before.1), list(after.1));
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for case in [
        case([11, 20, 12, 9, 2, 24], &[[12, 9], [5, 3]], true, false),
        case([3, 30, 0, 9, 3, 24], &[[0, 9]], true, true),
    ] {
        let (dy, t) = case.tensors();
        same_for_all_threads(|| {
            let (y, gradients) = case.run(&dy, &t);
            list(gradients).into_iter().flatten().chain([y]).collect()
        });
    }
}

#[test]
fn products_of_bfloat16_numbers_give_nearly_the_same() {
    for case in [
        case([3, 45, 12, 9, 2, 34], &[[12, 9], [5, 3]], true, false),
        case([2, 70, 0, 9, 2, 64], &[[0, 9]], true, true),
        case([2, 33, 7, 4, 3, 24], &[[3, 1], [0, 0]], false, true),
    ] {
        let (dy, t) = case.tensors();
        nearly_the_same_in_bf16(|| {
            let (y, gradients) = case.run(&dy, &t);
            list(gradients).into_iter().flatten().chain([y]).collect()
        });
    }
}
