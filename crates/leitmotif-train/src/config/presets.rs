//! Named starting points: a preset holds only what differs from the defaults.

use super::{AugmentConfig, LatentConfig, RunConfig, TrainConfig};
use crate::TrainError;
use leitmotif_model::{LatentKind, ModelConfig, ModelKind};

/// A named configuration to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Minutes on a laptop.
    #[default]
    Tiny,
    /// An hour or more on a few cores.
    Small,
    /// For a GPU, or a patient CPU.
    Large,
    /// The sizes of the study this project descends from.
    Study,
    /// [`Self::Tiny`] with a latent for each bar and attributes to steer by.
    TinyVae,
    /// [`Self::Small`] with the same.
    SmallVae,
}

/// The peak of the learning rate where a trained model is adapted.
const FINE_TUNING_RATE: f64 = 1e-3;

impl Preset {
    /// Every preset, smallest first.
    pub const ALL: [Self; 6] = [Self::Tiny, Self::Small, Self::Large, Self::Study, Self::TinyVae, Self::SmallVae];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Large => "large",
            Self::Study => "study",
            Self::TinyVae => "tiny-vae",
            Self::SmallVae => "small-vae",
        }
    }

    /// Settings that adapt a trained model to some more songs: its own architecture, and small
    /// steps that end once validation no longer improves.
    pub fn fine_tuning(model: &ModelConfig) -> RunConfig {
        let tiny = Self::Tiny.config();
        let train = TrainConfig {
            batch_size: 8,
            learning_rate: FINE_TUNING_RATE,
            warmup_steps: 50,
            average_steps: 100,
            validate_every: 25,
            patience: 8,
            ..tiny.train
        };
        RunConfig { model: model.clone(), train, ..tiny }
    }

    /// One line of description.
    pub fn about(self) -> &'static str {
        match self {
            Self::Tiny => "4 layers of 128, memory 64 + 32: minutes on a laptop",
            Self::Small => "6 layers of 256, memory 128 + 64: an hour or more on a few cores",
            Self::Large => "8 layers of 512, memory 512 + 128: for a GPU",
            Self::Study => "6 layers of 64, segment 64, memory 64 + 256 in layers 5 and 6: the original study's sizes",
            Self::TinyVae => "tiny with a latent of 64 a bar and attributes: reconstruct, vary, interpolate, restyle",
            Self::SmallVae => "small with a latent of 128 a bar and attributes",
        }
    }

    /// Its settings.
    pub fn config(self) -> RunConfig {
        match self {
            Self::TinyVae => with_latents(Self::Tiny.config(), 5),
            Self::SmallVae => with_latents(Self::Small.config(), 8),
            Self::Tiny => RunConfig {
                // Many streams and short segments: steps over few songs fit those songs and
                // generalise less.
                model: ModelConfig {
                    segment: 64,
                    memory: 64,
                    compressed: 32,
                    ff_dropout: 0.05,
                    layer_dropout: 0.05,
                    copy_features: true,
                    tied: true,
                    ..ModelConfig::default()
                },
                train: TrainConfig {
                    batch_size: 32,
                    learning_rate: 4e-3,
                    warmup_steps: 50,
                    header_dropout: 0.1,
                    ..TrainConfig::default()
                },
                augment: AugmentConfig { transpose: 3, tempo: 0.1, velocity: 16 },
                latent: LatentConfig::default(),
            },
            Self::Small => RunConfig {
                model: ModelConfig {
                    d_model: 256,
                    layers: 6,
                    heads: 4,
                    d_ff: 1024,
                    d_field: 256,
                    segment: 128,
                    memory: 128,
                    compressed: 64,
                    copy_features: true,
                    tied: true,
                    ..ModelConfig::default()
                },
                train: TrainConfig {
                    batch_size: 32,
                    learning_rate: 1.5e-3,
                    warmup_steps: 200,
                    ..TrainConfig::default()
                },
                augment: AugmentConfig::default(),
                latent: LatentConfig::default(),
            },
            Self::Large => RunConfig {
                model: ModelConfig {
                    d_model: 512,
                    layers: 8,
                    heads: 8,
                    d_ff: 2048,
                    d_field: 512,
                    segment: 512,
                    memory: 512,
                    compressed: 128,
                    copy_features: true,
                    tied: true,
                    ..ModelConfig::default()
                },
                train: TrainConfig {
                    batch_size: 32,
                    learning_rate: 3e-4,
                    warmup_steps: 1000,
                    ..TrainConfig::default()
                },
                augment: AugmentConfig::default(),
                latent: LatentConfig::default(),
            },
            Self::Study => RunConfig {
                model: ModelConfig {
                    kind: ModelKind::Transformer,
                    d_model: 64,
                    layers: 6,
                    heads: 8,
                    d_ff: 256,
                    d_field: 64,
                    segment: 64,
                    memory: 64,
                    compressed: 256,
                    ratio: 4,
                    memory_layers: vec![5, 6],
                    ff_dropout: 0.0,
                    layer_dropout: 0.0,
                    ..ModelConfig::default()
                },
                train: TrainConfig {
                    batch_size: 64,
                    learning_rate: 1e-3,
                    warmup_steps: 0,
                    schedule: super::Schedule::Constant,
                    weight_decay: 0.0,
                    betas: [0.9, 0.999],
                    clip: 0.5,
                    average_steps: 0,
                    header_dropout: 0.0,
                    ..TrainConfig::default()
                },
                augment: AugmentConfig { transpose: 0, tempo: 0.0, velocity: 0 },
                latent: LatentConfig::default(),
            },
        }
    }
}

/// The same with a latent for each bar, whose slots are so wide, and attributes.
fn with_latents(mut config: RunConfig, width: usize) -> RunConfig {
    config.model.latent = LatentKind::Bar;
    config.model.latent_slots = LATENT_SLOTS;
    config.model.latent_bag = LATENT_BAG;
    config.model.d_latent = LATENT_SLOTS * width + LATENT_FIELDS * LATENT_BAG;
    config.latent.kl_max_beta = 0.04;
    config.latent.word_dropout = 0.1;
    config.latent.copy_dropout = 0.2;
    config.model.attributes = ATTRIBUTES.map(str::to_owned).to_vec();
    config
}

/// Slots of a latent: few dimensions each, and enough of them that the notes of a bar seldom share
/// one.
const LATENT_SLOTS: usize = 32;
/// Dimensions of each bag: some more than there are sixteenths in a bar.
const LATENT_BAG: usize = 24;
/// Fields of an event, but the first, in the representation that has bars.
const LATENT_FIELDS: usize = 5;
/// What models with latents can be steered by.
const ATTRIBUTES: [&str; 5] = ["rhythm", "polyphony", "density", "velocity", "register"];

impl std::str::FromStr for Preset {
    type Err = TrainError;

    fn from_str(name: &str) -> Result<Self, TrainError> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|preset| preset.name()).collect();
            TrainError::Config(format!(
                "there is no preset `{name}`{}; there are {}",
                super::hint::hint(name, names.iter().copied()),
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_preset_is_valid_once_it_has_a_budget_and_survives_toml() {
        for preset in Preset::ALL {
            let mut config = preset.config();
            assert!(config.validate().is_err(), "{preset:?} has no end of its own");
            config.train.steps = 10;
            config.validate().unwrap();
            assert_eq!(RunConfig::from_toml(&config.to_toml()).unwrap(), config);
            assert_eq!(preset.name().parse::<Preset>().unwrap(), preset);
        }
        let error = "smal".parse::<Preset>().unwrap_err().to_string();
        assert!(error.contains("did you mean `small`"), "{error}");
    }
}
