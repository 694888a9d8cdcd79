//! What a study found: everything that its report states, and nothing else.
//!
//! `results.json` holds one [`Results`]. It is made from the study file, the corpora and one
//! [`RunResult`] a run, in the order of the plan, so that a study that was stopped and taken up
//! again ends with the same file. Only seconds of training depend on the clock.

mod music;

use leitmotif_train::{Estimate, SongLoss};
pub use music::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of `results.json` and `result.json`.
pub const RESULTS_FORMAT: u32 = 1;

/// `results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// [`RESULTS_FORMAT`].
    pub format: u32,
    /// The program with its version.
    pub tool: String,
    /// What the study is called.
    pub title: String,
    /// Its question, in a sentence or two; may be empty.
    pub question: String,
    /// What a reader must know of how it was done, a paragraph each: budgets that were scaled and
    /// the like.
    pub remarks: Vec<String>,
    /// The study file, as it was read.
    pub study: String,
    /// BLAKE3 of what determines the runs, hexadecimal.
    pub fingerprint: String,
    /// How the study was started: the arguments after `leitmotif`.
    pub command: Vec<String>,
    /// The collection.
    pub collection: CollectionFacts,
    /// The arms: what models were trained on.
    pub arms: Vec<ArmFacts>,
    /// The common test sets, which no arm trained on.
    pub tests: Vec<TestFacts>,
    /// What else differs between runs, in order.
    pub factors: Vec<FactorFacts>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Each arm's songs beside each test set's: the proof that they are apart.
    pub leakage: Vec<LeakageCheck>,
    /// The runs, in the order of the plan. One that was not run (yet) is not here.
    pub runs: Vec<RunResult>,
    /// How many runs the study has, with those that are not here.
    pub planned_runs: usize,
    /// Numbers that others published, to stand beside these; empty if none are named.
    pub references: Vec<Reference>,
}

/// Where the music came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionFacts {
    /// The names of the folders.
    pub inputs: Vec<String>,
    /// Files found.
    pub files: usize,
    /// Songs kept.
    pub songs: usize,
    /// Files dropped as near-duplicates of others.
    pub duplicates: usize,
    /// Files dropped for any other reason.
    pub dropped: usize,
    /// The corpus's fingerprint.
    pub fingerprint: String,
}

/// How much music.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Songs.
    pub songs: usize,
    /// Notes.
    pub notes: usize,
    /// Events.
    pub events: usize,
    /// Bars.
    pub bars: usize,
    /// Seconds.
    pub seconds: f64,
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmFacts {
    /// Its name.
    pub name: String,
    /// Which songs and parts it has, in words.
    pub description: String,
    /// `events`, `notes`, ...
    pub representation: String,
    /// What it learns from.
    pub train: Amount,
    /// What steers its training.
    pub valid: Amount,
    /// The fingerprint of its corpus.
    pub fingerprint: String,
    /// Songs that it may not have since they are, or are near-duplicates of, songs of a test set.
    pub kept_out: Vec<KeptOut>,
    /// The test set of its own kind of music, if there is one: the diagonal of the matrix.
    pub home: Option<String>,
}

/// A song that an arm lost to a test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptOut {
    /// The arm's song.
    pub song: String,
    /// The test set.
    pub test: String,
    /// The song of the test set.
    pub like: String,
    /// How alike, 0 to 1.
    pub similarity: f64,
}

/// One common test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFacts {
    /// Its name.
    pub name: String,
    /// Which songs and parts, in words.
    pub description: String,
    /// How much.
    pub amount: Amount,
    /// The fingerprint of its corpus, by representation.
    pub fingerprints: BTreeMap<String, String>,
    /// Scored by the mean over all keys up to so many semitones away; 0 for its own key.
    #[serde(default)]
    pub transpositions: u8,
}

/// What else differs between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorFacts {
    /// Its name, such as `dropout`.
    pub name: String,
    /// Its levels in order; the first one is what the others are compared with.
    pub levels: Vec<LevelFacts>,
}

/// One level of a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelFacts {
    /// Its name, such as `0.1`.
    pub name: String,
    /// The configuration keys that it sets, with their values as TOML.
    pub set: BTreeMap<String, String>,
}

/// An arm's songs beside a test set's, after all that were too alike were kept out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakageCheck {
    /// The arm.
    pub arm: String,
    /// The test set.
    pub test: String,
    /// Songs of the arm (training and validation) that were compared.
    pub arm_songs: usize,
    /// Songs of the test set that were compared.
    pub test_songs: usize,
    /// Files that are in both: 0.
    pub same_files: usize,
    /// The two songs that are most alike; `None` where one side is empty or no two have anything in
    /// common.
    pub nearest: Option<NearestPair>,
    /// The similarity from which songs count as copies.
    pub threshold: f64,
}

/// Two songs and how alike they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearestPair {
    /// The arm's song.
    pub arm_song: String,
    /// The test set's song.
    pub test_song: String,
    /// 0 to 1.
    pub similarity: f64,
}

/// One run: an arm, a level of each factor, a seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// Its name, also that of its folder below `runs`.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// The level of each factor.
    pub levels: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was trained and evaluated.
    Finished(Box<Finished>),
    /// It was not.
    Failed {
        /// Why.
        error: String,
    },
}

impl RunResult {
    /// What a finished run found.
    pub fn finished(&self) -> Option<&Finished> {
        match &self.outcome {
            Outcome::Finished(finished) => Some(finished),
            Outcome::Failed { .. } => None,
        }
    }
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Trainable values.
    pub parameters: usize,
    /// Optimiser steps.
    pub steps: u64,
    /// Passes over the training songs.
    pub epochs: f64,
    /// Events trained on.
    pub events: u64,
    /// Seconds of training; of all that stands here, only this depends on the clock.
    pub seconds: f64,
    /// Where the chosen model stood: the best in validation.
    pub best: Option<BestFacts>,
    /// Why training ended: `budget` or `patience`.
    pub ended: String,
    /// The resolved configuration, TOML.
    pub config: String,
    /// BLAKE3 of the chosen model's weights, hexadecimal.
    pub model: String,
    /// What the training songs cost the chosen model (all of them, or those drawn up to the study's
    /// limit of events).
    pub train: Loss,
    /// What the validation songs cost; `None` without any.
    pub valid: Option<Loss>,
    /// What each test set costs, by its name.
    pub tests: BTreeMap<String, Loss>,
    /// How training went.
    pub curves: Curves,
    /// What the run composed, measured beside real music; `None` if nothing was composed.
    pub music: Option<Music>,
    /// The run's own hints for the reader.
    pub notes: Vec<String>,
}

/// Which model was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestFacts {
    /// Optimiser steps.
    pub step: u64,
    /// Passes over the training songs.
    pub epoch: f64,
    /// Nats per note in validation.
    pub nats_per_note: f64,
}

/// What music cost a model. Intervals are 95 % bootstrap intervals over songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Nats per event (per token): comparable within a representation only.
    pub per_event: Estimate,
    /// Nats per note.
    pub per_note: Estimate,
    /// Nats per bar.
    pub per_bar: Estimate,
    /// Nats per second.
    pub per_second: Estimate,
    /// Nats per frame, in a representation that has frames; the piece's end is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_frame: Option<Estimate>,
    /// Nats per token of a frame (per voice), where each frame has as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_voice: Option<Estimate>,
    /// Song by song, in the corpus's order; empty for training songs.
    pub songs: Vec<SongLoss>,
}

/// Losses while training, thinned to what a figure shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    /// In training.
    pub train: Vec<CurvePoint>,
    /// In validation.
    pub valid: Vec<CurvePoint>,
}

/// A point of a learning curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// Optimiser steps.
    pub step: u64,
    /// Passes over the training songs.
    pub epoch: f64,
    /// Nats per event (token).
    pub per_event: f64,
    /// Nats per note.
    pub per_note: f64,
}

/// Numbers that others published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Whose, such as `original study`.
    pub source: String,
    /// The arm of this study that it stands beside.
    pub arm: String,
    /// The levels of this study's factors that it stands beside.
    #[serde(default)]
    pub levels: BTreeMap<String, String>,
    /// Epochs trained.
    #[serde(default)]
    pub epochs: Option<f64>,
    /// The best epoch.
    #[serde(default)]
    pub best_epoch: Option<f64>,
    /// Nats per token in training.
    #[serde(default)]
    pub train: Option<f64>,
    /// Nats per token in validation.
    #[serde(default)]
    pub valid: Option<f64>,
    /// Nats per token in test.
    #[serde(default)]
    pub test: Option<f64>,
}
