//! All that is measured of one piece.

use crate::measures::Measures;
use crate::texture::{FIGURES, Texture};
use crate::yang_lerch::Features;
use crate::{bars, lag_profile};
use leitmotif_score::Score;

/// How far apart bars are whose likeness is measured.
pub const MOST_LAG: usize = 16;

/// A figure with what it is called.
pub type Named = (&'static str, Option<f64>);

/// A piece as numbers.
#[derive(Debug, Clone)]
pub struct MeasuredPiece {
    /// MusPy's measures, then the figures of its texture that are not among them; the same names in
    /// the same order for every piece.
    pub figures: Vec<Named>,
    /// The figures of its texture.
    pub texture: [Named; FIGURES],
    /// The features of Yang and Lerch.
    pub features: Features,
    /// The likeness of bars by their distance.
    pub lags: Vec<Option<f64>>,
}

impl MeasuredPiece {
    pub fn of(score: &Score) -> Self {
        let texture = Texture::of(score).figures();
        let mut figures = muspy(score).to_vec();
        let new = texture.iter().filter(|(name, _)| figures.iter().all(|it| it.0 != *name)).copied();
        figures.extend(new.collect::<Vec<_>>());
        Self { figures, texture, features: Features::of(score), lags: lag_profile(&bars(score), MOST_LAG) }
    }
}

/// MusPy's measures that are one number a piece.
fn muspy(score: &Score) -> [Named; 13] {
    let measures = Measures::of(score);
    let has_notes = score.note_count() > 0;
    let count = |number: usize| has_notes.then_some(number as f64);
    [
        ("pitches used", count(measures.n_pitches_used)),
        ("pitch range (semitones)", count(usize::from(measures.pitch_range))),
        ("pitch classes used", count(measures.n_pitch_classes_used)),
        ("pitch entropy (bits)", measures.pitch_entropy),
        ("pitch-class entropy (bits)", measures.pitch_class_entropy),
        ("scale consistency", measures.scale_consistency),
        ("polyphony", measures.polyphony),
        ("polyphony rate", measures.polyphony_rate),
        ("empty-beat rate", measures.empty_beat_rate),
        ("empty-bar rate", measures.empty_measure_rate),
        ("groove consistency", measures.groove_consistency),
        ("drums on the duple grid", measures.drum_in_duple_rate),
        ("drum pattern consistency", measures.drum_pattern_consistency),
    ]
}
