//! Drum grooves by style and section, with ghost notes, and fills at the ends of phrases.

use crate::form::Kind;
use crate::pulse::{Pulse, STEP};
use crate::riff::{Riff, Touch};
use crate::rng::SeededRng;
use crate::sheet::Bar;
use crate::style::Style;
use crate::track::Track;

/// General MIDI percussion keys.
pub(crate) mod key {
    pub(crate) const KICK: i32 = 36;
    pub(crate) const STICK: i32 = 37;
    pub(crate) const SNARE: i32 = 38;
    pub(crate) const FLOOR_TOM: i32 = 43;
    pub(crate) const LOW_TOM: i32 = 45;
    pub(crate) const MID_TOM: i32 = 47;
    pub(crate) const HIGH_TOM: i32 = 50;
    pub(crate) const CLOSED_HAT: i32 = 42;
    pub(crate) const PEDAL_HAT: i32 = 44;
    pub(crate) const OPEN_HAT: i32 = 46;
    pub(crate) const CRASH: i32 = 49;
    pub(crate) const CRASH_2: i32 = 57;
    pub(crate) const CHINA: i32 = 52;
    pub(crate) const RIDE: i32 = 51;
    pub(crate) const BELL: i32 = 53;
    pub(crate) const TAMBOURINE: i32 = 54;
}

/// A section's groove: what hands and feet do in its bars.
#[derive(Debug, Clone)]
pub(crate) struct Groove {
    /// Kick steps of the bars of a phrase.
    kicks: Vec<Vec<usize>>,
    snares: Vec<usize>,
    ghosts: Vec<usize>,
    cymbal: i32,
    /// Steps from one stroke of the cymbal to the next.
    every: usize,
    /// Whether the last stroke on the hat is open.
    opens: bool,
    /// A side stick instead of the snare.
    stick: bool,
    tambourine: bool,
}

impl Groove {
    /// The groove of a section. In metal the kick follows the riff.
    pub(crate) fn new(
        style: Style,
        kind: Kind,
        pulse: Pulse,
        busy: u32,
        tempo: i32,
        riff: &Riff,
        rng: &mut SeededRng,
    ) -> Self {
        let snares = snares(style, kind, pulse, tempo, rng);
        let base = kicks(style, pulse, rng);
        let other = kicks(style, pulse, rng);
        let follows = style == Style::Metal && kind != Kind::Chorus || style == Style::Rock && rng.chance(35);
        let double = style == Style::Metal && kind != Kind::Bridge && rng.chance(busy / 2 + 15);
        let kicks = (0..4)
            .map(|index| {
                let mut steps = if double && kind == Kind::Chorus {
                    let every = if tempo > 160 { 2 } else { 1 };
                    (0..pulse.steps()).step_by(every).collect()
                } else if follows {
                    let riff = riff.bar(index).iter();
                    let wanted = riff.filter(|hit| double || hit.touch == Touch::Accent || hit.step % 2 == 0);
                    wanted.map(|hit| hit.step).collect()
                } else if index == 3 {
                    other.clone()
                } else {
                    base.clone()
                };
                if !steps.contains(&0) {
                    steps.insert(0, 0);
                }
                if !double {
                    steps.retain(|step| !snares.contains(step));
                }
                steps
            })
            .collect();
        let quiet = matches!(kind, Kind::Intro | Kind::Verse);
        let cymbal = match (style, kind) {
            (Style::Metal, Kind::Chorus) => rng.pick(&[key::CRASH, key::RIDE, key::OPEN_HAT]),
            (Style::Metal, Kind::Bridge) => rng.pick(&[key::CHINA, key::RIDE]),
            (Style::Metal, Kind::Solo) => rng.pick(&[key::RIDE, key::BELL]),
            (Style::Rock, Kind::Chorus) => rng.pick(&[key::OPEN_HAT, key::RIDE, key::CRASH_2]),
            (_, Kind::Chorus | Kind::Solo) => rng.pick(&[key::RIDE, key::CLOSED_HAT]),
            (_, Kind::Bridge) => rng.pick(&[key::RIDE, key::CLOSED_HAT]),
            _ => key::CLOSED_HAT,
        };
        let coarse = matches!(cymbal, key::CRASH | key::CRASH_2 | key::CHINA | key::BELL);
        let every = if coarse || (style == Style::Metal && tempo > 180) {
            4
        } else if style == Style::PopRock && tempo < 100 && pulse == Pulse::Four && rng.chance(40) {
            1
        } else {
            2
        };
        let every = if matches!(pulse, Pulse::Six | Pulse::Seven) { every.min(2) } else { every };
        let mut ghosts = Vec::new();
        if style != Style::Metal && pulse == Pulse::Four {
            for step in [3, 7, 9, 11, 15] {
                if rng.chance(busy * 2 / 3) && !snares.contains(&step) {
                    ghosts.push(step);
                }
            }
        }
        let stick = style == Style::PopRock && quiet && tempo < 100 && rng.chance(60);
        let tambourine = style == Style::PopRock && kind == Kind::Chorus && rng.chance(40);
        Self { kicks, snares, ghosts, cymbal, every, opens: rng.chance(45), stick, tambourine }
    }

    /// The kick's steps in the section's bar `index`.
    pub(crate) fn kick(&self, index: usize) -> &[usize] {
        &self.kicks[index % self.kicks.len()]
    }

    /// Plays `bar` up to (not including) step `until`, where a fill takes over.
    pub(crate) fn play(&self, bar: &Bar, until: usize, energy: i32, crash: Option<i32>, track: &mut Track) {
        let mut hit = |step: usize, pitch: i32, velocity: i32| {
            if step < until {
                track.play(bar.tick(step), STEP, pitch, velocity);
            }
        };
        for &step in self.kick(bar.index) {
            hit(step, key::KICK, energy + if bar.pulse.is_strong(step) { 12 } else { 2 });
        }
        for &step in &self.snares {
            hit(step, if self.stick { key::STICK } else { key::SNARE }, energy + 16);
        }
        for &step in &self.ghosts {
            hit(step, key::SNARE, 32 + (step as i32 * 5) % 9);
        }
        if let Some(crash) = crash {
            hit(0, crash, energy + 20);
        }
        let last = (bar.steps() - 1) / self.every * self.every;
        for step in (0..bar.steps()).step_by(self.every) {
            if step == 0 && crash.is_some() {
                continue;
            }
            let opened = self.cymbal == key::CLOSED_HAT && self.opens && step == last && bar.index % 2 == 1;
            let pitch = if opened { key::OPEN_HAT } else { self.cymbal };
            let accent = if bar.pulse.is_strong(step) {
                4
            } else if step % 2 == 1 {
                -22
            } else {
                -12
            };
            hit(step, pitch, energy - 4 + accent);
        }
        if self.cymbal == key::RIDE && bar.pulse == Pulse::Four {
            for step in [4, 12] {
                hit(step, key::PEDAL_HAT, energy - 24);
            }
        }
        if self.tambourine {
            for &step in bar.pulse.beats() {
                hit(step, key::TAMBOURINE, energy - 22);
            }
        }
    }
}

fn snares(style: Style, kind: Kind, pulse: Pulse, tempo: i32, rng: &mut SeededRng) -> Vec<usize> {
    match pulse {
        Pulse::Four => {
            if style == Style::Metal {
                match kind {
                    Kind::Bridge if rng.chance(75) => return vec![8],
                    Kind::Verse | Kind::Solo if tempo > 150 && rng.chance(45) => return vec![2, 6, 10, 14],
                    Kind::Chorus if tempo > 170 && rng.chance(30) => return vec![8],
                    _ => {}
                }
            } else if kind == Kind::Bridge && rng.chance(35) {
                return vec![8];
            }
            vec![4, 12]
        }
        Pulse::Six => vec![6],
        Pulse::Three => rng.pick::<&[usize]>(&[&[4, 8], &[8]]).to_vec(),
        Pulse::Seven => rng.pick::<&[usize]>(&[&[4, 10], &[4, 12], &[8]]).to_vec(),
    }
}

fn kicks(style: Style, pulse: Pulse, rng: &mut SeededRng) -> Vec<usize> {
    let tables: &[&[usize]] = match (pulse, style) {
        (Pulse::Four, Style::PopRock) => {
            &[&[0, 8], &[0, 7, 8], &[0, 6, 8], &[0, 8, 10], &[0, 3, 8], &[0, 6, 10], &[0, 4, 8, 12], &[0, 7, 10]]
        }
        (Pulse::Four, Style::Rock) => {
            &[&[0, 8, 10], &[0, 2, 8], &[0, 6, 8, 14], &[0, 8], &[0, 6, 8], &[0, 2, 8, 10], &[0, 10]]
        }
        (Pulse::Four, Style::Metal) => &[&[0, 2, 8, 10], &[0, 6, 8, 14], &[0, 3, 6, 8, 11, 14], &[0, 2, 6, 8, 10]],
        (Pulse::Six, _) => &[&[0], &[0, 4], &[0, 10], &[0, 4, 10], &[0, 8]],
        (Pulse::Three, _) => &[&[0], &[0, 6], &[0, 10], &[0, 2]],
        (Pulse::Seven, _) => &[&[0, 6, 8], &[0, 2, 8, 12], &[0, 8, 10]],
    };
    rng.pick(tables).to_vec()
}

/// The fills that a song's drummer has in the hands.
#[derive(Debug, Clone)]
pub(crate) struct Fills {
    /// Struck sixteenths of a beat.
    cells: Vec<&'static [usize]>,
    drums: &'static [i32],
    double_kick: bool,
}

const FILL_CELLS: &[&[usize]] = &[&[0, 1, 2, 3], &[0, 2, 3], &[0, 1, 2], &[0, 2], &[0, 3], &[0, 1, 3], &[1, 2, 3]];
const FILL_DRUMS: &[&[i32]] = &[
    &[key::SNARE, key::HIGH_TOM, key::MID_TOM, key::FLOOR_TOM],
    &[key::SNARE, key::SNARE, key::HIGH_TOM, key::LOW_TOM],
    &[key::HIGH_TOM, key::MID_TOM, key::LOW_TOM, key::FLOOR_TOM],
    &[key::SNARE, key::FLOOR_TOM, key::SNARE, key::FLOOR_TOM],
    &[key::SNARE, key::SNARE, key::SNARE, key::SNARE],
];

impl Fills {
    pub(crate) fn new(style: Style, busy: u32, rng: &mut SeededRng) -> Self {
        let cells =
            (0..4).map(|_| if rng.chance(busy / 2 + 10) { FILL_CELLS[0] } else { rng.pick(FILL_CELLS) }).collect();
        let double_kick = style == Style::Metal && rng.chance(busy);
        Self { cells, drums: rng.pick(FILL_DRUMS), double_kick }
    }

    /// Fills `bar` from step `from` to its end, getting louder.
    pub(crate) fn play(&self, bar: &Bar, from: usize, energy: i32, track: &mut Track) {
        let steps = bar.steps();
        for step in from..steps {
            let (beat, _) = bar.pulse.beat_at(step);
            let beat_number = bar.pulse.beats().iter().position(|&at| at == beat).unwrap_or(0);
            let cell = self.cells[(beat_number + bar.index / 4) % self.cells.len()];
            let place = (step - beat) % 4;
            let progress = (step - from) * self.drums.len() / (steps - from).max(1);
            if cell.contains(&place) || step == from {
                let growth = (step - from) as i32 * 14 / (steps - from).max(1) as i32;
                let accent = if place == 0 { 8 } else { 0 };
                track.play(bar.tick(step), STEP, self.drums[progress], energy - 2 + growth + accent);
            }
            if self.double_kick || bar.pulse.is_strong(step) {
                track.play(bar.tick(step), STEP, key::KICK, energy - if self.double_kick { 6 } else { 0 });
            }
        }
    }
}
