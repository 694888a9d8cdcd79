//! The chords of a MIDI file: as a list, and as a lead sheet of four bars a line.

use leitmotif_score::{Bar, ChordSpan, Score, Ticks, estimate_chords};
use serde::Serialize;
use std::fmt::Write;

/// Bars of a line.
const BARS_A_LINE: usize = 4;
/// What stands for no chord.
const NO_CHORD: &str = "N.C.";
/// What stands for a bar like the one before.
const REPEAT: &str = "%";

/// The chords of a score.
pub struct Chords {
    bars: Vec<Bar>,
    spans: Vec<ChordSpan>,
    /// The symbol of each span, spelt in the key that holds where it begins.
    symbols: Vec<String>,
    ticks_per_quarter: u64,
}

/// A chord that begins, or a stretch without one.
#[derive(Debug, PartialEq, Serialize)]
pub struct ChordReport {
    bar: usize,
    beat: f64,
    symbol: String,
}

impl Chords {
    /// The chords that `score` plays.
    pub fn of(score: &Score) -> Self {
        let spans = estimate_chords(score);
        let symbol = |span: &ChordSpan| {
            let sharps = score.key_at(span.at).map_or(0, |key| key.sharps);
            span.chord.map_or(NO_CHORD.to_owned(), |chord| chord.name_in(sharps))
        };
        let symbols = spans.iter().map(symbol).collect();
        Self { bars: score.bars().collect(), spans, symbols, ticks_per_quarter: score.resolution.ticks_per_quarter() }
    }

    /// Where each begins.
    pub fn list(&self) -> Vec<ChordReport> {
        let report = |(span, symbol): (&ChordSpan, &String)| {
            let next = self.bars.partition_point(|bar| bar.start <= span.at);
            let bar = self.bars[..next].last()?;
            Some(ChordReport { bar: bar.index + 1, beat: self.beat(bar, span.at), symbol: symbol.clone() })
        };
        self.spans.iter().zip(&self.symbols).filter_map(report).collect()
    }

    /// Lines of bars, each line with the number of its first bar. A chord that begins elsewhere
    /// than where an even share of the bar begins has its beat: `F G@4`.
    pub fn sheet(&self) -> String {
        let mut cells: Vec<String> = Vec::with_capacity(self.bars.len());
        let mut before = None;
        let mut first = 0;
        for bar in &self.bars {
            first += self.spans[first..].partition_point(|span| span.until <= bar.start);
            let within = self.spans[first..].partition_point(|span| span.at < bar.end());
            if within == 0 {
                break;
            }
            let cell = self.cell(bar, first..first + within);
            let repeats = before.as_ref() == Some(&cell);
            cells.push(if repeats { REPEAT.to_owned() } else { cell.clone() });
            before = Some(cell);
        }
        let width = |column: usize| {
            let column = cells.iter().skip(column).step_by(BARS_A_LINE);
            column.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; BARS_A_LINE] = std::array::from_fn(width);
        let digits = cells.len().to_string().len();
        let lines = cells.chunks(BARS_A_LINE).enumerate().map(|(line, cells)| {
            let mut text = format!("{:digits$} |", line * BARS_A_LINE + 1);
            for (cell, width) in cells.iter().zip(widths) {
                // Writing to a string cannot fail.
                let _ = write!(text, " {cell:width$} |");
            }
            text
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// One bar with these spans, of which the first may have begun before it.
    fn cell(&self, bar: &Bar, spans: std::ops::Range<usize>) -> String {
        let starts: Vec<Ticks> = self.spans[spans.clone()].iter().map(|span| span.at.max(bar.start)).collect();
        let count = starts.len() as u64;
        let even = |index: u64| bar.start + Ticks(bar.length.0.saturating_mul(index) / count);
        let is_even = (0..).zip(&starts).all(|(index, start)| *start == even(index));
        let symbols =
            starts.iter().zip(&self.symbols[spans]).map(|(start, symbol)| match is_even || *start == bar.start {
                true => symbol.clone(),
                false => format!("{symbol}@{}", plain(self.beat(bar, *start))),
            });
        symbols.collect::<Vec<_>>().join(" ")
    }

    /// The beat of `bar` at `at`, counted from 1 in the meter's own beats.
    fn beat(&self, bar: &Bar, at: Ticks) -> f64 {
        let quarters = (at - bar.start).0 as f64 / self.ticks_per_quarter as f64;
        1.0 + quarters * f64::from(bar.meter.denominator) / 4.0
    }
}

/// `2`, `2.5`, `2.33`.
fn plain(beat: f64) -> String {
    let text = format!("{beat:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::{Bars, Instrument, KeySignature, Note, Part, Resolution, parse_progression};

    /// Block chords, a whole bar for each list of `(symbol, beats)`.
    fn score(bars: &[&[(&str, u64)]]) -> Score {
        let mut notes = Vec::new();
        let mut at = 0;
        for (symbol, beats) in bars.iter().copied().flatten() {
            let length = beats * 480;
            let chord = parse_progression(symbol, None).unwrap().bars[0][0];
            let tones = (0..12).filter(|tone| chord.is_some_and(|chord| chord.contains(*tone)));
            let bass = chord.map(|chord| 36 + chord.lowest());
            notes.extend(tones.map(|tone| 60 + tone).chain(bass).map(|pitch| Note {
                onset: Ticks(at),
                pitch,
                duration: Ticks(length),
                velocity: 80,
            }));
            at += length;
        }
        let part = Part { name: String::new(), instrument: Instrument::Program(0), notes };
        Score { parts: vec![part], ..Score::default() }
    }

    #[test]
    fn a_sheet_has_four_bars_a_line() {
        let bars: [&[(&str, u64)]; 6] =
            [&[("Am", 4)], &[("F", 2), ("G", 2)], &[("C", 4)], &[("C", 4)], &[("Dm", 3), ("G7", 1)], &[("N.C.", 4)]];
        let mut score = score(&bars);
        score.parts[0].notes.push(Note { onset: Ticks(11519), pitch: 60, duration: Ticks(1), velocity: 1 });
        let chords = Chords::of(&score);
        assert_eq!(chords.sheet(), "1 | Am      | F G  | C | % |\n5 | Dm G7@4 | N.C. |");
        let list: Vec<_> = chords.list().into_iter().map(|it| (it.bar, it.beat, it.symbol)).collect();
        let named = |bar, beat, symbol: &str| (bar, beat, symbol.to_owned());
        let expected = [
            named(1, 1.0, "Am"),
            named(2, 1.0, "F"),
            named(2, 3.0, "G"),
            named(3, 1.0, "C"),
            named(5, 1.0, "Dm"),
            named(5, 4.0, "G7"),
            named(6, 1.0, "N.C."),
        ];
        assert_eq!(list, expected);
    }

    #[test]
    fn symbols_are_spelt_in_the_key() {
        let mut score = score(&[&[("Ab7", 4)], &[("C#m", 4)]]);
        score.keys = vec![KeySignature { at: Ticks(0), sharps: 4, minor: true }];
        assert_eq!(Chords::of(&score).sheet(), "1 | G#7 | C#m |");
    }

    #[test]
    fn nothing_has_no_chords() {
        let chords = Chords::of(&Score::default());
        assert_eq!((chords.sheet().as_str(), chords.list().len()), ("", 0));
    }

    #[test]
    fn beats_are_those_of_the_meter() {
        let meter = leitmotif_score::Meter { at: Ticks(0), numerator: 6, denominator: 8 };
        let score = Score { meters: vec![meter], ..score(&[&[("Am", 3)]]) };
        let chords = Chords::of(&score);
        let bar = Bars::new(Resolution::DEFAULT, &[meter], Ticks(1)).next().unwrap();
        assert_eq!(chords.beat(&bar, Ticks(720)), 4.0);
        assert_eq!([2.0, 2.5, 7.0 / 3.0, 10.0].map(plain), ["2", "2.5", "2.33", "10"]);
    }
}
