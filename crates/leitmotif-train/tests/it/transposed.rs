//! Predictions averaged over keys.

use leitmotif_events::{Representation, RepresentationConfig, Value, build};
use leitmotif_model::{
    Markov, MarkovBuilder, ModelConfig, ModelDescription, ModelKind, Scorer, ScoringSession, Segment,
};
use leitmotif_train::TransposedScorer;
use std::sync::Arc;

const FIELDS: usize = 5;
const END: [Value; FIELDS] = [1, 0, 0, 0, 0];

fn chorales() -> Arc<dyn Representation> {
    build(&RepresentationConfig::Chorales { grid: 4 }).unwrap()
}

/// Frames of these chords of four pitches, between start and end.
fn piece(chords: &[[u16; 4]]) -> Vec<Value> {
    let frame = |(step, chord): (usize, &[u16; 4])| {
        let [soprano, alto, tenor, bass] = chord.map(|pitch| pitch + 2);
        [step as Value + 2, soprano, alto, tenor, bass]
    };
    std::iter::once([0; FIELDS]).chain(chords.iter().enumerate().map(frame)).chain([END]).flatten().collect()
}

const SONG: [[u16; 4]; 6] =
    [[72, 67, 64, 48], [72, 67, 64, 48], [74, 67, 65, 50], [72, 69, 65, 53], [71, 67, 62, 55], [72, 67, 64, 48]];

fn up(chords: &[[u16; 4]], semitones: i16) -> Vec<[u16; 4]> {
    chords.iter().map(|chord| chord.map(|pitch| pitch.wrapping_add_signed(semitones))).collect()
}

/// A Markov model trained on the song in some keys, in some more often than in others.
fn markov() -> Markov {
    let config = ModelConfig { kind: ModelKind::Markov, order: 2, ..ModelConfig::default() };
    let description = ModelDescription::new(config, chorales().vocabulary().sizes()).unwrap();
    let mut builder = MarkovBuilder::new(&description);
    for key in [0, 0, 0, 2, -1] {
        builder.add_piece(&piece(&up(&SONG, key))).unwrap();
    }
    builder.finish()
}

/// What each field of each event of a piece costs, in two segments and with a second stream that
/// has nothing.
fn nll(scoring: &mut dyn ScoringSession, piece: &[Value]) -> Vec<f32> {
    const SEGMENT: usize = 4;
    let events = piece.len() / FIELDS - 1;
    let mut all = Vec::new();
    for from in (0..events).step_by(SEGMENT) {
        let length = SEGMENT.min(events - from);
        let part = |shift: usize| {
            let mut values = piece[(from + shift) * FIELDS..][..length * FIELDS].to_vec();
            values.resize(2 * SEGMENT * FIELDS, 0);
            values
        };
        let (inputs, targets) = (part(0), part(1));
        let (lengths, starts) = ([length, 0], [from == 0; 2]);
        let shape = Segment {
            streams: 2,
            segment: SEGMENT,
            inputs: &inputs,
            targets: &targets,
            determined: &[],
            lengths: &lengths,
            starts: &starts,
            bars: None,
        };
        let nats = scoring.nll(&shape);
        assert!(nats[length * FIELDS..].iter().all(|&nats| nats == 0.0), "padding costs nothing");
        all.extend_from_slice(&nats[..length * FIELDS]);
    }
    all
}

fn averaged(piece: &[Value], most: u8) -> Vec<f32> {
    let (model, representation) = (markov(), chorales());
    let scorer = TransposedScorer::new(&model, &*representation, most).unwrap();
    let mut scoring = scorer.scoring_session(2);
    nll(&mut *scoring, piece)
}

#[test]
fn one_key_is_the_model_itself() {
    let piece = piece(&up(&SONG, 1));
    let expected = nll(&mut *markov().scoring_session(2), &piece);
    for (found, expected) in averaged(&piece, 0).iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
    }
}

#[test]
fn probabilities_are_the_mean_over_keys() {
    let model = markov();
    let chords = up(&SONG, 1);
    let keys: Vec<Vec<f32>> =
        (-3..=3).map(|key| nll(&mut *model.scoring_session(2), &piece(&up(&chords, key)))).collect();
    let found = averaged(&piece(&chords), 3);
    assert!(keys.iter().any(|key| (key[1] - found[1]).abs() > 0.1), "the keys do not agree");
    for (place, found) in found.iter().enumerate() {
        let mean: f64 = keys.iter().map(|key| (-f64::from(key[place])).exp()).sum::<f64>() / 7.0;
        assert!((f64::from(*found) + mean.ln()).abs() < 1e-5, "{found}, {}", -mean.ln());
    }
}

#[test]
fn later_events_do_not_affect_earlier_scores() {
    // The fourth chord leaves the range of pitches one or more semitones higher, so all but the
    // keys below are lost there.
    let high = [72, 69, 65, 127];
    let with = |chord: [u16; 4]| piece(&[SONG[0], SONG[1], SONG[2], chord, SONG[4], SONG[5]]);
    let (near, far) = (averaged(&with(SONG[3]), 2), averaged(&with(high), 2));
    assert_eq!(near[..3 * FIELDS], far[..3 * FIELDS]);
    assert_ne!(near[3 * FIELDS..], far[3 * FIELDS..]);
    assert!(far.iter().all(|nats| nats.is_finite()));
    // From there on only the three keys that hold it count.
    let model = markov();
    let keys: Vec<Vec<f32>> = (-2..=0)
        .map(|key| {
            let chords = [SONG[0], SONG[1], SONG[2], high, SONG[4], SONG[5]];
            nll(&mut *model.scoring_session(2), &piece(&up(&chords, key)))
        })
        .collect();
    for (place, found) in far.iter().enumerate().skip(3 * FIELDS) {
        let sum: f64 = keys.iter().map(|key| (-f64::from(key[place])).exp()).sum();
        let keys = if place < 4 * FIELDS { 5.0 } else { 3.0 };
        assert!((f64::from(*found) + (sum / keys).ln()).abs() < 1e-5, "place {place}");
    }
}
