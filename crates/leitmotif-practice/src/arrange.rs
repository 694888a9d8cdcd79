//! Who plays what in which section.
//!
//! Material (riffs, grooves, figures, tunes) belongs to the kind of a section and is drawn once,
//! so that sections return; the take (first verse, second verse ...) decides what is added.

use std::collections::BTreeMap;

use crate::band::Band;
use crate::bass::{self, Motion};
use crate::comping::{self, Figure, Hand, Voices};
use crate::dice::Dice;
use crate::drums::{Fills, Groove, key};
use crate::form::{Kind, Section};
use crate::guitar::{self, Strum};
use crate::melody::{self, Tune};
use crate::riff::Riff;
use crate::sheet::{Bar, Pulse, Sheet};
use crate::solo;
use crate::style::Style;
use crate::track::Track;

/// The players of a song, by the job they do.
pub(crate) struct Ensemble {
    pub(crate) rhythm: Track,
    pub(crate) second: Track,
    pub(crate) lead: Track,
    pub(crate) bass: Track,
    pub(crate) piano: Track,
    pub(crate) pad: Track,
    pub(crate) voice: Track,
    pub(crate) drums: Track,
}

impl Ensemble {
    fn new(band: &Band, style: Style) -> Self {
        let low = band.low_string;
        let lead_range = (52, 86);
        // Where singer and lead guitar are one, both names stand for the same player.
        let voice_name = if band.voice == band.lead { "Melody Guitar" } else { "Voice" };
        let pad_name = match band.pad {
            16..=20 => "Organ",
            48..=51 => "Strings",
            52..=54 => "Choir",
            _ => "Pad",
        };
        let voice_range = if style == Style::Metal { (52, 81) } else { (53, 81) };
        Self {
            rhythm: Track::pitched("Rhythm Guitar", band.rhythm, (low, 76)),
            second: Track::pitched("Second Guitar", band.second, (low, 84)),
            lead: Track::pitched("Lead Guitar", band.lead, lead_range),
            bass: Track::pitched("Bass", band.bass, (low - 12, 55)),
            piano: Track::pitched("Piano", band.piano, (28, 88)),
            pad: Track::pitched(pad_name, band.pad, (48, 79)),
            voice: Track::pitched(voice_name, band.voice, voice_range),
            drums: Track::drums(),
        }
    }

    /// The players in the order of the score.
    pub(crate) fn into_tracks(self) -> Vec<Track> {
        vec![self.voice, self.lead, self.rhythm, self.second, self.piano, self.pad, self.bass, self.drums]
    }
}

/// What returns whenever a kind of section does.
struct Material {
    riff: Riff,
    groove: Groove,
    figure: Figure,
    clean: Figure,
    motion: Motion,
    strum: Strum,
    tune: Tune,
    /// Whether the piano rests where the style lets it.
    piano: bool,
}

/// Writes all parts of the song.
pub(crate) fn arrange(sheet: &Sheet, band: &Band, tempo: i32, dice: &Dice) -> Ensemble {
    let style = sheet.style;
    let mut ensemble = Ensemble::new(band, style);
    let mut materials: BTreeMap<(Kind, Pulse), Material> = BTreeMap::new();
    let fills: Vec<Fills> = (0..3).map(|index| Fills::new(style, band.busy, &mut dice.fork("fill", index))).collect();
    let mut voices = [Voices::default(), Voices::default(), Voices::default()];
    for (number, section) in sheet.sections.iter().enumerate() {
        let source = material_of(section.kind);
        let material = materials
            .entry((source, section.pulse))
            .or_insert_with(|| Material::new(style, source, section.pulse, band, tempo, dice));
        let scene = Scene { sheet, band, number, section, material, tempo, dice, opening: number == 0 };
        scene.drums(&fills, &mut ensemble.drums);
        scene.bass(&mut ensemble.bass);
        scene.guitars(&mut ensemble, &mut voices[0]);
        scene.keys(&mut ensemble, &mut voices);
        scene.melody(&mut ensemble);
    }
    ensemble
}

/// Sections that share their material with another kind.
fn material_of(kind: Kind) -> Kind {
    match kind {
        Kind::Outro => Kind::Chorus,
        other => other,
    }
}

impl Material {
    fn new(style: Style, kind: Kind, pulse: Pulse, band: &Band, tempo: i32, dice: &Dice) -> Self {
        let fork = |label: &str| dice.fork(label, kind as u64 * 8 + pulse as u64);
        // The intro states the riff that the verse goes on with.
        let riff_kind = if kind == Kind::Intro { Kind::Verse } else { kind };
        let mut riff_dice = dice.fork("riff", riff_kind as u64 * 8 + pulse as u64);
        let riff = Riff::new(style, pulse, band.busy, &mut riff_dice);
        let groove = Groove::new(style, kind, pulse, band.busy, tempo, &riff, &mut fork("groove"));
        let mut choices = fork("figures");
        let figure = comping::choose(pulse, figures(style, kind, tempo), &mut choices);
        let clean = comping::choose(
            pulse,
            &[(Figure::Broken, 4), (Figure::Rolling, u32::from(tempo < 110) * 2), (Figure::OffBeats, 1)],
            &mut choices,
        );
        let motion = motion(style, kind, pulse, &mut choices);
        let strum = match (style, kind) {
            (Style::Metal, _) => choices.pick(&[Strum::Power, Strum::Drive, Strum::Drive]),
            (Style::PopRock, Kind::Chorus | Kind::Solo) => choices.pick(&[Strum::Power, Strum::Drive]),
            (Style::PopRock, _) => Strum::Open,
            (Style::Rock, _) => choices.pick(&[Strum::Power, Strum::Drive, Strum::Open]),
        };
        let centre = match kind {
            Kind::Chorus => 70,
            Kind::PreChorus => 67,
            Kind::Bridge => 67,
            _ => 64,
        } + dice.fork("singer", 0).range(-2, 2);
        let busy = if kind == Kind::Chorus { 45 } else { 60 } - if tempo > 140 { 20 } else { 0 };
        let tune = Tune::new(pulse, centre, busy, style == Style::Rock, &mut fork("tune"));
        let piano = choices.chance(band.piano_share);
        Self { riff, groove, figure, clean, motion, strum, tune, piano }
    }
}

fn figures(style: Style, kind: Kind, tempo: i32) -> &'static [(Figure, u32)] {
    use Figure::{Beats, Broken, Eighths, Held, OffBeats, Pushed, Rolling};
    match (style, kind) {
        (Style::Metal, Kind::Intro | Kind::Bridge) if tempo < 130 => &[(Rolling, 2), (Broken, 3)],
        (Style::Metal, Kind::Intro | Kind::Bridge) => &[(Broken, 1)],
        (Style::Metal, _) => &[(Held, 3), (Broken, 2), (Beats, 1)],
        (Style::PopRock, Kind::Verse | Kind::Intro | Kind::Bridge) => {
            &[(Broken, 4), (Held, 1), (Beats, 2), (Pushed, 2)]
        }
        (Style::PopRock, _) => &[(Pushed, 3), (Eighths, 2), (Beats, 3)],
        (Style::Rock, Kind::Verse | Kind::Intro) => &[(Pushed, 2), (OffBeats, 2), (Held, 1), (Beats, 1)],
        (Style::Rock, _) => &[(Eighths, 3), (Pushed, 3), (Beats, 1)],
    }
}

fn motion(style: Style, kind: Kind, pulse: Pulse, dice: &mut Dice) -> Motion {
    match (style, kind) {
        (Style::Metal, Kind::Chorus) => Motion::Eighths,
        (Style::Metal, Kind::Bridge) => dice.pick(&[Motion::Riff, Motion::Kick]),
        (Style::Metal, _) => Motion::Riff,
        (Style::PopRock, Kind::Chorus | Kind::Solo) => dice.pick(&[Motion::Eighths, Motion::Kick]),
        (Style::PopRock, _) if matches!(pulse, Pulse::Six | Pulse::Three) => dice.pick(&[Motion::Broken, Motion::Held]),
        (Style::PopRock, _) => dice.pick(&[Motion::Kick, Motion::Kick, Motion::Broken, Motion::Eighths]),
        (Style::Rock, Kind::Chorus) => dice.pick(&[Motion::Eighths, Motion::Walk]),
        (Style::Rock, _) => dice.pick(&[Motion::Riff, Motion::Riff, Motion::Kick, Motion::Walk]),
    }
}

/// One section, with all that its players need to know.
struct Scene<'a> {
    sheet: &'a Sheet,
    band: &'a Band,
    number: usize,
    section: &'a Section,
    material: &'a Material,
    tempo: i32,
    dice: &'a Dice,
    opening: bool,
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
        self.opening && self.dice.fork("gentle opening", 0).chance(share)
    }

    /// From which bar on the drums play in this section.
    fn drums_from(&self) -> usize {
        if !self.opening {
            return 0;
        }
        if self.gentle() {
            self.section.bars / 2
        } else {
            [0, 2, self.section.bars / 2][self.dice.fork("drums in", 0).below(3)]
        }
    }

    fn drums(&self, fills: &[Fills], track: &mut Track) {
        let from = self.drums_from();
        let mut dice = self.dice.fork("drum bars", self.number as u64);
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
                Some(if dice.chance(35) { bar.pulse.half() / 2 / 2 * 2 } else { bar.pulse.half() })
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

    fn bass(&self, track: &mut Track) {
        let from = if self.gentle() { self.section.bars / 2 } else { 0 };
        let listens = bass::Band {
            style: self.sheet.style,
            riff: &self.material.riff,
            groove: &self.material.groove,
            low: self.band.low_string,
        };
        let mut dice = self.dice.fork("bass bars", material_of(self.section.kind) as u64);
        for (number, bar) in self.sheet.bars_of(self.number) {
            if bar.ending || bar.index < from {
                continue;
            }
            let next = self.sheet.chord_after(number);
            bass::play(self.material.motion, bar, next, self.section.energy, &listens, &mut dice, track);
        }
    }

    fn guitars(&self, ensemble: &mut Ensemble, voices: &mut Voices) {
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
                        Kind::Intro => bar.index % 2 == 1,
                        _ => false,
                    };
                    if joins {
                        guitar::play(Strum::Octaves, bar, low + 12, energy - 8, voices, &mut ensemble.second);
                    }
                }
                Style::PopRock => {
                    let clean = Hand { figure: self.material.clean, count: 4, range: (50, 72), left: None };
                    match kind {
                        Kind::Intro if self.gentle() && bar.index < from => {}
                        Kind::Chorus | Kind::Solo | Kind::Outro => {
                            guitar::play(Strum::Open, bar, low, energy - 14, voices, &mut ensemble.rhythm);
                            guitar::play(self.material.strum, bar, low, energy - 6, voices, &mut ensemble.second);
                        }
                        Kind::PreChorus => {
                            guitar::play(Strum::Open, bar, low, energy - 12, voices, &mut ensemble.rhythm)
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
                        let strum = if kind == Kind::Chorus { Strum::Open } else { Strum::Power };
                        guitar::play(strum, bar, low + 5, energy - 14, voices, &mut ensemble.second);
                    }
                }
            }
        }
    }

    fn keys(&self, ensemble: &mut Ensemble, voices: &mut [Voices; 3]) {
        let style = self.sheet.style;
        let (energy, kind) = (self.section.energy, self.section.kind);
        let gentle_until = if self.gentle() { self.section.bars / 2 } else { 0 };
        let piano_plays = match (style, kind) {
            (Style::PopRock, Kind::Verse) => self.material.piano || self.section.take > 0,
            (Style::PopRock, _) => true,
            (Style::Metal, Kind::Chorus | Kind::Outro) => self.material.piano || self.section.last_take,
            (Style::Metal, Kind::Bridge) => self.material.piano,
            (Style::Metal, _) => false,
            (Style::Rock, Kind::Chorus | Kind::Outro) => true,
            (Style::Rock, _) => self.material.piano,
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
            comping::choose(self.section.pulse, &[(Figure::Broken, 1)], &mut self.dice.fork("opening figure", 0))
        } else if style != Style::Metal && kind == Kind::Verse && self.section.take > 1 {
            Figure::Pushed
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

    fn melody(&self, ensemble: &mut Ensemble) {
        let style = self.sheet.style;
        let (energy, kind) = (self.section.energy, self.section.kind);
        let bars = self.bars();
        let playing: Vec<&Bar> = bars.iter().copied().filter(|bar| !bar.ending).collect();
        let mut dice = self.dice.fork("singing", self.number as u64);
        match (style, kind) {
            (_, Kind::Solo) => {
                let line = solo::solo(style, &playing, ensemble.lead.range, self.tempo, energy, &mut dice);
                melody::write(&line, &mut ensemble.lead);
            }
            (Style::Metal, Kind::Intro) => {
                // The intro's second half brings the chorus tune forward on twin guitars.
                let later: Vec<&Bar> =
                    playing.iter().copied().filter(|bar| bar.index * 2 >= self.section.bars).collect();
                let line = self.material.tune.sing(&later, 0, energy, &mut dice);
                melody::write(&line, &mut ensemble.lead);
                let under = melody::harmonise(&line, &later, -2);
                melody::write(&under, &mut ensemble.second);
            }
            (Style::Metal, Kind::Chorus | Kind::PreChorus | Kind::Bridge | Kind::Verse) => {
                if kind == Kind::Verse && self.band.voice == self.band.lead && self.section.take == 0 {
                    return;
                }
                let line = self.material.tune.sing(&playing, self.section.take, energy + 2, &mut dice);
                melody::write(&line, &mut ensemble.voice);
                if kind == Kind::Chorus && self.section.take > 0 {
                    let under = melody::harmonise(&line, &playing, -2);
                    melody::write(&under, &mut ensemble.lead);
                }
            }
            (_, Kind::Verse | Kind::PreChorus | Kind::Chorus | Kind::Bridge | Kind::Outro) => {
                let line = self.material.tune.sing(&playing, self.section.take, energy + 4, &mut dice);
                melody::write(&line, &mut ensemble.voice);
                if kind == Kind::Chorus && self.section.last_take {
                    let under = melody::harmonise(&line, &playing, -2);
                    melody::write(&under, &mut ensemble.lead);
                }
            }
            (Style::PopRock, Kind::Intro) if self.next_kind() == Some(Kind::Verse) && self.section.bars >= 8 => {
                let line = self.material.tune.sing(&playing, 0, energy, &mut dice);
                melody::write(&line, &mut ensemble.lead);
            }
            _ => {}
        }
    }
}
