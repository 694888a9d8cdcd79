//! The demo's model: small enough to learn something on two cores within minutes.

use crate::console::Console;
use crate::verbs::evaluate::{ModelResult, TestEvaluation};
use anyhow::Result;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_model::ModelConfig;
use leitmotif_train::{AugmentConfig, LatentConfig, RunConfig, TrainConfig, load_scorer};
use std::path::Path;

/// Minutes of training, so that the whole demo takes less than five.
pub const MINUTES: f64 = 2.5;
/// Songs evaluated side by side.
const STREAMS: usize = 16;

/// The run's settings. Many songs side by side in short segments: with so few steps, what differs
/// between the songs of a batch is worth more than how far each is read. The practice corpus is
/// larger than what is read of it, so nothing is changed or left out at random to keep the model
/// from learning it by heart.
pub fn config(minutes: f64, steps: Option<u64>, seed: u64) -> RunConfig {
    RunConfig {
        model: ModelConfig {
            d_model: 96,
            layers: 2,
            heads: 3,
            d_ff: 288,
            d_field: 96,
            segment: 64,
            memory: 128,
            compressed: 64,
            ff_dropout: 0.0,
            layer_dropout: 0.0,
            ..ModelConfig::default()
        },
        train: TrainConfig {
            seed,
            batch_size: 32,
            minutes: if steps.is_some() { 0.0 } else { minutes },
            steps: steps.unwrap_or(0),
            learning_rate: 6e-3,
            warmup_steps: 40,
            header_dropout: 0.05,
            validate_every: 100,
            validate_events: 15_000,
            checkpoint_every: 0,
            ..TrainConfig::default()
        },
        augment: AugmentConfig { transpose: 0, tempo: 0.0, velocity: 0 },
        latent: LatentConfig::default(),
    }
}

/// Model, unigram and Markov model on the test songs.
pub fn judge(corpus: &Corpus, model: &Path, console: &Console) -> Result<Vec<ModelResult>> {
    let scorer = load_scorer(model, "cpu")?;
    let evaluation = TestEvaluation { corpus, split: Split::Test, streams: STREAMS, console };
    let mut results = vec![evaluation.result("model", Some(model.to_owned()), &*scorer)?];
    results.extend(evaluation.baselines()?);
    Ok(results)
}

/// What people call a result.
pub fn title(name: &str) -> &str {
    match name {
        "model" => "this model",
        "unigram" => "unigram (frequencies alone)",
        "markov" => "Markov model",
        other => other,
    }
}
