//! What sounds where a note begins: the pitch class of the lowest note of the other parts, and the
//! intervals of the others above it.
//!
//! Cells come one after another, so notes that sound together lie far apart in the sequence, and a
//! repeated cell does not even name its notes. A note of a pitched part therefore says what the
//! other cells of its bar that are known sound at its onset (notes held from the bar before
//! included), or, where the bar has chords, the chord. This follows from what is known, so that it
//! is read but never predicted.

use super::song::CellSong;
use crate::{NONE, Value};
use leitmotif_score::Chord;
use std::fmt;

/// Pitch classes.
pub(super) const OCTAVE: u8 = 12;

/// The lowest and the highest interval of what sounds above the bass, as pitch classes, 0 where
/// there is none: a fifth has (7, 0), a triad (4, 7), a seventh chord (4, 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Harmony {
    low: u8,
    high: u8,
}

impl Harmony {
    /// Nothing but the bass, 11 single intervals, and 55 pairs.
    pub const COUNT: usize = 1 + 11 + 55;

    /// All, in the order of their values.
    pub fn all() -> impl Iterator<Item = Self> {
        let single = (0..OCTAVE).map(|low| Self { low, high: 0 });
        let pairs = (1..OCTAVE).flat_map(|low| (low + 1..OCTAVE).map(move |high| Self { low, high }));
        single.chain(pairs)
    }

    fn value(self) -> Value {
        let Self { low, high } = self;
        let place = match high {
            0 => Value::from(low),
            // Pairs with a lower first interval come before: 10 with 1, 9 with 2, ...
            _ => {
                let before: u8 = (1..low).map(|low| OCTAVE - 1 - low).sum();
                Value::from(OCTAVE) + Value::from(before) + Value::from(high - low - 1)
            }
        };
        place + 1
    }
}

impl fmt::Display for Harmony {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (0, _) => write!(out, "alone"),
            (low, 0) => write!(out, "+{low}"),
            (low, high) => write!(out, "+{low}+{high}"),
        }
    }
}

/// The values of bass and harmony of a note of cell `part` of bar `bar` at a step of it; [`NONE`]
/// twice where nothing sounds, and of drums.
pub(super) fn context(song: &CellSong, bar: usize, part: usize, position: u64) -> [Value; 2] {
    let drums = |part: usize| song.parts.get(part).is_none_or(|part| part.instrument.is_drums());
    let Some(here) = song.bars.get(bar).filter(|_| !drums(part)) else { return [NONE; 2] };
    let chord = here.frame.chords.iter().rev().find(|(at, _)| *at <= position);
    if let Some(chord) = chord.and_then(|(_, chord)| *chord) {
        return of_chord(chord);
    }
    let mut sounding = Sounding::default();
    let parts = || (0..song.parts.len()).filter(|other| *other != part && !drums(*other));
    for other in parts() {
        let cell = song.cell(bar, other).map_or(&[][..], |cell| cell);
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

fn of_chord(chord: Chord) -> [Value; 2] {
    let intervals = chord.quality.intervals();
    let low = intervals.get(1).copied().unwrap_or(0);
    let high = intervals.last().copied().filter(|high| *high > low).unwrap_or(0);
    [Value::from(chord.root % OCTAVE) + 1, Harmony { low, high }.value()]
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

    fn values(&self) -> [Value; 2] {
        let Some(bass) = self.lowest.map(|pitch| pitch % OCTAVE) else { return [NONE; 2] };
        let sounds = |interval: &u8| self.classes >> ((bass + interval) % OCTAVE) & 1 == 1;
        let low = (1..OCTAVE).find(sounds).unwrap_or(0);
        let high = (1..OCTAVE).rev().find(sounds).filter(|high| *high > low).unwrap_or(0);
        [Value::from(bass) + 1, Harmony { low, high }.value()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_the_order_of_the_list() {
        assert_eq!(Harmony::all().count(), Harmony::COUNT);
        for (index, harmony) in Harmony::all().enumerate() {
            assert_eq!(usize::from(harmony.value()), index + 1, "{harmony}");
        }
    }

    #[test]
    fn what_sounds_is_told_from_its_lowest_note() {
        let told = |pitches: &[u8]| {
            let mut sounding = Sounding::default();
            pitches.iter().for_each(|pitch| sounding.add(*pitch));
            let [bass, harmony] = sounding.values();
            let name = Harmony::all().nth(usize::from(harmony.max(1)) - 1).map(|it| it.to_string());
            (bass, name.filter(|_| harmony > 0))
        };
        assert_eq!(told(&[]), (0, None));
        assert_eq!(told(&[48, 60]), (1, Some("alone".into())));
        assert_eq!(told(&[40, 64, 67, 59]), (5, Some("+3+7".into())));
        assert_eq!(told(&[60, 64, 67, 70]), (1, Some("+4+10".into())));
    }
}
