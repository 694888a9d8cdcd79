//! One chord and its name.

use super::{ChordError, ChordQuality, OCTAVE, symbol};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A chord: a root, a quality, and the bass where that is not the root. Serialised as its symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chord {
    /// Pitch class of the root, 0 (C) to 11 (B).
    pub root: u8,
    /// The notes above it.
    pub quality: ChordQuality,
    /// Pitch class of the lowest note where it is not the root, 0 to 11. It need not belong to the
    /// quality: `C/D` is a chord.
    pub bass: Option<u8>,
}

/// Letters in the order of fifths.
const FIFTHS: [&str; 7] = ["F", "C", "G", "D", "A", "E", "B"];
/// Where names are on the line of fifths, on which C is 0, G is 1 and F is -1: from Cb to A#.
const NAMES: std::ops::RangeInclusive<i32> = -7..=10;
/// The first and the last root on that line: Gb and A#.
const FIRST_ROOT: i32 = -6;
/// See [`FIRST_ROOT`].
const LAST_ROOT: i32 = 10;
/// Fifths from the root to the note each number of semitones above it, as a note of the chord: a
/// third is a third, whether minor (-3) or major (4).
const FIFTHS_ABOVE: [i32; 12] = [0, -5, 2, -3, 4, -1, -6, 1, 8, 3, -2, 5];

impl Chord {
    /// The chord on `root` (taken modulo 12) with the root in the bass.
    pub fn new(root: u8, quality: ChordQuality) -> Self {
        Self { root: root % OCTAVE, quality, bass: None }
    }

    /// The same chord over the bass `bass` (taken modulo 12); the root is no separate bass.
    pub fn over(self, bass: u8) -> Self {
        let bass = bass % OCTAVE;
        Self { bass: (bass != self.root).then_some(bass), ..self }
    }

    /// The pitch class of the lowest note, 0 to 11.
    pub fn lowest(self) -> u8 {
        self.bass.unwrap_or(self.root) % OCTAVE
    }

    /// Its pitch classes, those of the quality and the bass: bit n stands for pitch class n, of
    /// the lowest 12 bits.
    pub fn pitch_classes(self) -> u16 {
        let tones = self.quality.intervals().iter().map(|step| (self.root % OCTAVE + step) % OCTAVE);
        tones.chain([self.lowest()]).fold(0, |mask, tone| mask | 1 << tone)
    }

    /// Whether `pitch` (a MIDI pitch or a pitch class) belongs to it.
    pub fn contains(self, pitch: u8) -> bool {
        self.pitch_classes() >> (pitch % OCTAVE) & 1 == 1
    }

    /// The chord `semitones` higher.
    pub fn transposed(self, semitones: i32) -> Self {
        let up =
            |tone: u8| (i32::from(tone) + semitones.rem_euclid(i32::from(OCTAVE))).rem_euclid(i32::from(OCTAVE)) as u8;
        Self { root: up(self.root), bass: self.bass.map(up), ..self }
    }

    /// Reads a chord symbol such as `Dm7`, `C/E` or `F#m7b5`; [`super::parse_progression`] says
    /// which spellings there are.
    ///
    /// # Errors
    /// [`ChordError`] where `symbol` is no chord symbol that is known.
    pub fn parse(symbol: &str) -> Result<Self, ChordError> {
        symbol::chord(symbol).map_err(|problem| ChordError::new(symbol, 0, symbol, problem))
    }

    /// Its symbol as it is spelt beside a key signature of so many sharps (flats below zero): `G#7`
    /// beside four sharps, `Ab7` beside four flats. `Display` is the spelling beside none.
    pub fn name_in(self, sharps: i8) -> String {
        // The twelve names that are nearest to the key; minor chords lie on its side of sharps.
        let side = if self.quality.has_major_third() { -5 } else { -3 };
        let root = in_fifths(self.root, (i32::from(sharps) + side).clamp(FIRST_ROOT, LAST_ROOT - 11));
        let name = format!("{}{}", fifths_name(root), self.quality.symbol());
        let Some(bass) = self.bass.filter(|bass| bass % OCTAVE != self.root % OCTAVE) else { return name };
        let above = (bass % OCTAVE + OCTAVE - self.root % OCTAVE) % OCTAVE;
        let spelt = root + FIFTHS_ABOVE[usize::from(above)];
        let bass = if NAMES.contains(&spelt) { spelt } else { in_fifths(bass, -5) };
        format!("{name}/{}", fifths_name(bass))
    }
}

/// The place on the line of fifths, from `first` on, of a pitch class.
fn in_fifths(class: u8, first: i32) -> i32 {
    first + (i32::from(class) * 7 - first).rem_euclid(i32::from(OCTAVE))
}

/// The name of a note by its place on the line of fifths.
fn fifths_name(place: i32) -> String {
    let (letter, accidental) = ((place + 1).rem_euclid(7), (place + 1).div_euclid(7));
    let signs = if accidental < 0 { "b" } else { "#" }.repeat(accidental.unsigned_abs() as usize);
    format!("{}{signs}", FIFTHS[letter as usize])
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name_in(0))
    }
}

impl std::str::FromStr for Chord {
    type Err = ChordError;
    fn from_str(symbol: &str) -> Result<Self, ChordError> {
        Self::parse(symbol)
    }
}

impl TryFrom<String> for Chord {
    type Error = ChordError;
    fn try_from(symbol: String) -> Result<Self, ChordError> {
        Self::parse(&symbol)
    }
}

impl From<Chord> for String {
    fn from(chord: Chord) -> Self {
        chord.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_spelt_as_musicians_do() {
        let named = |root, quality, bass: Option<u8>| Chord { root, quality, bass }.to_string();
        assert_eq!(named(2, ChordQuality::Minor7, None), "Dm7");
        assert_eq!(named(0, ChordQuality::Major, Some(4)), "C/E");
        assert_eq!(named(6, ChordQuality::HalfDiminished7, None), "F#m7b5");
        assert_eq!(named(4, ChordQuality::Major, Some(8)), "E/G#");
        assert_eq!(named(8, ChordQuality::Minor, Some(11)), "G#m/B");
        assert_eq!(named(1, ChordQuality::Major, Some(5)), "Db/F");
        assert_eq!(named(3, ChordQuality::Minor, Some(6)), "Ebm/Gb");
        assert_eq!(named(0, ChordQuality::Dominant7, Some(10)), "C7/Bb");
        assert_eq!(named(6, ChordQuality::Major, Some(0)), "F#/C");
        assert_eq!(named(1, ChordQuality::Power, None), "C#5");
        assert_eq!(format!("{:6}|", Chord::new(9, ChordQuality::Minor)), "Am    |");
    }

    #[test]
    fn names_follow_the_key() {
        let names = |root, quality, bass: u8| {
            [-7, -4, 0, 4, 7, i8::MIN, i8::MAX].map(|sharps| Chord::new(root, quality).over(bass).name_in(sharps))
        };
        assert_eq!(names(8, ChordQuality::Dominant7, 8), ["Ab7", "Ab7", "Ab7", "G#7", "G#7", "Ab7", "G#7"]);
        assert_eq!(names(8, ChordQuality::Minor, 3)[1..4], ["Abm/Eb", "G#m/D#", "G#m/D#"]);
        assert_eq!(names(11, ChordQuality::Major, 3)[..4], ["B/D#", "B/D#", "B/D#", "B/D#"]);
        assert_eq!(names(9, ChordQuality::Minor, 9)[..5], ["Am", "Am", "Am", "Am", "Am"]);
    }

    #[test]
    fn pitch_classes_are_those_of_the_notes() {
        assert_eq!(Chord::new(0, ChordQuality::Major).pitch_classes(), 0b0000_1001_0001);
        assert_eq!(Chord::new(11, ChordQuality::Major).pitch_classes(), 0b1000_0100_1000);
        assert_eq!(Chord::new(0, ChordQuality::Power).over(2).pitch_classes(), 0b0000_1000_0101);
        assert!(Chord::new(7, ChordQuality::Dominant7).contains(65));
        assert!(!Chord::new(7, ChordQuality::Dominant7).contains(64));
    }

    #[test]
    fn transposing_moves_root_and_bass() {
        let chord = Chord::new(0, ChordQuality::Major).over(4);
        assert_eq!(chord.transposed(-1).to_string(), "B/D#");
        assert_eq!(chord.transposed(12), chord);
        assert_eq!(chord.transposed(i32::MIN).transposed(i32::MAX).transposed(1), chord);
        assert_eq!(chord.over(12), Chord::new(0, ChordQuality::Major));
    }

    #[test]
    fn every_chord_reads_its_own_name() {
        for quality in ChordQuality::ALL {
            for root in 0..12 {
                for bass in 0..12 {
                    let chord = Chord::new(root, quality).over(bass);
                    assert_eq!(Chord::parse(&chord.to_string()).unwrap(), chord, "{chord}");
                    let json = serde_json::to_string(&chord).unwrap();
                    assert_eq!(serde_json::from_str::<Chord>(&json).unwrap(), chord);
                }
            }
        }
    }
}
