//! Representations, corpora and segment batches.

mod representation;
mod sequence;
mod vocabulary;

pub use representation::{
    Augmentation, EncodeReport, Grammar, Header, Representation, RepresentationConfig, RepresentationError,
};
pub use sequence::{Sequence, Value};
pub use vocabulary::{Field, NONE, Vocabulary};

/// The finest grid of the `events` representation, in steps per quarter note.
pub const MAX_GRID: u16 = 48;
