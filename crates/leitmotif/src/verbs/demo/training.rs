//! The demo's training: the model that ships learns the style of the songs.

use crate::console::Console;
use crate::verbs::evaluate::{ModelResult, TestEvaluation};
use anyhow::Result;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_folder::ModelFolder;
use leitmotif_train::{Preset, RunConfig, load_scorer};
use std::path::Path;

/// Minutes of training, so that the whole demo takes about three.
pub const MINUTES: f64 = 2.5;
/// Songs evaluated side by side.
const STREAMS: usize = 8;
/// The names of the two models among the results.
pub const MODELS: [&str; 2] = ["base", "adapted"];

/// The run's settings: those of `train --from base`, within a time.
pub fn config(base: &ModelFolder, minutes: f64, steps: Option<u64>, seed: u64) -> RunConfig {
    let mut config = Preset::fine_tuning(&base.description().model);
    config.train.from = base.path().display().to_string();
    config.train.seed = seed;
    config.train.minutes = if steps.is_some() { 0.0 } else { minutes };
    config.train.steps = steps.unwrap_or(0);
    config.train.checkpoint_every = 0;
    config
}

/// Both models on the test songs.
pub fn evaluate(corpus: &Corpus, models: [&Path; 2], console: &Console) -> Result<Vec<ModelResult>> {
    let evaluation = TestEvaluation { corpus, split: Split::Test, streams: STREAMS, console };
    let result = |(name, model): (&'static str, &Path)| {
        evaluation.result(name, Some(model.to_owned()), &*load_scorer(model, "cpu")?)
    };
    MODELS.into_iter().zip(models).map(result).collect()
}

/// What people call a model.
pub fn title(name: &str) -> &str {
    match name {
        "base" => "the model that ships",
        "adapted" => "after learning from the chorales",
        other => other,
    }
}
