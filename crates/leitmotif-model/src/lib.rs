//! What a model is, how it writes event by event, and how it is stored. Nothing here trains, and
//! nothing here depends on MIDI: events are tuples of numbers.

#![forbid(unsafe_code)]

mod config;
pub mod copy_features;
mod decoding;
mod description;
mod eager;
mod embed;
mod error;
mod folder;
mod interface;
mod latent_space;
pub mod markov;
pub mod network;
mod posterior;
mod prior;
mod scorer;
mod weights;
mod weights_file;

pub use config::{
    Compression, CompressionLoss, FieldDecoding, Gating, LatentKind, MAX_ATTRIBUTES, MAX_CHAINED_FIELDS, MAX_CLASSES,
    MAX_FIELDS, MAX_LATENT, MAX_LATENT_BARS, MAX_LAYERS, MAX_SPAN, MAX_VALUES, MAX_WIDTH, ModelConfig, ModelKind,
    Normalisation, Positions,
};
pub use copy_features::{CopyFeatureLayout, CopyFeatures, NO_COPY};
pub use decoding::NetworkModel;
pub use description::{AttributeCuts, ModelDescription};
pub use embed::{EmbedError, embed, embed_each};
pub use error::ModelError;
pub use folder::{CONFIG_FILE, MAX_CONFIG_BYTES, WEIGHTS_FILE, read_description, write_description};
pub use interface::{Condition, DecodingBatch, DecodingSession, Model, Scorer, ScoringSession, Segment};
pub use latent_space::LatentSpace;
pub use markov::{Markov, MarkovBuilder};
pub use posterior::{LOG_VARIANCES, Posterior, latent_noise};
pub use prior::{
    Mixture, PRIOR_COPIES, PRIOR_FILE, PRIOR_LAGS, PRIOR_LOG_DEVIATIONS, PRIOR_PERIODS, PRIOR_SCALES, Prior, PriorWalk,
    prior_features,
};
pub use scorer::SessionScorer;
pub use weights::{Array, MAX_WEIGHT, Precision, Weights};
pub use weights_file::{MAX_HEADER_BYTES, MAX_WEIGHT_BYTES, WeightsFile};
