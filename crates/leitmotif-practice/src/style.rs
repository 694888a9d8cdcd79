//! The three styles of the practice corpus.

use serde::{Deserialize, Serialize};

/// A style of music that the composer has rules for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Riffs of palm-muted power chords on distorted guitars, double kick, minor modes, twin leads.
    Metal,
    /// Functional harmony under a sung melody: piano, clean guitar, strings.
    PopRock,
    /// Blues-based riffs on overdriven guitars, organ and piano, mixolydian and dorian.
    Rock,
}

impl Style {
    /// All styles, in the order of their folders.
    pub const ALL: [Self; 3] = [Self::Metal, Self::PopRock, Self::Rock];

    /// The style's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metal => "Metal",
            Self::PopRock => "Pop Rock",
            Self::Rock => "Rock",
        }
    }

    /// The name of the style's folder in a collection, used as its genre.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Metal => "metal",
            Self::PopRock => "pop-rock",
            Self::Rock => "rock",
        }
    }

    /// A number that keeps the styles' random streams apart; part of the music, never to change.
    pub(crate) fn salt(self) -> u64 {
        match self {
            Self::Metal => 0x6d65_7461_6c00,
            Self::PopRock => 0x706f_7000,
            Self::Rock => 0x726f_636b_0000,
        }
    }
}

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
