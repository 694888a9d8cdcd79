//! Why a corpus could not be prepared at all. A bad file is no such reason: it is one line of the
//! report.

use crate::CorpusError;
use leitmotif_events::RepresentationError;
use std::path::PathBuf;

/// A failure to prepare a corpus. Nothing has been written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The settings make no sense.
    #[error("{0}")]
    Options(String),
    /// An input is not there, or cannot be read at all.
    #[error("{path}: {error}")]
    Input {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The inputs hold no music.
    #[error("no .mid, .midi, .kar or .rmi file and no collection in .json in {0}")]
    NoFiles(String),
    /// The inputs hold no music that can be looked at.
    #[error("there is no music in {inputs}: {name}: {detail}{}", more(*.others))]
    Unreadable {
        /// The inputs.
        inputs: String,
        /// The first file that could not be looked at.
        name: String,
        /// Why not.
        detail: String,
        /// How many others could not.
        others: usize,
    },
    /// Every song was dropped.
    #[error("none of the {files} files is left: {reasons}")]
    NothingLeft {
        /// Files found.
        files: usize,
        /// Why they were dropped.
        reasons: String,
    },
    /// A filter names something that the collection does not have.
    #[error("no file is of {what} \"{name}\"{hint}; there are: {known}")]
    Unknown {
        /// `genre` or `artist`.
        what: &'static str,
        /// The requested value.
        name: String,
        /// The nearest name there is, as a question, or nothing.
        hint: String,
        /// What there is.
        known: String,
    },
    /// The metadata cannot be used.
    #[error(transparent)]
    Metadata(#[from] super::MetadataError),
    /// The folder to write is there already.
    #[error("{0} exists; choose another folder, or use --force to replace the corpus")]
    Exists(PathBuf),
    /// The folder to write holds something else.
    #[error("{path} {reason}; choose another folder")]
    Output {
        /// The folder.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
    },
    /// A part of a collection cannot be used, or does not fit the others.
    #[error("{path}: {reason}")]
    Part {
        /// The part's folder, or a file in it.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The representation's settings make no vocabulary.
    #[error(transparent)]
    Representation(#[from] RepresentationError),
    /// The corpus could not be written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The threads could not be started.
    #[error("the threads could not be started: {0}")]
    Threads(String),
    /// It was cancelled.
    #[error("stopped; nothing was written")]
    Cancelled,
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and another one)".into(),
        others => format!(" (and {others} others)"),
    }
}
