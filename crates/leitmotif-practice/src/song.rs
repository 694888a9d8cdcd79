//! From a style and a seed to a score.

use leitmotif_score::Score;

use crate::arrange::arrange;
use crate::band::{Band, band_of, bands};
use crate::finish;
use crate::form::{SongPlan, form};
use crate::harmony::{Key, Mode};
use crate::names;
use crate::pulse::Pulse;
use crate::rng::SeededRng;
use crate::sheet::Sheet;
use crate::style::Style;

fn dice_of(style: Style, seed: u64) -> SeededRng {
    SeededRng::new(seed).fork("song", style.salt())
}

/// The invented band that plays song `seed` of `style`.
pub fn artist(style: Style, seed: u64) -> &'static str {
    band_of(style, &dice_of(style, seed)).name
}

/// All bands of `style`.
pub fn artists(style: Style) -> Vec<&'static str> {
    bands(style).iter().map(|band| band.name).collect()
}

/// The title of song `seed` of `style`. Two seeds may share a title.
pub fn title(style: Style, seed: u64) -> String {
    names::title(style, &dice_of(style, seed))
}

/// What a song is before anybody plays it.
pub(crate) struct Draft {
    pub(crate) band: Band,
    pub(crate) key: Key,
    /// Quarters a minute.
    pub(crate) tempo: i32,
    pub(crate) sheet: Sheet,
}

/// The draft of the song of `rng`.
pub(crate) fn draft(style: Style, rng: &SeededRng) -> Draft {
    let band = band_of(style, rng);
    let mut choices = rng.fork("song", 0);
    let pulse = choices.weighted(band.pulses);
    let key = Key { tonic: choices.pick(band.tonics), mode: choices.weighted(band.modes) };
    let swing = choices.chance(band.swing) && pulse == Pulse::Four;
    let tempo = tempo(&band, pulse, &mut choices);
    let blues = style == Style::Rock
        && pulse == Pulse::Four
        && matches!(key.mode, Mode::Mixolydian | Mode::Major)
        && choices.chance(if swing { 60 } else { 20 });
    let plan = SongPlan { style, pulse, tempo, solo: choices.chance(band.solo), blues };
    let sections = form(&plan, &mut rng.fork("form", 0));
    let sheet = Sheet::new(style, key, sections, swing, &rng.fork("harmony", 0));
    Draft { band, key, tempo, sheet }
}

/// Composes song `seed` of `style`: 32 to 96 bars, one and a half to three and a half minutes.
///
/// The same arguments give the same score on every machine and in every version of this crate
/// with the same major number.
pub fn compose(style: Style, seed: u64) -> Score {
    let rng = dice_of(style, seed);
    let Draft { band, key, tempo, sheet } = draft(style, &rng);
    let mut ensemble = arrange(&sheet, &band, tempo, &rng);
    finish::final_chord(&sheet, &mut ensemble, band.low_string);
    let mut tracks = ensemble.into_tracks();
    finish::humanise(&mut tracks, band.loose, &rng);
    finish::separate(&mut tracks);
    let mut score = finish::score(&sheet, tracks, names::title(style, &rng), tempo, key, &rng);
    score.texts.push(format!(
        "Practice song, composed by rule: style {}, band {}, seed {seed}",
        style.folder(),
        band.name
    ));
    score
}

fn tempo(band: &Band, pulse: Pulse, rng: &mut SeededRng) -> i32 {
    let tempo = rng.range(band.tempo.0, band.tempo.1);
    match pulse {
        Pulse::Four => tempo,
        // In 6/8 and 3/4 a bar holds fewer quarters: they go slower.
        Pulse::Six => tempo.clamp(72, 126),
        Pulse::Three => tempo.clamp(84, 126),
        Pulse::Seven => tempo.clamp(96, 128),
    }
}

#[cfg(test)]
#[path = "song_tests.rs"]
mod tests;
