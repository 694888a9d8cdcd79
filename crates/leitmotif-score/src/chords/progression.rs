//! Reading what a musician types: chords bar by bar.

use super::numeral::{self, Tonality};
use super::{Chord, ChordError, ChordProblem, ChordSpan, symbol};
use crate::{Bar, Ticks};

/// The most chords of one bar.
pub const MAX_CHORDS_A_BAR: usize = 4;
/// The most bars of a progression.
pub const MAX_PROGRESSION_BARS: usize = 4096;
/// The longest text of a progression, in bytes.
pub const MAX_PROGRESSION_BYTES: usize = 64 << 10;

/// Chords bar by bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progression {
    /// Each bar's chords, one to [`MAX_CHORDS_A_BAR`], which share the bar evenly; `None` is no
    /// chord. There is at least one bar.
    pub bars: Vec<Vec<Option<Chord>>>,
}

/// Reads a progression.
///
/// Chords are separated by spaces, commas or lone dashes. Without bar lines each is a bar of its
/// own (`Am F C G`); with them (`Dm7 G7 | Cmaj7 | %`) the chords of a bar share it evenly, and what
/// lies empty between two lines is no bar, so that `||` and lines of text that begin and end with a
/// bar line are allowed. `%` repeats the bar before, `N.C.` or `NC` is no chord.
///
/// A chord is a root with accidentals (`#`, `♯`, `b`, `♭`), a quality and, after a slash, a bass
/// (`C/E`). Each quality has its usual spellings: `C CM Cmaj`, `Cm Cmin C-`, `Cdim C°`,
/// `Caug C+`, `Csus2`, `Csus4 Csus`, `C5`, `C6`, `Cm6`, `C7`, `Cmaj7 CM7 CΔ`, `Cm7 C-7`,
/// `Cm7b5 Cø`, `Cdim7 C°7`. Larger chords are reduced: the 9, 11 and 13 of a seventh chord are left
/// out (`C9` is `C7`, `Cm11` is `Cm7`, `Cmaj9` is `Cmaj7`), and so are added notes (`Cadd9` is `C`,
/// `C6/9` is `C6`), the seventh of a suspended, an augmented or a minor chord with a major seventh
/// (`C7sus4` is `Csus4`, `C7#5` is `Caug`, `CmM7` is `Cm`) and altered notes (`C7b9` is `C7`).
///
/// With a key, Roman numerals are chords: `I V vi IV`, `ii7 V7 Imaj7`, `bVII`. Capitals are major,
/// small letters minor; figures name qualities, not inversions (`I6` has a sixth). In a minor key
/// III, VI and VII, with or without a flat, are the degrees of the natural minor scale.
///
/// # Errors
/// [`ChordError`], which says which symbol is wrong and why, also where a text is longer than
/// [`MAX_PROGRESSION_BYTES`], a progression longer than [`MAX_PROGRESSION_BARS`] or a bar fuller
/// than [`MAX_CHORDS_A_BAR`].
pub fn parse_progression(text: &str, key: Option<Tonality>) -> Result<Progression, ChordError> {
    if text.len() > MAX_PROGRESSION_BYTES {
        let start = text.get(..text.floor_char_boundary(80)).unwrap_or_default();
        return Err(ChordError::new(start, 0, "", ChordProblem::TooLong(text.len())));
    }
    let has_lines = text.contains('|');
    let mut bars: Vec<Vec<Option<Chord>>> = Vec::new();
    for cell in text.split('|') {
        let symbols: Vec<&str> =
            cell.split(separates).filter(|symbol| !symbol.trim_matches(DASHES).is_empty()).collect();
        let cells: Vec<&[&str]> = match has_lines {
            true => vec![&symbols],
            false => symbols.chunks(1).collect(),
        };
        for symbols in cells {
            let error = |symbol: &str, problem| ChordError::new(text, offset(text, symbol), symbol, problem);
            let Some(&first) = symbols.first() else { continue };
            if let Some(crowd) = symbols.get(MAX_CHORDS_A_BAR) {
                return Err(error(crowd, ChordProblem::CrowdedBar));
            }
            if bars.len() >= MAX_PROGRESSION_BARS {
                return Err(error(first, ChordProblem::TooManyBars));
            }
            let bar = match (symbols, bars.last()) {
                (["%"], Some(before)) => before.clone(),
                (["%"], None) => return Err(error(first, ChordProblem::NothingToRepeat)),
                _ => {
                    let read = |symbol: &&str| chord(symbol, key).map_err(|problem| error(symbol, problem));
                    symbols.iter().map(read).collect::<Result<_, _>>()?
                }
            };
            bars.push(bar);
        }
    }
    if bars.is_empty() { Err(ChordError::new(text, 0, "", ChordProblem::Empty)) } else { Ok(Progression { bars }) }
}

/// Dashes that stand alone between chords.
const DASHES: [char; 3] = ['-', '–', '—'];

fn separates(letter: char) -> bool {
    letter.is_whitespace() || letter == ','
}

/// Where `symbol`, a slice of `text`, begins in it, in bytes.
fn offset(text: &str, symbol: &str) -> usize {
    symbol.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// A chord by letter or numeral, or none.
fn chord(symbol: &str, key: Option<Tonality>) -> Result<Option<Chord>, ChordProblem> {
    match symbol {
        "N.C." | "N.C" | "NC" | "n.c." | "nc" => Ok(None),
        "%" => Err(ChordProblem::RepeatBesideChords),
        _ if numeral::is_numeral(symbol) => numeral::chord(symbol, key).map(Some),
        _ => symbol::chord(symbol).map(Some),
    }
}

impl Progression {
    /// The progression laid over `bars`, from its beginning and again and again until they end: one
    /// span for each chord of each bar, in order, without gaps. The chords of a bar share it
    /// evenly; a bar shorter than their number in ticks has fewer.
    pub fn spans(&self, bars: impl IntoIterator<Item = Bar>) -> Vec<ChordSpan> {
        let mut spans = Vec::new();
        for (bar, chords) in bars.into_iter().zip(self.bars.iter().cycle()) {
            let count = chords.len() as u64;
            let edge = |index: u64| {
                bar.start + Ticks((u128::from(bar.length.0) * u128::from(index) / u128::from(count.max(1))) as u64)
            };
            let shares =
                (0..).zip(chords).map(|(index, &chord)| ChordSpan { at: edge(index), until: edge(index + 1), chord });
            spans.extend(shares.filter(|span| span.at < span.until));
        }
        spans
    }
}
