//! Representations of music as sequences of events: what an event means, which may follow, and the way from a score to
//! events and back.

mod attributes;
mod chorales;
mod events;
mod frames;
mod notes;
mod observed;
mod pitch_name;
mod representation;
mod roll;
mod rolls;
mod sequence;
mod vocabulary;

pub use attributes::{Attribute, AttributeError, AttributeScale, BarMusic, BarNote, attribute_values};
pub use events::{MAX_QUARTERS, MAX_SILENT_BARS, check_round_trip};
pub use observed::{
    Ensemble, EnsemblePart, MAX_ENSEMBLES, OBSERVED_FILE, OBSERVED_FORMAT, Observed, ObservedError, ObservedPart,
};
pub use representation::{
    Augmentation, EncodeReport, FrameEvent, FrameUnits, Grammar, Header, Representation, RepresentationConfig,
    RepresentationError, build, load,
};
pub use roll::{MAX_FRAMES, NoteGatherer, frame_clock};
pub use sequence::{Sequence, Value};
pub use vocabulary::{Field, NONE, VOCABULARY_FILE, Vocabulary};

/// The finest grid of the `events` representation, in steps per quarter note.
pub const MAX_GRID: u16 = 48;
