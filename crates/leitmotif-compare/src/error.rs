//! Why a study could not be planned, run or collected.

use std::path::{Path, PathBuf};

/// A failure of a study as a whole. A run that fails is no such failure, but a row of the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The study file makes no study; names the place, the reason, and what is valid.
    #[error("{path}: {reason}")]
    Study {
        /// The study file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The collection does not hold what an arm or a test set requires.
    #[error("{what} {name}: {reason}")]
    Selection {
        /// `arm` or `test set`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is missing and what to do.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file of the study's folder is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The collection could not be prepared.
    #[error(transparent)]
    Prepare(#[from] leitmotif_corpus::prepare::PrepareError),
    /// A corpus could not be read.
    #[error(transparent)]
    Corpus(#[from] leitmotif_corpus::CorpusError),
    /// A configuration makes no run, or a model could not be evaluated.
    #[error(transparent)]
    Train(#[from] leitmotif_train::TrainError),
    /// A model could not be opened.
    #[error(transparent)]
    Folder(#[from] leitmotif_folder::FolderError),
    /// Music could not be composed.
    #[error(transparent)]
    Compose(#[from] leitmotif_compose::ComposeError),
    /// The study was stopped; what is done is saved.
    #[error("interrupted; {done} of {planned} runs are finished, and the study can be continued")]
    Interrupted {
        /// Runs finished.
        done: usize,
        /// Runs planned.
        planned: usize,
    },
}

impl From<leitmotif_files::FileError> for CompareError {
    fn from(leitmotif_files::FileError { path, source }: leitmotif_files::FileError) -> Self {
        Self::Io { path, error: source }
    }
}

impl CompareError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::Io { path: path.to_owned(), error }
    }

    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: reason.into() }
    }
}
