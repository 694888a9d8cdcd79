//! What returns whenever a kind of section does: riff, groove, figures, tune.
//!
//! Material is drawn once for each kind of section (and meter), so that sections return; what a
//! later take adds is decided where it is played (`scene`).

use crate::band::Band;
use crate::bass::Motion;
use crate::comping::{self, Figure};
use crate::drums::Groove;
use crate::form::Kind;
use crate::guitar::{self, Strum};
use crate::melody::Tune;
use crate::pulse::Pulse;
use crate::riff::Riff;
use crate::rng::SeededRng;
use crate::style::Style;

/// What returns whenever a kind of section does.
pub(crate) struct Material {
    pub(crate) riff: Riff,
    pub(crate) groove: Groove,
    pub(crate) figure: Figure,
    pub(crate) clean: Figure,
    pub(crate) motion: Motion,
    pub(crate) strum: Strum,
    /// The strummed chords that fill the background.
    pub(crate) open: Strum,
    pub(crate) tune: Tune,
    /// Whether the piano plays where the style would let it rest.
    pub(crate) piano: bool,
}

/// Sections that share their material with another kind.
pub(crate) fn material_of(kind: Kind) -> Kind {
    match kind {
        Kind::Outro => Kind::Chorus,
        other => other,
    }
}

impl Material {
    pub(crate) fn new(style: Style, kind: Kind, pulse: Pulse, band: &Band, tempo: i32, rng: &SeededRng) -> Self {
        let fork = |label: &str| rng.fork(label, kind as u64 * 8 + pulse as u64);
        // The intro states the riff that the verse goes on with.
        let riff_kind = if kind == Kind::Intro { Kind::Verse } else { kind };
        let mut riff_dice = rng.fork("riff", riff_kind as u64 * 8 + pulse as u64);
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
        let open = Strum::Open(choices.below(guitar::HANDS));
        let strum = match (style, kind) {
            (Style::Metal, _) => choices.pick(&[Strum::Power, Strum::Drive, Strum::Drive]),
            (Style::PopRock, Kind::Chorus | Kind::Solo) => choices.pick(&[Strum::Power, Strum::Drive]),
            (Style::PopRock, _) => open,
            (Style::Rock, _) => choices.pick(&[Strum::Power, Strum::Drive, Strum::Drive, open]),
        };
        let centre = match kind {
            Kind::Chorus => 70,
            Kind::PreChorus => 67,
            Kind::Bridge => 67,
            _ => 64,
        } + rng.fork("singer", 0).range(-2, 2);
        let busy = if kind == Kind::Chorus { 45 } else { 60 } - if tempo > 140 { 20 } else { 0 };
        let tune = Tune::new(pulse, centre, busy, style == Style::Rock, &mut fork("tune"));
        let piano = choices.chance(band.piano_share);
        Self { riff, groove, figure, clean, motion, strum, open, tune, piano }
    }
}

fn figures(style: Style, kind: Kind, tempo: i32) -> &'static [(Figure, u32)] {
    use Figure::{Beats, Broken, Eighths, Held, OffBeats, Pushed, Rolling};
    match (style, kind) {
        (Style::Metal, Kind::Intro | Kind::Bridge) if tempo < 130 => &[(Rolling, 2), (Broken, 3)],
        (Style::Metal, Kind::Intro | Kind::Bridge) => &[(Broken, 1)],
        (Style::Metal, _) => &[(Held, 3), (Broken, 2), (Beats, 1)],
        (Style::PopRock, Kind::Verse | Kind::Intro | Kind::Bridge) => {
            &[(Broken, 4), (Held, 1), (Beats, 2), (Pushed(0), 2)]
        }
        (Style::PopRock, _) => &[(Pushed(0), 3), (Eighths, 2), (Beats, 3)],
        (Style::Rock, Kind::Verse | Kind::Intro) => &[(OffBeats, 3), (Held, 1), (Beats, 1)],
        (Style::Rock, _) => &[(Eighths, 1), (Pushed(0), 2), (Beats, 2), (OffBeats, 1)],
    }
}

fn motion(style: Style, kind: Kind, pulse: Pulse, rng: &mut SeededRng) -> Motion {
    match (style, kind) {
        (Style::Metal, Kind::Chorus) => Motion::Eighths,
        (Style::Metal, Kind::Bridge) => rng.pick(&[Motion::Riff, Motion::Kick]),
        (Style::Metal, _) => Motion::Riff,
        (Style::PopRock, Kind::Chorus | Kind::Solo) => rng.pick(&[Motion::Eighths, Motion::Kick]),
        (Style::PopRock, _) if matches!(pulse, Pulse::Six | Pulse::Three) => rng.pick(&[Motion::Broken, Motion::Held]),
        (Style::PopRock, _) => rng.pick(&[Motion::Kick, Motion::Kick, Motion::Broken, Motion::Eighths]),
        (Style::Rock, Kind::Chorus) => rng.pick(&[Motion::Eighths, Motion::Walk]),
        (Style::Rock, _) => rng.pick(&[Motion::Riff, Motion::Riff, Motion::Kick, Motion::Walk]),
    }
}
