//! Why a piece could not be composed.

use leitmotif_events::RepresentationError;

/// A failure to compose.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A setting outside its range.
    #[error("{key} = {value}: it must be {want}")]
    Setting {
        /// The setting's name.
        key: String,
        /// The requested value.
        value: String,
        /// What it may be.
        want: String,
    },
    /// A request that contradicts itself, or that the representation cannot express.
    #[error("{0}")]
    Request(String),
    /// Model and representation do not belong together.
    #[error("the model expects events of sizes {model:?}, the vocabulary has {vocabulary:?}")]
    Mismatch {
        /// The model's field sizes.
        model: Vec<usize>,
        /// The representation's.
        vocabulary: Vec<usize>,
    },
    /// The header or a sequence does not fit the representation.
    #[error(transparent)]
    Representation(#[from] RepresentationError),
    /// The model of a folder could not be loaded.
    #[error(transparent)]
    Folder(#[from] leitmotif_folder::FolderError),
    /// The model's numbers overflow.
    #[error("the model gives probabilities that are not numbers: its weights are damaged, or were never trained")]
    NotFinite,
    /// It was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl ComposeError {
    pub(crate) fn setting(key: &str, value: impl ToString, want: &str) -> Self {
        Self::Setting { key: key.into(), value: value.to_string(), want: want.into() }
    }
}
