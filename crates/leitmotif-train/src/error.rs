//! What can go wrong in a training run or an evaluation.

use std::path::{Path, PathBuf};

/// A failure to configure, run, resume or read a training run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Settings that make no run; names the key, and what it may be.
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
    /// A file of a run folder is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Another training holds the run folder.
    #[error("{0}: another training is using this run folder; wait for it, or choose another folder")]
    Locked(PathBuf),
    /// The run was stopped from outside, after saving.
    #[error("interrupted at step {step}; everything is saved, and the run can be resumed")]
    Interrupted {
        /// Optimiser steps done and saved.
        step: u64,
    },
    /// The loss or its gradient stopped being a number.
    #[error(
        "the {what} not finite in {times} steps in a row (at step {step}): a lower learning rate \
         (now {learning_rate}) or a stronger clip (now {clip}) helps; the last checkpoint is from before"
    )]
    Diverged {
        /// `loss was`, `gradient was` or `weights were`.
        what: &'static str,
        /// How often in a row.
        times: u32,
        /// At which step.
        step: u64,
        /// The peak learning rate of the run.
        learning_rate: f64,
        /// The clip of the run.
        clip: f64,
    },
    /// The corpus gives nothing to train on or to evaluate.
    #[error("{0}")]
    Corpus(String),
    /// Another process of the training ended with an error.
    #[error("process {rank} of the training ended: {reason}")]
    Process {
        /// Its number.
        rank: usize,
        /// Its error.
        reason: String,
    },
    /// The processes of the training cannot pass messages.
    #[error("the processes of the training lost each other: {0}")]
    Group(#[from] crate::GroupError),
    /// The model could not be built, saved or loaded.
    #[error(transparent)]
    Model(#[from] leitmotif_model::ModelError),
    /// A model folder could not be opened.
    #[error(transparent)]
    Folder(#[from] leitmotif_folder::FolderError),
    /// The corpus could not be read.
    #[error(transparent)]
    Data(#[from] leitmotif_corpus::CorpusError),
}

impl From<leitmotif_files::FileError> for TrainError {
    fn from(leitmotif_files::FileError { path, source }: leitmotif_files::FileError) -> Self {
        Self::Io { path, source }
    }
}

impl TrainError {
    /// An input or output failure at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: reason.into() }
    }
}
