//! The rules that can refuse a value, each of which only takes away.

use serde::Serialize;

/// Why a value may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It makes no valid piece.
    Grammar,
    /// The instrument is not in the ensemble, the meter not the one that holds.
    Ensemble,
    /// The pitch is outside the key or the range that was asked for.
    Constraints,
    /// No training song has it: a drum key, a pitch of an instrument, a meter.
    Unseen,
    /// The part would have a wider range than any training song's, or strike a larger chord.
    Part,
    /// The length of the piece: bars, notes, the end, and who must still play.
    Length,
    /// The bar must differ from the one before it.
    Repeats,
    /// What was asked of attributes.
    Attributes,
    /// A copy of a training song would be too long.
    Copies,
}

/// Which values of a field are allowed, and which rule refused the others first.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// Of each value.
    pub values: Vec<bool>,
    refused: Vec<Option<Rule>>,
}

impl Allowed {
    /// Begins anew for a field of so many values: all are allowed.
    pub fn reset(&mut self, size: usize) {
        self.values.clear();
        self.values.resize(size, true);
        self.refused.clear();
        self.refused.resize(size, None);
    }

    /// Lets a rule take values away: `mask` sees what is allowed so far.
    pub fn apply(&mut self, rule: Rule, mask: impl FnOnce(&mut [bool])) {
        mask(&mut self.values);
        for (allowed, refused) in self.values.iter().zip(&mut self.refused) {
            if !allowed && refused.is_none() {
                *refused = Some(rule);
            }
        }
    }

    /// The rule that refuses a value.
    pub fn refused(&self, value: usize) -> Option<Rule> {
        self.refused.get(value).copied().flatten()
    }

    /// The only allowed value, if there is just one.
    pub fn only(&self) -> Option<usize> {
        let mut allowed = self.values.iter().enumerate().filter(|(_, allowed)| **allowed);
        let (value, _) = allowed.next()?;
        allowed.next().is_none().then_some(value)
    }
}
