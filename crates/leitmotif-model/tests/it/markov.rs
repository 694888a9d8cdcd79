//! The Markov model as a whole: what it predicts, and that it survives storage and damage.

use leitmotif_model::{
    Markov, MarkovBuilder, Model, ModelConfig, ModelDescription, ModelKind, Scorer, Segment, SessionScorer,
};
use proptest::prelude::*;

const SIZES: [usize; 4] = [3, 9, 4, 12];

fn description(sizes: &[usize], order: usize) -> ModelDescription {
    let model =
        ModelConfig { kind: ModelKind::Markov, order, cache: order.is_multiple_of(2), ..ModelConfig::default() };
    ModelDescription::new(model, sizes.to_vec()).unwrap()
}

/// A piece with structure: two players, one repeating a figure, one following the other.
fn piece(seed: usize, events: usize) -> Vec<u16> {
    let mut values = vec![0, 0, 0, 0];
    for step in 0..events {
        if step % 9 == 0 {
            values.extend([1, 0, 0, 0]);
        } else {
            let player = 1 + step % 2;
            let pitch = if player == 1 { 1 + (step / 2 + seed) % 5 } else { 6 + (step * step + seed * 7) % 6 };
            values.extend([2, 1 + step % 8, player, pitch].map(|value| value as u16));
        }
    }
    values
}

fn train(order: usize, pieces: usize) -> Markov {
    let mut builder = MarkovBuilder::new(&description(&SIZES, order));
    for seed in 0..pieces {
        builder.add_piece(&piece(seed, 120)).unwrap();
    }
    builder.finish()
}

fn nll(scorer: &dyn Scorer, streams: &[Vec<u16>], segment: usize) -> Vec<f32> {
    let k = scorer.description().sizes.len();
    let steps = streams.iter().map(|stream| stream.len() / k - 1).min().unwrap();
    let mut scoring = scorer.scoring_session(streams.len());
    let mut all = Vec::new();
    for from in (0..steps).step_by(segment) {
        let length = segment.min(steps - from);
        let cut = |offset: usize| -> Vec<u16> {
            let stream = |stream: &Vec<u16>| {
                let mut part = stream[(from + offset) * k..(from + offset + length) * k].to_vec();
                part.resize(segment * k, 0);
                part
            };
            streams.iter().flat_map(stream).collect()
        };
        let (inputs, targets) = (cut(0), cut(1));
        let (lengths, starts) = (vec![length; streams.len()], vec![from == 0; streams.len()]);
        let segment = Segment {
            streams: streams.len(),
            segment,
            inputs: &inputs,
            targets: &targets,
            determined: &[],
            lengths: &lengths,
            starts: &starts,
            bars: None,
        };
        all.extend(scoring.nll(&segment));
    }
    all
}

#[test]
fn a_higher_order_predicts_better() {
    let test = [piece(31, 120)];
    let cost = |order| nll(&train(order, 24), &test, 50).iter().sum::<f32>();
    let (nothing, some) = (cost(0), cost(4));
    assert!(some < 0.6 * nothing, "order 0: {nothing}, order 4: {some}");
}

#[test]
fn the_evaluator_agrees_with_decoding() {
    let model = train(3, 20);
    let test = [piece(40, 100), piece(41, 100)];
    let fast = nll(&model, &test, 100);
    for segment in [7, 100] {
        let slow = nll(&SessionScorer(&model), &test, segment);
        assert!((fast.iter().sum::<f32>() - slow.iter().sum::<f32>()).abs() < 0.05);
    }
    let slow = nll(&SessionScorer(&model), &test, 100);
    assert!(fast.iter().zip(&slow).all(|(a, b)| (a - b).abs() < 1e-3));
}

#[test]
fn a_field_that_does_not_apply_costs_nothing() {
    let costs = nll(&train(2, 10), &[piece(3, 60)], 60);
    let targets = &piece(3, 60)[4..];
    for (index, (&cost, &target)) in costs.iter().zip(targets).enumerate() {
        assert_eq!(cost > 0.0, index % 4 == 0 || target != 0, "value {index}");
    }
}

#[test]
fn a_stored_model_is_the_same_model() {
    let model = train(4, 20);
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    let first = std::fs::read(dir.path().join("model.safetensors")).unwrap();
    let again = Markov::load(dir.path(), Model::description(&model)).unwrap();
    let test = [piece(50, 100)];
    assert_eq!(nll(&model, &test, 64), nll(&again, &test, 64));
    train(4, 20).save(dir.path()).unwrap();
    assert_eq!(first, std::fs::read(dir.path().join("model.safetensors")).unwrap(), "the same pieces, other bytes");
    let other = description(&SIZES, 2);
    assert!(Markov::load(dir.path(), &description(&[3, 9, 4], 4)).is_ok(), "fewer fields read fewer tables");
    assert!(Markov::load(dir.path(), &description(&[3, 9, 4, 5], 4)).is_err());
    assert!(Markov::load(dir.path(), &description(&[3, 9, 4, 12, 2], 4)).is_err());
    let _ = Markov::load(dir.path(), &other);
}

#[test]
fn pieces_outside_the_vocabulary_are_refused() {
    let mut builder = MarkovBuilder::new(&description(&SIZES, 2));
    assert!(builder.add_piece(&[0, 0, 0]).is_err());
    assert!(builder.add_piece(&[0, 9, 0, 0]).is_err());
    assert!(builder.add_piece(&[]).is_ok());
}

fn stored() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    train(1, 3).save(dir.path()).unwrap();
    std::fs::read(dir.path().join("model.safetensors")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn probabilities_sum_to_one(
        order in 0usize..5,
        events in prop::collection::vec((0u16..3, 0u16..9, 0u16..4, 0u16..12), 1..40),
        earlier in (0u16..3, 0u16..9, 0u16..4),
    ) {
        let mut builder = MarkovBuilder::new(&description(&SIZES, order));
        for shift in 0..9 {
            let shifted = events.iter().flat_map(|e| [e.0, e.1, e.2, (e.3 + shift) % 12]);
            builder.add_piece(&shifted.collect::<Vec<_>>()).unwrap();
        }
        let model = builder.finish();
        let mut session = model.decoding_session();
        for event in &events {
            session.push(&[event.0, event.1, event.2, event.3]);
        }
        let earlier = [earlier.0, earlier.1, earlier.2];
        for (field, &size) in SIZES.iter().enumerate() {
            let mut logits = vec![0.0; size];
            session.logits(&earlier[..field], field, &mut logits);
            let sum: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "field {field}: {sum}");
            prop_assert!(logits[usize::from(field > 0)..].iter().all(|&logit| logit > -50.0));
        }
    }

    #[test]
    fn damaged_files_are_errors_or_models(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = stored();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(model) = Markov::load(dir.path(), &description(&SIZES, 1)) {
            let mut logits = vec![0.0; SIZES[0]];
            model.decoding_session().logits(&[], 0, &mut logits);
        }
        std::fs::write(&path, &bytes[..cut.index(bytes.len())]).unwrap();
        prop_assert!(Markov::load(dir.path(), &description(&SIZES, 1)).is_err());
    }
}
