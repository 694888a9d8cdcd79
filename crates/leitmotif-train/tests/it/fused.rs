//! A training with kernels and one by the operations' definitions are the same training.

use crate::common;
use leitmotif_corpus::{BatchOptions, TrainingBatches};
use leitmotif_model::{FieldDecoding, ModelConfig, ModelDescription};
use leitmotif_network::LatentObjective;
use leitmotif_network::ops::by_definition;
use leitmotif_train::{Learner, Timings, TrainPrecision};
use std::sync::Arc;
use tempfile::TempDir;

const STEPS: u64 = 200;

#[test]
fn losses_of_two_hundred_steps_coincide_with_the_definitions() {
    coincide(|model| ModelConfig { copy_features: true, ..model });
}

#[test]
fn independent_fields_learn_as_by_the_definitions() {
    coincide(|model| ModelConfig { fields: FieldDecoding::Independent, ..model });
}

fn coincide(changed: impl Fn(ModelConfig) -> ModelConfig) {
    let folder = TempDir::new().unwrap();
    let corpus = common::corpus(folder.path());
    let mut config = common::config(STEPS);
    config.model = changed(ModelConfig { segment: 16, memory: 8, compressed: 6, ratio: 3, ..config.model });
    config.train.learning_rate = 1e-3;
    config.train.precision = TrainPrecision::Single;
    let description = ModelDescription::new(config.model.clone(), corpus.vocabulary().sizes()).unwrap();
    let run = || -> Vec<[f64; 2]> {
        let options = BatchOptions { streams: 3, segment: 16, ..BatchOptions::default() };
        let mut batches = TrainingBatches::new(Arc::clone(&corpus), options).unwrap();
        let mut learner = Learner::new(&description, &config).unwrap();
        let mut timings = Timings::default();
        let mut step = |seed| {
            let metrics =
                learner.train_step(&batches.next_batch(), seed, LatentObjective::default(), &mut timings).unwrap();
            learner.apply(seed, config.train.learning_rate, &mut timings);
            [metrics.nll() / metrics.events as f64, metrics.compression]
        };
        (0..STEPS).map(&mut step).collect()
    };
    let (fused, defined) = (run(), by_definition(run));
    assert!(fused[STEPS as usize - 1][0] < 0.5 * fused[0][0], "it learns");
    assert!(fused.iter().any(|[_, compression]| *compression > 0.0), "memory overflows");
    let mut different = false;
    for (step, (a, b)) in fused.iter().zip(&defined).enumerate() {
        different |= a != b;
        // Rounding differs, and each step builds on the one before.
        let tolerance = if step < 20 { 1e-5 } else { 1e-3 };
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "step {step}: {a} with kernels, {b} by definition");
        }
    }
    assert!(different, "both ran the same code");
}
