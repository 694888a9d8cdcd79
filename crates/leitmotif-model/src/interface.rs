//! What every model can do, whatever it is made of: score music, and write it event by event.

use crate::{LatentSpace, ModelDescription, Posterior, Precision};
use leitmotif_events::SegmentBars;

/// A stretch of consecutive events for each of several streams, with the events that follow them.
///
/// `inputs` and `targets` are `[streams, segment, fields]`; target `i` is the event after input
/// `i`. The first `lengths[stream]` targets of a stream count; what lies beyond is padding. A
/// stream with `starts[stream]` begins a new piece: the state of that stream is reset first. Value
/// 0 of a target field other than the first means "does not apply" and costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Pieces side by side.
    pub streams: usize,
    /// Events per stream.
    pub segment: usize,
    /// Events read.
    pub inputs: &'a [u16],
    /// Events to predict.
    pub targets: &'a [u16],
    /// Fields of the targets that are given, and do not count when a network learns, shaped as
    /// `targets`; empty if none is.
    pub determined: &'a [bool],
    /// Targets that count, per stream.
    pub lengths: &'a [usize],
    /// Whether each stream begins a new piece.
    pub starts: &'a [bool],
    /// The bars that the events belong to; what a model with latents needs to know of them.
    pub bars: Option<&'a SegmentBars>,
}

/// What the events of a bar are conditioned on.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'a> {
    /// The latent, `[d_latent]`.
    pub latent: &'a [f32],
    /// The class of each attribute; 0 leaves it open.
    pub classes: &'a [u16],
}

/// A trained model that can write music.
pub trait Model: Send + Sync {
    /// Its architecture and field sizes.
    fn description(&self) -> &ModelDescription;

    /// Writes `streams` pieces side by side, event by event, each from the beginning.
    fn decoding_batch(&self, streams: usize) -> Box<dyn DecodingBatch + '_>;

    /// Bytes, approximately, that a decoding batch keeps at most for each of its streams.
    fn stream_bytes(&self) -> usize;

    /// How it keeps its linear maps.
    fn precision(&self) -> Precision {
        Precision::Single
    }

    /// Its latents, if it has any.
    fn latents(&self) -> Option<&LatentSpace> {
        None
    }

    /// Writes one piece, event by event, from the beginning.
    fn decoding_session(&self) -> DecodingSession<'_> {
        DecodingSession(self.decoding_batch(1))
    }
}

/// A trained model that can score music.
pub trait Scorer {
    /// Its architecture and field sizes.
    fn description(&self) -> &ModelDescription;

    /// Scores `streams` pieces side by side, segment after segment.
    fn scoring_session(&self, streams: usize) -> Box<dyn ScoringSession + '_>;
}

/// A model's memory of several pieces while it scores them.
pub trait ScoringSession {
    /// The cost in nats of each field of each target, `[streams, segment, fields]`; zero for
    /// padding and for fields that do not apply. Segments of any length may follow each other.
    ///
    /// A model with latents draws each from its posterior, with the noise that its key names.
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32>;

    /// The posterior of each group of bars of the last segment; none without latents.
    fn posteriors(&self) -> &[Posterior] {
        &[]
    }
}

/// A model's memory of several pieces while they are written side by side, each in a stream of its
/// own. Cost and memory of an event do not depend on how many came before.
///
/// Streams are independent of each other: what is written in one is the same, bit for bit, whatever
/// stands in the others and whichever of them are named together.
pub trait DecodingBatch: Send {
    /// Reads the next event of each of the named `streams`; `events` is `[streams, fields]`, each
    /// value below its field's size. A stream that is named several times reads its events in this
    /// order.
    ///
    /// # Panics
    /// If a stream does not exist or `events` has another length.
    fn push(&mut self, streams: &[usize], events: &[u16]);

    /// Writes to `logits` (`[streams, values of the field]`) the unnormalised log-probabilities of
    /// field number `field` of the next event of each of the named `streams`, given its `earlier`
    /// fields (`[streams, field]`). Meaningful after the stream's first [`Self::push`]; fields are
    /// requested in order, and may be requested again with other `earlier` values.
    ///
    /// # Panics
    /// If a stream does not exist or a slice has another length.
    fn logits(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]);

    /// The model's state after the last event of `stream`, `[d_model]`: that of the top layer,
    /// before any normalisation; zeros before the first event. `None` if the model keeps no such
    /// state.
    ///
    /// # Panics
    /// If the stream does not exist.
    fn state(&self, stream: usize) -> Option<&[f32]> {
        let _ = stream;
        None
    }

    /// Conditions the events that `stream` reads from now on, the next one included; `None` for
    /// none, as before a piece's first bar. A model without latents has nothing to condition.
    ///
    /// # Panics
    /// If the stream does not exist or the condition has another width or unknown classes.
    fn condition(&mut self, stream: usize, condition: Option<Condition<'_>>) {
        let _ = (stream, condition);
    }

    /// Copies stream `from`, its condition included, to stream `to`; `from` stays as it is.
    ///
    /// # Panics
    /// If a stream does not exist.
    fn copy(&mut self, from: usize, to: usize);
}

/// A model's memory of one piece while it is written: an [`DecodingBatch`] of one stream.
pub struct DecodingSession<'a>(Box<dyn DecodingBatch + 'a>);

impl DecodingSession<'_> {
    /// Reads one event (as many values as the model has fields, each below its field's size).
    ///
    /// # Panics
    /// If the event has another length.
    pub fn push(&mut self, event: &[u16]) {
        self.0.push(&[0], event);
    }

    /// Writes to `logits` (as long as field number `field` has values) the unnormalised
    /// log-probabilities of that field of the next event, given its `earlier` fields, as
    /// [`DecodingBatch::logits`].
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn logits(&mut self, earlier: &[u16], field: usize, logits: &mut [f32]) {
        self.0.logits(&[0], earlier, field, logits);
    }

    /// The model's state after the last event, as [`DecodingBatch::state`].
    pub fn state(&self) -> Option<&[f32]> {
        self.0.state(0)
    }

    /// Conditions the events that are read from now on, as [`DecodingBatch::condition`].
    ///
    /// # Panics
    /// If the condition has another width or unknown classes.
    pub fn condition(&mut self, condition: Option<Condition<'_>>) {
        self.0.condition(0, condition);
    }
}
