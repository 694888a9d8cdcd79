//! A piece of music, free of any file format.
//!
//! Invariants, kept by [`Score::normalise`] and by everything that returns a score: `tempos`,
//! `meters` and `keys` are sorted by tick, one per tick; notes of a part are sorted by
//! `(onset, pitch, duration, velocity)`; durations and velocities are at least 1; a score that
//! names no tempo plays at 120 quarters a minute, one that names no meter is in 4/4.

use crate::instrument::MAX_PROGRAM;
use crate::{Instrument, Resolution, Ticks};
use serde::{Deserialize, Serialize};

/// A sounding note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Where it begins.
    pub onset: Ticks,
    /// MIDI pitch, 0 to 127 (60 is middle C); for drums, the percussion instrument.
    pub pitch: u8,
    /// How long it is held, at least one tick.
    pub duration: Ticks,
    /// How hard it is struck, 1 to 127.
    pub velocity: u8,
}

/// One player's notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What the file calls it; may be empty.
    pub name: String,
    /// Who plays it.
    pub instrument: Instrument,
    /// Its notes in order. Notes of one pitch may overlap in a score; files written from it never
    /// do.
    pub notes: Vec<Note>,
}

/// A tempo that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tempo {
    /// Where it begins.
    pub at: Ticks,
    /// Microseconds a quarter note, at least 1.
    pub micros_per_quarter: u32,
}

/// A time signature that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Where it begins.
    pub at: Ticks,
    /// Beats in a bar, at least 1.
    pub numerator: u8,
    /// The note value of a beat: a power of two.
    pub denominator: u8,
}

/// A key signature that holds from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySignature {
    /// Where it begins.
    pub at: Ticks,
    /// Sharps (positive) or flats (negative), -7 to 7.
    pub sharps: i8,
    /// Whether the mode is minor.
    pub minor: bool,
}

/// A named place (rehearsal mark, section, lyric-free cue).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Where it stands.
    pub at: Ticks,
    /// Its text.
    pub text: String,
}

/// A piece of music: its parts, and the time they share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The clock that every tick of this score counts in.
    pub resolution: Resolution,
    /// The piece's name, where it has one.
    pub title: Option<String>,
    /// The players.
    pub parts: Vec<Part>,
    /// The tempo map.
    pub tempos: Vec<Tempo>,
    /// The time signatures.
    pub meters: Vec<Meter>,
    /// The key signatures.
    pub keys: Vec<KeySignature>,
    /// Named places.
    pub markers: Vec<Marker>,
    /// Free text about the piece (how it was made); written as text events at the start of a file.
    pub texts: Vec<String>,
}

/// The largest pitch and the largest velocity of MIDI.
const MAX_DATA: u8 = 127;
/// The most sharps or flats of a key signature.
const MAX_ACCIDENTALS: i8 = 7;
/// The smallest note value a time signature can name.
const MAX_DENOMINATOR: u8 = 128;

impl Note {
    /// Where it stops sounding: the first tick after it.
    pub fn end(&self) -> Ticks {
        self.onset + self.duration
    }

    /// The order of notes in a part.
    pub(crate) fn order(&self) -> (Ticks, u8, Ticks, u8) {
        (self.onset, self.pitch, self.duration, self.velocity)
    }
}

impl Part {
    /// Where its last sounding note stops.
    pub fn end(&self) -> Ticks {
        self.notes.iter().map(Note::end).max().unwrap_or_default()
    }
}

impl Score {
    /// Where the last sounding note stops: the first tick after the music; 0 without notes.
    pub fn end(&self) -> Ticks {
        self.parts.iter().map(Part::end).max().unwrap_or_default()
    }

    /// How many notes all parts have.
    pub fn note_count(&self) -> usize {
        self.parts.iter().map(|part| part.notes.len()).sum()
    }

    /// The instruments of the parts that have notes, sorted, each once.
    pub fn instruments(&self) -> Vec<Instrument> {
        let sounding = self.parts.iter().filter(|part| !part.notes.is_empty());
        let mut instruments: Vec<Instrument> = sounding.map(|part| part.instrument).collect();
        instruments.sort_unstable();
        instruments.dedup();
        instruments
    }

    /// The key signature that holds at `ticks`, where one was named before.
    pub fn key_at(&self, ticks: Ticks) -> Option<KeySignature> {
        self.keys.iter().filter(|key| key.at <= ticks).max_by_key(|key| key.at).copied()
    }

    /// Puts everything in order and in range, so that the invariants of this module hold: sorts;
    /// keeps the last of several tempos, meters or keys at one tick; removes notes whose pitch no
    /// MIDI device knows and texts that say nothing; moves every other value out of range to the
    /// nearest in range (denominators to the next power of two).
    pub fn normalise(&mut self) {
        for part in &mut self.parts {
            part.instrument = match part.instrument {
                Instrument::Program(program) => Instrument::Program(program.min(MAX_PROGRAM)),
                Instrument::Drums(program) => Instrument::Drums(program.min(MAX_PROGRAM)),
            };
            part.notes.retain(|note| note.pitch <= MAX_DATA);
            for note in &mut part.notes {
                note.duration = note.duration.max(Ticks(1));
                note.velocity = note.velocity.clamp(1, MAX_DATA);
            }
            if !part.notes.is_sorted_by_key(Note::order) {
                part.notes.sort_unstable_by_key(Note::order);
            }
        }
        for tempo in &mut self.tempos {
            tempo.micros_per_quarter = tempo.micros_per_quarter.clamp(1, Tempo::MAX_MICROS);
        }
        for meter in &mut self.meters {
            meter.numerator = meter.numerator.max(1);
            meter.denominator = meter.denominator.clamp(1, MAX_DENOMINATOR).next_power_of_two();
        }
        for key in &mut self.keys {
            key.sharps = key.sharps.clamp(-MAX_ACCIDENTALS, MAX_ACCIDENTALS);
        }
        keep_last_of_each_tick(&mut self.tempos, |tempo| tempo.at);
        keep_last_of_each_tick(&mut self.meters, |meter| meter.at);
        keep_last_of_each_tick(&mut self.keys, |key| key.at);
        self.markers.retain(|marker| !marker.text.is_empty());
        self.markers.sort_by_key(|marker| marker.at);
        self.texts.retain(|text| !text.is_empty());
        self.title.take_if(|title| title.is_empty());
    }
}

/// Sorts by tick; of several at one tick the last stays.
fn keep_last_of_each_tick<T>(items: &mut Vec<T>, at: impl Fn(&T) -> Ticks) {
    items.sort_by_key(&at);
    items.reverse();
    items.dedup_by_key(|item| at(item));
    items.reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising_orders_and_bounds() {
        let note =
            |onset, pitch, duration, velocity| Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity };
        let mut score = Score {
            parts: vec![Part {
                name: String::new(),
                instrument: Instrument::Program(255),
                notes: vec![note(5, 60, 0, 0), note(0, 200, 1, 1), note(0, 61, 3, 255), note(0, 60, 1, 1)],
            }],
            title: Some(String::new()),
            tempos: [(9, 3), (0, 0), (0, u32::MAX)]
                .map(|(at, micros_per_quarter)| Tempo { at: Ticks(at), micros_per_quarter })
                .to_vec(),
            meters: vec![Meter { at: Ticks(0), numerator: 0, denominator: 6 }],
            keys: vec![KeySignature { at: Ticks(0), sharps: -99, minor: true }],
            markers: vec![Marker { at: Ticks(0), text: String::new() }],
            texts: vec![String::new(), "a".into()],
            ..Score::default()
        };
        score.normalise();
        assert_eq!(score.parts[0].notes, [note(0, 60, 1, 1), note(0, 61, 3, 127), note(5, 60, 1, 1)]);
        assert_eq!(score.instruments(), [Instrument::Program(127)]);
        assert_eq!(score.tempos.iter().map(|it| it.micros_per_quarter).collect::<Vec<_>>(), [Tempo::MAX_MICROS, 3]);
        assert_eq!((score.meters[0].numerator, score.meters[0].denominator), (1, 8));
        assert_eq!(score.keys[0].sharps, -7);
        assert_eq!((score.title.as_deref(), score.markers.len(), score.texts.len()), (None, 0, 1));
        assert_eq!((score.end(), score.note_count()), (Ticks(6), 3));
        let once = score.clone();
        score.normalise();
        assert_eq!(score, once);
    }
}
