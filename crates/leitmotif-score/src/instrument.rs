//! Who plays a part: one of General MIDI's 128 programs, or a drum kit.

use crate::general_midi::{FAMILIES, KITS, PROGRAMS, kebab};
use serde::{Deserialize, Serialize};

/// Programs in a family.
const FAMILY_SIZE: u8 = 8;
/// The largest program number.
pub(crate) const MAX_PROGRAM: u8 = 127;

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

    /// The program number, of a kit too; 0 to 127.
    pub fn program(self) -> u8 {
        match self {
            Self::Program(program) | Self::Drums(program) => program.min(MAX_PROGRAM),
        }
    }

    /// The name as people write it: "Acoustic Grand Piano", "Jazz Kit", "Drum Kit 3".
    pub fn title(self) -> String {
        match self {
            Self::Program(_) => PROGRAMS[usize::from(self.program())].to_owned(),
            Self::Drums(_) => match KITS.iter().find(|kit| kit.0 == self.program()) {
                Some(kit) => kit.1.to_owned(),
                None => format!("Drum Kit {}", self.program()),
            },
        }
    }

    /// The name for command lines and files, which [`crate::InstrumentSelection::parse`] reads
    /// back: "acoustic-grand-piano", "jazz-kit", "drum-kit-3".
    pub fn name(self) -> String {
        kebab(&self.title())
    }

    /// The family's number, 0 to 15, or `None` for drums.
    pub fn family(self) -> Option<u8> {
        match self {
            Self::Program(_) => Some(self.program() / FAMILY_SIZE),
            Self::Drums(_) => None,
        }
    }

    /// The family as people write it: "Piano", "Synth Lead", "Drums".
    pub fn family_title(self) -> &'static str {
        self.family().map_or("Drums", |family| FAMILIES[usize::from(family)])
    }

    /// The family's name for command lines and files: "piano", "synth-lead", "drums".
    pub fn family_name(self) -> String {
        kebab(self.family_title())
    }
}

impl std::fmt::Display for Instrument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_people_and_for_files() {
        assert_eq!(Instrument::Program(0).name(), "acoustic-grand-piano");
        assert_eq!(Instrument::Program(30).title(), "Distortion Guitar");
        assert_eq!(Instrument::Program(30).family_name(), "guitar");
        assert_eq!(Instrument::Program(200).title(), "Gunshot");
        assert_eq!(Instrument::Drums(32).name(), "jazz-kit");
        assert_eq!(Instrument::Drums(3).to_string(), "Drum Kit 3");
        assert_eq!(Instrument::Drums(3).family_name(), "drums");
    }
}
