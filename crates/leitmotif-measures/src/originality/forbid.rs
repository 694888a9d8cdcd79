//! Which next note would make a run in common too long.

use super::line::{Line, LineNote, token};
use super::{OriginalityIndex, Player};

/// Pitches of MIDI.
const PITCHES: usize = 128;

impl OriginalityIndex {
    /// The pitches at which a note of `line` at `step` would make a run in common of more than
    /// `most` notes, of which it is one. A line of which no note was ever added at such a pitch has
    /// no run longer than that, whatever order its notes were added in. `most` is at least 1.
    pub fn forbid(&self, line: &Line, step: u64, most: usize) -> [bool; PITCHES] {
        let most = most.max(1);
        let mut forbidden = [false; PITCHES];
        let notes = line.notes();
        // Of all pitches that come last, the notes before are the same.
        let context = notes.len().checked_sub(most).map(|from| &notes[from..]);
        let places = context.map(|notes| self.suffixes.places(&self.ranks(line.player(), notes)));
        for (pitch, forbidden) in (0..).zip(&mut forbidden) {
            let note = LineNote { step, pitch };
            let place = line.place(note);
            *forbidden = match (notes.get(place), notes.last(), &places) {
                (Some(other), ..) if *other == note => false,
                (Some(_), ..) => self.completes(line, place, note, most),
                (None, Some(last), Some(places)) if !places.is_empty() => {
                    let symbol = self.symbol(token(line.player(), *last, note));
                    !self.suffixes.narrow(places.clone(), most - 1, symbol).is_empty()
                }
                _ => false,
            };
        }
        forbidden
    }

    /// Whether `note`, put at `place` of a line, is in a run of more than `most` notes.
    fn completes(&self, line: &Line, place: usize, note: LineNote, most: usize) -> bool {
        let notes = line.notes();
        let before = &notes[place.saturating_sub(most)..place];
        let after = &notes[place..notes.len().min(place.saturating_add(most))];
        let around = [before, &[note], after].concat();
        let symbols = self.ranks(line.player(), &around);
        symbols.windows(most).any(|run| !self.suffixes.places(run).is_empty())
    }

    /// The symbols between notes that follow one another.
    fn ranks(&self, player: Player, notes: &[LineNote]) -> Vec<u32> {
        self.symbols(notes.windows(2).map(|pair| token(player, pair[0], pair[1]))).collect()
    }
}
