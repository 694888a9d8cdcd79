//! Why a model's latents could not be measured.

use crate::document::ReportError;
use leitmotif_compose::ComposeError;
use leitmotif_corpus::Split;
use std::path::PathBuf;

/// A failure to measure a model's latents, or to write what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatentsError {
    /// The corpus is of another representation than the model.
    #[error("{corpus} is not of the representation that the model writes in")]
    Representation {
        /// Its folder.
        corpus: PathBuf,
    },
    /// The split holds fewer than two songs that the model can read.
    #[error("{corpus} has too few songs in its {split} split: two at least")]
    Songs {
        /// The corpus's folder.
        corpus: PathBuf,
        /// The split.
        split: Split,
    },
    /// The model has no latents, or music could not be composed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A song of the corpus could not be decoded.
    #[error(transparent)]
    Decode(#[from] leitmotif_events::RepresentationError),
    /// The attributes of bars could not be measured.
    #[error(transparent)]
    Attribute(#[from] leitmotif_events::AttributeError),
    /// The latents have no principal components.
    #[error(transparent)]
    Components(#[from] leitmotif_measures::PcaError),
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The report could not be put into JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
