//! The one way to a trained model: [`ModelFolder::open`] takes a run folder or a model folder and
//! gives everything that composing and evaluating need, without a training framework.
//!
//! The files of a model folder are described in `docs/formats.md`; their names are the constants
//! here.

#![forbid(unsafe_code)]

mod error;
mod model_folder;
mod place;

pub use error::FolderError;
pub use leitmotif_events::{OBSERVED_FILE, VOCABULARY_FILE};
pub use leitmotif_model::{CONFIG_FILE, PRIOR_FILE, WEIGHTS_FILE};
pub use model_folder::ModelFolder;
pub use place::{BEST, LAST, RUN_CONFIG_FILE, find_model, newest};

/// The critic of a model's pieces, in a model folder that has one.
pub const CRITIC_FILE: &str = "critic.json";
/// The model card of a model folder.
pub const CARD_FILE: &str = "README.md";
