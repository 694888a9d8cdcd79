//! Layer norm, embedding, products and the optimiser against their definitions.

use crate::common::{self, *};
use leitmotif_kernels::adamw::{AdamW, sum_of_squares};
use leitmotif_kernels::{LayerNorm, embed, gemm, layer_norm};
use rand::Rng;

#[test]
fn layer_norm_agrees_with_the_definition() {
    for [rows, d] in [[1, 1], [3, 5], [200, 16], [70, 100], [0, 8]] {
        let t: Vec<_> = (0..).zip([rows * d, d, d]).map(|(i, n)| random(i, n)).collect();
        let dy = random(9, rows * d);
        let wide_t: Vec<_> = t.iter().map(|t| wide(t)).collect();
        let norm = LayerNorm { gamma: &t[1], beta: &t[2] };
        each_isa(|_| {
            let expected = common::layer_norm(&wide_t[0], &wide_t[1], &wide_t[2]);
            assert_close("y", &layer_norm::forward(&t[0], norm), &expected, 1e-5);
            let g = layer_norm::backward(&t[0], norm, &dy);
            for (i, gradient) in [g.x, g.gamma, g.beta].iter().enumerate() {
                check_gradient(["x", "gamma", "beta"][i], &t[i], gradient, |x| {
                    let mut t = wide_t.clone();
                    t[i] = x.to_vec();
                    dot(&common::layer_norm(&t[0], &t[1], &t[2]), &dy)
                });
            }
        });
    }
}

#[test]
fn embedding_agrees_with_the_definition() {
    for [n, k, d, rows] in [[1, 1, 1, 1], [300, 3, 20, 17], [0, 2, 4, 5], [50, 6, 33, 1000]] {
        let (table, dy) = (random(1, rows * d), random(2, n * d));
        let mut rng = rng(3);
        let index: Vec<i32> = (0..n * k).map(|_| rng.random_range(-1..rows as i32)).collect();
        let (mut expected, mut gradient) = (vec![0.0; n * d], vec![0.0; rows * d]);
        for i in 0..n {
            for f in 0..k {
                let Ok(row) = usize::try_from(index[i * k + f]) else { continue };
                for j in 0..d {
                    expected[i * d + j] += 0.5 * f64::from(table[row * d + j]);
                    gradient[row * d + j] += 0.5 * f64::from(dy[i * d + j]);
                }
            }
        }
        each_isa(|_| {
            assert_close("y", &embed::forward(&table, &index, [d, k], 0.5), &expected, 1e-6);
            assert_close("table", &embed::backward(&dy, &index, rows, [d, k], 0.5), &gradient, 1e-6);
        });
    }
}

#[test]
fn indices_below_zero_embed_nothing() {
    let (table, dy) = (random(1, 3 * 5), random(2, 2 * 5));
    assert_eq!(embed::forward(&table, &[-1, -1, -1, 2], [5, 2], 1.0), [&[0.0; 5], &table[10..]].concat());
    let gradient = embed::backward(&dy, &[-1, -1, -1, 2], 3, [5, 2], 1.0);
    assert_eq!(gradient, [&[0.0; 10], &dy[5..]].concat());
}

#[test]
fn optimiser_steps_agree_with_the_definition() {
    let n = 20_011;
    let start = random(1, n);
    let (rate, beta1, beta2, epsilon, decay, scale) = (1e-2, 0.9, 0.98, 1e-8, 0.1, 0.7);
    let (mut p, mut m, mut v) = (wide(&start), vec![0.0; n], vec![0.0; n]);
    for step in 1..=3 {
        let gradient = random(10 + step, n);
        for i in 0..n {
            let g = f64::from(gradient[i]) * scale;
            m[i] = beta1 * m[i] + (1.0 - beta1) * g;
            v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
            let t = step as i32;
            let (mean, square) = (m[i] / (1.0 - beta1.powi(t)), v[i] / (1.0 - beta2.powi(t)));
            p[i] = p[i] * (1.0 - rate * decay) - rate * mean / (square.sqrt() + epsilon);
        }
    }
    each_isa(|_| {
        let (mut q, mut mean, mut square) = (start.clone(), vec![0.0; n], vec![0.0; n]);
        for step in 1..=3 {
            let settings = AdamW {
                rate: rate as f32,
                beta1: beta1 as f32,
                beta2: beta2 as f32,
                epsilon: epsilon as f32,
                weight_decay: decay as f32,
                step,
                gradient_scale: scale as f32,
            };
            settings.update(&mut q, &random(10 + step, n), &mut mean, &mut square);
        }
        assert_close("p", &q, &p, 1e-5);
        assert_close("mean", &mean, &m, 1e-5);
        assert_close("square", &square, &v, 1e-5);
    });
}

#[test]
fn the_sum_of_squares_is_exact_enough() {
    for n in [0, 1, 17, 100_003] {
        let x = random(5, n);
        let expected: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
        each_isa(|_| assert!((sum_of_squares(&x) - expected).abs() <= 1e-6 * expected));
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let [n, d] = [3000, 40];
    let (x, dy, gamma, beta) = (random(1, n * d), random(2, n * d), random(3, d), random(4, d));
    let index: Vec<i32> = (0..2 * n as i32).map(|i| i * 7 % 51 - 1).collect();
    same_for_all_threads(|| {
        let g = layer_norm::backward(&x, LayerNorm { gamma: &gamma, beta: &beta }, &dy);
        let squares = sum_of_squares(&x);
        vec![
            g.x,
            g.gamma,
            g.beta,
            embed::backward(&dy, &index, 50, [d, 2], 1.5),
            gemm::tn(&x, &dy, [n, d, d]),
            gemm::nn(&x, &x[..d * d], None, [n, d, d]),
            vec![squares as f32, (squares - f64::from(squares as f32)) as f32],
        ]
    });
}
