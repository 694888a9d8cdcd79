//! The constraints on the music, as the user gives them.

use crate::Key;
use leitmotif_score::{Instrument, InstrumentSelection};
use serde::{Serialize, Serializer};

/// The lowest and highest pitch of some instruments.
#[derive(Debug, Clone, Serialize)]
pub struct PitchRange {
    /// The instruments that it applies to.
    #[serde(serialize_with = "name")]
    pub instruments: InstrumentSelection,
    /// Lowest MIDI pitch.
    pub low: u8,
    /// Highest MIDI pitch.
    pub high: u8,
}

fn name<S: Serializer>(selection: &InstrumentSelection, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(selection.name())
}

/// Constraints on the composed notes. They are enforced by masks, so they always hold; a prime is
/// not changed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Constraints {
    /// The scale of all instruments but drums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Ranges; where several concern an instrument, all hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<PitchRange>,
    /// The instruments that may play (all drum kits count as one); empty means any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
}

impl Constraints {
    /// Whether there are no constraints.
    pub fn is_empty(&self) -> bool {
        self.key.is_none() && self.ranges.is_empty() && self.instruments.is_empty()
    }

    /// Whether `instrument` may play `pitch`.
    pub fn allow(&self, instrument: Instrument, pitch: u8) -> bool {
        self.may_play(instrument)
            && (instrument.is_drums() || self.key.is_none_or(|key| key.contains(pitch)))
            && self
                .ranges
                .iter()
                .all(|range| !range.instruments.matches(instrument) || (range.low..=range.high).contains(&pitch))
    }

    /// Whether `instrument` may play at all.
    pub fn may_play(&self, instrument: Instrument) -> bool {
        self.instruments.is_empty() || self.instruments.iter().any(|other| same(*other, instrument))
    }
}

/// Whether two instruments count as one: the same program, or both drums.
pub(crate) fn same(a: Instrument, b: Instrument) -> bool {
    a == b || (a.is_drums() && b.is_drums())
}
