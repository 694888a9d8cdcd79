//! Segment batches: what training and evaluation consume.
//!
//! A batch has `streams` songs side by side, each with the next `segment` events of its song. A
//! stream plays one song from beginning to end, segment after segment, so that a model's memory,
//! kept per stream, always belongs to the song it reads; where a stream begins another song,
//! `starts` marks that. Songs shorter than a batch are padded, never joined: no target is ever
//! predicted from another song's events.

mod balance;
mod bars;
mod evaluation;
mod options;
mod stream;
mod training;

pub use balance::MOST_READINGS;
pub use bars::LatentOptions;
pub use evaluation::EvaluationBatches;
pub use options::{AugmentOptions, BatchOptions, MAX_TRANSPOSE};
pub use training::{BatchState, StreamState, TrainingBatches};

use leitmotif_events::{SegmentBars, Value};

/// The next events of several songs, side by side. All arrays are row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentBatch {
    /// Songs side by side.
    pub streams: usize,
    /// Events per stream.
    pub segment: usize,
    /// Values per event.
    pub fields: usize,
    /// The events to read, `[streams, segment, fields]`; padded with zeros.
    pub inputs: Vec<Value>,
    /// The event that follows each of them, `[streams, segment, fields]`; padded with zeros.
    pub targets: Vec<Value>,
    /// Which fields of the targets are given and do not count, `[streams, segment, fields]`; empty
    /// if none is ([`Representation::determined`](leitmotif_events::Representation::determined)).
    pub determined: Vec<bool>,
    /// How many targets of each stream count; the rest is padding.
    pub lengths: Vec<usize>,
    /// Whether the stream begins a song here: its memory must be cleared first.
    pub starts: Vec<bool>,
    /// The song in each stream, by its index in the corpus; `None` for a stream with nothing left
    /// to read.
    pub songs: Vec<Option<usize>>,
    /// The bars that the segments lie in, where latents need them.
    pub bars: Option<SegmentBars>,
}

impl SegmentBatch {
    fn empty(streams: usize, segment: usize, fields: usize) -> Self {
        Self {
            streams,
            segment,
            fields,
            inputs: vec![0; streams * segment * fields],
            targets: vec![0; streams * segment * fields],
            determined: Vec::new(),
            lengths: vec![0; streams],
            starts: vec![false; streams],
            songs: vec![None; streams],
            bars: None,
        }
    }

    /// As [`Self::empty`], ready for bars.
    fn with_bars(mut self) -> Self {
        let of_input = vec![-1; self.streams * self.segment];
        self.bars = Some(SegmentBars { of_input, offsets: vec![0], ..SegmentBars::default() });
        self
    }

    /// The targets that count, over all streams.
    pub fn targets_that_count(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Target number `index` of a stream.
    pub fn target(&self, stream: usize, index: usize) -> &[Value] {
        let at = (stream * self.segment + index) * self.fields;
        &self.targets[at..at + self.fields]
    }

    /// Input number `index` of a stream.
    pub fn input(&self, stream: usize, index: usize) -> &[Value] {
        let at = (stream * self.segment + index) * self.fields;
        &self.inputs[at..at + self.fields]
    }
}

/// A failure to make batches.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// There is nothing to read.
    #[error(
        "the corpus has no songs of two events or more in its {0} split; prepare it with other fractions or more files"
    )]
    Empty(crate::Split),
    /// A setting makes no sense.
    #[error("{0}")]
    Options(String),
    /// The state belongs to other batches.
    #[error("the saved position in the data does not fit: {0}")]
    State(String),
}
