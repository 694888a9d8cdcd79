//! An extension point: filters that change the logits of what comes next.

use leitmotif_events::{Sequence, Value};

/// Where in a piece a value is being chosen.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The events so far.
    pub sequence: &'a Sequence,
    /// The fields of the event already chosen.
    pub earlier: &'a [Value],
    /// The number of the field being chosen.
    pub field: usize,
}

/// Changes the logits of a field before the masks and [`crate::Sampling`] apply. It must depend on
/// its arguments alone, so that the same request gives the same piece. Logits that are not numbers
/// count as impossible.
pub trait Filter: Send + Sync {
    /// Changes `logits`, the unnormalised log-probabilities of the field's values.
    fn apply(&self, place: &Place<'_>, logits: &mut [f32]);
}
