//! What is given of a piece before it begins.

use leitmotif_score::Instrument;
use serde::{Deserialize, Serialize};

/// What is known of a piece before its first note. Empty means unknown, or left open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The genre, as the collection names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// The instruments that play (all drum kits count as one).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
}
