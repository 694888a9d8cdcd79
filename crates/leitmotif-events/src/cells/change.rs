//! Changes of a whole song: augmentation, and the chords that its notes make.

use super::Cells;
use super::song::{Cell, CellNote, CellSong, transposed};
use crate::Augmentation;
use crate::event::TempoBin;
use crate::events::fields::{VELOCITIES, VELOCITY_BIN, velocity_of, velocity_value};
use crate::events::tempos::bins_in;
use leitmotif_score::{Chord, ChordSpan, Ticks, estimate_chords};
use std::sync::Arc;

impl CellSong {
    /// The song changed by `augmentation`. It is transposed as a whole or not at all, and so is its
    /// tempo changed; velocities stay in their range.
    pub(super) fn augmented(&self, augmentation: &Augmentation) -> Self {
        let drums: Vec<bool> = self.parts.iter().map(|part| part.instrument.is_drums()).collect();
        let semitones = augmentation.semitones;
        let fits = |cell: &Cell, drums: bool| drums || transposed(cell, semitones).is_some();
        let known = || self.bars.iter().flat_map(|bar| bar.cells.iter().zip(&drums));
        let moves = known().all(|(cell, drums)| cell.as_ref().is_none_or(|cell| fits(cell, *drums)));
        let bins = bins_in(augmentation.tempo_octaves);
        let moved = |tempo: TempoBin| tempo.moved(bins);
        let mut tempos = self.bars.iter().flat_map(|bar| &bar.frame.tempos);
        let bends = tempos.all(|(_, tempo)| moved(*tempo).is_some());
        let louder = (f32::from(augmentation.velocity) / f32::from(VELOCITY_BIN)).round() as i32;
        let change = |cell: &Cell, drums: bool| -> Cell {
            let cell = if drums || !moves { None } else { transposed(cell, semitones) }.unwrap_or_else(|| cell.clone());
            cell.iter().map(|note| CellNote { velocity: louder_by(note.velocity, louder), ..*note }).collect()
        };
        let mut song = self.clone();
        for bar in song.bars.iter_mut().map(Arc::make_mut) {
            for (cell, drums) in bar.cells.iter_mut().zip(&drums) {
                *cell = cell.as_ref().map(|cell| change(cell, *drums));
            }
            if bends {
                let tempos = bar.frame.tempos.iter_mut();
                tempos.for_each(|(_, tempo)| *tempo = moved(*tempo).unwrap_or(*tempo));
            }
            if moves {
                let chords = bar.frame.chords.iter_mut();
                chords.for_each(|(_, chord)| *chord = chord.map(|it| it.transposed(i32::from(semitones))));
            }
        }
        song
    }

    /// Fills in the chords of each bar, estimated from its notes.
    pub(super) fn find_chords(&mut self, cells: &Cells) {
        let score = cells.score(self);
        let spans = estimate_chords(&score);
        let per_step = score.resolution.ticks_per_quarter() / cells.grid();
        let mut line = 0;
        for bar in self.bars.iter_mut().map(Arc::make_mut) {
            let end = line + bar.frame.meter.steps;
            let chords = chords_between(&spans, line * per_step, end * per_step, per_step);
            bar.frame.chords = chords.into_iter().map(|(at, chord)| (at, chord.map(without_bass))).collect();
            bar.frame.chords.dedup_by_key(|(_, chord)| *chord);
            line = end;
        }
    }
}

/// The chords of a bar from tick `from` to tick `until`, at grid steps of it.
fn chords_between(spans: &[ChordSpan], from: u64, until: u64, per_step: u64) -> Vec<(u64, Option<Chord>)> {
    let mut chords = vec![(0, ChordSpan::chord_at(spans, Ticks(from)))];
    for span in spans.iter().filter(|span| span.at.0 > from && span.at.0 < until) {
        let step = (span.at.0 - from) / per_step;
        match chords.last_mut() {
            Some((_, last)) if *last == span.chord => {}
            Some((at, last)) if *at == step => *last = span.chord,
            _ => chords.push((step, span.chord)),
        }
    }
    chords
}

/// Events of chords name no bass.
fn without_bass(chord: Chord) -> Chord {
    Chord { bass: None, ..chord }
}

fn louder_by(velocity: u8, bins: i32) -> u8 {
    let value = (i32::from(velocity_value(velocity)) + bins).clamp(1, i32::from(VELOCITIES));
    velocity_of(value as u16)
}
