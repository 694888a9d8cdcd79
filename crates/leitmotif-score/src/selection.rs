//! Choosing instruments by what a person types.

use crate::Instrument;
use crate::general_midi::{FAMILIES, PROGRAMS, kebab};
use crate::nearest::edits;

/// The word for all drum kits.
const DRUMS: &str = "drums";
/// Other words for a family, and the family's number.
const ALIASES: [(&str, u8); 7] =
    [("lead", 10), ("pad", 11), ("fx", 12), ("effects", 12), ("world", 13), ("keyboard", 0), ("key", 0)];
/// Other words for words in the names of programs.
const SYNONYMS: [(&str, &str); 3] = [("saxophone", "sax"), ("vibes", "vibraphone"), ("double-bass", "contrabass")];
/// How many letters may be wrong in a word for it to be suggested.
const MAX_SUGGESTION_DISTANCE: usize = 3;

/// A set of instruments: a program, a kit, a family, all drums, or programs that share words in
/// their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentSelection {
    name: String,
    /// Bit n stands for program n.
    programs: u128,
    /// Bit n stands for kit n.
    kits: u128,
}

/// A word that names no instrument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no instrument is called `{word}`{}; use a program (0 to 127, or its General MIDI name) or a family: {}",
    .suggestion.as_ref().map(|it| format!(" (did you mean `{it}`?)")).unwrap_or_default(), family_names().join(", "))]
pub struct UnknownInstrument {
    /// The word as it was typed.
    pub word: String,
    /// The nearest name, where one is near.
    pub suggestion: Option<String>,
}

/// The names of all families, drums last, in the form of command lines.
pub fn family_names() -> Vec<String> {
    FAMILIES.iter().map(|family| kebab(family)).chain([DRUMS.to_owned()]).collect()
}

impl InstrumentSelection {
    /// What `text` names, whatever its case and punctuation: a program number (`0` to `127`), a
    /// program ("acoustic-grand-piano", "Acoustic Grand Piano"), a kit ("jazz-kit", "drum-kit-3"),
    /// a family ("piano", "bass"), `drums`, or words that occur in the names of programs
    /// ("electric-guitar", "sax": all of them).
    ///
    /// # Errors
    /// [`UnknownInstrument`], which lists the families and the nearest name.
    pub fn parse(text: &str) -> Result<Self, UnknownInstrument> {
        let name = kebab(text);
        let (programs, kits) = match text.trim().parse::<u8>() {
            Ok(program @ 0..128) => (1 << program, 0),
            _ if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => (0, 0),
            _ => find(&name),
        };
        if programs | kits != 0 {
            return Ok(Self { name, programs, kits });
        }
        Err(UnknownInstrument { word: text.trim().to_owned(), suggestion: nearest(&name) })
    }

    /// Whether `instrument` is one of them.
    pub fn matches(&self, instrument: Instrument) -> bool {
        let set = if instrument.is_drums() { self.kits } else { self.programs };
        set >> instrument.program() & 1 == 1
    }

    /// The instruments, programs first.
    pub fn instruments(&self) -> impl Iterator<Item = Instrument> + '_ {
        let programs = (0..128).map(Instrument::Program);
        programs.chain((0..128).map(Instrument::Drums)).filter(|&instrument| self.matches(instrument))
    }

    /// The selection, in the form of command lines.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::str::FromStr for InstrumentSelection {
    type Err = UnknownInstrument;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl std::fmt::Display for InstrumentSelection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Instrument {
    /// The instruments that `text` names, see [`InstrumentSelection::parse`].
    ///
    /// # Errors
    /// [`UnknownInstrument`], which lists the families and the nearest name.
    pub fn parse(text: &str) -> Result<InstrumentSelection, UnknownInstrument> {
        InstrumentSelection::parse(text)
    }
}

/// The programs and the kits called `name`.
fn find(name: &str) -> (u128, u128) {
    let singular = name.strip_suffix('s').unwrap_or(name);
    if singular == "drum" {
        return (0, u128::MAX);
    }
    if let Some(program) = PROGRAMS.iter().position(|it| kebab(it) == name) {
        return (1 << program, 0);
    }
    if let Some(kit) = (0..128).find(|&kit| Instrument::Drums(kit).name() == name) {
        return (0, 1 << kit);
    }
    let is_family = |word: &str| word == name || word.strip_suffix('s').unwrap_or(word) == singular;
    let alias = ALIASES.iter().find(|alias| is_family(alias.0)).map(|alias| usize::from(alias.1));
    if let Some(family) = FAMILIES.iter().position(|it| is_family(&kebab(it))).or(alias) {
        return (0xFF << (8 * family), 0);
    }
    (programs_with_words(name), 0)
}

/// The programs in whose names every word of `name` occurs.
fn programs_with_words(name: &str) -> u128 {
    let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    let same = |word: &str, other: &str| singular(word) == singular(other);
    let usual = |word| SYNONYMS.iter().find(|it| same(word, it.0)).map_or(word, |it| it.1);
    let words: Vec<&str> = usual(name).split('-').filter(|word| !word.is_empty()).map(usual).collect();
    let mut programs = 0;
    for (program, title) in PROGRAMS.iter().enumerate() {
        let title = kebab(title);
        if !words.is_empty() && words.iter().all(|word| title.split('-').any(|it| same(it, word))) {
            programs |= 1 << program;
        }
    }
    programs
}

/// The name of a family or program that is nearest to `name`.
fn nearest(name: &str) -> Option<String> {
    let programs = PROGRAMS.iter().map(|title| kebab(title));
    let words = PROGRAMS.iter().flat_map(|title| kebab(title).split('-').map(str::to_owned).collect::<Vec<_>>());
    let candidates = family_names().into_iter().chain(programs).chain(words.filter(|word| word.len() > 3));
    let allowed = MAX_SUGGESTION_DISTANCE.min(name.chars().count().div_ceil(3)).max(1);
    candidates
        .map(|candidate| (edits(name, &candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn programs(text: &str) -> Vec<Instrument> {
        InstrumentSelection::parse(text).unwrap().instruments().collect()
    }

    #[test]
    fn every_name_finds_its_own_instrument() {
        for program in (0..128).map(Instrument::Program).chain((0..128).map(Instrument::Drums)) {
            assert_eq!(programs(&program.name()), [program]);
            assert_eq!(programs(&program.title()), [program]);
        }
        assert_eq!(programs(" 40 "), [Instrument::Program(40)]);
    }

    #[test]
    fn families_and_words() {
        for (index, family) in FAMILIES.iter().enumerate() {
            let found = programs(family);
            assert_eq!(found.len(), 8, "{family}");
            assert!(found.iter().all(|it| it.family() == Some(index as u8)), "{family}");
        }
        assert_eq!(programs("drums").len(), 128);
        assert!(InstrumentSelection::parse("Drums").unwrap().matches(Instrument::Drums(40)));
        assert!(!InstrumentSelection::parse("drums").unwrap().matches(Instrument::Program(0)));
        for saxophones in ["sax", "saxophone", "Saxophones"] {
            assert_eq!(programs(saxophones).len(), 4, "{saxophones}");
        }
        assert_eq!(programs("alto saxophone"), programs("alto-sax"));
        assert_eq!(programs("double bass"), programs("contrabass"));
        assert_eq!((programs("trumpets").len(), programs("violins").len(), programs("keys").len()), (2, 1, 8));
        assert_eq!(programs("electric guitar").len(), 3);
        assert_eq!(programs("guitars").len(), 8);
    }

    #[test]
    fn an_unknown_word_is_an_error_that_lists_what_there_is() {
        let error = InstrumentSelection::parse("paino").unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("piano"));
        let text = error.to_string();
        assert!(text.contains("did you mean `piano`?") && text.contains("sound-effects, drums"), "{text}");
        assert_eq!(InstrumentSelection::parse("vilin").unwrap_err().suggestion.as_deref(), Some("violin"));
        for nonsense in ["", "128", "-1", "xyzzyqwop", "\u{1F3B9}"] {
            assert!(InstrumentSelection::parse(nonsense).is_err(), "{nonsense}");
        }
    }
}
