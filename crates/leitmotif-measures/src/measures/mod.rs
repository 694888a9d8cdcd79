//! A piece described by numbers, as MusPy defines them.
//!
//! The definitions are those of the `muspy` package, version 0.5 (Dong et al., *MusPy: A Toolkit
//! for Symbolic Music Generation*, ISMIR 2020, section 3.4 and its documentation), so that numbers
//! can be set beside published ones. Three of its conventions are worth knowing: a note that ends
//! on a beat makes the beat after it count as not empty; the polyphony rate counts the time at
//! which *more than* two pitches sound; beats are quarters and measures have one length throughout.
//! Where MusPy answers not-a-number or fails (no notes, no parts), these functions answer `None`.
//!
//! Pitches are those of parts that are not drums; times are those of all parts. Time is measured in
//! ticks, without laying out a piano roll, so the work depends on the number of notes only.

mod pitch;
mod polyphony;
mod rhythm;

pub use pitch::{
    Mode, n_pitch_classes_used, n_pitches_used, pitch_class_entropy, pitch_entropy, pitch_in_scale_rate, pitch_range,
    scale_consistency,
};
pub use polyphony::{POLYPHONY_THRESHOLD, polyphony, polyphony_rate};
pub use rhythm::{
    DrumMeter, drum_in_pattern_rate, drum_pattern_consistency, empty_beat_rate, empty_measure_rate, groove_consistency,
};

use leitmotif_score::{Note, Score, Ticks};
use serde::Serialize;

/// Every measure of a piece that needs no choice. Entropies are in bits, rates are shares from 0
/// to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measures {
    /// See [`pitch_range`].
    pub pitch_range: u8,
    /// See [`n_pitches_used`].
    pub n_pitches_used: usize,
    /// See [`n_pitch_classes_used`].
    pub n_pitch_classes_used: usize,
    /// See [`pitch_entropy`].
    pub pitch_entropy: Option<f64>,
    /// See [`pitch_class_entropy`].
    pub pitch_class_entropy: Option<f64>,
    /// See [`scale_consistency`].
    pub scale_consistency: Option<f64>,
    /// See [`polyphony`].
    pub polyphony: Option<f64>,
    /// See [`polyphony_rate`], at [`POLYPHONY_THRESHOLD`].
    pub polyphony_rate: Option<f64>,
    /// See [`empty_beat_rate`].
    pub empty_beat_rate: Option<f64>,
    /// See [`empty_measure_rate`].
    pub empty_measure_rate: Option<f64>,
    /// See [`groove_consistency`].
    pub groove_consistency: Option<f64>,
    /// See [`drum_in_pattern_rate`], duple.
    pub drum_in_duple_rate: Option<f64>,
    /// See [`drum_in_pattern_rate`], triple.
    pub drum_in_triple_rate: Option<f64>,
    /// See [`drum_pattern_consistency`].
    pub drum_pattern_consistency: Option<f64>,
}

impl Measures {
    /// The measures of `score`; its measures are as long as a bar of the meter it begins with
    /// ([`measure_length`]).
    pub fn of(score: &Score) -> Self {
        let measure = measure_length(score);
        Self {
            pitch_range: pitch_range(score),
            n_pitches_used: n_pitches_used(score),
            n_pitch_classes_used: n_pitch_classes_used(score),
            pitch_entropy: pitch_entropy(score),
            pitch_class_entropy: pitch_class_entropy(score),
            scale_consistency: scale_consistency(score),
            polyphony: polyphony(score),
            polyphony_rate: polyphony_rate(score, POLYPHONY_THRESHOLD),
            empty_beat_rate: empty_beat_rate(score),
            empty_measure_rate: empty_measure_rate(score, measure),
            groove_consistency: groove_consistency(score, measure),
            drum_in_duple_rate: drum_in_pattern_rate(score, DrumMeter::Duple),
            drum_in_triple_rate: drum_in_pattern_rate(score, DrumMeter::Triple),
            drum_pattern_consistency: drum_pattern_consistency(score),
        }
    }
}

/// The length of a bar of the meter that `score` begins with.
pub fn measure_length(score: &Score) -> Ticks {
    score.meter_at(Ticks(0)).bar_length(score.resolution)
}

/// The notes of all parts.
fn all_notes(score: &Score) -> impl Iterator<Item = &Note> {
    score.parts.iter().flat_map(|part| &part.notes)
}

/// The notes of the parts that are drums, or of those that are not.
fn notes_of(score: &Score, drums: bool) -> impl Iterator<Item = &Note> {
    score.parts.iter().filter(move |part| part.instrument.is_drums() == drums).flat_map(|part| &part.notes)
}

/// `part / whole`; `None` where the whole is nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, piano};
    use leitmotif_score::Meter;

    #[test]
    fn a_piece_is_described_by_its_first_meter() {
        let mut waltz = piano(&[note(0, 60, 4), note(12, 64, 2)]);
        waltz.meters = vec![Meter { at: Ticks(0), numerator: 3, denominator: 4 }];
        assert_eq!(measure_length(&waltz), Ticks(12));
        let measures = Measures::of(&waltz);
        assert_eq!(measures.groove_consistency, Some(1.0));
        assert_eq!((measures.pitch_range, measures.pitch_entropy), (4, Some(1.0)));
    }

    #[test]
    fn silence_has_counts_but_no_rates() {
        let silence = Measures::of(&Score::default());
        assert_eq!((silence.pitch_range, silence.n_pitches_used, silence.n_pitch_classes_used), (0, 0, 0));
        assert_eq!((silence.polyphony, silence.polyphony_rate, silence.empty_beat_rate), (None, None, None));
        assert_eq!((silence.pitch_entropy, silence.scale_consistency), (None, None));
        assert_eq!((silence.drum_pattern_consistency, silence.empty_measure_rate), (None, None));
    }
}
