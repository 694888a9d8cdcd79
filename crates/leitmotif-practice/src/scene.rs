//! Who plays what in one section, and what a later take adds.

use crate::band::Band;
use crate::bass;
use crate::comping::{self, Figure, Hand, Voices};
use crate::drums::{Fills, key};
use crate::ensemble::Ensemble;
use crate::form::{Kind, Section};
use crate::guitar::{self, Strum};
use crate::material::{Material, material_of};
use crate::melody;
use crate::rng::SeededRng;
use crate::sheet::{Bar, Sheet};
use crate::solo;
use crate::style::Style;
use crate::track::Track;

/// One section, with all that its players depend on.
pub(crate) struct Scene<'a> {
    pub(crate) sheet: &'a Sheet,
    pub(crate) band: &'a Band,
    pub(crate) number: usize,
    pub(crate) section: &'a Section,
    pub(crate) material: &'a Material,
    pub(crate) tempo: i32,
    pub(crate) rng: &'a SeededRng,
    pub(crate) opening: bool,
}

impl Scene<'_> {
    fn bars(&self) -> Vec<&Bar> {
        self.sheet.bars_of(self.number).map(|(_, bar)| bar).collect()
    }

    fn next_kind(&self) -> Option<Kind> {
        self.sheet.sections.get(self.number + 1).map(|section| section.kind)
    }

    /// How the song opens: with the riff, or gently (piano, clean guitar, strings).
    fn gentle(&self) -> bool {
        let share = match self.sheet.style {
            Style::Metal => 35 + self.band.piano_share / 4,
            Style::PopRock => 80,
            Style::Rock => 15,
        };
        self.opening && self.rng.fork("gentle opening", 0).chance(share)
    }

    /// From which bar on the drums play in this section.
    fn drums_from(&self) -> usize {
        if !self.opening {
            return 0;
        }
        if self.gentle() {
            self.section.bars / 2
        } else {
            [0, 2, self.section.bars / 2][self.rng.fork("drums in", 0).below(3)]
        }
    }

    pub(crate) fn drums(&self, fills: &[Fills], track: &mut Track) {
        let from = self.drums_from();
        let mut rng = self.rng.fork("drum bars", self.number as u64);
        for bar in self.bars() {
            if bar.ending || bar.index < from {
                continue;
            }
            let steps = bar.steps();
            let entering = bar.index == from;
            let crash = if entering {
                Some(key::CRASH)
            } else if bar.index % 8 == 0 || (bar.index % 4 == 0 && self.section.kind == Kind::Chorus) {
                Some(key::CRASH_2)
            } else {
                None
            };
            let beats = bar.pulse.beats();
            let last_beat = beats[beats.len() - 1];
            // Long fills lead into another section, short ones end a phrase.
            let fill_from = if bar.last || bar.index + 1 == from {
                Some(if rng.chance(35) { bar.pulse.half() / 2 / 2 * 2 } else { bar.pulse.half() })
            } else if bar.index % 8 == 7 {
                Some(bar.pulse.half())
            } else if bar.phrase_end() {
                Some(last_beat)
            } else {
                None
            };
            let until = fill_from.unwrap_or(steps);
            self.material.groove.play(bar, until, self.section.energy, crash, track);
            if let Some(start) = fill_from {
                let index = (bar.index / 4 + self.section.take) % fills.len();
                fills[index].play(bar, start, self.section.energy, track);
            }
        }
        // A pick-up fill calls the band in where the drums wait.
        if let Some(bar) = self.bars().iter().find(|bar| bar.index + 1 == from) {
            fills[0].play(bar, bar.pulse.half(), self.section.energy, track);
        }
    }

    pub(crate) fn bass(&self, track: &mut Track) {
        let from = if self.gentle() { self.section.bars / 2 } else { 0 };
        let listens = bass::Band {
            style: self.sheet.style,
            riff: &self.material.riff,
            groove: &self.material.groove,
            low: self.band.low_string,
        };
        let mut rng = self.rng.fork("bass bars", material_of(self.section.kind) as u64);
        for (number, bar) in self.sheet.bars_of(self.number) {
            if bar.ending || bar.index < from {
                continue;
            }
            let next = self.sheet.chord_after(number);
            bass::play(self.material.motion, bar, next, self.section.energy, &listens, &mut rng, track);
        }
    }

    pub(crate) fn guitars(&self, ensemble: &mut Ensemble, voices: &mut Voices) {
        let style = self.sheet.style;
        let (low, energy, kind) = (self.band.low_string, self.section.energy, self.section.kind);
        let from = if self.gentle() { self.section.bars / 2 } else { 0 };
        for bar in self.bars() {
            if bar.ending {
                continue;
            }
            match style {
                Style::Metal => {
                    if bar.index < from {
                        continue;
                    }
                    if kind == Kind::Chorus || kind == Kind::PreChorus || kind == Kind::Outro {
                        guitar::play(self.material.strum, bar, low, energy, voices, &mut ensemble.rhythm);
                    } else {
                        self.material.riff.play(style, bar, low, energy, &mut ensemble.rhythm);
                    }
                    let joins = match kind {
                        Kind::Chorus | Kind::Outro => true,
                        Kind::Verse => self.section.take > 0 && bar.index % 4 >= 2,
                        Kind::Intro => bar.index * 2 < self.section.bars,
                        _ => false,
                    };
                    if joins {
                        guitar::play(Strum::Octaves, bar, low, energy - 8, voices, &mut ensemble.second);
                    }
                }
                Style::PopRock => {
                    let clean = Hand { figure: self.material.clean, count: 4, range: (50, 72), left: None };
                    match kind {
                        Kind::Intro if self.gentle() && bar.index < from => {}
                        Kind::Chorus | Kind::Solo | Kind::Outro => {
                            guitar::play(self.material.open, bar, low, energy - 14, voices, &mut ensemble.rhythm);
                            guitar::play(self.material.strum, bar, low, energy - 6, voices, &mut ensemble.second);
                        }
                        Kind::PreChorus => {
                            guitar::play(self.material.open, bar, low, energy - 12, voices, &mut ensemble.rhythm)
                        }
                        Kind::Verse if self.section.take > 0 => {
                            comping::play(&clean, bar, energy - 12, voices, &mut ensemble.rhythm);
                            if bar.index >= 4 {
                                guitar::play(Strum::Power, bar, low, energy - 16, voices, &mut ensemble.second);
                            }
                        }
                        _ => comping::play(&clean, bar, energy - 12, voices, &mut ensemble.rhythm),
                    }
                }
                Style::Rock => {
                    if bar.index < from {
                        continue;
                    }
                    match kind {
                        Kind::Chorus | Kind::PreChorus | Kind::Outro => {
                            guitar::play(self.material.strum, bar, low, energy, voices, &mut ensemble.rhythm);
                        }
                        _ => self.material.riff.play(style, bar, low, energy, &mut ensemble.rhythm),
                    }
                    let joins = match kind {
                        Kind::Chorus | Kind::Outro => true,
                        Kind::Verse => self.section.take > 0,
                        Kind::Solo => true,
                        _ => false,
                    };
                    if joins {
                        let strum = if kind == Kind::Chorus { self.material.open } else { Strum::Power };
                        guitar::play(strum, bar, low + 5, energy - 14, voices, &mut ensemble.second);
                    }
                }
            }
        }
    }

    pub(crate) fn keys(&self, ensemble: &mut Ensemble, voices: &mut [Voices; 3]) {
        let style = self.sheet.style;
        let (energy, kind) = (self.section.energy, self.section.kind);
        let gentle_until = if self.gentle() { self.section.bars / 2 } else { 0 };
        let piano_plays = match (style, kind) {
            (Style::PopRock, Kind::Verse) => self.material.piano || self.section.take > 0,
            (Style::PopRock, _) => true,
            (Style::Metal, Kind::Chorus | Kind::Outro) => self.material.piano || self.section.last_take,
            (Style::Metal, Kind::Bridge) => self.material.piano,
            (Style::Metal, _) => false,
            (Style::Rock, Kind::Chorus | Kind::Outro) => self.material.piano || self.section.last_take,
            (Style::Rock, _) => self.material.piano && self.section.take > 0,
        };
        let pad_plays = match (style, kind) {
            (Style::Metal, Kind::Chorus | Kind::PreChorus) => self.band.piano_share > 40 || self.section.last_take,
            (Style::Metal, Kind::Bridge) => true,
            (Style::PopRock, Kind::Chorus | Kind::Bridge | Kind::Outro | Kind::PreChorus) => true,
            (Style::PopRock, Kind::Verse) => self.section.take > 0,
            (Style::Rock, Kind::Verse) => self.section.take > 0 || self.band.busy < 50,
            (Style::Rock, Kind::Intro) => false,
            (Style::Rock, _) => true,
            _ => false,
        };
        let figure = if gentle_until > 0 {
            comping::choose(self.section.pulse, &[(Figure::Broken, 1)], &mut self.rng.fork("opening figure", 0))
        } else if style != Style::Metal && kind == Kind::Verse && self.section.take > 1 {
            Figure::Pushed(self.section.take)
        } else {
            self.material.figure
        };
        let piano = Hand { figure, count: 3, range: (57, 77), left: Some(36) };
        let pad = Hand { figure: Figure::Held, count: 3, range: (55, 76), left: None };
        for bar in self.bars() {
            if bar.ending {
                continue;
            }
            let opening = bar.index < gentle_until;
            if piano_plays || opening {
                let loud = if opening { energy - 8 } else { energy - 12 };
                comping::play(&piano, bar, loud, &mut voices[1], &mut ensemble.piano);
            }
            if pad_plays || (opening && style == Style::Metal && bar.index * 2 >= gentle_until) {
                comping::play(&pad, bar, energy - 24, &mut voices[2], &mut ensemble.pad);
            }
        }
    }

    pub(crate) fn melody(&self, ensemble: &mut Ensemble) {
        let style = self.sheet.style;
        let (energy, kind) = (self.section.energy, self.section.kind);
        let bars = self.bars();
        let playing: Vec<&Bar> = bars.iter().copied().filter(|bar| !bar.ending).collect();
        let mut rng = self.rng.fork("singing", self.number as u64);
        match (style, kind) {
            (_, Kind::Solo) => {
                let line = solo::solo(style, &playing, ensemble.lead.range, self.tempo, energy, &mut rng);
                melody::write(&line, &mut ensemble.lead);
            }
            (Style::Metal, Kind::Intro) => {
                // The intro's second half brings the chorus tune forward on twin guitars.
                let later: Vec<&Bar> =
                    playing.iter().copied().filter(|bar| bar.index * 2 >= self.section.bars).collect();
                let line = self.material.tune.sing(&later, 0, energy, &mut rng);
                melody::write(&line, &mut ensemble.lead);
                let under = melody::harmonise(&line, &later, -2);
                melody::write(&under, &mut ensemble.second);
            }
            (Style::Metal, Kind::Chorus | Kind::PreChorus | Kind::Bridge | Kind::Verse) => {
                if kind == Kind::Verse && self.band.voice == self.band.lead && self.section.take == 0 {
                    return;
                }
                let line = self.material.tune.sing(&playing, self.section.take, energy + 2, &mut rng);
                melody::write(&line, &mut ensemble.voice);
                if kind == Kind::Chorus && self.section.take > 0 {
                    let under = melody::harmonise(&line, &playing, -2);
                    melody::write(&under, &mut ensemble.lead);
                }
            }
            (_, Kind::Verse | Kind::PreChorus | Kind::Chorus | Kind::Bridge | Kind::Outro) => {
                let line = self.material.tune.sing(&playing, self.section.take, energy + 4, &mut rng);
                melody::write(&line, &mut ensemble.voice);
                if kind == Kind::Chorus && self.section.last_take {
                    let under = melody::harmonise(&line, &playing, -2);
                    melody::write(&under, &mut ensemble.lead);
                }
            }
            (Style::PopRock, Kind::Intro) if self.next_kind() == Some(Kind::Verse) && self.section.bars >= 8 => {
                let line = self.material.tune.sing(&playing, 0, energy, &mut rng);
                melody::write(&line, &mut ensemble.lead);
            }
            _ => {}
        }
    }
}
