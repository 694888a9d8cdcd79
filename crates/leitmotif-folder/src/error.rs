//! What can be wrong with a folder.

use leitmotif_events::ObservedError;
use leitmotif_model::ModelError;
use std::path::Path;

/// Why a folder gives no model. Both kinds name the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It is no model's folder, or a file of it is not what it should be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// What the training songs have cannot be used.
    #[error(transparent)]
    Observed(#[from] ObservedError),
}

impl FolderError {
    /// A failure to read `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| ModelError::Io { path: path.to_owned(), source }.into()
    }

    /// Something wrong with `path`.
    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        ModelError::File { path: path.to_owned(), reason: reason.into() }.into()
    }
}
