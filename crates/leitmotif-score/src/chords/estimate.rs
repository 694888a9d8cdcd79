//! Which chords a score plays.
//!
//! A hidden Markov model over half beats, decoded with Viterbi's algorithm, as in Sheh and Ellis,
//! "Chord segmentation and recognition using EM-trained hidden Markov models" (ISMIR 2003): states
//! are chords, and a state's notes are drawn from its template. The cost of a change depends on
//! where in the bar it happens and on the chord that begins, not on the one that ends, so a cell
//! costs one comparison a state, not one a pair of states.

use super::grid::{Cell, Place, cells};
use super::sound::{Sound, sounds};
use super::templates::{BASS_VOICES, NO_CHORD, STATES, States, Templates, change_cost, chord};
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

/// The most likely state of each cell.
fn decode(cells: &[Cell], sounds: &[Sound]) -> Vec<usize> {
    let templates = Templates::new(sounds);
    let mut scores = templates.entry_costs.map(|cost| -cost);
    // The cell in which the best path to each state came to it.
    let mut since = [0u32; STATES];
    // Of each cell the best state before it, from which paths change there, and its cell.
    let mut before: Vec<(usize, u32)> = Vec::with_capacity(cells.len());
    for (index, (cell, sound)) in (0..).zip(cells.iter().zip(sounds)) {
        let best = best(&scores);
        before.push((best, since[best]));
        // Beside the best, so that sums of a long piece stay exact.
        let (top, cost) = (scores[best], if index == 0 { f32::INFINITY } else { change_cost(cell.place) });
        for ((score, since), entry) in scores.iter_mut().zip(&mut since).zip(&templates.entry_costs) {
            let (stay, change) = (*score - top, -cost - entry);
            *since = if change > stay { index } else { *since };
            *score = if change > stay { change } else { stay };
        }
        templates.add_evidence(&mut scores, sound, cell.place);
    }
    let mut path = vec![NO_CHORD; cells.len()];
    let mut end = cells.len();
    let mut state = best(&scores);
    let mut start = since[state];
    while end > 0 {
        path[start as usize..end].fill(state);
        end = start as usize;
        (state, start) = before[end];
    }
    path
}

/// The state with the highest score, the first of equals.
fn best(scores: &States) -> usize {
    let mut best = 0;
    for (state, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = state;
        }
    }
    best
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
