//! From score to sound.
//!
//! [`SoundBank`] holds the instruments; `schedule` turns a score into events at sample positions;
//! `player` drives the synthesisers from event to event, through `channel`; [`write_wav`] writes
//! the result.

mod audio;
mod channel;
mod player;
mod schedule;
mod source;
mod wav;

pub use audio::Audio;
pub use player::{RenderOptions, SAMPLE_RATE, render, render_to_wav};
pub use source::{SOUNDFONT_VARIABLE, SoundBank};
pub use wav::{BitDepth, write_wav};

/// Why music could not be turned into sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The bytes are no SoundFont that can be played.
    #[error("{path} is not a SoundFont that can be played: {reason}")]
    Bank {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        reason: String,
    },
    /// The synthesiser refused its settings.
    #[error("the synthesiser could not be started: {0}")]
    Synthesiser(String),
    /// The piece is longer than [`RenderOptions::LONGEST`] seconds.
    #[error("the piece lasts {seconds:.0} seconds; at most {limit:.0} are rendered")]
    TooLong {
        /// How long the piece is.
        seconds: f64,
        /// How long it may be.
        limit: f64,
    },
}
