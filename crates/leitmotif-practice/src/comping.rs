//! Chords for keyboards, strings and clean guitars: voicings that move as little as they can
//! (voice leading), and the figures that play them.

use crate::harmony::Chord;
use crate::pulse::{Pulse, STEP};
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::track::Track;

/// Where the next chord's voices come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voices {
    last: Vec<i32>,
}

impl Voices {
    /// `count` voices of `chord` within `range`, in close position, nearest to the last ones.
    pub(crate) fn lead(&mut self, chord: Chord, count: usize, range: (i32, i32)) -> Vec<i32> {
        let palette = chord.palette();
        let centre = (range.0 + range.1) / 2;
        let mut best: Option<(i32, Vec<i32>)> = None;
        for bottom in range.0..range.0 + 12 {
            if !palette.has(bottom) {
                continue;
            }
            let mut voices = vec![bottom];
            while voices.len() < count {
                let top = voices[voices.len() - 1];
                voices.push(palette.step(top, 1));
            }
            let mut cost = (voices.iter().sum::<i32>() / count.max(1) as i32 - centre).abs();
            if self.last.len() == voices.len() {
                cost += self.last.iter().zip(&voices).map(|(old, new)| 2 * (old - new).abs()).sum::<i32>();
            }
            if voices[voices.len() - 1] > range.1 {
                cost += 1000;
            }
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, voices));
            }
        }
        let voices = best.map(|(_, voices)| voices).unwrap_or_default();
        self.last.clone_from(&voices);
        voices
    }
}

/// How a keyboard or a clean guitar plays its chords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// One chord, held.
    Held,
    /// A chord on each beat.
    Beats,
    /// Repeated eighths.
    Eighths,
    /// Syncopated chords, in one of [`PUSHES`] rhythms.
    Pushed(usize),
    /// Broken chords in eighths.
    Broken,
    /// Broken chords in sixteenths.
    Rolling,
    /// Short chords off the beat.
    OffBeats,
    /// The bass on the first beat, chords on the others.
    Waltz,
}

/// The hand that plays.
pub(crate) struct Hand {
    pub(crate) figure: Figure,
    /// Voices of a chord.
    pub(crate) count: usize,
    pub(crate) range: (i32, i32),
    /// Lowest root of the left hand; none for guitars and strings.
    pub(crate) left: Option<i32>,
}

/// Plays `bar`.
pub(crate) fn play(hand: &Hand, bar: &Bar, energy: i32, voices: &mut Voices, track: &mut Track) {
    for span in &bar.chords {
        let chord = voices.lead(span.chord, hand.count, hand.range);
        let (first, last) = (span.step, span.step + span.length);
        if let Some(floor) = hand.left {
            left_hand(hand.figure, bar, span.chord, floor, (first, last), energy, track);
        }
        let onsets = onsets(hand.figure, bar, first, last);
        for (index, &step) in onsets.iter().enumerate() {
            let end = onsets.get(index + 1).copied().unwrap_or(last);
            let (at, to) = (bar.tick(step), bar.tick(end));
            let accent = if bar.pulse.is_strong(step) { 4 } else { -5 };
            let sounding: &[i32] = match hand.figure {
                Figure::Broken | Figure::Rolling => {
                    let order = if chord.len() > 3 { &[0, 1, 2, 3, 2, 1][..] } else { &[0, 1, 2, 1][..] };
                    let voice = order[index % order.len()].min(chord.len().saturating_sub(1));
                    &chord[voice..(voice + 1).min(chord.len())]
                }
                _ => &chord,
            };
            let held = match hand.figure {
                Figure::OffBeats => (to - at).min(STEP * 3 / 2),
                Figure::Eighths | Figure::Beats | Figure::Pushed(_) | Figure::Waltz => (to - at) * 4 / 5,
                // The pedal lets a broken chord ring for two notes.
                Figure::Broken | Figure::Rolling => ((to - at) * 2).min(bar.tick(last) - at),
                Figure::Held => (to - at) * 31 / 32,
            };
            for (voice, &pitch) in sounding.iter().enumerate() {
                let top = if voice + 1 == sounding.len() { 3 } else { 0 };
                track.play(at, held, pitch, energy + accent + top);
            }
        }
    }
}

fn left_hand(
    figure: Figure,
    bar: &Bar,
    chord: Chord,
    floor: i32,
    (first, last): (usize, usize),
    energy: i32,
    track: &mut Track,
) {
    let root = chord.root_above(floor);
    let long = bar.tick(last) - bar.tick(first);
    match figure {
        Figure::Eighths | Figure::Pushed(_) | Figure::Beats => {
            let half = (first + (last - first) / 2).div_ceil(2) * 2;
            let (at, middle, to) = (bar.tick(first), bar.tick(half), bar.tick(last));
            for octave in [0, 12] {
                track.play(at, (middle - at) * 9 / 10, root + octave, energy + 2 - octave / 4);
                track.play(middle, (to - middle) * 9 / 10, root + octave, energy - 4 - octave / 4);
            }
        }
        Figure::Waltz => track.play(bar.tick(first), STEP * 7 / 2, root, energy + 4),
        Figure::Broken | Figure::Rolling => {
            track.play(bar.tick(first), long * 15 / 16, root, energy);
            if last - first >= 12 {
                let later = first + (last - first) / 2;
                track.play(
                    bar.tick(later),
                    (bar.tick(last) - bar.tick(later)) * 9 / 10,
                    root + chord.fifth(),
                    energy - 8,
                );
            }
        }
        Figure::Held | Figure::OffBeats => track.play(bar.tick(first), long * 15 / 16, root, energy),
    }
}

fn onsets(figure: Figure, bar: &Bar, first: usize, last: usize) -> Vec<usize> {
    let all =
        |steps: &mut dyn Iterator<Item = usize>| steps.filter(|step| (first..last).contains(step)).collect::<Vec<_>>();
    let beats = bar.pulse.beats();
    let mut chosen = match figure {
        Figure::Held => vec![first],
        Figure::Beats => all(&mut beats.iter().copied()),
        Figure::Eighths | Figure::Broken => all(&mut (0..bar.steps()).step_by(2)),
        Figure::Rolling => all(&mut (0..bar.steps())),
        Figure::Pushed(push) => all(&mut pushed(bar.pulse, push).iter().copied()),
        Figure::OffBeats => return all(&mut (0..bar.steps()).filter(|step| step % 4 == 2)),
        Figure::Waltz => all(&mut beats.iter().copied().skip(1)),
    };
    if chosen.is_empty() {
        chosen.push(first);
    }
    chosen
}

/// How many syncopated rhythms there are.
const PUSHES: usize = 3;

fn pushed(pulse: Pulse, push: usize) -> &'static [usize] {
    let pushes: [&[usize]; PUSHES] = match pulse {
        Pulse::Four => [&[0, 3, 6, 8, 11, 14], &[0, 6, 12], &[0, 3, 6, 10, 12]],
        Pulse::Six => [&[0, 4, 6, 10], &[0, 4, 8], &[0, 6, 10]],
        Pulse::Three => [&[0, 3, 6, 8], &[0, 6], &[0, 3, 8]],
        Pulse::Seven => [&[0, 3, 6, 8, 11], &[0, 6, 8], &[0, 4, 7, 10]],
    };
    pushes[push % PUSHES]
}

/// A figure that suits `pulse`, from `figures` in common time.
pub(crate) fn choose(pulse: Pulse, figures: &[(Figure, u32)], rng: &mut SeededRng) -> Figure {
    let figure = rng.weighted(figures);
    match (pulse, figure) {
        (_, Figure::Pushed(_)) => Figure::Pushed(rng.below(PUSHES)),
        (Pulse::Three, Figure::Beats | Figure::Eighths | Figure::OffBeats) => Figure::Waltz,
        (Pulse::Six, Figure::Rolling | Figure::OffBeats | Figure::Beats) => Figure::Broken,
        _ => figure,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::harmony::Quality;

    #[test]
    fn voices_move_by_small_steps() {
        let mut voices = Voices::default();
        let chord = |root, quality| Chord { root, quality };
        let range = (55, 76);
        let mut last = voices.lead(chord(0, Quality::Major), 3, range);
        for next in
            [chord(9, Quality::Minor), chord(5, Quality::Major), chord(7, Quality::Major), chord(0, Quality::Major)]
        {
            let led = voices.lead(next, 3, range);
            assert!(
                led.iter().all(|&pitch| next.has(pitch.rem_euclid(12) as u8) && range.0 <= pitch && pitch <= range.1)
            );
            let moved: i32 = last.iter().zip(&led).map(|(a, b)| (a - b).abs()).sum();
            assert!(moved <= 6, "{last:?} -> {led:?}");
            last = led;
        }
    }
}
