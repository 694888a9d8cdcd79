//! Sung melodies: two-bar motifs grouped into antecedent and consequent phrases.
//!
//! A motif is a rhythm and a contour. It is heard, heard again higher or lower over the next
//! chords, and closed by an ending that rests on the dominant side the first time (antecedent)
//! and on the tonic side the second (consequent). Notes on strong beats and long notes are chord
//! tones; the others move by step. Every second bar ends with a breath.

use crate::harmony::Palette;
use crate::pulse::Pulse;
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::track::Track;

/// One note of a motif: which bar of the two, where, how long, and how far from the phrase's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tone {
    bar: usize,
    step: usize,
    length: usize,
    /// Scale steps above the phrase's height.
    offset: i32,
}

/// A tune for sections of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Tune {
    motif: Vec<Tone>,
    contrast: Vec<Tone>,
    /// Height of each two-bar unit in scale steps: the arch.
    heights: [i32; 4],
    /// Which motif each unit uses.
    plan: [usize; 4],
    /// Middle of the singer's range in this kind of section.
    centre: i32,
    range: (i32, i32),
    /// Pentatonic rather than the whole scale between chord tones.
    plain: bool,
}

impl Tune {
    /// A tune around `centre`. `busy` (0 to 100) is how many syllables it has.
    pub(crate) fn new(pulse: Pulse, centre: i32, busy: u32, plain: bool, rng: &mut SeededRng) -> Self {
        let motif = motif(pulse, busy, rng);
        let contrast = self::motif(pulse, busy.saturating_sub(10), rng);
        let heights = rng.pick(&[[0, 1, 3, 1], [0, 0, 2, 1], [1, 2, 4, 0], [0, 2, 3, 0], [2, 1, 3, 0]]);
        let plan = rng.pick(&[[0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 1], [0, 1, 0, 0]]);
        Self { motif, contrast, heights, plan, centre, range: (centre - 10, centre + 10), plain }
    }

    /// The height that the tune's arch reaches, in scale steps.
    #[cfg(test)]
    fn peak(&self) -> i32 {
        self.heights.iter().copied().max().unwrap_or(0)
    }

    /// Sings the bars of a section: (where, duration, pitch, velocity) of each note. `take` is how
    /// often the tune has been heard; later takes decorate the ends of phrases.
    pub(crate) fn sing(
        &self,
        bars: &[&Bar],
        take: usize,
        energy: i32,
        rng: &mut SeededRng,
    ) -> Vec<(u64, u64, i32, i32)> {
        let mut line = Vec::new();
        let mut previous = self.centre;
        for (unit, pair) in bars.chunks(2).enumerate() {
            let motif = if self.plan[unit % 4] == 0 { &self.motif } else { &self.contrast };
            let height = self.heights[unit % 4];
            let closes = unit % 4 == 3 || (unit + 1) * 2 >= bars.len();
            let halfway = unit % 4 == 1;
            let count = motif.iter().filter(|tone| tone.bar < pair.len()).count();
            for (index, tone) in motif.iter().enumerate() {
                let Some(bar) = pair.get(tone.bar) else { continue };
                if bar.ending || tone.step >= bar.steps() {
                    continue;
                }
                let length = tone.length.min(bar.steps() - tone.step);
                let chord = bar.chord_at(tone.step);
                let scale = bar.key.scale_under(chord);
                let walk = if self.plain { thin(bar.key.pentatonic(), scale, chord.palette()) } else { scale };
                let lift = i32::from(bar.key.tonic) - i32::from(bars[0].key.tonic);
                let anchor = scale.step(self.centre + lift, height);
                let last = index + 1 == count;
                let mut pitch = scale.step(anchor, tone.offset);
                let strong = bar.pulse.is_strong(tone.step) || length >= 4 || last;
                pitch = if strong { chord.palette().nearest(pitch) } else { walk.nearest(pitch) };
                // Chord tones draw neighbours to the same pitch: three in a row is enough.
                if pitch == previous && !strong && rng.chance(60) {
                    pitch = walk.step(pitch, if tone.offset >= 0 { 1 } else { -1 });
                }
                if last && closes {
                    pitch = self.close(pitch, bar, &[0, 4, 3]);
                } else if last && halfway {
                    pitch = self.close(pitch, bar, &[7, 2, 11, 10]);
                }
                while (pitch - previous).abs() > 9 {
                    pitch += if pitch > previous { -12 } else { 12 };
                }
                let pitch = crate::track::fold(pitch, self.range);
                let (at, to) = (bar.tick(tone.step), bar.tick(tone.step + length));
                let accent = if strong { 5 } else { -3 };
                let swell = height * 2;
                if take > 0 && last && length >= 4 && rng.chance(40) {
                    // A later take leans on the last note from the step above.
                    let lean = at + (to - at) / 4 / 120 * 120;
                    if lean > at {
                        line.push((at, lean - at, walk.step(pitch, 1), energy + swell));
                        line.push((lean, (to - lean) * 15 / 16, pitch, energy + swell + accent));
                        previous = pitch;
                        continue;
                    }
                }
                line.push((at, (to - at) * 15 / 16, pitch, energy + swell + accent));
                previous = pitch;
            }
        }
        line
    }

    /// The chord tone near `pitch` whose distance from the tonic is in `wanted`, else any chord
    /// tone.
    fn close(&self, pitch: i32, bar: &Bar, wanted: &[i32]) -> i32 {
        let palette = bar.chord_at(bar.steps() - 1).palette();
        let mut aim = Palette([false; 12]);
        for &above in wanted {
            let pitch_class = (i32::from(bar.key.tonic) + above).rem_euclid(12);
            aim.0[pitch_class as usize] = palette.has(pitch_class);
        }
        if aim.0.contains(&true) { aim.nearest(pitch) } else { palette.nearest(pitch) }
    }
}

/// The pentatonic where the chord allows it, and the chord's own tones.
fn thin(core: Palette, scale: Palette, chord: Palette) -> Palette {
    let mut palette = chord;
    for pitch_class in 0..12 {
        palette.0[pitch_class] |= core.0[pitch_class] && scale.0[pitch_class];
    }
    palette
}

/// Writes a line into `track`.
pub(crate) fn write(line: &[(u64, u64, i32, i32)], track: &mut Track) {
    for &(at, duration, pitch, velocity) in line {
        track.play(at, duration, pitch, velocity);
    }
}

/// A second voice that follows `line` at `steps` scale steps (-2 is a third below).
pub(crate) fn harmonise(line: &[(u64, u64, i32, i32)], bars: &[&Bar], steps: i32) -> Vec<(u64, u64, i32, i32)> {
    line.iter()
        .filter_map(|&(at, duration, pitch, velocity)| {
            let bar = bars.iter().rfind(|bar| bar.at <= at)?;
            let step = ((at - bar.at) / crate::pulse::STEP) as usize;
            let scale = bar.key.scale_under(bar.chord_at(step));
            Some((at, duration, scale.step(pitch, steps), velocity - 10))
        })
        .collect()
}

/// Two bars of rhythm and contour that end with a long note and a breath.
fn motif(pulse: Pulse, busy: u32, rng: &mut SeededRng) -> Vec<Tone> {
    let mut tones = Vec::new();
    let mut offset = rng.pick(&[0, 0, 1, 2]);
    let mut direction = rng.pick(&[1, 1, -1]);
    let steps = pulse.steps();
    // Where the second bar's last note begins: on its second or third beat.
    let landing = pulse.beats()[rng.below(pulse.beats().len().min(3)).max(1)];
    let pickup = rng.chance(40);
    for bar in 0..2 {
        let end = if bar == 1 { landing } else { steps };
        for &beat in pulse.beats() {
            if beat >= end {
                break;
            }
            let (_, span) = pulse.beat_at(beat);
            if bar == 0 && beat == 0 && pickup {
                // The phrase starts after the beat.
                let from = span / 2;
                tones.push(Tone { bar, step: from, length: span - from, offset });
                continue;
            }
            for (at, length) in split(span, busy, rng) {
                tones.push(Tone { bar, step: beat + at, length, offset });
                if rng.chance(18) {
                    direction = -direction;
                }
                let leap = rng.chance(15);
                offset += direction * if leap { rng.range(2, 3) } else { 1 };
                if rng.chance(15) {
                    offset -= direction;
                }
                if leap || !(-3..=4).contains(&offset) {
                    // A leap is answered by steps the other way, and the line stays in its room.
                    direction = if offset > 0 { -1 } else { 1 };
                }
                offset = offset.clamp(-4, 5);
            }
        }
    }
    // A tied note now and then loosens the line from the beat.
    for index in 1..tones.len() {
        if tones[index].length <= 2
            && rng.chance(12)
            && tones[index - 1].length > 0
            && tones[index].bar == tones[index - 1].bar
        {
            let gone = tones[index];
            tones[index - 1].length += gone.length;
            tones[index].length = 0;
        }
    }
    tones.retain(|tone| tone.length > 0);
    let rest = 2 + 2 * rng.below(2);
    let length = (steps - landing).saturating_sub(rest).max(2);
    tones.push(Tone { bar: 1, step: landing, length, offset: offset.clamp(-2, 3) });
    tones
}

/// A beat of `span` sixteenths as (offset, length) of its notes.
fn split(span: usize, busy: u32, rng: &mut SeededRng) -> Vec<(usize, usize)> {
    let busy = busy.min(100);
    let cells: &[(&[(usize, usize)], u32)] = if span == 6 {
        &[(&[(0, 6)], 2), (&[(0, 4), (4, 2)], 5), (&[(0, 2), (2, 2), (4, 2)], 4), (&[(0, 2), (2, 4)], 2)]
    } else if rng.chance(busy) {
        &[
            (&[(0, 2), (2, 2)], 6),
            (&[(0, 3), (3, 1)], 2),
            (&[(0, 1), (1, 1), (2, 2)], 1),
            (&[(2, 2)], 1),
            (&[(0, 1), (1, 3)], 1),
        ]
    } else {
        &[(&[(0, 4)], 5), (&[(0, 2), (2, 2)], 3), (&[], 1)]
    };
    rng.weighted(cells).to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn motifs_breathe_and_do_not_overlap() {
        for pulse in [Pulse::Four, Pulse::Six, Pulse::Three, Pulse::Seven] {
            for seed in 0..200 {
                let mut rng = SeededRng::new(seed);
                let tune = Tune::new(pulse, 66, 60, false, &mut rng);
                assert!(tune.peak() >= 2);
                for motif in [&tune.motif, &tune.contrast] {
                    assert!(motif.len() >= 2, "{motif:?}");
                    for pair in motif.windows(2) {
                        let at = |tone: &Tone| tone.bar * pulse.steps() + tone.step;
                        assert!(at(&pair[0]) + pair[0].length <= at(&pair[1]), "{pulse:?} {motif:?}");
                    }
                    let last = motif.last().unwrap();
                    assert!(last.step + last.length < pulse.steps() || last.length == 2, "no breath: {motif:?}");
                }
            }
        }
    }
}
