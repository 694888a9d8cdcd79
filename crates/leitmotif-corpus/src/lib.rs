//! Corpora of encoded songs: preparing them from folders of MIDI files, reading them, and segment
//! batches for training.

mod batch;
mod corpus;
mod cuts;
mod export;
mod options;
pub mod prepare;

pub use batch::{
    AugmentOptions, BatchError, BatchOptions, BatchState, EvaluationBatches, LatentOptions, MAX_TRANSPOSE,
    MOST_READINGS, SegmentBatch, StreamState, TrainingBatches,
};
pub use corpus::{
    CORPUS_FORMAT, Corpus, CorpusError, CorpusStatistics, DROPPED_FILE, DropReason, DroppedRecord, LengthBin,
    MANIFEST_FILE, Manifest, SHARD_BYTES, SHARD_HEADER_BYTES, SHARD_MAGIC, SHARD_VERSION, SONGS_FILE, ShardRecord,
    SongRecord, Split, Totals,
};
pub use cuts::{Cuts, estimate_cuts};
pub use export::export;
