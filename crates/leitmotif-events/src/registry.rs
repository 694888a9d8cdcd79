//! The representations by their settings.

use crate::cells::Cells;
use crate::chorales::Chorales;
use crate::events::Events;
use crate::frames::Frames;
use crate::notes::Notes;
use crate::rolls::Rolls;
use crate::{Representation, RepresentationConfig, RepresentationError, Vocabulary};
use std::sync::Arc;

/// The representation that the settings describe.
///
/// # Errors
/// [`RepresentationError::Settings`] if they describe none.
pub fn build(config: &RepresentationConfig) -> Result<Arc<dyn Representation>, RepresentationError> {
    Ok(match config {
        RepresentationConfig::Events { grid, genres } => Arc::new(Events::new(*grid, genres)?),
        RepresentationConfig::Cells { grid, genres, references } => Arc::new(Cells::new(*grid, genres, *references)?),
        RepresentationConfig::Notes => Arc::new(Notes::new()),
        RepresentationConfig::Chorales { grid } => Arc::new(Chorales::new(*grid)?),
        RepresentationConfig::Frames { grid } => Arc::new(Frames::new(*grid)?),
        RepresentationConfig::Rolls { grid } => Arc::new(Rolls::new(*grid)?),
    })
}

/// The representation of a stored vocabulary, which must be what this version makes of its
/// settings.
///
/// # Errors
/// [`RepresentationError::Vocabulary`] if it is another one, [`RepresentationError::Settings`] if
/// its settings are none.
pub fn load(vocabulary: &Vocabulary) -> Result<Arc<dyn Representation>, RepresentationError> {
    let representation = build(&vocabulary.settings)?;
    let expected = representation.vocabulary();
    if expected != vocabulary {
        return Err(RepresentationError::Vocabulary { found: vocabulary.version, expected: expected.version });
    }
    Ok(representation)
}
