//! What sounds in each cell: how much of each pitch class, how many voices, and the lowest pitch.

use super::OCTAVE;
use super::grid::Cell;
use crate::{Instrument, Note, Score};

/// What sounds in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sound {
    /// Of each pitch class, the sum over its notes of the share of the cell that they fill times
    /// their velocity.
    pub(super) weights: [f32; 12],
    /// How many notes sound on average.
    pub(super) voices: f32,
    /// The lowest pitch of those that fill at least a quarter of the cell.
    pub(super) lowest: Option<u8>,
}

/// A filled cell in the integers that shares are added in: sums do not depend on the order of
/// notes.
const WHOLE: i64 = 1 << 12;
/// The least share of a cell for its lowest pitch to count.
const LOWEST_SHARE: i64 = WHOLE / 4;
/// The number of a cell's voices, beside its pitch classes.
const VOICES: usize = 12;

/// The first General MIDI program of those without pitch: woodblock, drums, cymbal, sound effects.
const FIRST_NOISE: u8 = 115;

/// A pitch and the cells in which it may be the lowest.
struct Reach {
    pitch: u8,
    from: u32,
    until: u32,
}

/// Whether the notes of an instrument are heard as pitches.
fn is_pitched(instrument: Instrument) -> bool {
    !instrument.is_drums() && instrument.program() < FIRST_NOISE
}

/// What the pitched parts play in each cell. A note costs the same however long it is: weights are
/// added as differences from cell to cell, and each cell takes its lowest pitch once.
pub(super) fn sounds(score: &Score, cells: &[Cell]) -> Vec<Sound> {
    let mut steps = vec![[0i64; VOICES + 1]; cells.len() + 1];
    let mut reaches: Vec<Reach> = Vec::new();
    let pitched = score.parts.iter().filter(|part| is_pitched(part.instrument));
    for note in pitched.flat_map(|part| &part.notes) {
        let first = cells.partition_point(|cell| cell.until <= note.onset);
        let Some(first_cell) = cells.get(first) else { continue };
        let last = first + cells[first + 1..].partition_point(|cell| cell.at < note.end());
        let (first_share, last_share) = (share(note, first_cell), share(note, &cells[last]));
        let mut add = |from: usize, until: usize, share: i64| {
            for (slot, amount) in
                [(usize::from(note.pitch % OCTAVE), share * i64::from(note.velocity)), (VOICES, share)]
            {
                steps[from][slot] += amount;
                steps[until][slot] -= amount;
            }
        };
        add(first, first + 1, first_share);
        if last > first {
            add(first + 1, last, WHOLE);
            add(last, last + 1, last_share);
        }
        let from = if first_share >= LOWEST_SHARE { first } else { first + 1 };
        let until = if last_share >= LOWEST_SHARE { last + 1 } else { last };
        reaches.push(Reach { pitch: note.pitch, from: from as u32, until: until as u32 });
    }
    let mut sums = [0i64; VOICES + 1];
    let mut sounds = Vec::with_capacity(cells.len());
    for step in &steps[..cells.len()] {
        for (sum, step) in sums.iter_mut().zip(step) {
            *sum += step;
        }
        let of = |sum: i64| sum as f32 / WHOLE as f32;
        let weights = std::array::from_fn(|class| of(sums[class]));
        sounds.push(Sound { weights, voices: of(sums[VOICES]), lowest: None });
    }
    find_lowest(&mut sounds, reaches);
    sounds
}

/// How much of `cell` `note` fills, of [`WHOLE`].
fn share(note: &Note, cell: &Cell) -> i64 {
    let filled = note.end().min(cell.until) - note.onset.max(cell.at);
    let share = u128::from(filled.0) * WHOLE as u128 / u128::from((cell.until - cell.at).0.max(1));
    (share as i64).min(WHOLE)
}

/// Gives each cell its lowest pitch: the pitches take their cells from the lowest on, each the ones
/// that are still free.
fn find_lowest(sounds: &mut [Sound], mut reaches: Vec<Reach>) {
    reaches.sort_unstable_by_key(|reach| reach.pitch);
    // The next free cell from each on, or one before it: a disjoint-set forest, whose paths are
    // halved when they are walked.
    let mut free: Vec<usize> = (0..=sounds.len()).collect();
    for reach in reaches {
        let mut cell = reach.from as usize;
        loop {
            while free[cell] != cell {
                free[cell] = free[free[cell]];
                cell = free[cell];
            }
            if cell >= reach.until as usize {
                break;
            }
            sounds[cell].lowest = Some(reach.pitch);
            free[cell] = cell + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::grid::cells;
    use super::*;
    use crate::{Part, Resolution, Ticks};

    fn score(notes: &[(u64, u64, u8)]) -> Score {
        let note =
            |&(onset, duration, pitch)| Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 100 };
        let part = |instrument, notes| Part { name: String::new(), instrument, notes };
        Score {
            resolution: Resolution::new(8).unwrap(),
            parts: vec![
                part(Instrument::Program(0), notes.iter().map(note).collect()),
                part(Instrument::Drums(0), vec![note(&(0, 32, 36))]),
                part(Instrument::Program(127), vec![note(&(0, 32, 36))]),
            ],
            ..Score::default()
        }
    }

    /// The same by its definition: every note in every cell.
    fn by_definition(score: &Score, cells: &[Cell]) -> Vec<Sound> {
        let of = |cell: &Cell| {
            let mut sound = Sound::default();
            for note in &score.parts[0].notes {
                let share = share(note, cell);
                sound.weights[usize::from(note.pitch % 12)] += (share * i64::from(note.velocity)) as f32 / WHOLE as f32;
                sound.voices += share as f32 / WHOLE as f32;
                if share >= LOWEST_SHARE {
                    sound.lowest = Some(sound.lowest.map_or(note.pitch, |lowest| lowest.min(note.pitch)));
                }
            }
            sound
        };
        cells.iter().map(of).collect()
    }

    #[test]
    fn notes_fill_their_cells() {
        let sounds = sounds_of(&[(0, 6, 48), (2, 1, 36), (5, 20, 64)]);
        assert_eq!((sounds[0].weights[0], sounds[0].weights[4], sounds[0].voices), (125.0, 0.0, 1.25));
        assert_eq!((sounds[1].weights[0], sounds[1].weights[4], sounds[1].voices), (50.0, 75.0, 1.25));
        let lowest: Vec<Option<u8>> = sounds.iter().map(|sound| sound.lowest).collect();
        let bass = [36, 48, 64, 64, 64, 64, 64].map(Some);
        assert_eq!((&lowest[..7], lowest[7]), (&bass[..], None));
    }

    fn sounds_of(notes: &[(u64, u64, u8)]) -> Vec<Sound> {
        let score = score(notes);
        let cells = cells(&score);
        let sounds = sounds(&score, &cells);
        assert_eq!(sounds, by_definition(&score, &cells));
        sounds
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..50 {
            let notes: Vec<_> = (0..random(30)).map(|_| (random(100), 1 + random(60), random(128) as u8)).collect();
            sounds_of(&notes);
        }
    }
}
