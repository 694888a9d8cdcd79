//! How music becomes events: the settings of a representation.

use serde::{Deserialize, Serialize};

/// The finest grid, in steps per quarter note.
pub const MAX_GRID: u16 = 48;
/// The tempo of a representation that holds none, in quarters a minute.
pub const UNNAMED_TEMPO: f64 = 120.0;
/// Seconds in a quarter at that tempo.
pub(crate) const SECONDS_PER_QUARTER: f64 = 60.0 / UNNAMED_TEMPO;
/// Quarters in a bar of a representation that holds no time signatures: 4/4.
pub(crate) const QUARTERS_PER_BAR: u64 = 4;

/// How music becomes events: the settings of a representation, saved in its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "representation", rename_all = "snake_case", deny_unknown_fields)]
pub enum RepresentationConfig {
    /// One event per note: kind, position, instrument, pitch, duration, velocity.
    Events {
        /// Grid steps per quarter note, 1 to [`crate::MAX_GRID`].
        grid: u16,
        /// The genres a header can name, in order.
        genres: Vec<String>,
    },
    /// Bars of cells, each of which can repeat another: part, place, pitch, duration, velocity.
    Cells {
        /// Grid steps per quarter note, 1 to [`crate::MAX_GRID`].
        grid: u16,
        /// The genres a header can name, in order.
        genres: Vec<String>,
        /// Whether cells repeat others in one event; without, all are written note by note.
        #[serde(default = "yes")]
        references: bool,
    },
    /// The original study's: one token per onset and part, a note or a chord's pitch classes.
    Notes,
    /// One event per step of the grid: the pitches of soprano, alto, tenor and bass.
    Chorales {
        /// Grid steps per quarter note, 1 to [`crate::MAX_GRID`].
        grid: u16,
    },
    /// A piano roll: one token per sounding pitch of a step, ascending, and one that closes the
    /// step.
    Frames {
        /// Grid steps per quarter note, 1 to [`crate::MAX_GRID`].
        grid: u16,
    },
    /// A piano roll: one event per step of the grid, a field for each of 88 keys.
    Rolls {
        /// Grid steps per quarter note, 1 to [`crate::MAX_GRID`].
        grid: u16,
    },
}

impl RepresentationConfig {
    /// Its name in settings and options.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Events { .. } => "events",
            Self::Cells { .. } => "cells",
            Self::Notes => "notes",
            Self::Chorales { .. } => "chorales",
            Self::Frames { .. } => "frames",
            Self::Rolls { .. } => "rolls",
        }
    }

    /// Grid steps per quarter note, where it has a grid.
    pub fn grid(&self) -> Option<u16> {
        match self {
            Self::Events { grid, .. }
            | Self::Cells { grid, .. }
            | Self::Chorales { grid }
            | Self::Frames { grid }
            | Self::Rolls { grid } => Some(*grid),
            Self::Notes => None,
        }
    }

    /// The genres that a header can name.
    pub fn genres(&self) -> &[String] {
        match self {
            Self::Events { genres, .. } | Self::Cells { genres, .. } => genres,
            _ => &[],
        }
    }

    /// Whether it keeps bars and the instruments that play in them.
    pub fn has_bars(&self) -> bool {
        matches!(self, Self::Events { .. } | Self::Cells { .. })
    }

    /// The same, open to change; `None` where a header names no genres.
    pub fn genres_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Events { genres, .. } | Self::Cells { genres, .. } => Some(genres),
            _ => None,
        }
    }
}

fn yes() -> bool {
    true
}
