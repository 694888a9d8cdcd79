//! The options for chords.

use crate::failure::Refusal;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::{ChordRequest, Key};
use leitmotif_score::{Progression, Tonality, parse_progression};

/// Which chords the new music follows.
#[derive(Debug, Args)]
pub struct ChordOptions {
    /// Chords of the bars, repeated to the length: "Am F C G" is a chord a bar, "Dm7 G7 | Cmaj7 |
    /// %" sets the bars by lines; N.C. is no chord. Roman numerals such as "I V vi IV" need a key
    #[arg(long, value_name = "CHORDS", help_heading = "Chords")]
    chords: Option<String>,
    /// Enforce the chords on notes that begin with a chord and on long ones; without it, the model
    /// follows them as freely as its training songs do
    #[arg(long, help_heading = "Chords")]
    strict_chords: bool,
}

impl ChordOptions {
    /// The chords, if there are any; numerals are of this key.
    pub fn request(&self, key: Option<Key>) -> Result<Option<ChordRequest>> {
        let Some(text) = &self.chords else { return Ok(None) };
        let progression = progression(text, key)?;
        Ok(Some(ChordRequest { text: text.clone(), progression, strict: self.strict_chords }))
    }

    /// Whether there are any.
    pub fn is_given(&self) -> bool {
        self.chords.is_some()
    }

    /// Whether chords are enforced.
    pub fn strict(&self) -> bool {
        self.strict_chords
    }
}

/// The key of an option.
pub fn key(text: Option<&str>) -> Result<Option<Key>> {
    text.map(|text| Key::parse(text, None).map_err(|reason| Refusal::usage(reason).into())).transpose()
}

fn progression(text: &str, key: Option<Key>) -> Result<Progression> {
    let tonality = key.map(|key| {
        let third = |semitones: u8| key.contains((key.tonic + semitones) % 12);
        Tonality { tonic: key.tonic, minor: third(3) && !third(4) }
    });
    parse_progression(text, tonality).map_err(|error| Refusal::usage(format!("--chords: {error}")).into())
}
