//! All settings of a run: `config.toml`.
//!
//! All defaults stand here, in the `Default` implementations. A configuration is built in layers: a
//! preset, then a file, then single keys ([`RunConfig::layered`]); the result is saved with the
//! run, with every key.

mod hint;
mod latent;
mod layers;
mod presets;

pub use latent::{KlSchedule, LatentConfig};
pub use layers::Override;
pub use presets::Preset;

use crate::TrainError;
use leitmotif_corpus::MAX_TRANSPOSE;
use leitmotif_kernels::{Isa, Products, Set};
use leitmotif_model::{ModelConfig, ModelKind};
use serde::{Deserialize, Serialize};

/// Most pieces side by side.
pub const MAX_BATCH_SIZE: usize = 1 << 14;

/// The settings of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// The architecture.
    pub model: ModelConfig,
    /// The loop.
    pub train: TrainConfig,
    /// Changes drawn at random for each song each time it is read.
    pub augment: AugmentConfig,
    /// How latents and attributes are trained, in models that have them.
    pub latent: LatentConfig,
}

/// How the learning rate moves after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Half a cosine from the peak down to `min_ratio` of it at the end of the budget.
    #[default]
    Cosine,
    /// The peak throughout.
    Constant,
    /// The peak for the first four fifths of the budget, then in a straight line down to
    /// `min_ratio` of it. A run can be continued with a larger budget and has lost little:
    /// Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training
    /// Durations".
    Trapezoidal,
}

/// The numbers that training's matrix products multiply on the CPU. Sums, weights and optimiser are
/// in single precision with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TrainPrecision {
    /// [`Self::Bf16`] where the processor has instructions for it, else [`Self::Single`].
    #[default]
    Auto,
    /// 32 bits.
    Single,
    /// 16 bits (bfloat16). A processor without instructions for it emulates them, slowly.
    Bf16,
}

impl TrainPrecision {
    /// How this machine computes with it.
    pub fn isa(self) -> Isa {
        let isa = Isa::current();
        isa.with_products(match self {
            Self::Single => Products::Single,
            Self::Bf16 => Products::Bf16,
            Self::Auto if isa.set() == Set::Avx512Bf16 => Products::Bf16,
            Self::Auto => Products::Single,
        })
    }
}

/// The loop: optimiser, budget, validation, checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Determines initial weights, order of songs, augmentation and dropout.
    pub seed: u64,
    /// Where the networks run: `cpu`, or `cuda` or `wgpu` in builds that have them.
    pub device: String,
    /// What matrix products multiply on the CPU.
    pub precision: TrainPrecision,
    /// Songs trained on at the same time.
    #[serde(alias = "lanes")]
    pub batch_size: usize,
    /// Segments whose gradients are averaged before one optimiser step.
    pub accumulate: usize,
    /// Stop after this many optimiser steps; 0 for no limit.
    pub steps: u64,
    /// Stop after this many passes over the training songs; 0 for no limit.
    pub epochs: f64,
    /// Stop after this many minutes of wall-clock time; 0 for no limit.
    pub minutes: f64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Optimiser steps of linear rise to the peak.
    pub warmup_steps: u64,
    /// How the learning rate moves after that.
    pub schedule: Schedule,
    /// The lowest learning rate of the cosine, as a share of the peak.
    pub min_ratio: f64,
    /// Decay of weight matrices, decoupled from the gradient; embeddings, norms and biases do not
    /// decay.
    pub weight_decay: f64,
    /// Decay rates of Adam's two running means.
    pub betas: [f64; 2],
    /// Added to Adam's denominator.
    pub epsilon: f64,
    /// Largest global norm of the gradient; 0 for no clipping.
    pub clip: f64,
    /// Optimiser steps that the weights which are validated and published are averaged over; 0 for
    /// the weights of the last step alone.
    pub average_steps: u64,
    /// Stop after this many steps in a row whose loss or gradient is not finite (each is skipped).
    pub max_bad_steps: u32,
    /// How far genres are evened out, 0 to 1: 0 reads each song once in an epoch, 1 as many events
    /// of each genre.
    pub balance: f64,
    /// Probability with which a song's header is left out in training.
    #[serde(alias = "header_drop")]
    pub header_dropout: f64,
    /// Probability with which a song is read with holes: some of its cells given before the others
    /// are written. Of corpora of cells.
    pub holes: f64,
    /// Probability with which a song is read with its chords, estimated from its notes. Of corpora
    /// of cells.
    pub chords: f64,
    /// The run or model folder whose weights training begins with; empty for fresh ones.
    pub from: String,
    /// Optimiser steps between validations; 0 for only one, at the end.
    pub validate_every: u64,
    /// Most events that one validation scores; 0 for the whole validation split.
    pub validate_events: u64,
    /// Stop after this many validations in a row without a better one; 0 for never.
    pub patience: u32,
    /// Optimiser steps between lines of `metrics.jsonl`.
    pub log_every: u64,
    /// Optimiser steps between checkpoints; 0 for only where a run validates or ends.
    pub checkpoint_every: u64,
    /// Checkpoints to keep, the newest.
    pub keep_checkpoints: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            device: "cpu".into(),
            precision: TrainPrecision::Auto,
            batch_size: 16,
            accumulate: 1,
            steps: 0,
            epochs: 0.0,
            minutes: 0.0,
            learning_rate: 1e-3,
            warmup_steps: 100,
            schedule: Schedule::Cosine,
            min_ratio: 0.1,
            weight_decay: 0.01,
            betas: [0.9, 0.98],
            epsilon: 1e-8,
            clip: 1.0,
            average_steps: 1000,
            max_bad_steps: 20,
            balance: 0.0,
            header_dropout: 0.2,
            from: String::new(),
            holes: 0.5,
            chords: 0.5,
            validate_every: 200,
            validate_events: 100_000,
            patience: 0,
            log_every: 10,
            checkpoint_every: 500,
            keep_checkpoints: 2,
        }
    }
}

/// Augmentation: each song is changed afresh each time it is read. 0 switches a change off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Transposition by up to this many semitones, up or down; drums stay.
    pub transpose: u8,
    /// Tempo times up to `2^tempo`, or divided by it (octaves, 0 to 1).
    pub tempo: f64,
    /// Up to this much added to or taken from every velocity.
    pub velocity: u8,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { transpose: 5, tempo: 0.1, velocity: 8 }
    }
}

impl RunConfig {
    /// Checks every range, and that the run ends.
    ///
    /// # Errors
    /// [`TrainError::Config`] names the key, its value and what it may be.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.model.validate()?;
        let train = &self.train;
        let check = |holds: bool, key: &str, value: &dyn std::fmt::Display, want: &str| {
            if holds { Ok(()) } else { Err(TrainError::Config(format!("{key} = {value}: it must be {want}"))) }
        };
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        check(
            (1..=MAX_BATCH_SIZE).contains(&train.batch_size),
            "train.batch_size",
            &train.batch_size,
            "between 1 and 16384",
        )?;
        check(train.accumulate > 0, "train.accumulate", &train.accumulate, "at least 1")?;
        check(finite(train.epochs), "train.epochs", &train.epochs, "0 or more")?;
        check(finite(train.minutes), "train.minutes", &train.minutes, "0 or more")?;
        let rate = train.learning_rate;
        check(rate.is_finite() && rate > 0.0, "train.learning_rate", &rate, "above 0")?;
        check(share(train.min_ratio), "train.min_ratio", &train.min_ratio, "between 0 and 1")?;
        check(finite(train.weight_decay), "train.weight_decay", &train.weight_decay, "0 or more")?;
        for beta in train.betas {
            check((0.0..1.0).contains(&beta), "train.betas", &beta, "two numbers of at least 0 and below 1")?;
        }
        check(train.epsilon.is_finite() && train.epsilon > 0.0, "train.epsilon", &train.epsilon, "above 0")?;
        check(finite(train.clip), "train.clip", &train.clip, "0 or more")?;
        check(share(train.balance), "train.balance", &train.balance, "between 0 and 1")?;
        check(share(train.header_dropout), "train.header_dropout", &train.header_dropout, "between 0 and 1")?;
        check(share(train.holes), "train.holes", &train.holes, "between 0 and 1")?;
        check(share(train.chords), "train.chords", &train.chords, "between 0 and 1")?;
        check(train.log_every > 0, "train.log_every", &train.log_every, "at least 1")?;
        check(train.keep_checkpoints > 0, "train.keep_checkpoints", &train.keep_checkpoints, "at least 1")?;
        let augment = &self.augment;
        check(augment.transpose <= MAX_TRANSPOSE, "augment.transpose", &augment.transpose, "at most 24 semitones")?;
        check(share(augment.tempo), "augment.tempo", &augment.tempo, "between 0 and 1 octaves")?;
        check(augment.velocity <= 126, "augment.velocity", &augment.velocity, "at most 126")?;
        self.latent.validate()?;
        for name in &self.model.attributes {
            let attribute: Result<leitmotif_events::Attribute, _> = name.parse();
            attribute.map_err(|error| TrainError::Config(format!("model.attributes: {error}")))?;
        }
        let ends = train.steps > 0 || train.epochs > 0.0 || train.minutes > 0.0 || train.patience > 0;
        if self.model.kind != ModelKind::Markov && !ends {
            return Err(TrainError::Config(
                "nothing ends this run: set train.steps, train.epochs, train.minutes or train.patience".into(),
            ));
        }
        Ok(())
    }

    /// The configuration as TOML, with every key.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration has only TOML types")
    }

    /// Reads a complete configuration back.
    ///
    /// # Errors
    /// [`TrainError::Config`] for text that is no configuration.
    pub fn from_toml(text: &str) -> Result<Self, TrainError> {
        toml::from_str(text).map_err(|error| TrainError::Config(error.to_string()))
    }
}
