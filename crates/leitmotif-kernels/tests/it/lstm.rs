//! The LSTM layer against its definition.

use crate::common::*;
use leitmotif_kernels::lstm::{Gradients, Output, State, Weights, backward, forward};

/// Tensors in the order x, h0, c0, w_ih, w_hh, b, for `[batch, segment, inputs, width]`.
fn tensors([batch, segment, inputs, width]: [usize; 4]) -> Vec<Vec<f32>> {
    let n = batch * width;
    let sizes = [batch * segment * inputs, n, n, inputs * 4 * width, width * 4 * width, 4 * width];
    (0..).zip(sizes).map(|(i, n)| random(i, n)).collect()
}

/// Outputs and last cells, in double precision.
fn define([batch, segment, inputs, width]: [usize; 4], t: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut y, mut cells) = (vec![], vec![]);
    for b in 0..batch {
        let mut h = t[1][b * width..(b + 1) * width].to_vec();
        let mut c = t[2][b * width..(b + 1) * width].to_vec();
        for i in 0..segment {
            let x = &t[0][(b * segment + i) * inputs..][..inputs];
            let (from_x, from_h) = (matmul(x, &t[3], inputs, 4 * width), matmul(&h, &t[4], width, 4 * width));
            let gate = |g: usize, j: usize| from_x[g * width + j] + from_h[g * width + j] + t[5][g * width + j];
            for j in 0..width {
                c[j] = sigmoid(gate(1, j)) * c[j] + sigmoid(gate(0, j)) * gate(2, j).tanh();
                h[j] = sigmoid(gate(3, j)) * c[j].tanh();
            }
            y.extend_from_slice(&h);
        }
        cells.extend(c);
    }
    (y, cells)
}

fn run(batch: usize, t: &[Vec<f32>], dy: &[f32], dend: [&[f32]; 2]) -> (Output, Gradients) {
    let w = Weights { w_ih: &t[3], w_hh: &t[4], b: &t[5] };
    let start = State { h: &t[1], c: &t[2] };
    let out = forward(&t[0], batch, start, &w);
    let end = State { h: dend[0], c: dend[1] };
    let gradients = backward(&t[0], batch, start, dy, Some(end), &w, &out.saved);
    (out, gradients)
}

#[test]
fn values_and_gradients_agree_with_the_definition() {
    for sizes @ [batch, segment, _, width] in [[1, 1, 1, 1], [3, 5, 4, 6], [11, 7, 20, 17], [2, 9, 64, 48]] {
        let t = tensors(sizes);
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let (dy, dh, dc) = (random(50, batch * segment * width), random(51, batch * width), random(52, batch * width));
        let (y, c) = define(sizes, &wide_t);
        let last = |y: &[f64]| -> Vec<f64> {
            y.chunks(segment * width).flat_map(|y| y[(segment - 1) * width..].to_vec()).collect()
        };
        each_isa(|_| {
            let (out, g) = run(batch, &t, &dy, [&dh, &dc]);
            assert_close("y", &out.y, &y, 1e-5);
            assert_close("h", &out.h, &last(&y), 1e-5);
            assert_close("c", &out.c, &c, 1e-5);
            let names = ["x", "h", "c", "w_ih", "w_hh", "b"];
            for (i, gradient) in [g.x, g.h, g.c, g.w_ih, g.w_hh, g.b].iter().enumerate() {
                check_gradient(names[i], &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    let (y, c) = define(sizes, &t);
                    dot(&y, &dy) + dot(&last(&y), &dh) + dot(&c, &dc)
                });
            }
        });
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let sizes = [21, 30, 12, 20];
    let t = tensors(sizes);
    let (dy, dend) = (random(50, 21 * 30 * 20), random(51, 21 * 20));
    same_for_all_threads(|| {
        let (out, g) = run(21, &t, &dy, [&dend, &dend]);
        vec![out.y, out.h, out.c, g.x, g.h, g.c, g.w_ih, g.w_hh, g.b]
    });
}
