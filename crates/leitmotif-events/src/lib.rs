//! Representations of music as sequences of events: what an event means, which may follow, and the
//! way from a score to events and back.

#![forbid(unsafe_code)]

mod attributes;
mod bar;
pub mod cells;
mod chorales;
mod coverage;
mod event;
mod events;
mod frames;
mod header;
mod notes;
mod observed;
mod pitch_name;
mod registry;
mod representation;
mod roll;
mod rolls;
mod segment;
mod sequence;
mod settings;
mod vocabulary;

pub use attributes::{Attribute, AttributeError, AttributeScale, Measure, attribute_values};
pub use bar::{BarMusic, SIXTEENTHS_PER_QUARTER, Sixteenths};
pub use coverage::Coverage;
pub use event::{
    Event, EventKind, EventVocabulary, FIRST_POSITION, NoteEvent, NoteFields, PitchValue, TempoBin, TimeSignature,
    step_of,
};
pub use events::{MAX_QUARTERS, MAX_SILENT_BARS, changes, check_round_trip};
pub use header::Header;
pub use observed::{
    Ensemble, EnsemblePart, MAX_ENSEMBLES, OBSERVED_FILE, OBSERVED_FORMAT, Observed, ObservedError, ObservedPart,
};
pub use registry::{build, load};
pub use representation::{
    Augmentation, EncodeReport, FrameEvent, FrameUnits, Grammar, Representation, RepresentationError, Tasks,
};
pub use roll::{MAX_FRAMES, NoteGatherer, frame_clock};
pub use segment::{MAX_GROUP_EVENTS, SegmentBars};
pub use sequence::{Sequence, Value};
pub use settings::{MAX_GRID, RepresentationConfig, UNNAMED_TEMPO};
pub use vocabulary::{Field, MAX_VOCABULARY_BYTES, NONE, VOCABULARY_FILE, Vocabulary};
