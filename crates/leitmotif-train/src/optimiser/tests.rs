#![allow(clippy::unwrap_used)]

use super::*;
use burn::module::Param;
use burn::tensor::{Device, TensorData};

#[derive(Module, Debug)]
struct Toy {
    matrix: Param<Tensor<2>>,
    embedding: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    unused: Param<Tensor<2>>,
}

const SETTINGS: AdamSettings = AdamSettings { betas: [0.9, 0.99], epsilon: 1e-8, weight_decay: 0.1, clip: 0.5 };

fn toy() -> Toy {
    let device = Device::flex().autodiff();
    let tensor = |scale: f32| {
        let values: Vec<f32> = (0..6).map(|i| (i as f32 - 2.2) * scale).collect();
        Param::from_data(TensorData::new(values, [2, 3]), &device)
    };
    let bias = Param::from_data(TensorData::new(vec![0.5f32, -0.25, 1.0], [3]), &device);
    Toy { matrix: tensor(0.3), embedding: tensor(0.2), bias, unused: tensor(1.0) }
}

/// A loss of every parameter but `unused`; its gradients are `factor * weight` (and so on).
fn loss(toy: &Toy, factor: f32) -> Tensor<1> {
    let squares = |tensor: Tensor<2>| tensor.powi_scalar(2).sum().mul_scalar(0.5 * factor);
    squares(toy.matrix.val()) + squares(toy.embedding.val()) + (toy.bias.val() * factor).sum()
}

fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    param.val().into_data().try_into_vec().unwrap()
}

fn all(toy: &Toy) -> Vec<f32> {
    [values(&toy.matrix), values(&toy.embedding), values(&toy.bias), values(&toy.unused)].concat()
}

fn train(on_slices: bool, factors: &[f32]) -> (Toy, Adam, Vec<Applied>) {
    let mut toy = toy();
    let mut adam = Adam::new(&toy, SETTINGS, on_slices);
    let mut applied = Vec::new();
    for factor in factors {
        adam.accumulate(&toy, &mut loss(&toy, *factor).backward());
        let (next, done) = adam.apply(toy, 0.01, |toy, updater| toy.map(updater));
        toy = next;
        applied.push(done);
    }
    (toy, adam, applied)
}

/// The definition, in double precision, for one parameter.
fn reference(
    start: &[f32],
    decays: bool,
    gradient: impl Fn(f64, f64) -> f64,
    factors: &[f32],
    norms: &[f64],
) -> Vec<f64> {
    let one = |&start: &f32| {
        let (mut w, mut m, mut v) = (f64::from(start), 0.0, 0.0);
        for (t, (factor, norm)) in factors.iter().zip(norms).enumerate() {
            let g = gradient(w, f64::from(*factor)) * (0.5 / norm).min(1.0);
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let (m, v) = (m / (1.0 - 0.9f64.powi(t as i32 + 1)), v / (1.0 - 0.99f64.powi(t as i32 + 1)));
            w -= 0.01 * (m / (v.sqrt() + 1e-8) + if decays { 0.1 * w } else { 0.0 });
        }
        w
    };
    start.iter().map(one).collect()
}

fn near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 2e-6, "{found} is not {expected}");
    }
}

#[test]
fn both_paths_follow_the_definition() {
    let factors = [1.0, 0.1, -0.5, 3.0];
    for on_slices in [true, false] {
        let (trained, adam, applied) = train(on_slices, &factors);
        let norms: Vec<f64> = applied.iter().map(|step| step.norm).collect();
        assert!(norms[0] > 0.5 && norms[1] < 0.5, "one step is clipped, one is not: {norms:?}");
        let start = toy();
        near(&values(&trained.matrix), &reference(&values(&start.matrix), true, |w, f| w * f, &factors, &norms));
        near(&values(&trained.embedding), &reference(&values(&start.embedding), false, |w, f| w * f, &factors, &norms));
        near(&values(&trained.bias), &reference(&values(&start.bias), false, |_, f| f, &factors, &norms));
        assert_eq!(values(&trained.unused), values(&start.unused), "what got no gradient does not even decay");
        assert_eq!(adam.weights().len(), 4 * 3);
    }
}

#[test]
fn accumulated_gradients_are_averaged() {
    let (mut twice, mut once) = (toy(), toy());
    let mut adam = Adam::new(&twice, SETTINGS, true);
    for factor in [0.25, 0.75] {
        adam.accumulate(&twice, &mut loss(&twice, factor).backward());
    }
    (twice, _) = adam.apply(twice, 0.01, |toy, updater| toy.map(updater));
    let mut adam = Adam::new(&once, SETTINGS, true);
    adam.accumulate(&once, &mut loss(&once, 0.5).backward());
    (once, _) = adam.apply(once, 0.01, |toy, updater| toy.map(updater));
    let reference: Vec<f64> = all(&once).into_iter().map(f64::from).collect();
    near(&all(&twice), &reference);
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    for on_slices in [true, false] {
        let toy = toy();
        let before = all(&toy);
        let mut adam = Adam::new(&toy, SETTINGS, on_slices);
        adam.accumulate(&toy, &mut loss(&toy, f32::NAN).backward());
        let (toy, applied) = adam.apply(toy, 0.01, |toy, updater| toy.map(updater));
        assert!(!applied.applied);
        assert_eq!(all(&toy), before);
        adam.accumulate(&toy, &mut loss(&toy, 1.0).backward());
        assert!(adam.apply(toy, 0.01, |toy, updater| toy.map(updater)).1.applied, "the bad gradient is forgotten");
    }
}

#[test]
fn saved_and_restored_it_goes_on_to_the_bit() {
    for on_slices in [true, false] {
        let (expected, ..) = train(on_slices, &[1.0, 0.5, 0.25, 0.125]);
        let (mut toy, adam, _) = train(on_slices, &[1.0, 0.5]);
        let saved = adam.weights();
        let mut adam = Adam::new(&toy, SETTINGS, on_slices);
        adam.restore(&toy, &saved).unwrap();
        for factor in [0.25, 0.125] {
            adam.accumulate(&toy, &mut loss(&toy, factor).backward());
            (toy, _) = adam.apply(toy, 0.01, |toy, updater| toy.map(updater));
        }
        assert_eq!(all(&toy), all(&expected));
        assert!(adam.restore(&toy, &Weights::new()).is_err());
    }
}
