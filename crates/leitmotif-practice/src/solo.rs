//! Guitar solos: runs, sequences, arpeggios and repeated licks in two-bar phrases that rise
//! towards the end of the section.

use crate::harmony::Palette;
use crate::pulse::BEAT;
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::style::Style;

/// What a beat of a solo does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// Along the scale in sixteenths.
    Run(i32),
    /// Groups of four, each a step further: 1-2-3-4, 2-3-4-5.
    Sequence(i32),
    /// Chord tones in eighth triplets.
    Arpeggio(i32),
    /// A turn around a note, to be heard again.
    Lick,
    /// Two eighths.
    Eighths(i32),
    /// A long note.
    Hold,
    /// Silence.
    Rest,
}

/// A solo over `bars`: (where, duration, pitch, velocity) of each note.
pub(crate) fn solo(
    style: Style,
    bars: &[&Bar],
    range: (i32, i32),
    tempo: i32,
    energy: i32,
    rng: &mut SeededRng,
) -> Vec<(u64, u64, i32, i32)> {
    let mut line = Vec::new();
    let count = bars.len().max(1);
    let mut pitch = (range.0 + range.1) / 2 - 3;
    let licks: [&[i32]; 4] = [&[0, 2, 1, 0], &[0, -1, 1, 0], &[2, 0, 1, 0], &[0, 1, 2, 1]];
    let lick = rng.pick(&licks);
    for (number, bar) in bars.iter().enumerate() {
        // The line climbs to its highest place in the last quarter of the solo.
        let climb = (range.1 - range.0 - 18) * number as i32 / count as i32;
        let target = range.0 + 12 + climb;
        let beats = bar.pulse.beats();
        for (place, &beat) in beats.iter().enumerate() {
            let (_, span) = bar.pulse.beat_at(beat);
            let chord = bar.chord_at(beat);
            let scale = walk(style, bar, beat);
            let direction = if pitch > target + 4 {
                -1
            } else if pitch < target - 4 {
                1
            } else {
                rng.pick(&[1, -1])
            };
            let closing = number % 2 == 1 && place + 2 >= beats.len();
            let action = if closing {
                if place + 1 == beats.len() && beats.len() > 2 { Move::Rest } else { Move::Hold }
            } else {
                choose(style, tempo, direction, rng)
            };
            // Beats begin on a chord tone.
            pitch = chord.palette().nearest(crate::track::fold(pitch, range));
            let mut notes: Vec<(u64, u64, i32)> = Vec::new();
            let from = beat as u64 * 120;
            let sixteenths = span as u64;
            match action {
                Move::Run(way) => {
                    for index in 0..sixteenths {
                        notes.push((from + index * 120, 110, scale.step(pitch, way * index as i32)));
                    }
                }
                Move::Sequence(way) => {
                    for index in 0..sixteenths {
                        let group = place as i32 % 2;
                        notes.push((from + index * 120, 105, scale.step(pitch, way * (index as i32 % 4) + group)));
                    }
                }
                Move::Arpeggio(way) => {
                    for index in 0..3 * sixteenths / 4 {
                        notes.push((from + index * BEAT / 3, 140, chord.palette().step(pitch, way * index as i32)));
                    }
                }
                Move::Lick => {
                    for index in 0..sixteenths {
                        notes.push((from + index * 120, 110, scale.step(pitch, lick[index as usize % lick.len()])));
                    }
                }
                Move::Eighths(way) => {
                    for index in 0..sixteenths / 2 {
                        notes.push((from + index * 240, 220, scale.step(pitch, way * index as i32)));
                    }
                }
                Move::Hold => notes.push((from, sixteenths * 120 * 15 / 16, pitch)),
                Move::Rest => {
                    if let Some((at, held, last, _)) = line.last_mut() {
                        // The held note rings into the silence for half the beat.
                        let _: &mut i32 = last;
                        let until = bar.bend(from + sixteenths * 60);
                        *held = until.saturating_sub(*at).max(*held);
                    }
                }
            }
            for (index, &(at, duration, note)) in notes.iter().enumerate() {
                let (start, end) = if action == Move::Arpeggio(1) || action == Move::Arpeggio(-1) {
                    (bar.at + at, bar.at + at + duration)
                } else {
                    (bar.bend(at), bar.bend(at + duration))
                };
                let accent = if index == 0 { 8 } else { (index as i32 * 7) % 5 - 2 };
                line.push((start, end.saturating_sub(start).max(40), crate::track::fold(note, range), energy + accent));
            }
            if let Some(&(_, _, last)) = notes.last() {
                pitch = scale.step(last, direction);
            }
        }
    }
    line
}

fn choose(style: Style, tempo: i32, way: i32, rng: &mut SeededRng) -> Move {
    // Sixteenths above 170 are for the shredders.
    let fast = if tempo > 170 { 1 } else { 4 };
    match style {
        Style::Metal => rng.weighted(&[
            (Move::Run(way), fast + 1),
            (Move::Sequence(way), fast + 1),
            (Move::Arpeggio(way), 3),
            (Move::Lick, 2),
            (Move::Eighths(way), 2),
            (Move::Hold, 1),
        ]),
        Style::PopRock => rng.weighted(&[
            (Move::Eighths(way), 5),
            (Move::Hold, 3),
            (Move::Arpeggio(way), 1),
            (Move::Run(way), 1),
            (Move::Lick, 1),
        ]),
        Style::Rock => rng.weighted(&[
            (Move::Lick, fast),
            (Move::Eighths(way), 4),
            (Move::Run(way), fast - 1),
            (Move::Arpeggio(way), 2),
            (Move::Hold, 2),
        ]),
    }
}

fn walk(style: Style, bar: &Bar, step: usize) -> Palette {
    match style {
        Style::Metal => bar.key.scale_under(bar.chord_at(step)),
        _ => crate::riff::walk_scale(Style::Rock, bar, step),
    }
}
