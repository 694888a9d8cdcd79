//! Invented bands. Each has a fingerprint: tempo, keys, tuning, meters, instruments and habits, so
//! that a split by artist holds back bands that are not in the training songs.

mod metal;
mod pop_rock;
mod rock;

use crate::harmony::Mode;
use crate::pulse::Pulse;
use crate::rng::SeededRng;
use crate::style::Style;

/// What makes one band sound like itself. Chances are per cent, programs General MIDI's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band {
    pub(crate) name: &'static str,
    /// Quarters a minute, lowest and highest.
    pub(crate) tempo: (i32, i32),
    /// Pitch classes of its favourite tonics.
    pub(crate) tonics: &'static [u8],
    pub(crate) modes: &'static [(Mode, u32)],
    pub(crate) pulses: &'static [(Pulse, u32)],
    /// The guitars' lowest pitch (40 is a standard E).
    pub(crate) low_string: i32,
    pub(crate) rhythm: u8,
    pub(crate) second: u8,
    pub(crate) lead: u8,
    pub(crate) bass: u8,
    pub(crate) piano: u8,
    /// Organ, strings or pad behind the band.
    pub(crate) pad: u8,
    /// Who takes the sung line.
    pub(crate) voice: u8,
    /// How often a song shuffles.
    pub(crate) swing: u32,
    /// How far off the grid the players stray, in ticks of 480 a quarter.
    pub(crate) loose: i32,
    /// How often the piano plays where it may rest, in percent of those sections.
    pub(crate) piano_share: u32,
    /// How busy the drummer's feet and ghost notes are, 0 to 100.
    pub(crate) busy: u32,
    /// How often a song has a guitar solo.
    pub(crate) solo: u32,
}

/// The bands that play `style`.
pub(crate) fn bands(style: Style) -> &'static [Band] {
    match style {
        Style::Metal => &metal::BANDS,
        Style::PopRock => &pop_rock::BANDS,
        Style::Rock => &rock::BANDS,
    }
}

/// The band that plays the song of `rng`.
pub(crate) fn band_of(style: Style, rng: &SeededRng) -> Band {
    rng.fork("band", 0).pick(bands(style))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bands_are_plausible_and_differ() {
        for style in Style::ALL {
            let mut names: Vec<&str> = bands(style).iter().map(|band| band.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), bands(style).len());
            for band in bands(style) {
                assert!(60 <= band.tempo.0 && band.tempo.0 < band.tempo.1 && band.tempo.1 <= 220);
                assert!(band.piano <= 7, "{} must have a piano", band.name);
                assert!((33..=40).contains(&band.low_string));
                assert!(band.loose <= 10);
            }
        }
    }
}
