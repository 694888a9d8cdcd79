//! Whatever a score holds, nothing panics and every measure is in its range.

use leitmotif_measures::measures::{Measures, Mode, groove_consistency, pitch_in_scale_rate, polyphony_rate};
use leitmotif_measures::yang_lerch::{Feature, Features, compare};
use leitmotif_measures::{
    MAX_BARS, Matching, SelfSimilarity, bars, chroma_similarity, groove_similarity, lag_profile, note_accuracy,
    profile_distance,
};
use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Ticks};
use proptest::prelude::*;

/// Close together often, so that notes meet; rarely so far apart that bars run out, which takes
/// long.
fn ticks() -> impl Strategy<Value = Ticks> {
    prop_oneof![20 => 0..64u64, 20 => 0..5000u64, 1 => any::<u64>(), 1 => Just(u64::MAX)].prop_map(Ticks)
}

/// Scores that break every invariant they can: unsorted, without lengths, out of MIDI's range.
fn score() -> impl Strategy<Value = Score> {
    let note = (ticks(), any::<u8>(), ticks(), any::<u8>()).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset,
        pitch,
        duration,
        velocity,
    });
    let instrument = prop_oneof![any::<u8>().prop_map(Instrument::Program), any::<u8>().prop_map(Instrument::Drums)];
    let part = (instrument, prop::collection::vec(note, 0..8)).prop_map(|(instrument, notes)| Part {
        name: String::new(),
        instrument,
        notes,
    });
    let meter = (ticks(), any::<u8>(), any::<u8>()).prop_map(|(at, numerator, denominator)| Meter {
        at,
        numerator,
        denominator,
    });
    let meters = prop::collection::vec(meter, 0..4);
    (1..=u16::MAX, prop::collection::vec(part, 0..4), meters).prop_map(|(resolution, parts, meters)| Score {
        resolution: Resolution::new(resolution).unwrap(),
        parts,
        meters,
        ..Score::default()
    })
}

fn is_share(value: Option<f64>) -> bool {
    value.is_none_or(|it| (-1e-9..=1.0 + 1e-9).contains(&it))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn measures_have_their_ranges(score in score(), root in any::<u8>(), measure in ticks(), threshold in 0usize..5) {
        let it = Measures::of(&score);
        prop_assert!(it.n_pitch_classes_used <= 12 && it.n_pitch_classes_used <= it.n_pitches_used);
        prop_assert!(it.pitch_class_entropy.is_none_or(|bits| (0.0..=12f64.log2() + 1e-9).contains(&bits)));
        prop_assert!(it.pitch_entropy >= it.pitch_class_entropy.map(|bits| bits - 1e-9));
        prop_assert!(it.polyphony.is_none_or(|it| it >= 1.0));
        let drums = [it.drum_in_duple_rate, it.drum_in_triple_rate, it.drum_pattern_consistency];
        let times = [it.polyphony_rate, it.empty_beat_rate, it.empty_measure_rate, it.groove_consistency];
        prop_assert!(drums.into_iter().chain(times).all(is_share), "{:?}", it);
        prop_assert!(is_share(groove_consistency(&score, measure)) && is_share(polyphony_rate(&score, threshold)));
        prop_assert!(pitch_in_scale_rate(&score, root, Mode::Minor) <= it.scale_consistency);
    }

    #[test]
    fn features_are_finite_and_shares_sum_to_one(score in score()) {
        let it = Features::of(&score);
        prop_assert!(it.pitch_count <= it.note_count && it.pitch_range < 256);
        prop_assert!(it.pitch_count <= it.pitch_range + 1 || it.pitch_count == 0);
        prop_assert!(it.pitch_interval.is_none_or(|it| (0.0..256.0).contains(&it)));
        prop_assert!(it.inter_onset_interval.is_none_or(|it| it >= 0.0));
        prop_assert!(Feature::ALL.iter().filter_map(|&name| it.vector(name)).flatten().all(f64::is_finite));
        for histogram in [Feature::PitchClassHistogram, Feature::NoteLengthHistogram] {
            let sum: Option<f64> = it.vector(histogram).map(|it| it.iter().sum());
            prop_assert!(sum.is_none_or(|sum| (sum - 1.0).abs() < 1e-9));
        }
        let followed: f64 = it.note_length_transitions.iter().flatten().sum();
        let parts = score.parts.iter().filter(|part| !part.instrument.is_drums() && !part.notes.is_empty()).count();
        prop_assert_eq!(followed as usize, it.note_count - parts);
    }

    #[test]
    fn any_two_sets_can_be_compared(scores in prop::collection::vec(score(), 0..9), split in 0usize..9) {
        let features: Vec<Features> = scores.iter().map(Features::of).collect();
        let (generated, real) = features.split_at(split.min(features.len()));
        for it in compare(generated, real) {
            for it in [it.generated_agreement, it.real_agreement].into_iter().flatten() {
                prop_assert!((-1e-9..1.0 + 1e-6).contains(&it.overlap), "{:?}", it);
                prop_assert!(it.kl >= 0.0 && it.kl.is_finite() && it.kl_own_grids.is_finite(), "{:?}", it);
            }
        }
    }

    #[test]
    fn bars_hold_their_notes(score in score()) {
        let bars = bars(&score);
        prop_assert!(bars.len() <= MAX_BARS);
        for bar in &bars {
            prop_assert!(bar.notes.iter().all(|it| bar.bar.start <= it.note.onset && it.note.onset < bar.bar.end()));
        }
        let held: usize = bars.iter().map(|bar| bar.notes.len()).sum();
        prop_assert!(held == score.note_count() || bars.len() == MAX_BARS || score.end() == Ticks(u64::MAX));
    }

    #[test]
    fn a_piece_is_like_itself_and_comparisons_are_shares(a in score(), b in score(), steps in any::<u16>()) {
        let matching = Matching { steps_per_quarter: steps, programs: steps % 2 == 0 };
        let (same, other) = (note_accuracy(&a, &a, matching), note_accuracy(&a, &b, matching));
        prop_assert_eq!((same.matched, same.reconstruction), (same.source, same.source));
        prop_assert!(other.matched <= other.source.min(other.reconstruction));
        prop_assert_eq!(other.f1(), note_accuracy(&b, &a, matching).f1());
        // Long stretches of empty bars test nothing more, and take long.
        let short = |score: &Score| bars(score).into_iter().take(100).collect::<Vec<_>>();
        let (a, b) = (short(&a), short(&b));
        prop_assert!(chroma_similarity(&a, &a).is_none_or(|it| (it - 1.0).abs() < 1e-9));
        prop_assert!(is_share(chroma_similarity(&a, &b)) && is_share(groove_similarity(&a, &b)));
        let (p, q) = (lag_profile(&a, 20), lag_profile(&b, 20));
        prop_assert!(p.iter().copied().all(is_share) && is_share(profile_distance(&p, &q)));
        let matrix = SelfSimilarity::new(&a);
        prop_assert!((0..matrix.bars()).all(|i| matrix.get(i, i).is_none_or(|it| (it - 1.0).abs() < 1e-6)));
    }

    #[test]
    fn transposing_turns_every_bar(score in score(), semitones in -12i32..=12) {
        let mut moved = score.clone();
        for note in moved.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.pitch = 60 + note.pitch % 12;
        }
        let before: Vec<_> = bars(&moved).into_iter().take(50).collect();
        moved.transpose(semitones);
        for (before, after) in before.iter().zip(bars(&moved)) {
            let mut turned = before.chroma();
            turned.rotate_right(semitones.rem_euclid(12) as usize);
            prop_assert_eq!(turned, after.chroma());
            prop_assert_eq!(before.groove(), after.groove());
        }
    }
}
