//! What a model is, how it writes event by event, and how it is stored. Nothing here trains, and
//! nothing here knows of MIDI: events are tuples of numbers.

mod config;
pub mod echo;
mod error;
mod folder;
mod interface;
mod judge;
pub mod markov;
mod stepper;
mod weights;

pub use config::{
    Compression, CompressionLoss, Gating, MAX_FIELDS, MAX_LAYERS, MAX_SPAN, MAX_VALUES, MAX_WIDTH, ModelConfig,
    ModelDescription, ModelKind,
};
pub use echo::{EchoPlan, Echoes};
pub use error::ModelError;
pub use folder::{
    CONFIG_FILE, MAX_CONFIG_BYTES, WEIGHTS_FILE, open_model, read_description, weights_path, write_description,
};
pub use interface::{Ensemble, Evaluator, Judge, Model, Segment, Stepper};
pub use judge::StepperJudge;
pub use markov::{Markov, MarkovBuilder};
pub use stepper::NetworkModel;
pub use weights::{Array, MAX_WEIGHT_BYTES, Weights, replace_file};
