//! Reading one chord symbol.

use super::error::clipped;
use super::{Chord, ChordProblem, ChordQuality, OCTAVE};

/// Letters of notes, and the pitch class of each.
const LETTERS: [(char, u8); 7] = [('C', 0), ('D', 2), ('E', 4), ('F', 5), ('G', 7), ('A', 9), ('B', 11)];
/// Other beginnings of a suffix, and the beginning that [`SUFFIXES`] has in their place, for
/// suffixes that it does not list. The first that fits counts.
const BEGINNINGS: [(&str, &str); 21] = [
    ("major", "M"),
    ("maj", "M"),
    ("ma", "M"),
    ("minor", "m"),
    ("min", "m"),
    ("mi", "m"),
    ("-", "m"),
    ("Δ7", "M7"),
    ("Δ9", "M9"),
    ("Δ", "M7"),
    ("△7", "M7"),
    ("△", "M7"),
    ("°", "dim"),
    ("º", "dim"),
    ("o", "dim"),
    ("ø7", "m7b5"),
    ("ø", "m7b5"),
    ("Ø7", "m7b5"),
    ("Ø", "m7b5"),
    ("+", "aug"),
    ("dom", ""),
];

/// The suffixes of each quality. The first is the plain one; the others mean the same, or are
/// reduced to it (see [`super::parse_progression`]).
const SUFFIXES: [(ChordQuality, &[&str]); 14] = [
    (ChordQuality::Major, &["", "M", "add9", "add2", "2", "add11", "add4"]),
    (ChordQuality::Minor, &["m", "madd9", "madd2", "madd11", "mM7", "mmaj7", "mMaj7", "mΔ7", "mΔ", "mM9", "mmaj9"]),
    (ChordQuality::Diminished, &["dim", "mb5"]),
    (ChordQuality::Augmented, &["aug", "#5", "aug7", "7#5"]),
    (ChordQuality::Sus2, &["sus2", "7sus2", "9sus2"]),
    (ChordQuality::Sus4, &["sus4", "sus", "7sus4", "7sus", "9sus4", "9sus", "13sus4", "13sus"]),
    (ChordQuality::Power, &["5"]),
    (ChordQuality::Sixth, &["6", "M6", "add6", "6/9", "69", "6add9"]),
    (ChordQuality::MinorSixth, &["m6", "m6/9", "m69", "madd6"]),
    (
        ChordQuality::Dominant7,
        &["7", "9", "11", "13", "7b9", "7#9", "7b5", "7#11", "7b13", "9#11", "13b9", "13#11", "7alt", "alt"],
    ),
    (ChordQuality::Major7, &["M7", "M9", "M11", "M13", "M7#11", "M9#11"]),
    (ChordQuality::Minor7, &["m7", "m9", "m11", "m13", "m7add11"]),
    (ChordQuality::HalfDiminished7, &["m7b5", "m7-5", "m9b5", "halfdim7", "halfdim"]),
    (ChordQuality::Diminished7, &["dim7"]),
];

/// Reads a symbol that begins with the letter of its root.
pub(super) fn chord(symbol: &str) -> Result<Chord, ChordProblem> {
    let (root, suffix) = note(symbol).ok_or(ChordProblem::Root)?;
    let (quality, bass) = quality_and_bass(suffix)?;
    let chord = Chord::new(root, quality);
    Ok(bass.map_or(chord, |bass| chord.over(bass)))
}

/// The quality of what follows a root, and the bass after a slash.
pub(super) fn quality_and_bass(suffix: &str) -> Result<(ChordQuality, Option<u8>), ChordProblem> {
    if let Some(quality) = quality(suffix) {
        return Ok((quality, None));
    }
    let (suffix, bass) = match suffix.rsplit_once('/') {
        None => (suffix, None),
        Some((suffix, bass)) => match note(bass) {
            Some((bass, "")) => (suffix, Some(bass)),
            _ => return Err(ChordProblem::Bass(clipped(bass))),
        },
    };
    let quality = quality(suffix).ok_or_else(|| ChordProblem::Quality(clipped(suffix)))?;
    Ok((quality, bass))
}

/// The pitch class of the note name that `text` begins with, and what follows it.
fn note(text: &str) -> Option<(u8, &str)> {
    let (_, natural) = LETTERS.iter().find(|(letter, _)| text.starts_with(*letter))?;
    let (sharps, rest) = accidentals(&text[1..]);
    Some(((i32::from(*natural) + sharps).rem_euclid(i32::from(OCTAVE)) as u8, rest))
}

/// The sharps (flats below zero) that `text` begins with, two at most, and what follows them.
pub(super) fn accidentals(text: &str) -> (i32, &str) {
    let (mut sharps, mut rest) = (0, text);
    for _ in 0..2 {
        let step = match rest.chars().next() {
            Some('#' | '♯') if sharps >= 0 => 1,
            Some('b' | '♭') if sharps <= 0 => -1,
            _ => break,
        };
        sharps += step;
        rest = rest.strip_prefix(['#', '♯', 'b', '♭']).unwrap_or(rest);
    }
    (sharps, rest)
}

/// The quality that a suffix names. Words may have capitals; the letters M and m alone differ.
fn quality(suffix: &str) -> Option<ChordQuality> {
    let plain: String = suffix.chars().filter(|it| !matches!(it, '(' | ')')).collect();
    let plain = plain.replace('♯', "#").replace('♭', "b");
    let listed = |suffix: &str| SUFFIXES.iter().find(|(_, known)| known.contains(&suffix)).map(|(quality, _)| *quality);
    let find = |suffix: &str| {
        let beginning = || BEGINNINGS.iter().find_map(|(from, to)| Some(format!("{to}{}", suffix.strip_prefix(from)?)));
        listed(suffix).or_else(|| listed(&beginning()?))
    };
    let is_word = || plain.chars().take(2).filter(|it| it.is_alphabetic()).count() == 2;
    find(&plain).or_else(|| if is_word() { find(&plain.to_lowercase()) } else { None })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_spelling_names_its_quality() {
        let spellings = [
            (ChordQuality::Major, "C CM Cmaj CMajor Cadd9 C2 C(add9)"),
            (ChordQuality::Minor, "Cm Cmin C- Cmi Cminor CMin Cmadd9 CmM7 Cm(maj7) CminMaj7"),
            (ChordQuality::Diminished, "Cdim C° Co CDim"),
            (ChordQuality::Augmented, "Caug C+ C(#5) C+7 Caug7 C7#5 C7(♯5)"),
            (ChordQuality::Sus2, "Csus2"),
            (ChordQuality::Sus4, "Csus4 Csus C7sus4 C9sus4"),
            (ChordQuality::Power, "C5"),
            (ChordQuality::Sixth, "C6 Cmaj6 C6/9"),
            (ChordQuality::MinorSixth, "Cm6 Cmin6 C-6 Cm6/9"),
            (ChordQuality::Dominant7, "C7 C9 C11 C13 Cdom7 C7(b9) C7♯9"),
            (ChordQuality::Major7, "Cmaj7 CM7 CΔ CΔ7 C△ Cmaj9 CMAJ7 Cma7 CM13"),
            (ChordQuality::Minor7, "Cm7 Cmin7 C-7 Cm9 Cm11 Cmi7"),
            (ChordQuality::HalfDiminished7, "Cm7b5 Cø Cø7 CØ Cm7(♭5) Cmin7b5 C-7b5"),
            (ChordQuality::Diminished7, "Cdim7 C°7 Co7"),
        ];
        for (quality, symbols) in spellings {
            for symbol in symbols.split(' ') {
                assert_eq!(chord(symbol).unwrap(), Chord::new(0, quality), "{symbol}");
            }
        }
    }

    #[test]
    fn roots_and_basses_have_accidentals() {
        let roots = ["C#", "Db", "D♭", "Bb", "B♯", "Cb", "Ebb", "F##"].map(|symbol| chord(symbol).unwrap().root);
        assert_eq!(roots, [1, 1, 1, 10, 0, 11, 2, 7]);
        assert_eq!(chord("Bbm7/Ab").unwrap(), Chord { root: 10, quality: ChordQuality::Minor7, bass: Some(8) });
        assert_eq!(chord("C6/9/E").unwrap(), Chord { root: 0, quality: ChordQuality::Sixth, bass: Some(4) });
        assert_eq!(chord("C/C").unwrap().bass, None);
        assert_eq!(chord("C#5").unwrap(), Chord::new(1, ChordQuality::Power));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(chord("H7"), Err(ChordProblem::Root));
        assert_eq!(chord("am"), Err(ChordProblem::Root));
        assert_eq!(chord("Cmu"), Err(ChordProblem::Quality("mu".into())));
        assert_eq!(chord("C/H"), Err(ChordProblem::Bass("H".into())));
        assert_eq!(chord("C/"), Err(ChordProblem::Bass(String::new())));
        assert_eq!(chord("C/Em"), Err(ChordProblem::Bass("Em".into())));
        assert_eq!(chord("C7/Em/G"), Err(ChordProblem::Quality("7/Em".into())));
        assert!(chord("").is_err() && chord("M11").is_err() && chord("CMm7").is_err());
    }

    #[test]
    fn no_suffix_is_listed_twice() {
        let all: Vec<&str> = SUFFIXES.iter().flat_map(|(_, suffixes)| suffixes.iter().copied()).collect();
        for (number, suffix) in all.iter().enumerate() {
            assert!(!all[..number].contains(suffix), "{suffix}");
        }
    }
}
