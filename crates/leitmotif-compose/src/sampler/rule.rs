//! The rules that can refuse a value, each of which only takes values away.

use serde::Serialize;

/// Why a value may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It makes no valid piece.
    Grammar,
    /// The instrument is not in the ensemble, the meter not the one that holds.
    Ensemble,
    /// The pitch is outside the requested key or range.
    Constraints,
    /// No training song has it: a drum key, a pitch of an instrument, a meter.
    Unseen,
    /// The part would have a wider range than any training song's, or strike a larger chord.
    Part,
    /// The length of the piece: bars, notes, the end, and who must still play.
    Length,
    /// The bar must differ from the one before it.
    Repeats,
    /// It would leave the requested classes of attributes.
    Attributes,
    /// A copy of a training song would be too long.
    Copies,
}

impl Rule {
    /// All rules, in the order in which a refusal is attributed to them.
    pub(super) const ALL: [Self; 9] = [
        Self::Grammar,
        Self::Ensemble,
        Self::Constraints,
        Self::Unseen,
        Self::Part,
        Self::Length,
        Self::Repeats,
        Self::Attributes,
        Self::Copies,
    ];
}
