//! The eager back end gives the training forward's probabilities, across memory boundaries too.

use crate::support::{Music, config, describe, lstm};
use leitmotif_model::{
    Compression, FieldDecoding, Gating, Model, ModelConfig, NetworkModel, Normalisation, Positions, Scorer,
    SessionScorer,
};
use leitmotif_network::{Network, device};

/// Scores a piece of 43 events in segments of 6, by the network and event by event.
fn compare(config: ModelConfig) {
    let network = Network::new(&describe(config.clone()), 11, &device("cpu").unwrap()).unwrap();
    let model = NetworkModel::new(network.description(), &network.weights()).unwrap();
    let stepping = SessionScorer(&model);
    let music = Music::random(2, 44, 4);
    let (mut by_network, mut by_steps) = (network.scoring_session(2), stepping.scoring_session(2));
    for start in (0..42).step_by(config.segment) {
        let cut = music.cut(start, config.segment);
        let (a, b) = (by_network.nll(&cut.segment()), by_steps.nll(&cut.segment()));
        let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 5e-5, "{worst} apart in the segment at {start} of {config:?}");
    }
}

#[test]
fn every_compression_function() {
    let functions =
        [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv, Compression::MostUsed];
    for compression in functions {
        for (memory, compressed, ratio) in [(6, 4, 3), (6, 5, 4), (8, 3, 3), (0, 7, 2), (3, 9, 1), (20, 2, 5)] {
            compare(ModelConfig { compression, memory, compressed, ratio, ..config() });
        }
    }
}

/// Value 0 of a field after the first follows from the first, whatever the logits of the others
/// are.
#[test]
fn independent_fields_do_not_depend_on_each_other() {
    let description = describe(ModelConfig { fields: FieldDecoding::Independent, ..config() });
    let network = Network::new(&description, 11, &device("cpu").unwrap()).unwrap();
    let model = NetworkModel::new(&description, &network.weights()).unwrap();
    let mut session = model.decoding_session();
    session.push(&[1, 2, 3]);
    let mut read = |earlier: &[u16], field: usize| {
        let mut logits = vec![0.0; description.sizes[field]];
        session.logits(earlier, field, &mut logits);
        logits
    };
    for field in 1..3 {
        let (a, b) = (read(&[1, 1][..field], field), read(&[4, 6][..field], field));
        assert_eq!(a, b);
        assert!(a[0] < -1e8 && a[1..].iter().all(|logit| logit.abs() < 100.0), "{a:?}");
    }
    assert!(read(&[], 0).iter().all(|logit| logit.abs() < 100.0));
}

#[test]
fn every_architecture() {
    for config in [
        ModelConfig { memory: 0, compressed: 0, ..config() },
        ModelConfig { memory: 9, compressed: 0, ..config() },
        ModelConfig { memory_layers: vec![2], layers: 3, ..config() },
        ModelConfig { glu: true, gating: Gating::Gru, tied: true, ..config() },
        ModelConfig { copy_features: true, ..config() },
        ModelConfig { norm: Normalisation::Rms, ..config() },
        ModelConfig { positions: Positions::Rotary, ..config() },
        ModelConfig { positions: Positions::Rotary, memory: 9, compressed: 7, ratio: 2, ..config() },
        ModelConfig { norm: Normalisation::Rms, fields: FieldDecoding::Independent, ..lstm() },
        ModelConfig { copy_features: true, tied: true, ..lstm() },
        ModelConfig { fields: FieldDecoding::Independent, ..config() },
        ModelConfig { fields: FieldDecoding::Independent, tied: true, ..lstm() },
        lstm(),
    ] {
        compare(config);
    }
}
