//! The fields of events and the names of their values, versioned and saved with corpus and model.
//!
//! Value 0 of every field but the first is [`NONE`]: the field does not apply to this kind of
//! event. The first field (the kind) always applies, and determines which of the others do.

use serde::{Deserialize, Serialize};

/// The file of a [`Vocabulary`] in the folder of a corpus or a model.
pub const VOCABULARY_FILE: &str = "tokenizer.json";
/// Largest vocabulary that is read.
pub const MAX_VOCABULARY_BYTES: u64 = 16 << 20;

/// The value of a field that does not apply to its event.
pub const NONE: crate::Value = 0;

/// One field of an event and the names of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The field's term, such as `pitch`.
    pub name: String,
    /// The name of each value; its index is the value.
    pub values: Vec<String>,
}

/// The fields of a representation's events: [`VOCABULARY_FILE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// The version of the meaning of these fields; raised when old sequences would read
    /// differently.
    pub version: u32,
    /// The settings that the representation was built with (its name, grid, genres, …).
    pub settings: crate::RepresentationConfig,
    /// The fields in the order in which they are predicted.
    pub fields: Vec<Field>,
}

impl Vocabulary {
    /// The number of values of each field.
    pub fn sizes(&self) -> Vec<usize> {
        self.fields.iter().map(|field| field.values.len()).collect()
    }

    /// A hash of the whole vocabulary (BLAKE3, hexadecimal): two corpora or models fit together if
    /// it is equal.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self).expect("a vocabulary has only string keys");
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}
