//! Guitar riffs: a one-bar motif of rhythmic cells that is repeated, varied at its end, and
//! answered in the fourth bar; it moves with the chords or stands on a pedal.

use crate::harmony::Palette;
use crate::pulse::{Pulse, STEP};
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::style::Style;
use crate::track::Track;

/// How a note of a riff is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Palm-muted, short, on the root.
    Chug,
    /// An open power chord.
    Accent,
    /// A single note.
    Line,
}

/// One note of a riff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) step: usize,
    pub(crate) length: usize,
    /// Scale steps above the root.
    pub(crate) degree: i32,
    pub(crate) touch: Touch,
}

/// Four bars of riff.
#[derive(Debug, Clone)]
pub(crate) struct Riff {
    bars: Vec<Vec<Hit>>,
    /// Whether the chugs stay on the tonic under moving chords.
    pedal: bool,
    /// Whether chugs are power chords; fast hands mute a single string.
    full: bool,
}

/// A cell fills a beat of four sixteenths: (offset, length) of each note.
type Cell = &'static [(usize, usize)];

const CHUGS: &[(Cell, u32)] = &[
    (&[(0, 2), (2, 1), (3, 1)], 5),
    (&[(0, 1), (1, 1), (2, 2)], 3),
    (&[(0, 1), (1, 1), (2, 1), (3, 1)], 3),
    (&[(0, 2), (2, 2)], 4),
    (&[(0, 3), (3, 1)], 2),
    (&[(0, 1), (2, 1), (3, 1)], 2),
];
const GROOVES: &[(Cell, u32)] = &[
    (&[(0, 2), (2, 2)], 5),
    (&[(0, 3), (3, 1)], 3),
    (&[(0, 1), (1, 1), (2, 2)], 2),
    (&[(0, 4)], 2),
    (&[(2, 2)], 2),
    (&[(0, 2), (3, 1)], 2),
];

impl Riff {
    /// A riff for sections in `pulse`. `busy` (0 to 100) is how dense it is.
    pub(crate) fn new(style: Style, pulse: Pulse, busy: u32, rng: &mut SeededRng) -> Self {
        let cells = if style == Style::Metal { CHUGS } else { GROOVES };
        // Two cells make a motif; more would not be memorable.
        let palette = [rng.weighted(cells), rng.weighted(cells)];
        let colours = colours(style, rng);
        let motif = motif(style, pulse, &palette, &colours, busy, rng);
        let varied = vary(&motif, pulse, rng);
        let mut answer = answer(style, &motif, pulse, &colours, rng);
        if answer == motif {
            // A motif of held chords would be its own answer.
            let after = answer.len() - 1;
            answer[after].degree += 2;
        }
        let pedal = style == Style::Metal && rng.chance(35);
        Self { bars: vec![motif.clone(), varied, motif, answer], pedal, full: busy < 70 }
    }

    /// The riff's notes in the section's bar `index`.
    pub(crate) fn bar(&self, index: usize) -> &[Hit] {
        &self.bars[index % self.bars.len()]
    }

    /// The pitch of `hit` in `bar`, above the guitar's low string.
    pub(crate) fn pitch(&self, style: Style, bar: &Bar, hit: Hit, low: i32) -> i32 {
        let chord = bar.chord_at(hit.step);
        let tonic = crate::sheet::tonic_chord(bar.key);
        let base = if self.pedal && hit.touch == Touch::Chug { tonic } else { chord };
        let root = base.root_above(low);
        if hit.degree == 0 {
            return root;
        }
        let scale = walk_scale(style, bar, hit.step);
        scale.step(root, hit.degree)
    }

    /// Plays `bar` on a guitar whose lowest pitch is `low`.
    pub(crate) fn play(&self, style: Style, bar: &Bar, low: i32, energy: i32, track: &mut Track) {
        for &hit in self.bar(bar.index) {
            let pitch = self.pitch(style, bar, hit, low);
            let scale = bar.key.scale_under(bar.chord_at(hit.step));
            let fifth = scale.has(pitch + 7) || hit.degree == 0;
            let (at, end) = (bar.tick(hit.step), bar.tick(hit.step + hit.length));
            match hit.touch {
                Touch::Chug => {
                    let beat = if bar.pulse.is_strong(hit.step) { 4 } else { -4 };
                    let muted = (end - at).min(STEP) * 2 / 3;
                    track.play(at, muted, pitch, energy - 10 + beat);
                    if self.full {
                        track.play(at, muted, pitch + 7, energy - 14 + beat);
                    }
                }
                Touch::Accent => {
                    let held = (end - at) * 23 / 24;
                    track.play(at, held, pitch, energy + 10);
                    if fifth {
                        track.play(at, held, pitch + 7, energy + 6);
                    }
                    track.play(at, held, pitch + 12, energy + 4);
                }
                Touch::Line => track.play(at, (end - at) * 9 / 10, pitch, energy + 2),
            }
        }
    }
}

/// The scale a riff walks in: the mode in metal, the pentatonic core in rock.
pub(crate) fn walk_scale(style: Style, bar: &Bar, step: usize) -> Palette {
    let chord = bar.chord_at(step);
    let scale = bar.key.scale_under(chord);
    if style != Style::Rock {
        return scale;
    }
    let mut core = bar.key.pentatonic();
    core.0[usize::from(chord.root)] = true;
    for pitch_class in 0..12 {
        core.0[pitch_class] = core.0[pitch_class] && scale.0[pitch_class];
    }
    core.0[usize::from((chord.root + 7) % 12)] |= scale.has(i32::from(chord.root) + 7);
    core
}

/// The two or three degrees, besides the root, that a motif touches.
fn colours(style: Style, rng: &mut SeededRng) -> Vec<i32> {
    let sets: &[&[i32]] = match style {
        Style::Metal => &[&[1, 2], &[2, 4], &[5, 4], &[6, 5], &[1, 5], &[2, 3, 4]],
        _ => &[&[1, 2], &[-1, 1], &[3, 2], &[1, 2, 3], &[4, 3], &[-1, -2]],
    };
    rng.pick(sets).to_vec()
}

fn motif(style: Style, pulse: Pulse, cells: &[Cell; 2], colours: &[i32], busy: u32, rng: &mut SeededRng) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut colour = 0;
    for (index, &beat) in pulse.beats().iter().enumerate() {
        let cell = cells[usize::from(index % 4 == 1 || index == 3)];
        for (number, &(offset, length)) in cell.iter().enumerate() {
            let accent = match style {
                Style::Metal => {
                    (number == 0 && index > 0 && rng.chance(40)) || (number > 0 && length >= 2 && rng.chance(25))
                }
                _ => number == 0 && rng.chance(45),
            };
            let (degree, touch) = if accent {
                colour += 1;
                let degree = if index == 0 { 0 } else { colours[(colour - 1) % colours.len()] };
                (degree, Touch::Accent)
            } else if style == Style::Metal {
                (0, Touch::Chug)
            } else if rng.chance(55) && (index, number) != (0, 0) {
                colour += 1;
                (colours[(colour - 1) % colours.len()], Touch::Line)
            } else {
                (0, if length >= 2 { Touch::Accent } else { Touch::Line })
            };
            hits.push(Hit { step: beat + offset, length, degree, touch });
        }
        // A beat of six sixteenths ends with an eighth, doubled by busy hands.
        let (_, span) = pulse.beat_at(beat);
        if span == 6 {
            let touch = if style == Style::Metal { Touch::Chug } else { Touch::Line };
            hits.push(Hit { step: beat + 4, length: if rng.chance(busy) { 1 } else { 2 }, degree: 0, touch });
            if hits.last().is_some_and(|hit| hit.length == 1) {
                hits.push(Hit { step: beat + 5, length: 1, degree: 0, touch });
            }
        }
    }
    hits.dedup_by_key(|hit| hit.step);
    if let Some(first) = hits.first_mut() {
        first.degree = 0;
    }
    hits
}

/// The motif with another last beat.
fn vary(motif: &[Hit], pulse: Pulse, rng: &mut SeededRng) -> Vec<Hit> {
    let last = pulse.beats().last().copied().unwrap_or(0);
    let mut hits = motif.to_vec();
    let shift = rng.pick(&[1, 2, -1]);
    for hit in hits.iter_mut().filter(|hit| hit.step >= last) {
        if hit.touch == Touch::Chug {
            hit.touch = if hit.length >= 2 { Touch::Accent } else { Touch::Line };
        }
        hit.degree += shift;
    }
    hits
}

/// The fourth bar: the motif's first half, then a held chord or a run back to the root.
fn answer(style: Style, motif: &[Hit], pulse: Pulse, colours: &[i32], rng: &mut SeededRng) -> Vec<Hit> {
    let half = pulse.half();
    let steps = pulse.steps();
    let mut hits: Vec<Hit> = motif.iter().copied().filter(|hit| hit.step < half).collect();
    if let Some(last) = hits.last_mut() {
        last.length = last.length.min(half - last.step);
    }
    if rng.chance(50) {
        let degree = colours[0];
        let middle = half + (steps - half) / 2;
        hits.push(Hit { step: half, length: middle - half, degree, touch: Touch::Accent });
        let other = colours[colours.len() - 1];
        hits.push(Hit { step: middle, length: steps - middle, degree: other, touch: Touch::Accent });
    } else {
        let each = if style == Style::Metal && rng.chance(50) { 1 } else { 2 };
        let down = rng.chance(60);
        let count = (steps - half) / each;
        for number in 0..count {
            let climb = if down { count - number } else { number + 1 };
            let degree = climb as i32 * 7 / (2 * count as i32) + 1;
            hits.push(Hit { step: half + number * each, length: each, degree, touch: Touch::Line });
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_riff_repeats_its_motif_and_stays_in_its_bar() {
        for style in Style::ALL {
            for pulse in [Pulse::Four, Pulse::Six, Pulse::Three, Pulse::Seven] {
                for seed in 0..50 {
                    let riff = Riff::new(style, pulse, 50, &mut SeededRng::new(seed));
                    assert_eq!(riff.bar(0), riff.bar(2));
                    assert_ne!(riff.bar(0), riff.bar(3));
                    for index in 0..4 {
                        let hits = riff.bar(index);
                        assert!(!hits.is_empty());
                        assert!(hits.windows(2).all(|pair| pair[0].step < pair[1].step), "{hits:?}");
                        assert!(hits.iter().all(|hit| hit.step + hit.length <= pulse.steps()), "{hits:?}");
                    }
                }
            }
        }
    }
}
