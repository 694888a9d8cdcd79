//! What the events hold otherwise than a score does, besides its notes: bars that no bar event
//! describes, and tempos beyond the slowest and the fastest bin.

use super::encode::step;
use super::layout::{Bar, lay_out};
use super::meters::Meters;
use crate::event::TempoBin;
use crate::{MAX_QUARTERS, RepresentationConfig};
use leitmotif_score::{Bar as ScoreBar, Score};
use std::collections::BTreeMap;

/// Time signatures of a rewritten bar that are listed by name.
const MAX_LISTED: usize = 3;

/// What a representation with bars holds changed of a score's meters and tempos, in words, each
/// with how many bars or tempos; all notes keep their onsets. Empty for representations without
/// bars.
pub fn changes(config: &RepresentationConfig, score: &Score) -> BTreeMap<String, usize> {
    let mut changes = BTreeMap::new();
    let Some(grid) = config.grid().filter(|_| config.has_bars()) else { return changes };
    let quarter = score.resolution.ticks_per_quarter();
    let onsets = score.parts.iter().flat_map(|part| &part.notes).map(|note| step(note.onset.0, grid.into(), quarter));
    let Some(last) = onsets.filter(|step| *step < MAX_QUARTERS * u64::from(grid)).max() else { return changes };
    let meters = Meters::new(grid);
    let mut add = |change: String| *changes.entry(change).or_default() += 1;
    lay_out(score, &meters, grid.into(), last, |bar, written| {
        if let Some(change) = rewritten(score, &meters, bar, written) {
            add(change);
        }
    });
    for tempo in &score.tempos {
        let exact = tempo.quarters_per_minute();
        let ratio = TempoBin::nearest(tempo.micros_per_quarter).quarters_per_minute() / exact;
        // The outermost bins hold what is nearest to them, within half a bin.
        if (ratio.log2() * TempoBin::PER_OCTAVE).abs() > 0.6 {
            let limit = if ratio > 1.0 { "slower than 20" } else { "faster than 320" };
            add(format!("tempos {limit} quarters a minute, held at that"));
        }
    }
    changes
}

fn rewritten(score: &Score, meters: &Meters, bar: &ScoreBar, written: &[Bar]) -> Option<String> {
    let (numerator, denominator) = (bar.meter.numerator, bar.meter.denominator);
    if written.len() == 1 && meters.find(numerator, denominator) == Some(written[0].meter) {
        return None;
    }
    if bar.length < bar.meter.bar_length(score.resolution) {
        return Some("bars cut short by a change of meter, written as bars of their length".to_owned());
    }
    let mut names: Vec<String> = Vec::new();
    for bar in written {
        let signature = meters.list()[bar.meter];
        let name = format!("{}/{}", signature.numerator, signature.denominator);
        if names.len() < MAX_LISTED && !names.contains(&name) {
            names.push(name);
        }
    }
    let names = if names.is_empty() { "part of the next bar".to_owned() } else { names.join(" and ") };
    Some(format!("bars in {numerator}/{denominator}, written as {names}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::{Instrument, Meter, Note, Part, Tempo, Ticks};

    fn of(meters: &[(u64, u8, u8)], tempos: &[f64]) -> Vec<(String, usize)> {
        let meter = |&(at, numerator, denominator)| Meter { at: Ticks(at), numerator, denominator };
        let note = Note { onset: Ticks(480 * 300), pitch: 60, duration: Ticks(1), velocity: 1 };
        let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: vec![note] };
        let tempo = |(at, tempo): (usize, &f64)| Tempo::from_quarters_per_minute(Ticks(at as u64), *tempo);
        let score = Score {
            parts: vec![part],
            meters: meters.iter().map(meter).collect(),
            tempos: tempos.iter().enumerate().map(tempo).collect(),
            ..Score::default()
        };
        let config = RepresentationConfig::Events { grid: 12, genres: Vec::new() };
        changes(&config, &score).into_iter().collect()
    }

    #[test]
    fn what_can_be_written_is_no_change() {
        assert_eq!(of(&[(0, 3, 4), (960, 3, 4), (1440, 7, 8)], &[20.1, 60.0, 320.0, 323.0]), []);
    }

    #[test]
    fn bars_and_tempos_that_cannot_be_written_are_named() {
        assert_eq!(of(&[(0, 255, 4)], &[]), [("bars in 255/4, written as 5/4".to_owned(), 2)]);
        let fine = of(&[(0, 4, 128), (480, 4, 4)], &[]);
        assert_eq!(fine.iter().map(|(_, count)| count).sum::<usize>(), 8);
        assert!(fine.iter().any(|(text, _)| text == "bars in 4/128, written as 1/16"), "{fine:?}");
        let cut = "bars cut short by a change of meter, written as bars of their length";
        assert_eq!(of(&[(960, 3, 4)], &[]), [(cut.to_owned(), 1)]);
        let tempos = of(&[], &[10.0, 12.0, 400.0]);
        assert_eq!(tempos[0], ("tempos faster than 320 quarters a minute, held at that".to_owned(), 1));
        assert_eq!(tempos[1], ("tempos slower than 20 quarters a minute, held at that".to_owned(), 2));
    }
}
