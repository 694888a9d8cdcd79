//! What can be wrong with chords that a musician types.

use super::progression::{MAX_CHORDS_A_BAR, MAX_PROGRESSION_BARS, MAX_PROGRESSION_BYTES};
use std::fmt;

/// The most characters of the text that are shown on each side of a wrong symbol's beginning.
const SHOWN: usize = 40;
/// What can be written.
const KNOWN: &str = "a chord is a root (C, F#, Bb) with nothing (major), m, dim, aug, sus2, sus4, 5, 6, m6, 7, maj7, \
                     m7, m7b5 or dim7, then a bass where it is another note (C/E); N.C. is no chord, % repeats the \
                     bar before; with a key, Roman numerals are chords (ii7 V7 I)";

/// A text that is no progression of chords. Its `Display` shows the line of the text with a caret
/// under the wrong symbol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ChordError {
    /// The text as it was typed, its beginning where it is too long.
    pub text: String,
    /// Where the wrong symbol begins in `text`, in bytes.
    pub at: usize,
    /// The wrong symbol; empty where the whole text is wrong.
    pub symbol: String,
    /// What is wrong with it.
    pub problem: ChordProblem,
}

/// What is wrong with a symbol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChordProblem {
    /// It begins with no note and no numeral.
    #[error("a chord begins with its root, a capital letter from A to G; {KNOWN}")]
    Root,
    /// What follows the root is unknown.
    #[error("no quality of chords is written `{0}`; {KNOWN}")]
    Quality(String),
    /// What follows the slash is no note.
    #[error("the bass after the slash is a note such as E or Bb, not `{0}`")]
    Bass(String),
    /// A Roman numeral without a key.
    #[error("Roman numerals need a key")]
    NoKey,
    /// A chord of another degree's key, such as `V/V`.
    #[error("chords of another degree's key (V/V) are not supported; write the chord itself, such as II7 for V7/V")]
    Secondary,
    /// `%` in the first bar.
    #[error("there is no bar before this one to repeat")]
    NothingToRepeat,
    /// `%` beside chords.
    #[error("% repeats a whole bar and stands alone in its own")]
    RepeatBesideChords,
    /// Too many chords in one bar.
    #[error("a bar has at most {MAX_CHORDS_A_BAR} chords")]
    CrowdedBar,
    /// Too many bars.
    #[error("a progression has at most {MAX_PROGRESSION_BARS} bars")]
    TooManyBars,
    /// A text that is too long to be read.
    #[error("a progression is at most {MAX_PROGRESSION_BYTES} bytes of text, not {0}")]
    TooLong(usize),
    /// No chords at all.
    #[error("there are no chords; {KNOWN}")]
    Empty,
}

/// The beginning of a text that may be of any length, without control characters.
pub(super) fn clipped(text: &str) -> String {
    text.chars().take(SHOWN).map(|it| if it.is_control() { ' ' } else { it }).collect()
}

impl ChordError {
    pub(super) fn new(text: &str, at: usize, symbol: &str, problem: ChordProblem) -> Self {
        Self { text: text.to_owned(), at, symbol: symbol.to_owned(), problem }
    }
}

impl fmt::Display for ChordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.symbol.is_empty() {
            return write!(f, "{}", self.problem);
        }
        let before = self.text.get(..self.at).unwrap_or_default();
        let after = self.text.get(self.at..).unwrap_or_default();
        let before = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let after = &after[..after.find('\n').unwrap_or(after.len())];
        let cut = before.char_indices().rev().nth(SHOWN - 1).map_or(0, |(start, _)| start);
        let end = after.char_indices().nth(SHOWN).map_or(after.len(), |(end, _)| end);
        let lead = if cut > 0 { "… " } else { "" };
        let trail = if end < after.len() { " …" } else { "" };
        let margin = lead.chars().count() + before[cut..].chars().count();
        let carets = self.symbol.chars().count().clamp(1, after[..end].chars().count().max(1));
        writeln!(f, "`{}`: {}", clipped(&self.symbol), self.problem)?;
        writeln!(f, "  {lead}{}{}{trail}", clipped(&before[cut..]), clipped(after))?;
        write!(f, "  {:margin$}{}", "", "^".repeat(carets))
    }
}
