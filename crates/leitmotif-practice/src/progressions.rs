//! Chord loops by style and by the job of a section.
//!
//! A loop is written relative to the tonic: (semitones above the tonic, quality, length in half
//! bars). Every loop lasts four bars (eight halves), but the blues, which lasts twelve.

use crate::form::Kind;
use crate::harmony::Quality;
use crate::style::Style;

/// One chord of a loop: semitones above the tonic, quality, half bars.
pub(crate) type Step = (u8, Quality, u8);
/// A progression that repeats.
pub(crate) type Loop = &'static [Step];

const MA: Quality = Quality::Major;
const MI: Quality = Quality::Minor;
const DI: Quality = Quality::Diminished;
const D7: Quality = Quality::Dominant;
const J7: Quality = Quality::MajorSeventh;
const M7: Quality = Quality::MinorSeventh;
const S4: Quality = Quality::Suspended;

const METAL_VERSE: &[Loop] = &[
    &[(0, MI, 4), (8, MA, 2), (10, MA, 2)],
    &[(0, MI, 6), (10, MA, 2)],
    &[(0, MI, 4), (3, MA, 2), (10, MA, 2)],
    &[(0, MI, 2), (10, MA, 2), (8, MA, 2), (10, MA, 2)],
    &[(0, MI, 4), (5, MI, 2), (7, MI, 2)],
];
const METAL_PHRYGIAN: &[Loop] = &[
    &[(0, MI, 6), (1, MA, 2)],
    &[(0, MI, 2), (1, MA, 2), (0, MI, 2), (10, MI, 2)],
    &[(0, MI, 4), (1, MA, 2), (3, MA, 2)],
    &[(0, MI, 3), (1, MA, 1), (0, MI, 2), (8, MA, 1), (1, MA, 1)],
];
const METAL_HARMONIC: &[Loop] = &[
    &[(0, MI, 4), (8, MA, 2), (7, MA, 2)],
    &[(0, MI, 2), (5, MI, 2), (7, MA, 2), (0, MI, 2)],
    &[(0, MI, 2), (8, MA, 2), (5, MI, 2), (7, D7, 2)],
    &[(0, MI, 4), (11, DI, 2), (0, MI, 2)],
];
const METAL_CHORUS: &[Loop] = &[
    &[(8, MA, 2), (10, MA, 2), (0, MI, 4)],
    &[(0, MI, 2), (8, MA, 2), (3, MA, 2), (10, MA, 2)],
    &[(8, MA, 2), (3, MA, 2), (10, MA, 2), (0, MI, 2)],
    &[(5, MI, 2), (8, MA, 2), (0, MI, 2), (10, MA, 2)],
    &[(0, MI, 2), (10, MA, 2), (5, MI, 2), (8, MA, 1), (10, MA, 1)],
];
const METAL_PRE: &[Loop] = &[
    &[(5, MI, 4), (8, MA, 2), (7, MA, 2)],
    &[(8, MA, 4), (10, MA, 4)],
    &[(5, MI, 2), (0, MI, 2), (8, MA, 2), (7, MA, 2)],
];
const METAL_BRIDGE: &[Loop] = &[
    &[(0, MI, 4), (1, MA, 4)],
    &[(5, MI, 4), (0, MI, 2), (7, MA, 2)],
    &[(0, MI, 6), (3, MA, 2)],
    &[(8, MA, 4), (7, MA, 4)],
];

const POP_VERSE: &[Loop] = &[
    &[(0, MA, 2), (7, MA, 2), (9, MI, 2), (5, MA, 2)],
    &[(0, MA, 2), (9, MI, 2), (5, MA, 2), (7, MA, 2)],
    &[(0, MA, 2), (5, MA, 2), (9, MI, 2), (7, S4, 1), (7, MA, 1)],
    &[(0, J7, 2), (4, M7, 2), (5, MA, 2), (7, MA, 2)],
    &[(0, MA, 2), (4, D7, 2), (9, MI, 2), (5, MA, 2)],
    &[(9, MI, 2), (5, MA, 2), (0, MA, 2), (7, MA, 2)],
];
const POP_MIXOLYDIAN: &[Loop] = &[
    &[(0, MA, 2), (10, MA, 2), (5, MA, 2), (0, MA, 2)],
    &[(0, MA, 2), (7, MI, 2), (5, MA, 2), (10, MA, 2)],
    &[(0, MA, 4), (10, MA, 2), (5, MA, 2)],
];
const POP_PRE: &[Loop] = &[
    &[(2, MI, 2), (4, MI, 2), (5, MA, 2), (7, MA, 2)],
    &[(5, MA, 2), (7, MA, 2), (9, MI, 2), (7, MA, 2)],
    &[(9, MI, 2), (2, D7, 2), (5, MA, 2), (7, S4, 1), (7, D7, 1)],
    &[(2, M7, 4), (5, MA, 2), (7, MA, 2)],
];
const POP_CHORUS: &[Loop] = &[
    &[(0, MA, 2), (7, MA, 2), (9, MI, 2), (5, MA, 2)],
    &[(5, MA, 2), (0, MA, 2), (7, MA, 2), (9, MI, 2)],
    &[(0, MA, 2), (4, MI, 2), (5, MA, 2), (7, MA, 2)],
    &[(9, MI, 2), (5, MA, 2), (0, MA, 2), (7, MA, 2)],
    &[(0, MA, 2), (7, MA, 2), (2, MI, 1), (9, MI, 1), (5, MA, 1), (7, MA, 1)],
    &[(0, MA, 2), (10, MA, 2), (5, MA, 2), (5, MI, 2)],
];
const POP_BRIDGE: &[Loop] = &[
    &[(9, MI, 2), (4, MI, 2), (5, MA, 2), (7, MA, 2)],
    &[(8, MA, 2), (10, MA, 2), (0, MA, 4)],
    &[(5, MA, 2), (5, MI, 2), (0, MA, 2), (9, D7, 2)],
    &[(2, MI, 2), (7, MA, 2), (4, MI, 2), (9, MI, 2)],
];

const ROCK_MAJOR: &[Loop] = &[
    &[(0, MA, 2), (10, MA, 2), (5, MA, 2), (0, MA, 2)],
    &[(0, MA, 4), (5, MA, 2), (0, MA, 2)],
    &[(0, MA, 2), (5, MA, 1), (10, MA, 1), (0, MA, 2), (10, MA, 1), (5, MA, 1)],
    &[(0, D7, 4), (5, D7, 2), (0, D7, 2)],
    &[(0, MA, 3), (3, MA, 1), (5, MA, 2), (0, MA, 2)],
];
const ROCK_MINOR: &[Loop] = &[
    &[(0, MI, 2), (3, MA, 2), (5, MA, 2), (0, MI, 2)],
    &[(0, MI, 4), (10, MA, 2), (5, MA, 2)],
    &[(0, MI, 2), (10, MA, 2), (8, MA, 2), (10, MA, 2)],
    &[(0, M7, 3), (10, MA, 1), (0, M7, 3), (5, MA, 1)],
];
const ROCK_CHORUS_MAJOR: &[Loop] = &[
    &[(5, MA, 2), (0, MA, 2), (7, MA, 2), (0, MA, 2)],
    &[(0, MA, 2), (7, MA, 2), (10, MA, 2), (5, MA, 2)],
    &[(10, MA, 2), (5, MA, 2), (0, MA, 4)],
    &[(0, MA, 2), (5, MA, 2), (7, MA, 2), (5, MA, 2)],
];
const ROCK_CHORUS_MINOR: &[Loop] = &[
    &[(3, MA, 2), (10, MA, 2), (5, MA, 2), (0, MI, 2)],
    &[(8, MA, 2), (10, MA, 2), (0, MI, 4)],
    &[(0, MI, 2), (10, MA, 2), (5, MA, 2), (10, MA, 2)],
];
const ROCK_PRE: &[Loop] = &[&[(5, MA, 4), (7, MA, 4)], &[(5, MA, 2), (10, MA, 2), (5, MA, 2), (7, MA, 2)]];
const ROCK_BRIDGE_MAJOR: &[Loop] = &[
    &[(9, MI, 2), (7, MA, 2), (5, MA, 2), (7, MA, 2)],
    &[(3, MA, 2), (5, MA, 2), (0, MA, 4)],
    &[(2, MI, 2), (5, MA, 2), (0, MA, 2), (7, D7, 2)],
];
const ROCK_BRIDGE_MINOR: &[Loop] = &[&[(8, MA, 4), (10, MA, 4)], &[(5, MI, 2), (0, MI, 2), (8, MA, 2), (7, D7, 2)]];

/// The twelve bars of the blues, with the quick change back to the dominant at the end.
pub(crate) const BLUES: Loop = &[(0, D7, 8), (5, D7, 4), (0, D7, 4), (7, D7, 2), (5, D7, 2), (0, D7, 2), (7, D7, 2)];

/// The loops that `style` uses in a section of `kind` in `mode`.
pub(crate) fn loops(style: Style, kind: Kind, mode: crate::harmony::Mode) -> &'static [Loop] {
    use crate::harmony::Mode;
    let minor = mode.is_minor();
    match (style, kind) {
        (Style::Metal, Kind::Chorus) => METAL_CHORUS,
        (Style::Metal, Kind::PreChorus) => METAL_PRE,
        (Style::Metal, Kind::Bridge) => METAL_BRIDGE,
        (Style::Metal, _) => match mode {
            Mode::Phrygian => METAL_PHRYGIAN,
            Mode::HarmonicMinor => METAL_HARMONIC,
            _ => METAL_VERSE,
        },
        (Style::PopRock, Kind::Chorus) => POP_CHORUS,
        (Style::PopRock, Kind::PreChorus) => POP_PRE,
        (Style::PopRock, Kind::Bridge) => POP_BRIDGE,
        (Style::PopRock, _) if mode == Mode::Mixolydian => POP_MIXOLYDIAN,
        (Style::PopRock, _) => POP_VERSE,
        (Style::Rock, Kind::Chorus) if minor => ROCK_CHORUS_MINOR,
        (Style::Rock, Kind::Chorus) => ROCK_CHORUS_MAJOR,
        (Style::Rock, Kind::PreChorus) => ROCK_PRE,
        (Style::Rock, Kind::Bridge) if minor => ROCK_BRIDGE_MINOR,
        (Style::Rock, Kind::Bridge) => ROCK_BRIDGE_MAJOR,
        (Style::Rock, _) if minor => ROCK_MINOR,
        (Style::Rock, _) => ROCK_MAJOR,
    }
}

/// The chord that leads from the end of a section back to the tonic.
pub(crate) fn turnaround(style: Style, mode: crate::harmony::Mode) -> (u8, Quality) {
    match (style, mode.is_minor()) {
        (Style::Metal, _) if mode == crate::harmony::Mode::HarmonicMinor => (7, MA),
        (Style::Metal, _) => (10, MA),
        (Style::PopRock, _) => (7, S4),
        (Style::Rock, true) => (10, MA),
        (Style::Rock, false) => (7, D7),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::harmony::Mode;

    #[test]
    fn every_loop_fills_its_bars() {
        let halves = |steps: Loop| steps.iter().map(|step| u32::from(step.2)).sum::<u32>();
        let modes = [Mode::Major, Mode::Mixolydian, Mode::Dorian, Mode::Aeolian, Mode::Phrygian, Mode::HarmonicMinor];
        for style in Style::ALL {
            for mode in modes {
                for kind in Kind::ALL {
                    for steps in loops(style, kind, mode) {
                        assert_eq!(halves(steps), 8, "{style} {kind:?} {mode:?} {steps:?}");
                    }
                }
            }
        }
        assert_eq!(halves(BLUES), 24);
    }
}
