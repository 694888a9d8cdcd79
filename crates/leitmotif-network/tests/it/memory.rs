//! What the memory holds, and for which stream.

use crate::support::{Music, config, describe, lstm};
use leitmotif_model::{Compression, Gating, ModelConfig, Scorer, Weights};
use leitmotif_network::{Carry, Network, device};

fn network(config: ModelConfig) -> Network {
    Network::new(&describe(config), 3, &device("cpu").unwrap()).unwrap()
}

/// The cost of every field of the events, scored in segments of these lengths.
fn judge(network: &Network, music: &Music, cuts: &[usize]) -> Vec<f32> {
    let mut scoring = network.scoring_session(music.streams);
    let mut start = 0;
    let mut streams = vec![Vec::new(); music.streams];
    for &cut in cuts {
        let piece = music.cut(start, cut);
        let nats = scoring.nll(&piece.segment());
        for (stream, nats) in streams.iter_mut().zip(nats.chunks_exact(cut * music.fields)) {
            stream.extend_from_slice(nats);
        }
        start += cut;
    }
    streams.concat()
}

fn assert_close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < tolerance, "differ by {worst}");
}

#[test]
fn a_memory_that_holds_everything_makes_cuts_invisible() {
    let music = Music::random(3, 25, 1);
    let whole = ModelConfig { memory: 24, compressed: 0, ..config() };
    for config in [whole.clone(), ModelConfig { copy_features: true, ..whole }, lstm()] {
        for gating in [Gating::Residual, Gating::Gru] {
            let network = network(ModelConfig { gating, ..config.clone() });
            let whole = judge(&network, &music, &[24]);
            for cuts in [&[6, 6, 6, 6][..], &[1, 23], &[5, 8, 11], &[1; 24]] {
                assert_close(&whole, &judge(&network, &music, cuts), 2e-5);
            }
        }
    }
}

#[test]
fn without_memory_a_segment_does_not_depend_on_the_one_before() {
    let plain = network(ModelConfig { memory: 0, compressed: 0, ..config() });
    let (a, b) = (Music::random(1, 13, 1), Music::random(1, 13, 2));
    let mut mixed = Music::random(1, 13, 2);
    let half = 6 * mixed.fields;
    mixed.values[..half].copy_from_slice(&a.values[..half]);
    let after = |music: &Music| judge(&plain, music, &[6, 6]).split_off(half);
    assert_eq!(after(&b), after(&mixed));
}

#[test]
fn what_left_the_memory_lives_on_only_in_compressed_memory() {
    let functions =
        [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv, Compression::MostUsed];
    let one_layer = ModelConfig { layers: 1, ..config() };
    for compression in functions {
        for (compressed, remembers) in [(0, false), (4, true)] {
            let network = network(ModelConfig { compression, compressed, ..one_layer.clone() });
            let a = Music::random(1, 19, 1);
            let mut b = Music::random(1, 19, 1);
            b.values[..3].copy_from_slice(&[4, 6, 3]);
            b.values[3..6].copy_from_slice(&[0, 1, 2]);
            b.values[12..15].copy_from_slice(&[1, 5, 1]);
            let last = |music: &Music| judge(&network, music, &[6, 6, 6]).split_off(12 * music.fields);
            assert_eq!(last(&a) != last(&b), remembers, "{compression:?}, {compressed} compressed states");
        }
    }
}

#[test]
fn streams_are_independent_and_starts_clear_the_memory() {
    for config in [config(), ModelConfig { copy_features: true, ..config() }, lstm()] {
        let network = network(config);
        let music = Music::random(2, 19, 5);
        let mut alone = Music::random(1, 19, 5);
        alone.values = music.values[19 * music.fields..].to_vec();
        let both = judge(&network, &music, &[6, 6, 6]);
        assert_close(&both[18 * music.fields..], &judge(&network, &alone, &[6, 6, 6]), 1e-5);

        let mut scoring = network.scoring_session(2);
        let mut second = music.cut(6, 6);
        scoring.nll(&music.cut(0, 6).segment());
        second.starts[1] = true;
        let restarted = scoring.nll(&second.segment());
        let mut scoring = network.scoring_session(2);
        second.starts[0] = true;
        let fresh = scoring.nll(&second.segment());
        let half = 6 * music.fields;
        assert_close(&restarted[half..], &fresh[half..], 1e-5);
        assert!(restarted[..half] != fresh[..half], "the other stream remembers");
    }
}

#[test]
fn a_carry_survives_being_stored() {
    for config in [config(), ModelConfig { copy_features: true, ..config() }, lstm()] {
        let network = network(config);
        let music = Music::random(2, 31, 9);
        let mut carry = network.carry(2);
        for start in [0, 6, 12] {
            carry = network.step(carry, &music.cut(start, 6).segment(), 0).carry;
        }
        let stored: Weights = carry.to_weights(network.description());
        let read = Carry::from_weights(network.description(), 2, &stored, network.device()).unwrap();
        let next = music.cut(18, 6);
        let (a, b) = (network.step(carry, &next.segment(), 0), network.step(read, &next.segment(), 0));
        assert_eq!(a.field_nll, b.field_nll);
        assert!(Carry::from_weights(network.description(), 3, &stored, network.device()).is_err());
    }
}

#[test]
fn weights_survive_being_stored_and_refuse_another_model() {
    for config in [config(), ModelConfig { glu: true, gating: Gating::Gru, tied: true, ..config() }, lstm()] {
        let network = network(config.clone());
        let weights = network.weights();
        assert_eq!(weights.values(), network.size());
        let read = Network::from_weights(network.description(), &weights, network.device()).unwrap();
        assert_eq!(read.weights(), weights);
        let other = describe(ModelConfig { layers: 3, ..config.clone() });
        assert!(Network::from_weights(&other, &weights, network.device()).is_err());
        let other = describe(ModelConfig { layers: 1, ..config });
        assert!(Network::from_weights(&other, &weights, network.device()).is_err());
    }
}

#[test]
fn training_and_evaluation_give_the_same_costs() {
    for config in [config(), ModelConfig { copy_features: true, ..config() }, lstm()] {
        let device = device("cpu").unwrap();
        let training = Network::new(&describe(config), 3, &device.autodiff()).unwrap();
        let music = Music::random(3, 31, 2);
        let mut scoring = training.scoring_session(3);
        let mut carry = training.carry(3);
        for start in [0, 6, 12, 18, 24] {
            let cut = music.cut(start, 6);
            let step = training.step(carry, &cut.segment(), 0);
            let judged = scoring.nll(&cut.segment());
            let judged: f64 = judged.iter().map(|&nats| f64::from(nats)).sum();
            assert!((step.music_nll() - judged).abs() < 1e-3, "{} and {judged}", step.music_nll());
            carry = step.carry;
        }
    }
}
