//! Bass lines: under the riff in metal, with the kick and towards the next chord elsewhere.

use crate::drums::Groove;
use crate::harmony::Chord;
use crate::pulse::STEP;
use crate::riff::{Riff, Touch};
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::style::Style;
use crate::track::Track;

/// How the bass moves through a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    /// The riff's notes an octave lower.
    Riff,
    /// Roots on the kick drum.
    Kick,
    /// Driving eighths on the root.
    Eighths,
    /// Root, fifth and octave in quarters.
    Broken,
    /// A note a beat through the chord: the walk of blues and shuffles.
    Walk,
    /// A note a chord.
    Held,
}

/// Which player the bass follows.
pub(crate) struct Band<'a> {
    pub(crate) style: Style,
    pub(crate) riff: &'a Riff,
    pub(crate) groove: &'a Groove,
    /// Lowest pitch of the guitar; the bass is an octave below.
    pub(crate) low: i32,
}

/// Plays `bar`; `next` is the chord after it.
pub(crate) fn play(
    motion: Motion,
    bar: &Bar,
    next: Chord,
    energy: i32,
    band: &Band<'_>,
    rng: &mut SeededRng,
    track: &mut Track,
) {
    let floor = band.low - 12;
    if motion == Motion::Riff {
        for &hit in band.riff.bar(bar.index) {
            let pitch = band.riff.pitch(band.style, bar, hit, band.low) - 12;
            let (at, end) = (bar.tick(hit.step), bar.tick(hit.step + hit.length));
            let (share, loud) = if hit.touch == Touch::Chug { (7, 0) } else { (9, 8) };
            track.play(at, (end - at) * share / 10, pitch, energy + loud);
        }
        return;
    }
    let onsets = onsets(motion, bar, band.groove);
    for (index, &step) in onsets.iter().enumerate() {
        let end = onsets.get(index + 1).copied().unwrap_or(bar.steps());
        let chord = bar.chord_at(step);
        let root = chord.root_above(floor);
        // The note that leads on is the last before another chord.
        let following = if end == bar.steps() { next } else { bar.chord_at(end) };
        let leads = following.root != chord.root && index > 0 && bar.chords.iter().all(|span| span.step != step);
        let pitch = if leads && end - step <= 4 && motion != Motion::Held {
            approach(bar, following.root_above(floor), root, rng)
        } else {
            match motion {
                Motion::Broken => root + [0, chord.fifth(), 12, chord.fifth()][index % 4],
                Motion::Walk => walk(bar, chord, step, root)[index % 4],
                Motion::Kick if step % 4 == 2 && rng.chance(12) => root + 12,
                Motion::Eighths if step + 2 == bar.pulse.half() && rng.chance(20) => root + 12,
                _ => root,
            }
        };
        let (from, to) = (bar.tick(step), bar.tick(end));
        let accent = if bar.pulse.is_strong(step) { 6 } else { -3 };
        let held = (to - from) * if motion == Motion::Held { 19 } else { 17 } / 20;
        track.play(from, held.max(STEP / 2), pitch, energy + accent);
    }
}

fn onsets(motion: Motion, bar: &Bar, groove: &Groove) -> Vec<usize> {
    let steps = bar.steps();
    let mut onsets: Vec<usize> = match motion {
        Motion::Kick => {
            let mut steps: Vec<usize> =
                groove.kick(bar.index).iter().copied().filter(|step| step % 2 == 0 || *step % 4 == 3).collect();
            // A pick-up on the last eighth carries the line over the bar.
            steps.push(bar.steps() - 2);
            steps
        }
        Motion::Eighths => (0..steps).step_by(2).collect(),
        Motion::Broken | Motion::Walk => match bar.pulse {
            crate::pulse::Pulse::Six => vec![0, 4, 6, 10],
            _ => (0..steps).step_by(4).collect(),
        },
        Motion::Held | Motion::Riff => vec![0],
    };
    onsets.extend(bar.chords.iter().map(|span| span.step));
    onsets.sort_unstable();
    onsets.dedup();
    onsets
}

/// The note before a new root: a scale step or a semitone away, from the side of the old root.
fn approach(bar: &Bar, target: i32, from: i32, rng: &mut SeededRng) -> i32 {
    let scale = bar.key.scale_under(bar.chord_at(bar.steps() - 1));
    if rng.chance(30) {
        return target - 1;
    }
    if from < target { scale.step(target - 1, 0) } else { scale.nearest(target + 2) }
}

/// Root, third, fifth and sixth of `chord`, the sixth as the scale has it.
fn walk(bar: &Bar, chord: Chord, step: usize, root: i32) -> [i32; 4] {
    let third = i32::from(chord.quality.intervals()[1]);
    let scale = bar.key.scale_under(bar.chord_at(step));
    [root, root + third, root + chord.fifth(), scale.nearest(root + 9)]
}
