//! What sounds where a note begins: the pitch classes of the bass and of two tones above it.
//!
//! Cells come one after another, so notes that sound together lie far apart in the sequence, and a
//! repeated cell does not even name its notes. A note of a pitched part therefore says what the
//! known cells of its bar and its own lower notes sound at its onset (notes held from the bar
//! before included), or, where the bar has chords, the chord. This follows from what is known, so
//! that it is read but never predicted. Tones are named by themselves and not by their intervals,
//! so that what they tell of a pitch needs no arithmetic: each favours the pitches that suit it.

use super::song::{CellNote, CellSong};
use crate::{NONE, Value};
use leitmotif_score::Chord;

/// Pitch classes.
pub(super) const OCTAVE: u8 = 12;

/// Tones that are named.
pub(super) const TONES: usize = 3;

/// The bass, the next and the last tone above it that sound as a note of cell `part` of bar `bar`
/// begins, whose cell has the notes `own` so far; [`NONE`] for each tone that does not, and of
/// drums.
pub(super) fn context(
    song: &CellSong,
    bar: usize,
    part: usize,
    own: &[CellNote],
    position: u64,
) -> [Value; TONES] {
    let drums = |part: usize| song.parts.get(part).is_none_or(|part| part.instrument.is_drums());
    let Some(here) = song.bars.get(bar).filter(|_| !drums(part)) else { return [NONE; TONES] };
    let chord = here.frame.chords.iter().rev().find(|(at, _)| *at <= position);
    if let Some(chord) = chord.and_then(|(_, chord)| *chord) {
        return of_chord(chord);
    }
    let mut sounding = Sounding::default();
    let parts = || (0..song.parts.len()).filter(|other| *other != part && !drums(*other));
    let cells = parts().filter_map(|other| song.cell(bar, other).map(|cell| &cell[..]));
    for cell in cells.chain([own]) {
        let notes = cell.iter().take_while(|note| note.position <= position);
        notes.filter(|note| note.position + note.duration > position).for_each(|note| sounding.add(note.pitch));
    }
    if let Some(before) = bar.checked_sub(1) {
        let at = position + song.bars[before].frame.meter.steps;
        for other in parts() {
            let cell = song.cell(before, other).map_or(&[][..], |cell| cell);
            let held = cell.iter().filter(|note| note.position + note.duration > at);
            held.for_each(|note| sounding.add(note.pitch));
        }
    }
    sounding.values()
}

fn of_chord(chord: Chord) -> [Value; TONES] {
    let classes = chord.quality.intervals().iter().map(|interval| 1 << ((chord.root + interval) % OCTAVE));
    Sounding { lowest: Some(chord.root), classes: classes.fold(0, |all: u16, class| all | class) }.values()
}

/// Pitches that sound together.
#[derive(Debug, Default)]
struct Sounding {
    lowest: Option<u8>,
    /// A bit for each pitch class.
    classes: u16,
}

impl Sounding {
    fn add(&mut self, pitch: u8) {
        self.lowest = Some(self.lowest.map_or(pitch, |lowest| lowest.min(pitch)));
        self.classes |= 1 << (pitch % OCTAVE);
    }

    fn values(&self) -> [Value; TONES] {
        let Some(bass) = self.lowest.map(|pitch| pitch % OCTAVE) else { return [NONE; TONES] };
        let tones = || (1..OCTAVE).map(|interval| (bass + interval) % OCTAVE);
        let sounds = |tone: &u8| self.classes >> tone & 1 == 1;
        let value = |tone: u8| Value::from(tone) + 1;
        let next = tones().find(sounds);
        let last = tones().rev().find(sounds).filter(|last| next != Some(*last));
        [value(bass), next.map_or(NONE, value), last.map_or(NONE, value)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_is_its_bass_and_two_tones_above() {
        let told = |pitches: &[u8]| {
            let mut sounding = Sounding::default();
            pitches.iter().for_each(|pitch| sounding.add(*pitch));
            sounding.values().map(|value| i32::from(value) - 1)
        };
        assert_eq!(told(&[]), [-1; TONES]);
        assert_eq!(told(&[48, 60]), [0, -1, -1]);
        assert_eq!(told(&[48, 67]), [0, 7, -1]);
        assert_eq!(told(&[40, 64, 67, 59]), [4, 7, 11]);
        assert_eq!(told(&[60, 64, 67, 70]), [0, 4, 10]);
        assert_eq!(told(&[69, 72, 64]), [4, 9, 0]);
    }
}
