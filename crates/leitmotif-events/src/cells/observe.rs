//! What songs have, counted from their cells.

use super::Cells;
use super::fields::FIELDS;
use crate::event::Event;
use crate::events::observed::{Song, Songs};
use crate::{Observed, Sequence};

/// Counts what the sequences have; those without meaning are passed over.
pub(super) fn observe(cells: &Cells, songs: &mut dyn Iterator<Item = Sequence>) -> Observed {
    let mut all = Songs::new(FIELDS);
    for sequence in songs {
        let Ok(song) = cells.song(&sequence) else { continue };
        sequence.events().for_each(|event| all.see(event));
        let mut counted = Song::default();
        song.genre.into_iter().for_each(|genre| counted.follow(Event::Genre(genre), 1));
        for bar in &song.bars {
            counted.follow(Event::Bar(bar.frame.meter), 1);
            for &(position, tempo) in &bar.frame.tempos {
                counted.follow(Event::Tempo { position, tempo }, 1);
            }
            let cells = song.parts.iter().zip(&bar.cells);
            let notes =
                cells.flat_map(|(part, cell)| cell.iter().flat_map(|cell| cell.iter()).map(|note| (*note, *part)));
            let mut notes: Vec<_> = notes.map(|(note, part)| (note.of(part), part.number)).collect();
            notes.sort_unstable_by_key(|(note, number)| (note.position, note.instrument, *number, note.pitch));
            notes.into_iter().for_each(|(note, number)| counted.follow(Event::Note(note), number));
        }
        counted.follow(Event::End, 1);
        all.add(&counted, &cells.fields.plain);
    }
    all.observed()
}
