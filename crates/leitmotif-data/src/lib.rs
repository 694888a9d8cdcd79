//! Representations, corpora and segment batches.

mod attributes;
mod batch;
mod chorales;
mod corpus;
mod events;
mod export;
mod frames;
mod notes;
mod observed;
mod pitch_name;
pub mod prepare;
mod representation;
mod roll;
mod rolls;
mod sequence;
mod vocabulary;

pub use attributes::{
    Attribute, AttributeError, AttributeScale, BarMusic, BarNote, Cuts, attribute_values, estimate_cuts,
};
pub use batch::{
    AugmentOptions, BatchBars, BatchError, BatchOptions, BatchState, EvaluationBatches, LaneState, LatentOptions,
    MAX_GROUP_EVENTS, SegmentBatch, TrainingBatches,
};
pub use corpus::{
    CORPUS_FORMAT, Corpus, CorpusError, CorpusStatistics, DROPPED_FILE, DropReason, DroppedRecord, LengthBin,
    MANIFEST_FILE, Manifest, SHARD_BYTES, SHARD_HEADER_BYTES, SHARD_MAGIC, SHARD_VERSION, SONGS_FILE, ShardRecord,
    SongRecord, Split, Totals, VOCABULARY_FILE,
};
pub use events::{MAX_QUARTERS, MAX_SILENT_BARS, check_round_trip};
pub use export::export;
pub use observed::{
    Ensemble, EnsemblePart, MAX_ENSEMBLES, OBSERVED_FILE, OBSERVED_FORMAT, Observed, ObservedError, ObservedPart,
};
pub use representation::{
    Augmentation, EncodeReport, FrameEvent, FrameUnits, Grammar, Header, Representation, RepresentationConfig,
    RepresentationError, build, load,
};
pub use roll::MAX_FRAMES;
pub use sequence::{Sequence, Value};
pub use vocabulary::{Field, NONE, Vocabulary};

/// The finest grid of the `events` representation, in steps per quarter note.
pub const MAX_GRID: u16 = 48;
