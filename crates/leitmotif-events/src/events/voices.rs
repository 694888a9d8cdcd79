//! How many notes of one pitch an instrument holds at a time.
//!
//! A part may strike a note that another part of the same program still holds. Both are kept, up to
//! [`VOICES`] at a time, because decoding can put them into so many parts; a MIDI channel itself
//! has only one of each pitch.

use leitmotif_score::Instrument;
use std::collections::HashMap;

/// The most notes of one pitch that one instrument can hold at a time.
pub(crate) const VOICES: usize = 4;

/// The sounding notes of a piece up to some step. Asked about, never iterated over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voices {
    /// By instrument and pitch: the step at which each voice falls silent.
    ends: HashMap<(Instrument, u8), [u64; VOICES]>,
}

impl Voices {
    /// The first voice that is silent at step `at`, which must not be before any `at` used earlier.
    pub fn free(&self, instrument: Instrument, pitch: u8, at: u64) -> Option<usize> {
        match self.ends.get(&(instrument, pitch)) {
            Some(ends) => ends.iter().position(|end| *end <= at),
            None => Some(0),
        }
    }

    /// Whether `instrument` can play one of `pitches` at step `at`.
    pub fn any_free(&self, instrument: Instrument, mut pitches: std::ops::Range<u8>, at: u64) -> bool {
        self.ends.len() < pitches.len() || pitches.any(|pitch| self.free(instrument, pitch, at).is_some())
    }

    /// Sounds a note from step `at` to step `end` in the first free voice, and returns its number;
    /// `None` if there is no free one.
    pub fn sound(&mut self, instrument: Instrument, pitch: u8, at: u64, end: u64) -> Option<usize> {
        let ends = self.ends.entry((instrument, pitch)).or_insert([0; VOICES]);
        let voice = ends.iter().position(|end| *end <= at)?;
        ends[voice] = end;
        Some(voice)
    }
}
