//! What the tests share: random inputs, double-precision helpers, numeric gradients, and runs under
//! every instruction set and several numbers of threads.

use leitmotif_kernels::{Isa, Products};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Values between -1 and 1.
pub fn random(seed: u64, n: usize) -> Vec<f32> {
    let mut rng = rng(seed);
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Fails if a value is off by more than `tolerance` of the largest expected magnitude (at least
/// `floor`).
pub fn assert_close(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.1_f64, |m, x| m.max(x.abs()));
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(got) - expected).abs();
        assert!(error <= tolerance * scale, "{what}[{i}] is {got}, not {expected} (largest {scale})");
    }
}

/// Checks some elements of a gradient against central differences of `f`, which is given in double
/// precision.
pub fn check_gradient(what: &str, at: &[f32], gradient: &[f32], f: impl Fn(&[f64]) -> f64) {
    const STEP: f64 = 1e-4;
    const SAMPLES: usize = 10;
    assert_eq!(gradient.len(), at.len(), "{what}");
    let mut rng = rng(at.len() as u64);
    let mut x = wide(at);
    let scale = gradient.iter().fold(0.05_f32, |m, g| m.max(g.abs()));
    let all = at.len() <= SAMPLES;
    for sample in 0..SAMPLES.min(at.len()) {
        let i = if all { sample } else { rng.random_range(0..at.len()) };
        let middle = x[i];
        x[i] = middle + STEP;
        let above = f(&x);
        x[i] = middle - STEP;
        let expected = (above - f(&x)) / (2.0 * STEP);
        x[i] = middle;
        let error = (f64::from(gradient[i]) - expected).abs();
        assert!(
            error <= 2e-5 * f64::from(scale) + 1e-6,
            "gradient of {what}[{i}] is {}, not {expected} (largest {scale})",
            gradient[i]
        );
    }
}

pub fn dot(a: &[f64], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, &b)| a * f64::from(b)).sum()
}

/// `a[_, k] b[k, n]`
pub fn matmul(a: &[f64], b: &[f64], k: usize, n: usize) -> Vec<f64> {
    let mut c = Vec::new();
    for a in a.chunks(k) {
        c.extend((0..n).map(|j| (0..k).map(|p| a[p] * b[p * n + j]).sum::<f64>()));
    }
    c
}

pub fn layer_norm(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let d = gamma.len();
    let mut y = Vec::new();
    for x in x.chunks(d) {
        let mean = x.iter().sum::<f64>() / d as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d as f64;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        y.extend((0..d).map(|j| (x[j] - mean) * scale * gamma[j] + beta[j]));
    }
    y
}

/// Runs `work` under every instruction set of this machine.
pub fn each_isa(work: impl Fn(Isa)) {
    for isa in Isa::available() {
        isa.force(|| work(isa));
    }
}

/// Fails unless `work` gives nearly the same, array by array, where products multiply bfloat16
/// numbers, with this machine's instructions and emulated.
pub fn nearly_the_same_in_bf16(work: impl Fn() -> Vec<Vec<f32>>) {
    let norm = |x: &[f32]| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let single = work();
    for isa in [Isa::current(), Isa::PORTABLE] {
        let rounded = isa.with_products(Products::Bf16).force(&work);
        assert_eq!(rounded.len(), single.len());
        for (i, (rounded, single)) in rounded.iter().zip(&single).enumerate() {
            let difference: Vec<f32> = rounded.iter().zip(single).map(|(a, b)| a - b).collect();
            let share = norm(&difference) / norm(single).max(1e-30);
            assert!(share < 0.02, "{isa:?}, array {i}: {share} of it");
        }
        assert_ne!(rounded, single, "products are rounded");
    }
}

/// Fails unless `work` gives the same bits with one, two and three threads, whatever the products
/// multiply.
pub fn same_for_all_threads(work: impl Fn() -> Vec<Vec<f32>> + Sync) {
    for products in [Products::Single, Products::Bf16] {
        let isa = Isa::current().with_products(products);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let out = pool.install(|| isa.force(&work));
            out.into_iter().map(|x| x.into_iter().map(f32::to_bits).collect()).collect::<Vec<Vec<u32>>>()
        };
        let one = run(1);
        assert!(one == run(2), "two threads, {products:?}");
        assert!(one == run(3), "three threads, {products:?}");
        assert!(one == run(1), "one thread again, with used buffers, {products:?}");
    }
}
