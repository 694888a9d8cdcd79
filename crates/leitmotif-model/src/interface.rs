//! What every model can do, whatever it is made of: judge music, and write it event by event.

use crate::{LatentSpace, ModelDescription, Posterior, Precision};
use leitmotif_events::SegmentBars;

/// A stretch of consecutive events for each of several lanes, with the events that follow them.
///
/// `inputs` and `targets` are `[lanes, segment, fields]`; target `i` is the event after input `i`. The first
/// `lengths[lane]` targets of a lane count; what lies beyond is padding. A lane with `starts[lane]` begins a
/// new piece: what the model remembers of it is forgotten first. Value 0 of a target field other
/// than the first means "does not apply" and costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Pieces side by side.
    pub lanes: usize,
    /// Events per lane.
    pub segment: usize,
    /// Events read.
    pub inputs: &'a [u16],
    /// Events to foretell.
    pub targets: &'a [u16],
    /// Targets that count, per lane.
    pub lengths: &'a [usize],
    /// Whether each lane begins a new piece.
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

    /// Writes `lanes` pieces side by side, event by event, each from the beginning.
    fn ensemble(&self, lanes: usize) -> Box<dyn Ensemble + '_>;

    /// Bytes that an ensemble remembers at most for each of its lanes, or nearly.
    fn lane_bytes(&self) -> usize;

    /// How it keeps its linear maps.
    fn precision(&self) -> Precision {
        Precision::Single
    }

    /// Its latents, if it has any.
    fn latents(&self) -> Option<&LatentSpace> {
        None
    }

    /// Writes one piece, event by event, from the beginning.
    fn stepper(&self) -> Stepper<'_> {
        Stepper(self.ensemble(1))
    }
}

/// A trained model that can judge music.
pub trait Judge {
    /// Its architecture and field sizes.
    fn description(&self) -> &ModelDescription;

    /// Judges `lanes` pieces side by side, segment after segment.
    fn evaluator(&self, lanes: usize) -> Box<dyn Evaluator + '_>;
}

/// A model's memory of several pieces while it judges them.
pub trait Evaluator {
    /// The cost in nats of each field of each target, `[lanes, segment, fields]`; zero for padding and for fields that
    /// do not apply. Segments of any length may follow each other.
    ///
    /// A model with latents draws each from its posterior, with the noise that its key names.
    fn nats(&mut self, segment: &Segment<'_>) -> Vec<f32>;

    /// The posterior of each group of bars of the last segment; none without latents.
    fn posteriors(&self) -> &[Posterior] {
        &[]
    }
}

/// A model's memory of several pieces while they are written side by side, each in a lane of its own. Cost and memory of
/// an event do not depend on how many came before.
///
/// Lanes know nothing of each other: what is written in one is the same, bit for bit, whatever stands in the others and
/// whichever of them are named together.
pub trait Ensemble: Send {
    /// Reads the next event of each of the named `lanes`; `events` is `[lanes, fields]`, each value below its field's size.
    /// A lane that is named several times reads its events in this order.
    ///
    /// # Panics
    /// If a lane does not exist or `events` has another length.
    fn push(&mut self, lanes: &[usize], events: &[u16]);

    /// Writes to `logits` (`[lanes, values of the field]`) the unnormalised log-probabilities of field number `field` of the next
    /// event of each of the named `lanes`, given its `earlier` fields (`[lanes, field]`). Meaningful after the lane's first
    /// [`Self::push`]; fields are asked for in order, and may be asked for again with other `earlier` values.
    ///
    /// # Panics
    /// If a lane does not exist or a slice has another length.
    fn logits(&mut self, lanes: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]);

    /// What the model goes by after the last event of `lane`, `[d_model]`: the top layer's state, before any normalisation;
    /// zeros before the first event. `None` if the model keeps no such state.
    ///
    /// # Panics
    /// If the lane does not exist.
    fn state(&self, lane: usize) -> Option<&[f32]> {
        let _ = lane;
        None
    }

    /// Conditions the events that `lane` reads from now on, the next one included; `None` for none, as before a piece's first
    /// bar. A model without latents has nothing to condition.
    ///
    /// # Panics
    /// If the lane does not exist or the condition has another width or unknown classes.
    fn condition(&mut self, lane: usize, condition: Option<Condition<'_>>) {
        let _ = (lane, condition);
    }

    /// Makes lane `to` what lane `from` is, its condition included; `from` stays.
    ///
    /// # Panics
    /// If a lane does not exist.
    fn copy(&mut self, from: usize, to: usize);
}

/// A model's memory of one piece while it is written: an [`Ensemble`] of one lane.
pub struct Stepper<'a>(Box<dyn Ensemble + 'a>);

impl Stepper<'_> {
    /// Reads one event (as many values as the model has fields, each below its field's size).
    ///
    /// # Panics
    /// If the event has another length.
    pub fn push(&mut self, event: &[u16]) {
        self.0.push(&[0], event);
    }

    /// Writes to `logits` (as long as field number `field` has values) the unnormalised log-probabilities of that field of
    /// the next event, given its `earlier` fields, as [`Ensemble::logits`].
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn logits(&mut self, earlier: &[u16], field: usize, logits: &mut [f32]) {
        self.0.logits(&[0], earlier, field, logits);
    }

    /// What the model goes by after the last event, as [`Ensemble::state`].
    pub fn state(&self) -> Option<&[f32]> {
        self.0.state(0)
    }

    /// Conditions the events that are read from now on, as [`Ensemble::condition`].
    ///
    /// # Panics
    /// If the condition has another width or unknown classes.
    pub fn condition(&mut self, condition: Option<Condition<'_>>) {
        self.0.condition(0, condition);
    }
}
