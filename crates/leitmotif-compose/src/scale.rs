//! Scales as sets of pitch classes.

use leitmotif_score::{KeySignature, Ticks};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The scales by name: semitones above the tonic, the steps from the tonic to that of the major
/// scale with the same key signature, and whether its third is minor. `None` where no key signature
/// belongs to it.
const SCALES: [(&str, &[u8], Option<u8>); 15] = [
    ("major", &[0, 2, 4, 5, 7, 9, 11], Some(0)),
    ("minor", &[0, 2, 3, 5, 7, 8, 10], Some(3)),
    ("harmonic-minor", &[0, 2, 3, 5, 7, 8, 11], Some(3)),
    ("melodic-minor", &[0, 2, 3, 5, 7, 9, 11], Some(3)),
    ("dorian", &[0, 2, 3, 5, 7, 9, 10], Some(10)),
    ("phrygian", &[0, 1, 3, 5, 7, 8, 10], Some(8)),
    ("lydian", &[0, 2, 4, 6, 7, 9, 11], Some(7)),
    ("mixolydian", &[0, 2, 4, 5, 7, 9, 10], Some(5)),
    ("aeolian", &[0, 2, 3, 5, 7, 8, 10], Some(3)),
    ("locrian", &[0, 1, 3, 5, 6, 8, 10], Some(1)),
    ("major-pentatonic", &[0, 2, 4, 7, 9], Some(0)),
    ("minor-pentatonic", &[0, 3, 5, 7, 10], Some(3)),
    ("blues", &[0, 3, 5, 6, 7, 10], Some(3)),
    ("whole-tone", &[0, 2, 4, 6, 8, 10], None),
    ("chromatic", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], None),
];

/// A kind of scale, without its tonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale(usize);

impl Scale {
    /// The major scale.
    pub const MAJOR: Self = Self(0);
    /// The natural minor scale.
    pub const MINOR: Self = Self(1);

    /// All scales.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SCALES.len()).map(Self)
    }

    /// Its name, such as `harmonic-minor`.
    pub fn name(self) -> &'static str {
        SCALES[self.0].0
    }
}

impl FromStr for Scale {
    type Err = String;

    /// A scale's name; case, spaces, hyphens and underscores do not matter.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |text: &str| text.to_lowercase().replace([' ', '_', '-'], "");
        let found = Self::all().find(|scale| plain(scale.name()) == plain(text));
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            format!("no scale is called `{}`; there are {}", text.trim(), names.join(", "))
        })
    }
}

/// A tonic and a scale on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The tonic's pitch class, 0 (C) to 11 (B).
    pub tonic: u8,
    /// The scale.
    pub scale: Scale,
}

impl Key {
    /// A key from a tonic such as `C`, `f#`, `Bb`, `E-` or `A minor`; without a word for the scale
    /// it is `scale`.
    ///
    /// # Errors
    /// A sentence that names what could not be parsed.
    pub fn parse(text: &str, scale: Option<Scale>) -> Result<Self, String> {
        let text = text.trim();
        let mut letters = text.chars();
        let step = letters.next().and_then(|letter| "C_D_EF_G_A_B".find(letter.to_ascii_uppercase()));
        let Some(mut tonic) = step.filter(|_| !text.starts_with('_')).map(|step| step as i32) else {
            return Err(format!("`{text}` is not a key; write a tonic such as C, F# or Bb, and a scale such as minor"));
        };
        let mut rest = letters.as_str();
        while let Some(sign) = rest.chars().next() {
            tonic += match sign {
                '#' | '\u{266f}' => 1,
                'b' | '\u{266d}' if !rest.starts_with("blues") => -1,
                '-' if !rest[1..].starts_with(char::is_alphabetic) => -1,
                'm' if rest == "m" => {
                    rest = "minor";
                    break;
                }
                _ => break,
            };
            rest = &rest[sign.len_utf8()..];
        }
        let word = rest.trim_matches([' ', '-', '_', ':']);
        let named = if word.is_empty() { None } else { Some(word.parse::<Scale>()?) };
        if let (Some(named), Some(scale)) = (named, scale)
            && named != scale
        {
            return Err(format!("the key `{text}` names another scale than {}", scale.name()));
        }
        Ok(Self { tonic: tonic.rem_euclid(12) as u8, scale: named.or(scale).unwrap_or(Scale::MAJOR) })
    }

    /// Whether a MIDI pitch belongs to it.
    pub fn contains(self, pitch: u8) -> bool {
        SCALES[self.scale.0].1.contains(&((pitch + 12 - self.tonic) % 12))
    }

    /// The key signature, with at most six accidentals; `None` for scales that have none.
    pub fn signature(self, at: Ticks) -> Option<KeySignature> {
        let (_, steps, relative) = SCALES[self.scale.0];
        let major = (self.tonic + relative?) % 12;
        let sharps = (i32::from(major) * 7 + 5).rem_euclid(12) - 5;
        Some(KeySignature { at, sharps: sharps as i8, minor: steps.contains(&3) })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TONICS: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
        write!(f, "{} {}", TONICS[usize::from(self.tonic % 12)], self.scale.name())
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(text: &str) -> String {
        Key::parse(text, None).unwrap().to_string()
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        assert_eq!(key("c"), "C major");
        assert_eq!(key("F# minor"), "F# minor");
        assert_eq!(key("Bb harmonic minor"), "Bb harmonic-minor");
        assert_eq!(key("E-"), "Eb major");
        assert_eq!(key("bb"), "Bb major");
        assert_eq!(key("Am"), "A minor");
        assert_eq!(key("Cb"), "B major");
        assert_eq!(key("d-dorian"), "D dorian");
        assert_eq!(key("A blues"), "A blues");
        assert_eq!(Key::parse("A", Some(Scale::MINOR)).unwrap().to_string(), "A minor");
        for wrong in ["", "H", "C superlocrian", "_", "4"] {
            assert!(Key::parse(wrong, None).is_err(), "{wrong}");
        }
        assert!(Key::parse("A minor", Some(Scale::MAJOR)).is_err());
    }

    #[test]
    fn every_scale_starts_on_its_tonic_and_is_read_back() {
        for scale in Scale::all() {
            assert_eq!(scale.name().parse::<Scale>().unwrap(), scale);
            assert!((0..12).all(|tonic| Key { tonic, scale }.contains(60 + tonic)));
        }
    }

    #[test]
    fn signatures_of_the_circle_of_fifths() {
        let sharps = |text| Key::parse(text, None).unwrap().signature(Ticks(0)).map(|key| (key.sharps, key.minor));
        assert_eq!(sharps("C"), Some((0, false)));
        assert_eq!(sharps("A minor"), Some((0, true)));
        assert_eq!(sharps("D dorian"), Some((0, true)));
        assert_eq!(sharps("G mixolydian"), Some((0, false)));
        assert_eq!(sharps("F lydian"), Some((0, false)));
        assert_eq!(sharps("Eb"), Some((-3, false)));
        assert_eq!(sharps("F# minor"), Some((3, true)));
        assert_eq!(sharps("C chromatic"), None);
    }

    #[test]
    fn a_signature_holds_the_pitches_of_its_mode() {
        for scale in Scale::all().filter(|scale| SCALES[scale.0].1.len() == 7 && !scale.name().contains("ic-minor")) {
            for tonic in 0..12 {
                let key = Key { tonic, scale };
                let signature = key.signature(Ticks(0)).unwrap();
                let major = Key { tonic: (i32::from(signature.sharps) * 7).rem_euclid(12) as u8, scale: Scale::MAJOR };
                assert!((0..12).all(|pitch| key.contains(pitch) == major.contains(pitch)), "{key}");
            }
        }
    }
}
