//! The lead sheet: every bar of the song with its meter, key and chords. All players read it.
//!
//! A bar is counted in steps of a sixteenth note. A shuffle is written straight and bent when steps
//! become ticks, so that patterns need not handle it.

use crate::form::{Kind, Section};
use crate::harmony::{Chord, Key};
use crate::progressions::{self, Loop};
use crate::pulse::{BEAT, Pulse, STEP};
use crate::rng::SeededRng;
use crate::style::Style;

/// Where the shuffled second eighth of a beat stands: on the third of its triplet.
const SWUNG_EIGHTH: u64 = 320;

/// A chord's place in a bar, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) step: usize,
    pub(crate) length: usize,
    pub(crate) chord: Chord,
}

/// One bar.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    /// Its first tick.
    pub(crate) at: u64,
    pub(crate) pulse: Pulse,
    pub(crate) swing: bool,
    pub(crate) key: Key,
    pub(crate) chords: Vec<Span>,
    /// Which section it belongs to.
    pub(crate) section: usize,
    /// Its place in the section.
    pub(crate) index: usize,
    /// Whether it is the section's last.
    pub(crate) last: bool,
    /// Whether it is the held chord that ends the song.
    pub(crate) ending: bool,
}

impl Bar {
    /// The tick of `step`, which may lie beyond the bar.
    pub(crate) fn tick(&self, step: usize) -> u64 {
        self.bend(step as u64 * STEP)
    }

    /// The tick of a place given in unbent ticks from the bar's start.
    pub(crate) fn bend(&self, ticks: u64) -> u64 {
        if !self.swing {
            return self.at + ticks;
        }
        let (beat, inside) = (ticks / BEAT * BEAT, ticks % BEAT);
        let straight = BEAT / 2;
        let bent = if inside < straight {
            inside * SWUNG_EIGHTH / straight
        } else {
            SWUNG_EIGHTH + (inside - straight) * (BEAT - SWUNG_EIGHTH) / straight
        };
        self.at + beat + bent
    }

    /// The chord that sounds at `step`.
    pub(crate) fn chord_at(&self, step: usize) -> Chord {
        let span = self.chords.iter().rfind(|span| span.step <= step).unwrap_or(&self.chords[0]);
        span.chord
    }

    /// Whether a phrase of four bars ends here.
    pub(crate) fn phrase_end(&self) -> bool {
        self.index % 4 == 3 || self.last
    }

    /// Steps of the bar.
    pub(crate) fn steps(&self) -> usize {
        self.pulse.steps()
    }
}

/// The whole song, as the players see it.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) style: Style,
    pub(crate) sections: Vec<Section>,
    pub(crate) bars: Vec<Bar>,
}

impl Sheet {
    /// Writes the chords of `sections`. Sections of one kind share their progression; `blues` puts
    /// twelve-bar sections over the twelve-bar blues.
    pub(crate) fn new(style: Style, key: Key, sections: Vec<Section>, swing: bool, rng: &SeededRng) -> Self {
        let mut bars = Vec::new();
        let mut at = 0;
        for (number, section) in sections.iter().enumerate() {
            let key = key.lifted(section.lift);
            let progression = progression(style, key, section, rng);
            for index in 0..section.bars {
                let last = index + 1 == section.bars;
                let ending = last && number + 1 == sections.len();
                let mut chords = spans(&progression, index, section.pulse, key);
                if ending {
                    chords = vec![Span { step: 0, length: section.pulse.steps(), chord: tonic_chord(key) }];
                }
                bars.push(Bar { at, pulse: section.pulse, swing, key, chords, section: number, index, last, ending });
                at += section.pulse.steps() as u64 * STEP;
            }
        }
        Self { style, sections, bars }
    }

    /// The bars of one section.
    pub(crate) fn bars_of(&self, section: usize) -> impl Iterator<Item = (usize, &Bar)> {
        self.bars.iter().enumerate().filter(move |(_, bar)| bar.section == section)
    }

    /// The chord that follows bar `number`.
    pub(crate) fn chord_after(&self, number: usize) -> Chord {
        match self.bars.get(number + 1) {
            Some(bar) => bar.chord_at(0),
            None => self.bars[number].chord_at(0),
        }
    }

    /// The section of `bar`.
    pub(crate) fn section(&self, bar: &Bar) -> &Section {
        &self.sections[bar.section]
    }

    /// The tick after the last bar.
    pub(crate) fn end(&self) -> u64 {
        self.bars.last().map_or(0, |bar| bar.at + bar.steps() as u64 * STEP)
    }
}

/// The plain chord of the key's tonic.
pub(crate) fn tonic_chord(key: Key) -> Chord {
    use crate::harmony::Quality;
    let quality = if key.mode.is_minor() { Quality::Minor } else { Quality::Major };
    Chord { root: key.tonic, quality }
}

/// The chords of a section in half bars, as long as the section.
fn progression(style: Style, key: Key, section: &Section, rng: &SeededRng) -> Vec<(Chord, u8)> {
    // Intro, solo and outro lean on the verse's or the chorus's chords, as they do in songs.
    let source = match section.kind {
        Kind::Intro => Kind::Verse,
        Kind::Outro => Kind::Chorus,
        Kind::Solo if rng.fork("solo over", 0).chance(50) => Kind::Chorus,
        Kind::Solo => Kind::Verse,
        kind => kind,
    };
    let mut rng = rng.fork("progression", source as u64);
    let steps: Loop = if section.bars.is_multiple_of(12) {
        progressions::BLUES
    } else {
        rng.pick(progressions::loops(style, source, key.mode))
    };
    let chord = |(above, quality, _): progressions::Step| Chord { root: (key.tonic + above) % 12, quality };
    let mut halves: Vec<Chord> = Vec::new();
    while halves.len() < section.bars * 2 {
        for &step in steps {
            halves.extend(std::iter::repeat_n(chord(step), usize::from(step.2)));
        }
    }
    halves.truncate(section.bars * 2);
    let (above, quality) = progressions::turnaround(style, key.mode);
    let turns = matches!(section.kind, Kind::Verse | Kind::Chorus | Kind::Solo) && rng.chance(60);
    if turns && !section.bars.is_multiple_of(12) && section.bars >= 8 {
        let last = halves.len() - 1;
        halves[last] = chord((above, quality, 1));
    }
    let mut merged: Vec<(Chord, u8)> = Vec::new();
    for chord in halves {
        merged.push((chord, 1));
    }
    merged
}

/// The chords of the section's bar `index`.
fn spans(halves: &[(Chord, u8)], index: usize, pulse: Pulse, key: Key) -> Vec<Span> {
    let tonic = (tonic_chord(key), 1);
    let (first, _) = halves.get(2 * index).copied().unwrap_or(tonic);
    let (second, _) = halves.get(2 * index + 1).copied().unwrap_or(tonic);
    let (half, steps) = (pulse.half(), pulse.steps());
    if first == second {
        vec![Span { step: 0, length: steps, chord: first }]
    } else {
        vec![Span { step: 0, length: half, chord: first }, Span { step: half, length: steps - half, chord: second }]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::harmony::{Mode, Quality};

    fn bar(swing: bool) -> Bar {
        let chord = Chord { root: 0, quality: Quality::Major };
        Bar {
            at: 1920,
            pulse: Pulse::Four,
            swing,
            key: Key { tonic: 0, mode: Mode::Major },
            chords: vec![Span { step: 0, length: 16, chord }],
            section: 0,
            index: 0,
            last: false,
            ending: false,
        }
    }

    #[test]
    fn a_shuffle_puts_the_off_beat_on_the_triplet() {
        assert_eq!(bar(false).tick(2), 1920 + 240);
        assert_eq!(bar(true).tick(2), 1920 + 320);
        assert_eq!(bar(true).tick(4), 1920 + 480);
        assert_eq!(bar(true).tick(16), 3840);
    }

    #[test]
    fn beats_cover_the_bar() {
        for pulse in [Pulse::Four, Pulse::Six, Pulse::Three, Pulse::Seven] {
            let total: usize = pulse.beats().iter().map(|&beat| pulse.beat_at(beat).1).sum();
            assert_eq!(total, pulse.steps());
        }
        assert_eq!(Pulse::Seven.beat_at(13), (8, 6));
    }
}
