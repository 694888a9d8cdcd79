//! Which chords a score plays.
//!
//! A hidden Markov model over half beats, decoded with Viterbi's algorithm, as in Sheh and Ellis,
//! "Chord segmentation and recognition using EM-trained hidden Markov models" (ISMIR 2003): states
//! are chords, and a state's notes are drawn from its template. The cost of a change depends on
//! where in the bar it happens and on the chord that begins, not on the one that ends, so a cell
//! costs one comparison a state, not one a pair of states.

use super::grid::{Cell, Place, cells};
use super::sound::{Sound, sounds};
use super::templates::{BASS_VOICES, NO_CHORD, STATES, States, add_evidence, change_cost, chord, entry_costs};
use super::{Chord, ChordSpan, OCTAVE};
use crate::Score;

/// The chords that the pitched parts of `score` play, in order and without gaps from tick 0 to the
/// end of the last bar; neighbours differ. A bar or more of silence has no chord. Where a chord's
/// lowest sounding note is another one of its notes, that is named as its bass.
///
/// The cost grows with the number of notes and of beats, up to [`super::MAX_CHORD_CELLS`] halves of
/// beats; what lies after them has no spans. A score without notes has none.
pub fn estimate_chords(score: &Score) -> Vec<ChordSpan> {
    let cells = cells(score);
    let sounds = sounds(score, &cells);
    let path = decode(&cells, &sounds);
    let mut spans: Vec<ChordSpan> = Vec::new();
    let mut from = 0;
    for index in 1..=cells.len() {
        if index < cells.len() && path[index] == path[from] && cells[index].place != Place::Bar {
            continue;
        }
        let chord =
            (path[from] != NO_CHORD).then(|| inverted(chord(path[from]), &cells[from..index], &sounds[from..index]));
        let (at, until) = (cells[from].at, cells[index - 1].until);
        match spans.last_mut() {
            Some(last) if last.chord == chord => last.until = until,
            _ => spans.push(ChordSpan { at, until, chord }),
        }
        from = index;
    }
    spans
}

/// How the best path to each state comes to a cell.
struct Arrival {
    /// The best state before it.
    best: usize,
    /// Bit n is set where the best path to state n changes here, from `best`.
    changes: [u64; STATES.div_ceil(64)],
}

/// The most likely state of each cell.
fn decode(cells: &[Cell], sounds: &[Sound]) -> Vec<usize> {
    let entry = entry_costs(sounds);
    let mut scores = entry.map(|cost| -cost);
    let mut arrivals: Vec<Arrival> = Vec::with_capacity(cells.len());
    for (index, (cell, sound)) in cells.iter().zip(sounds).enumerate() {
        let best = best(&scores);
        let (top, mut changes) = (scores[best], [0; STATES.div_ceil(64)]);
        let cost = change_cost(cell.place);
        for (state, (score, entry)) in scores.iter_mut().zip(entry).enumerate() {
            // Beside the best, so that sums of a long piece stay exact.
            *score -= top;
            let change = -cost - entry;
            if index > 0 && change > *score {
                *score = change;
                changes[state / 64] |= 1 << (state % 64);
            }
        }
        arrivals.push(Arrival { best, changes });
        add_evidence(&mut scores, sound, cell.place);
    }
    let mut state = best(&scores);
    let mut path = vec![state; cells.len()];
    for (slot, arrival) in path.iter_mut().zip(&arrivals).rev() {
        *slot = state;
        if arrival.changes[state / 64] >> (state % 64) & 1 == 1 {
            state = arrival.best;
        }
    }
    path
}

/// The state with the highest score, the first of equals.
fn best(scores: &States) -> usize {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter().position(|score| *score == top).unwrap_or(NO_CHORD)
}

/// `chord` over the bass that it has in these cells: another note of the chord that is the lowest
/// of several voices at their beginning and for more than half of their time.
fn inverted(chord: Chord, cells: &[Cell], sounds: &[Sound]) -> Chord {
    let mut times = [0u64; 12];
    let mut first = None;
    for (cell, sound) in cells.iter().zip(sounds) {
        if let Some(lowest) = sound.lowest.filter(|_| sound.voices >= BASS_VOICES) {
            let class = lowest % OCTAVE;
            first = first.or(Some(class));
            times[usize::from(class)] += (cell.until - cell.at).0;
        }
    }
    let all: u64 = cells.iter().map(|cell| (cell.until - cell.at).0).sum();
    match first {
        Some(bass) if chord.contains(bass) && times[usize::from(bass)] > all / 2 => chord.over(bass),
        _ => chord,
    }
}
