//! From the lead sheet to everybody's parts, section by section.

use std::collections::BTreeMap;

use crate::band::Band;
use crate::breaks::stop_time;
use crate::comping::Voices;
use crate::drums::Fills;
use crate::ensemble::Ensemble;
use crate::form::Kind;
use crate::material::{Material, material_of};
use crate::pulse::Pulse;
use crate::rng::SeededRng;
use crate::scene::Scene;
use crate::sheet::Sheet;

/// Writes all parts of the song.
pub(crate) fn arrange(sheet: &Sheet, band: &Band, tempo: i32, rng: &SeededRng) -> Ensemble {
    let style = sheet.style;
    let mut ensemble = Ensemble::new(band, style);
    let mut materials: BTreeMap<(Kind, Pulse), Material> = BTreeMap::new();
    let fills: Vec<Fills> = (0..3).map(|index| Fills::new(style, band.busy, &mut rng.fork("fill", index))).collect();
    let mut voices = [Voices::default(), Voices::default(), Voices::default()];
    for (number, section) in sheet.sections.iter().enumerate() {
        let source = material_of(section.kind);
        let material = materials
            .entry((source, section.pulse))
            .or_insert_with(|| Material::new(style, source, section.pulse, band, tempo, rng));
        let scene = Scene { sheet, band, number, section, material, tempo, rng, opening: number == 0 };
        scene.drums(&fills, &mut ensemble.drums);
        scene.bass(&mut ensemble.bass);
        scene.guitars(&mut ensemble, &mut voices[0]);
        scene.keys(&mut ensemble, &mut voices);
        scene.melody(&mut ensemble);
    }
    stop_time(sheet, &mut ensemble, &rng.fork("breaks", 0));
    ensemble
}
