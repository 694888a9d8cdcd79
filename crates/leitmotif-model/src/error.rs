//! What can go wrong when a model is described, built, saved or loaded.

use std::path::PathBuf;

/// A failure to build, save or load a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Settings that make no model.
    #[error("{0}")]
    Config(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Weights that do not fit the described model.
    #[error("the weights do not fit the model: {0}")]
    Weights(String),
    /// A device that this build or this machine does not have.
    #[error("{0}")]
    Device(String),
}
