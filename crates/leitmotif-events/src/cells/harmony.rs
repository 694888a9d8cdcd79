//! The harmony that a note belongs to: the scale of the bars around it, and the pitch classes of
//! the bass and of two tones above it that sound where it begins.
//!
//! Cells come one after another, so notes that sound together lie far apart in the sequence, and a
//! repeated cell does not even name its notes. A note of a pitched part therefore says what the
//! known cells of its bar and its own lower notes sound at its onset (notes held from the bar
//! before included), or, where the bar has chords, the chord. This follows from what is known, so
//! that it is read but never predicted. Tones are named by themselves and not by their intervals,
//! so that what they tell of a pitch needs no arithmetic: each favours the pitches that suit it.
//! The same holds for the scale, which a few notes cannot tell and a repeated cell does not name.

use super::song::{CellNote, CellSong};
use crate::{NONE, Value};
use leitmotif_score::Chord;

/// Pitch classes.
pub(super) const OCTAVE: u8 = 12;

/// The bars before and after a note whose notes tell its scale.
const SCALE_BARS: usize = 8;
/// The fewest notes that tell a scale.
const LEAST_NOTES: u32 = 6;
/// How much a tone of a major scale speaks for it, by semitones above its first: more where the
/// scales a fifth higher and lower have it, too. Other tones speak for other scales.
const WEIGHTS: [u32; OCTAVE as usize] = [3, 0, 3, 0, 3, 2, 0, 3, 0, 3, 0, 2];

/// How often each pitch class is struck in a bar, drums aside.
pub(super) type Tally = [u32; OCTAVE as usize];

/// Counts the notes of a pitched part's cell.
pub(super) fn count(tally: &mut Tally, cell: &[CellNote]) {
    cell.iter().for_each(|note| tally[usize::from(note.pitch % OCTAVE)] += 1);
}

/// The scale of a note in bar `bar`, whose cell has the notes `own` so far: the major scale (or the
/// minor one with the same tones) that suits the known cells of the bars around best, of equals the
/// lowest; [`NONE`] where they have too few notes.
pub(super) fn scale(tallies: &[Tally], bar: usize, own: &[CellNote]) -> Value {
    let mut sum = Tally::default();
    count(&mut sum, own);
    let around = bar.saturating_sub(SCALE_BARS)..(bar + SCALE_BARS + 1).min(tallies.len());
    for tally in tallies.get(around).unwrap_or(&[]) {
        sum.iter_mut().zip(tally).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }
    if sum.iter().fold(0, |all: u32, count| all.saturating_add(*count)) < LEAST_NOTES {
        return NONE;
    }
    let suits = |tonic: usize| -> u64 {
        (0..sum.len()).map(|tone| u64::from(sum[(tonic + tone) % sum.len()]) * u64::from(WEIGHTS[tone])).sum()
    };
    let best = (0..sum.len()).max_by_key(|tonic| (suits(*tonic), std::cmp::Reverse(*tonic)));
    best.map_or(NONE, |tonic| tonic as Value + 1)
}

/// Tones that are named.
pub(super) const TONES: usize = 3;

/// The bass, the next and the last tone above it that sound as a note of cell `part` of bar `bar`
/// begins, whose cell has the notes `own` so far; [`NONE`] for each tone that does not, and of
/// drums.
pub(super) fn context(song: &CellSong, bar: usize, part: usize, own: &[CellNote], position: u64) -> [Value; TONES] {
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

    #[test]
    fn the_scale_holds_most_of_what_is_struck_around() {
        let cell = |pitches: &[u8]| -> Vec<CellNote> {
            let note = |pitch: &u8| CellNote { position: 0, pitch: *pitch, duration: 12, velocity: 66 };
            pitches.iter().map(note).collect()
        };
        let tallied = |pitches: &[u8]| {
            let mut tally = Tally::default();
            count(&mut tally, &cell(pitches));
            tally
        };
        // G major, its pentatonic scale, and E minor.
        for pitches in [&[67, 69, 71, 72, 74, 76, 78][..], &[67, 69, 71, 74, 76, 79], &[64, 66, 67, 69, 71, 72, 74]] {
            assert_eq!(scale(&[tallied(pitches)], 0, &[]), 8);
        }
        let bars = [tallied(&[60, 64, 67]), [0; 12], tallied(&[62, 65, 71])];
        assert_eq!(scale(&bars, 1, &[]), 1, "the bars around count");
        assert_eq!(scale(&bars[..1], 0, &cell(&[62, 65, 69])), 1, "its own notes, too");
        assert_eq!(scale(&bars, 12, &[]), NONE, "too far");
        assert_eq!(scale(&[], 5, &[]), NONE);
        assert_eq!(scale(&[[u32::MAX; 12]; 3], 1, &[]), 1);
    }
}
