//! Rhythm guitar beside the riffs: power chords, strummed chords, octaves.

use crate::comping::Voices;
use crate::pulse::Pulse;
use crate::sheet::Bar;
use crate::track::Track;

/// How a guitar accompanies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strum {
    /// Held power chords.
    Power,
    /// Driving eighths of power chords, accents on the beats.
    Drive,
    /// Strummed open chords, in one of [`HANDS`] rhythms.
    Open(usize),
    /// Octaves in quarters, as second guitars do behind a chorus.
    Octaves,
}

/// Plays `bar` on a guitar whose lowest pitch is `low`.
pub(crate) fn play(strum: Strum, bar: &Bar, low: i32, energy: i32, voices: &mut Voices, track: &mut Track) {
    for span in &bar.chords {
        let last = span.step + span.length;
        let inside = |steps: &[usize]| -> Vec<usize> {
            let mut chosen: Vec<usize> =
                steps.iter().copied().filter(|step| (span.step..last).contains(step)).collect();
            if chosen.first() != Some(&span.step) {
                chosen.insert(0, span.step);
            }
            chosen
        };
        let eighths: Vec<usize> = (0..bar.steps()).step_by(2).collect();
        let onsets = match strum {
            Strum::Power => inside(&[0]),
            Strum::Drive => inside(&eighths),
            Strum::Open(hand) => inside(strokes(bar.pulse, hand)),
            Strum::Octaves => inside(bar.pulse.beats()),
        };
        let root = span.chord.root_above(low);
        let fifth = span.chord.fifth();
        for (index, &step) in onsets.iter().enumerate() {
            let end = onsets.get(index + 1).copied().unwrap_or(last);
            let (at, to) = (bar.tick(step), bar.tick(end));
            let accent = if bar.pulse.is_strong(step) { 6 } else { -6 };
            let loud = energy + accent;
            match strum {
                Strum::Power => {
                    for interval in [0, fifth, 12] {
                        track.play(at, (to - at) * 15 / 16, root + interval, loud);
                    }
                }
                Strum::Drive => {
                    let share = if bar.pulse.is_strong(step) { 18 } else { 12 };
                    for interval in [0, fifth] {
                        track.play(at, (to - at) * share / 20, root + interval, loud);
                    }
                }
                Strum::Open(_) => {
                    let chord = voices.lead(span.chord, 4, (low + 8, low + 28));
                    // An up-stroke catches the upper strings only.
                    let strings = if step % 4 == 0 { &chord[..] } else { &chord[chord.len().min(1)..] };
                    for &pitch in strings {
                        track.play(at, (to - at) * 7 / 8, pitch, loud);
                    }
                }
                Strum::Octaves => {
                    let top = bar.key.scale_under(span.chord).nearest(root + if index % 4 == 3 { 14 } else { 12 });
                    for interval in [0, 12] {
                        track.play(at, (to - at) * 7 / 8, top + interval, loud - 4);
                    }
                }
            }
        }
    }
}

/// How many strumming rhythms there are.
pub(crate) const HANDS: usize = 4;

fn strokes(pulse: Pulse, hand: usize) -> &'static [usize] {
    let hands: [&[usize]; HANDS] = match pulse {
        Pulse::Four => [&[0, 4, 6, 10, 12, 14], &[0, 3, 6, 8, 11, 14], &[0, 4, 7, 8, 10, 12, 15], &[0, 6, 8, 14]],
        Pulse::Six => [&[0, 4, 6, 8, 10], &[0, 2, 4, 6, 10], &[0, 4, 6, 10], &[0, 6, 8, 10]],
        Pulse::Three => [&[0, 4, 6, 8, 10], &[0, 4, 8], &[0, 4, 8, 10], &[0, 2, 4, 8]],
        Pulse::Seven => [&[0, 4, 6, 8, 12], &[0, 4, 8, 10], &[0, 2, 4, 8, 11], &[0, 6, 8, 12]],
    };
    hands[hand % HANDS]
}
