//! Reading Roman numerals, which name chords by the degree of a key.

use super::{Chord, ChordProblem, ChordQuality, OCTAVE, symbol};
use crate::KeySignature;

/// A tonic and whether its mode is minor: what Roman numerals need to be chords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tonality {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// Whether the third of the key is minor.
    pub minor: bool,
}

impl From<KeySignature> for Tonality {
    fn from(key: KeySignature) -> Self {
        // A sharp raises the tonic by a fifth; the relative minor lies nine semitones above.
        let tonic = i32::from(key.sharps) * 7 + if key.minor { 9 } else { 0 };
        Self { tonic: tonic.rem_euclid(i32::from(OCTAVE)) as u8, minor: key.minor }
    }
}

/// The numerals, longer ones before those they begin with, and their degrees from 0.
const NUMERALS: [(&str, usize); 7] = [("VII", 6), ("VI", 5), ("V", 4), ("IV", 3), ("III", 2), ("II", 1), ("I", 0)];
/// Semitones of the degrees above a major key's tonic.
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
/// Semitones of the degrees above a minor key's tonic: the natural minor scale.
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

/// Whether `text` begins with a numeral, after accidentals.
pub(super) fn is_numeral(text: &str) -> bool {
    symbol::accidentals(text).1.starts_with(['I', 'V', 'i', 'v'])
}

/// Reads a symbol such as `ii7`, `bVII` or `V7/D` in `key`: capitals are major, small letters
/// minor. What follows is a suffix as after a letter. In a minor key III, VI and VII are the
/// degrees of the natural minor scale; a flat before them names the same degrees, as both ways of
/// writing them are common, and a sharp raises them.
pub(super) fn chord(text: &str, key: Option<Tonality>) -> Result<Chord, ChordProblem> {
    let key = key.ok_or(ChordProblem::NoKey)?;
    let (sharps, rest) = symbol::accidentals(text);
    let found = NUMERALS.iter().find_map(|&(name, degree)| {
        let (numeral, suffix) = rest.split_at_checked(name.len())?;
        let small = numeral == name.to_lowercase();
        (numeral == name || small).then_some((degree, small, suffix))
    });
    let (degree, small, suffix) = found.ok_or(ChordProblem::Root)?;
    if suffix.rsplit_once('/').is_some_and(|(_, of)| is_numeral(of)) {
        return Err(ChordProblem::Secondary);
    }
    let (quality, bass) = symbol::quality_and_bass(suffix)?;
    let quality = if small { in_minor(quality) } else { quality };
    let lowered = key.minor && MINOR[degree] != MAJOR[degree];
    let above = if key.minor { MINOR[degree] } else { MAJOR[degree] } + if lowered { sharps.max(0) } else { sharps };
    let root = (i32::from(key.tonic % OCTAVE) + above).rem_euclid(i32::from(OCTAVE)) as u8;
    let chord = Chord::new(root, quality);
    Ok(bass.map_or(chord, |bass| chord.over(bass)))
}

/// What a suffix means after a small numeral: `ii7` is a minor seventh chord.
fn in_minor(quality: ChordQuality) -> ChordQuality {
    match quality {
        ChordQuality::Major | ChordQuality::Major7 => ChordQuality::Minor,
        ChordQuality::Sixth => ChordQuality::MinorSixth,
        ChordQuality::Dominant7 => ChordQuality::Minor7,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, tonic: u8, minor: bool) -> String {
        match chord(text, Some(Tonality { tonic, minor })) {
            Ok(chord) => chord.to_string(),
            Err(problem) => format!("{problem:?}"),
        }
    }

    #[test]
    fn numerals_are_degrees_of_the_key() {
        let in_g = ["I", "ii7", "iii", "IVmaj7", "V7", "vi", "vii°", "viiø7", "bVII", "#iv°7", "V7/C", "Isus4", "bII"];
        let found = in_g.map(|text| read(text, 7, false));
        let named = ["G", "Am7", "Bm", "Cmaj7", "D7", "Em", "F#dim", "F#m7b5", "F", "C#dim7", "D7/C", "Gsus4", "Ab"];
        assert_eq!(found, named);
    }

    #[test]
    fn minor_keys_have_their_own_degrees() {
        let in_a = ["i", "iiø7", "III", "iv", "V7", "VI", "VII", "bVI", "bVII", "#vii°", "bII", "i6"];
        let found = in_a.map(|text| read(text, 9, true));
        assert_eq!(found, ["Am", "Bm7b5", "C", "Dm", "E7", "F", "G", "F", "G", "G#dim", "Bb", "Am6"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(chord("I", None), Err(ChordProblem::NoKey));
        assert_eq!(read("V/V", 0, false), "Secondary");
        assert_eq!(read("V7/ii", 0, false), "Secondary");
        assert_eq!(read("Iv", 0, false), "Quality(\"v\")");
        assert_eq!(read("IIII", 0, false), "Quality(\"I\")");
        assert_eq!(read("vx", 0, false), "Quality(\"x\")");
        assert_eq!(read("bb", 0, false), "Root");
    }

    #[test]
    fn key_signatures_have_a_tonality() {
        let of = |sharps, minor| Tonality::from(KeySignature { at: crate::Ticks(0), sharps, minor }).tonic;
        assert_eq!([of(0, false), of(0, true), of(3, true), of(-1, false), of(-7, false)], [0, 9, 6, 5, 11]);
    }
}
