//! The loss of compression against its definition.

use crate::common::*;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::reconstruction::{Input, Shape, Trained, Weights, train};

struct Case {
    shape: Shape,
    d: usize,
    filled_evicted: Vec<usize>,
    filled_compressed: Vec<usize>,
}

/// `[segment, evicted, ratio, heads, d]` and the filled counts of the sequences.
fn case([segment, evicted, ratio, heads, d]: [usize; 5], filled: &[usize]) -> Case {
    let shape = Shape { batch: filled.len(), segment, evicted, compressed: evicted.div_ceil(ratio), heads };
    let filled_compressed = filled.iter().map(|filled| filled.div_ceil(ratio)).collect();
    Case { shape, d, filled_evicted: filled.to_vec(), filled_compressed }
}

fn cases() -> Vec<Case> {
    vec![
        case([1, 1, 1, 1, 1], &[1]),
        case([4, 6, 6, 2, 6], &[6, 3, 0]),
        case([3, 7, 3, 3, 9], &[7, 1, 0, 5]),
        case([37, 20, 1, 1, 20], &[11]),
        case([33, 70, 4, 2, 16], &[0, 70, 69]),
        case([35, 50, 1, 2, 40], &[50]),
    ]
}

impl Case {
    /// x, evicted, compressed, gamma, beta, w_qkv
    fn tensors(&self) -> Vec<Vec<f32>> {
        let (Shape { batch, segment, evicted, compressed, .. }, d) = (self.shape, self.d);
        let sizes = [batch * segment * d, batch * evicted * d, batch * compressed * d, d, d, 3 * d * d];
        let mut tensors: Vec<_> = (0..).zip(sizes).map(|(i, n)| random(i, n)).collect();
        tensors[5].iter_mut().for_each(|x| *x *= (9.0 / d as f32).sqrt());
        tensors
    }

    /// What the queries of sequence `b` find in `rows`, `[segment, d]`.
    fn attend(&self, t: &[Vec<f64>], b: usize, rows: &[f64]) -> Vec<f64> {
        let (Shape { segment, heads, .. }, d) = (self.shape, self.d);
        let project = |rows: &[f64]| matmul(&layer_norm(rows, &t[3], &t[4]), &t[5], d, 3 * d);
        let (queries, memory) = (project(&t[0][b * segment * d..(b + 1) * segment * d]), project(rows));
        let mut found = vec![0.0; segment * d];
        let dh = d / heads;
        for i in 0..segment {
            for head in 0..heads {
                let weight = |row: &[f64]| {
                    let score: f64 = (head * dh..(head + 1) * dh).map(|c| queries[i * 3 * d + c] * row[d + c]).sum();
                    (score / (dh as f64).sqrt()).exp()
                };
                let weights: Vec<f64> = memory.chunks(3 * d).map(weight).collect();
                let sum: f64 = weights.iter().sum();
                for c in head * dh..(head + 1) * dh {
                    let values = memory.chunks(3 * d).map(|row| row[2 * d + c]);
                    found[i * d + c] = weights.iter().zip(values).map(|(w, v)| w / sum * v).sum();
                }
            }
        }
        found
    }

    /// In double precision.
    fn define(&self, t: &[Vec<f64>]) -> f64 {
        let (Shape { batch, segment, evicted, compressed, .. }, d) = (self.shape, self.d);
        let (mut sum, mut counted) = (0.0, 0);
        for b in (0..batch).filter(|&b| self.filled_evicted[b] > 0) {
            let last =
                |all: &[f64], slots: usize, n: usize| all[((b + 1) * slots - n) * d..(b + 1) * slots * d].to_vec();
            let target = self.attend(t, b, &last(&t[1], evicted, self.filled_evicted[b]));
            let found = self.attend(t, b, &last(&t[2], compressed, self.filled_compressed[b]));
            sum += target.iter().zip(found).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            counted += segment * d;
        }
        sum / counted as f64
    }

    fn run(&self, t: &[Vec<f32>]) -> Trained {
        let Self { shape, filled_evicted, filled_compressed, .. } = self;
        let [x, evicted, compressed, gamma, beta, w_qkv] = [0, 1, 2, 3, 4, 5].map(|i| &t[i][..]);
        let input = Input { shape: *shape, x, evicted, compressed, filled_evicted, filled_compressed };
        train(&input, &Weights { norm: LayerNorm { gamma, beta }, w_qkv })
    }
}

#[test]
fn loss_and_gradient_agree_with_the_definition() {
    for case in cases() {
        let t = case.tensors();
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let expected = case.define(&wide_t);
        each_isa(|isa| {
            let what = format!("{isa:?} {:?}", case.shape);
            let trained = case.run(&t);
            assert_close(&what, &[trained.loss], &[expected], 1e-5);
            // The gradient of a mean is small: that of the sum is as large as others.
            let count = case.shape.segment as f64;
            let gradient: Vec<f32> = trained.compressed.iter().map(|g| g * count as f32).collect();
            check_gradient(&what, &t[2], &gradient, |compressed| {
                let mut t = wide_t.clone();
                t[2] = compressed.to_vec();
                case.define(&t) * count
            });
        });
    }
}

#[test]
fn equal_states_lose_nothing() {
    let case = case([5, 8, 1, 2, 8], &[8, 3]);
    let mut t = case.tensors();
    t[2] = t[1].clone();
    let trained = case.run(&t);
    assert_eq!(trained.loss, 0.0);
    assert!(trained.compressed.iter().all(|&g| g == 0.0));
}

#[test]
fn empty_slots_are_never_read() {
    let case = case([4, 9, 4, 2, 8], &[5, 0, 9]);
    let (Shape { evicted, compressed, .. }, d) = (case.shape, case.d);
    let mut t = case.tensors();
    let before = case.run(&t);
    for b in 0..3 {
        t[1][b * evicted * d..][..(evicted - case.filled_evicted[b]) * d].fill(f32::NAN);
        let empty = b * compressed * d..(b * compressed + compressed - case.filled_compressed[b]) * d;
        t[2][empty.clone()].fill(f32::NAN);
        assert!(before.compressed[empty].iter().all(|&g| g == 0.0));
    }
    let after = case.run(&t);
    assert!(before.loss > 0.0);
    assert_eq!((before.loss, before.compressed), (after.loss, after.compressed));
}

#[test]
fn nothing_evicted_costs_nothing() {
    let case = case([4, 9, 4, 2, 8], &[0, 0]);
    let trained = case.run(&case.tensors());
    assert_eq!(trained.loss, 0.0);
    assert!(trained.compressed.iter().all(|&g| g == 0.0));
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for case in [case([70, 90, 4, 2, 24], &[90, 17, 0]), case([130, 200, 2, 3, 24], &[200])] {
        let t = case.tensors();
        same_for_all_threads(|| {
            let trained = case.run(&t);
            vec![vec![trained.loss], trained.compressed]
        });
    }
}
