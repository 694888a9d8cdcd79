//! What can be wrong with a corpus folder.

use std::path::{Path, PathBuf};

/// A failure to open or write a corpus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The folder is not a corpus.
    #[error("{0} is not a corpus: it has no corpus.json")]
    Missing(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The corpus has another version.
    #[error("{path}: the corpus has format {found}, this program reads {expected}; prepare it again")]
    Format {
        /// Its `corpus.json`.
        path: PathBuf,
        /// The format in the file.
        found: u32,
        /// The format of this program.
        expected: u32,
    },
    /// A file of the corpus is not what it should be.
    #[error("{path}: {reason}; prepare the corpus again, or restore the file")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A shard is damaged.
    #[error("{path}: the shard is damaged: {reason}; prepare the corpus again, or restore the file")]
    Shard {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The vocabulary cannot be used.
    #[error("{path}: {error}")]
    Vocabulary {
        /// Its `tokenizer.json`.
        path: PathBuf,
        /// Why not.
        error: leitmotif_events::RepresentationError,
    },
}

impl CorpusError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}
