//! How many notes of one pitch an instrument holds at a time.
//!
//! A part may strike a note that another part of the same program still holds. Both are kept, up to
//! [`VOICES`] at a time, because decoding can put them into so many parts; a MIDI channel itself
//! has only one of each pitch.

use leitmotif_score::Instrument;
use std::collections::BTreeMap;

/// The most notes of one pitch that one instrument can hold at a time.
pub(crate) const VOICES: usize = 4;

/// A note that sounds.
#[derive(Debug, Clone, Copy)]
struct Sounding {
    pitch: u8,
    voice: usize,
    /// The step at which it falls silent.
    end: u64,
}

/// The notes of each instrument that sounded when its last one began: at most [`VOICES`] of a
/// pitch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voices {
    sounding: BTreeMap<Instrument, Vec<Sounding>>,
    /// All of them together.
    count: usize,
}

impl Voices {
    /// The first voice that is silent at step `at`, which must not be before any `at` used in
    /// [`Self::sound`].
    pub fn free(&self, instrument: Instrument, pitch: u8, at: u64) -> Option<usize> {
        let mut busy = [false; VOICES];
        for note in self.of(instrument).iter().filter(|note| note.pitch == pitch && note.end > at) {
            busy[note.voice] = true;
        }
        busy.iter().position(|busy| !busy)
    }

    /// The pitches of which `instrument` has no free voice at step `at`, a bit for each.
    pub fn full(&self, instrument: Instrument, at: u64) -> u128 {
        let sounding = self.of(instrument);
        let full = |note: &&Sounding| sounding.len() >= VOICES && self.free(instrument, note.pitch, at).is_none();
        sounding.iter().filter(full).fold(0, |full, note| full | 1 << note.pitch)
    }

    /// Whether `instrument` can play one of `pitches` at step `at`.
    #[inline]
    pub fn any_free(&self, instrument: Instrument, mut pitches: std::ops::Range<u8>, at: u64) -> bool {
        self.count < VOICES * pitches.len() || pitches.any(|pitch| self.free(instrument, pitch, at).is_some())
    }

    /// Sounds a note from step `at` to step `end` in the first free voice, and returns its number;
    /// `None` if there is no free one.
    pub fn sound(&mut self, instrument: Instrument, pitch: u8, at: u64, end: u64) -> Option<usize> {
        let voice = self.free(instrument, pitch, at)?;
        let sounding = self.sounding.entry(instrument).or_default();
        self.count -= sounding.len();
        sounding.retain(|note| note.end > at);
        sounding.push(Sounding { pitch, voice, end });
        self.count += sounding.len();
        Some(voice)
    }

    fn of(&self, instrument: Instrument) -> &[Sounding] {
        self.sounding.get(&instrument).map_or(&[], Vec::as_slice)
    }
}
