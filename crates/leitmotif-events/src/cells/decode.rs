//! Bars of cells as a score.
//!
//! The score's clock is a multiple of the grid, so that every step is a whole number of ticks and
//! reading the score gives the same cells again. A note ends where its part strikes the pitch
//! again.

use super::fields::CellFields;
use super::song::{CellSong, PartId};
use leitmotif_score::{Meter, Note, Part, Resolution, Score, Tempo, Ticks};

/// The name of a part.
pub(super) fn name(part: PartId) -> String {
    let title = if part.instrument.is_drums() { "Drums".to_owned() } else { part.instrument.title() };
    if part.number == 1 { title } else { format!("{title} {}", part.number) }
}

pub(super) fn score(fields: &CellFields, song: &CellSong) -> Score {
    let least = Resolution::DEFAULT.ticks_per_quarter();
    let per_step = least.div_ceil(fields.plain.grid);
    let resolution = Resolution::new((per_step * fields.plain.grid) as u16).unwrap_or_default();
    let mut score = Score { resolution, ..Score::default() };
    score.parts = song
        .parts
        .iter()
        .map(|part| Part { name: name(*part), instrument: part.instrument, notes: Vec::new() })
        .collect();
    let mut line = 0;
    for bar in &song.bars {
        let at = |step: u64| Ticks((line + step) * per_step);
        let meter = bar.frame.meter;
        if score.meters.last().is_none_or(|it| (it.numerator, it.denominator) != (meter.numerator, meter.denominator)) {
            score.meters.push(Meter { at: at(0), numerator: meter.numerator, denominator: meter.denominator });
        }
        for (position, tempo) in &bar.frame.tempos {
            score.tempos.push(Tempo { at: at(*position), micros_per_quarter: tempo.micros_per_quarter() });
        }
        for (part, cell) in score.parts.iter_mut().zip(&bar.cells) {
            part.notes.extend(cell.iter().flat_map(|cell| cell.iter()).map(|note| Note {
                onset: at(note.position),
                pitch: note.pitch,
                duration: Ticks(note.duration * per_step),
                velocity: note.velocity,
            }));
        }
        line += meter.steps;
    }
    score.parts.iter_mut().for_each(end_where_struck_again);
    score
}

/// Ends each note where the next of its pitch begins. The notes are in order.
fn end_where_struck_again(part: &mut Part) {
    let mut next: [Option<Ticks>; 128] = [None; 128];
    for note in part.notes.iter_mut().rev() {
        if let Some(next) = next[usize::from(note.pitch.min(127))].replace(note.onset) {
            note.duration = note.duration.min(next - note.onset);
        }
    }
}
