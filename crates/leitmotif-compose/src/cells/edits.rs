//! What written cells change in the piece's own score, tick by tick.

use super::source::CellSource;
use super::task::CellTask;
use crate::latent::give_way;
use leitmotif_events::cells::{Cell, CellSong};
use leitmotif_score::{Edits, Note, Part, Score, Ticks};

impl CellSource {
    /// The bar that a tick of the score belongs to: that of its nearest grid step.
    pub fn bar_of(&self, at: Ticks) -> Option<usize> {
        let quarter = u128::from(self.score.resolution.ticks_per_quarter());
        let step = ((2 * u128::from(at.0) * u128::from(self.grid) + quarter) / (2 * quarter)) as u64;
        let bar = self.read.lines.partition_point(|line| *line <= step).checked_sub(1)?;
        (step < self.read.lines[bar] + self.read.song.bars[bar].frame.meter.steps).then_some(bar)
    }

    fn tick(&self, step: u64) -> Ticks {
        let (quarter, grid) = (self.score.resolution.ticks_per_quarter(), self.grid);
        Ticks((2 * step * quarter + grid) / (2 * grid))
    }

    /// What the written cells of a version change. Cells that came out as they stood change
    /// nothing.
    pub fn edits(&self, task: &CellTask, song: &CellSong) -> Edits {
        let (mut edits, parts) = (Edits::default(), self.parts().len());
        let rest = Cell::from([]);
        for part in 0..parts {
            let of = self.read.part_of.iter().position(|id| *id == self.parts()[part]);
            let mut added = Vec::new();
            let mut changed = vec![false; self.bars()];
            for bar in (0..song.bars.len()).filter(|bar| task.written[bar * parts + part]) {
                let cell = song.cell(bar, part).unwrap_or(&rest);
                if self.read.song.cell(bar, part) != Some(cell) {
                    changed[bar] = true;
                    added.extend(cell.iter().map(|note| {
                        let step = self.read.lines[bar] + note.position;
                        let (onset, end) = (self.tick(step), self.tick(step + note.duration));
                        let duration = Ticks((end - onset).0.max(1));
                        Note { onset, pitch: note.pitch, duration, velocity: note.velocity }
                    }));
                }
            }
            end_where_struck_again(&mut added);
            let Some(of) = of else {
                let id = self.parts()[part];
                let name = if id.instrument.is_drums() { "Drums".to_owned() } else { id.instrument.title() };
                edits.new_parts.push(Part { name, instrument: id.instrument, notes: added });
                continue;
            };
            edits.parts.entry(of).or_default().added = added;
            // Several parts of the score may make one of the piece.
            for (index, _) in self.read.part_of.iter().enumerate().filter(|(_, id)| **id == self.parts()[part]) {
                let goes = |note: &&Note| self.bar_of(note.onset).is_some_and(|bar| changed[bar]);
                let removed = self.score.parts[index].notes.iter().filter(goes).copied().collect();
                edits.parts.entry(index).or_default().removed = removed;
            }
        }
        edits.parts.retain(|_, edit| !edit.added.is_empty() || !edit.removed.is_empty());
        edits
    }

    /// The score with edits made in it.
    pub fn edited(&self, edits: &Edits) -> Score {
        let mut score = self.score.clone();
        for (index, edit) in &edits.parts {
            let notes = &mut score.parts[*index].notes;
            let mut removed = edit.removed.clone();
            notes.retain(|note| match removed.iter().position(|it| it == note) {
                Some(found) => {
                    removed.swap_remove(found);
                    false
                }
                None => true,
            });
            let kept = notes.clone();
            notes.extend(edit.added.iter().filter_map(|note| give_way(*note, &kept)));
        }
        score.parts.extend(edits.new_parts.iter().filter(|part| !part.notes.is_empty()).cloned());
        score.parts.retain(|part| !part.notes.is_empty());
        score.normalise();
        score
    }
}

/// Ends each note where the next of its pitch begins.
fn end_where_struck_again(notes: &mut [Note]) {
    notes.sort_unstable();
    let mut next: [Option<Ticks>; 128] = [None; 128];
    for note in notes.iter_mut().rev() {
        if let Some(next) = next[usize::from(note.pitch.min(127))].replace(note.onset) {
            note.duration = note.duration.min(Ticks((next - note.onset).0.max(1)));
        }
    }
}
