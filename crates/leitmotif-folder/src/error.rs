//! What can be wrong with a folder.

use std::path::{Path, PathBuf};

/// Why a folder gives no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The description, the weights or the prior are not a model's.
    #[error(transparent)]
    Model(#[from] leitmotif_model::ModelError),
    /// What the training songs have cannot be used.
    #[error(transparent)]
    Observed(#[from] leitmotif_events::ObservedError),
}

impl FolderError {
    /// A failure to read `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Something wrong with `path`.
    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: reason.into() }
    }
}
