//! Who plays a part: one of General MIDI's 128 programs, or a drum kit.

use serde::{Deserialize, Serialize};

/// The player of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// A General MIDI program, 0 to 127 (0 is the acoustic grand piano).
    Program(u8),
    /// A drum kit: its notes name percussion instruments, not pitches. The value is the
    /// kit's program (0 is the standard kit).
    Drums(u8),
}

impl Instrument {
    /// Whether this is a drum kit, whose notes must not be transposed.
    pub fn is_drums(self) -> bool {
        matches!(self, Self::Drums(_))
    }
}
