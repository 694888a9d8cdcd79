//! The variational auto-encoder in the network: kernels and definitions, slopes, threads, the eager
//! back end.

use crate::gradients::{Nudge, slopes};
use crate::songs::{Lap, config, describe, laps};
use crate::support;
use burn::tensor::Tensor;
use leitmotif_model::{
    Compression, Gating, LatentKind, ModelConfig, NetworkModel, Normalisation, Positions, Posterior, Scorer,
    SessionScorer,
};
use leitmotif_network::ops::by_definition;
use leitmotif_network::{LatentObjective, Network, StepOutput, device};

const OBJECTIVE: LatentObjective = LatentObjective { beta: 0.7, free_bits: 0.02, word_dropout: 0.3, copy_dropout: 0.3 };

fn training(config: ModelConfig) -> Network {
    Network::new(&describe(config), 5, &device("cpu").unwrap().autodiff()).unwrap()
}

fn scalar(loss: &Tensor<1>) -> f64 {
    f64::from(loss.clone().inner().into_scalar::<f32>())
}

/// A bar, and a phrase with everything that could be different about it.
fn kinds() -> [ModelConfig; 7] {
    [
        config(LatentKind::Bar),
        ModelConfig { attributes: Vec::new(), copy_features: true, tied: true, ..config(LatentKind::Bar) },
        ModelConfig { glu: true, gating: Gating::Gru, encoder_layers: 1, ..config(LatentKind::Phrase) },
        ModelConfig { d_latent: 6, latent_slots: 3, copy_features: true, tied: true, ..config(LatentKind::Bar) },
        ModelConfig { latent_slots: 5, ..config(LatentKind::Phrase) },
        ModelConfig {
            d_latent: 12,
            latent_slots: 3,
            latent_bag: 3,
            copy_features: true,
            tied: true,
            ..config(LatentKind::Bar)
        },
        ModelConfig {
            d_latent: 8,
            latent_bag: 3,
            norm: Normalisation::Rms,
            positions: Positions::Rotary,
            ..config(LatentKind::Phrase)
        },
    ]
}

fn assert_near(name: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{name}");
    let largest = b.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 2e-5 * largest, "{name}: {worst} apart, values up to {largest}");
}

#[test]
fn the_pieces_of_these_tests_are_what_they_should_be() {
    let laps = laps(&config(LatentKind::Phrase));
    let shares = laps.iter().flat_map(|lap| lap.bars.keys.iter().zip(&lap.bars.shares));
    let mut sums = std::collections::BTreeMap::<u64, (usize, f32)>::new();
    for (key, share) in shares {
        let sum = sums.entry(*key).or_default();
        *sum = (sum.0 + 1, sum.1 + share);
    }
    assert!(sums.values().all(|(_, share)| (share - 1.0).abs() < 1e-5) && sums.values().any(|(laps, _)| *laps > 2));
    assert!(laps.iter().skip(1).any(|lap| lap.cut.starts.contains(&true) && lap.cut.starts.contains(&false)));
    assert!(laps.iter().any(|lap| lap.cut.lengths.contains(&0)));
    assert!(laps.iter().any(|lap| lap.cut.lengths.iter().any(|length| (1..6).contains(length))));
}

#[test]
fn kernels_and_definitions_learn_the_same_from_a_step() {
    for config in kinds() {
        let dropout = ModelConfig { attention_dropout: 0.1, ff_dropout: 0.1, layer_dropout: 0.2, ..config };
        let network = training(dropout);
        let mut carry = network.carry(3);
        for (number, lap) in laps(&network.description().model).iter().enumerate() {
            let step = |seed: u64| network.step_towards(carry.clone(), &lap.segment(), seed, OBJECTIVE);
            let fused = step(number as u64);
            let (found, missing) = slopes(network.parameters(), &fused.loss);
            let (loss, latent, (expected, absent)) = by_definition(|| {
                let step = step(number as u64);
                (scalar(&step.loss), step.latent.clone().unwrap(), slopes(network.parameters(), &step.loss))
            });
            let StepOutput { latent: Some(by_kernels), .. } = &fused else { panic!("no latents") };
            assert_near("loss", &[scalar(&fused.loss) as f32], &[loss as f32]);
            assert!(
                (by_kernels.divergence - latent.divergence).abs() < 1e-4
                    && (by_kernels.loss - latent.loss).abs() < 1e-5
            );
            assert_eq!((by_kernels.groups, missing), (latent.groups, absent));
            assert!(found.iter().any(|(name, _)| name.starts_with("latent.posterior")));
            for ((name, a), (other, b)) in found.iter().zip(&expected) {
                assert_eq!(name, other);
                assert_near(name, a, b);
            }
            carry = fused.carry;
        }
    }
}

#[test]
fn the_loss_is_the_music_and_the_divergence_weighed() {
    let network = training(config(LatentKind::Phrase));
    let lap = &laps(&network.description().model)[1];
    let step = |objective| network.step_towards(network.carry(3), &lap.segment(), 4, objective);
    let posteriors = network.valid().posteriors(&lap.bars);
    let dimensions = network.description().model.d_latent;
    let mut by_dimension = vec![0.0; dimensions];
    for (posterior, &share) in posteriors.iter().zip(&lap.bars.shares) {
        by_dimension.iter_mut().zip(posterior.divergence()).for_each(|(sum, nats)| *sum += f64::from(share) * nats);
    }
    let groups: f64 = lap.bars.shares.iter().map(|&share| f64::from(share)).sum();
    let events = lap.cut.lengths.iter().sum::<usize>() as f64;
    for (beta, free_bits) in [(0.0, 0.0), (1.0, 0.0), (0.3, 0.0), (1.0, 0.1), (2.0, 10.0)] {
        let objective = LatentObjective { beta, free_bits, ..LatentObjective::default() };
        let StepOutput { loss, music_loss, compression, latent, .. } = step(objective);
        let latent = latent.unwrap();
        let sum = by_dimension.iter().map(|nats| nats.max(f64::from(free_bits) * groups)).sum::<f64>();
        let expected = f64::from(beta) * sum / events;
        assert!((latent.loss - expected).abs() < 1e-5 * (1.0 + expected), "{} and {expected}", latent.loss);
        assert!((latent.divergence - by_dimension.iter().sum::<f64>()).abs() < 1e-4);
        assert!((latent.groups - groups).abs() < 1e-6);
        assert!((scalar(&loss) - scalar(&music_loss) - compression - expected).abs() < 1e-5 * (1.0 + expected));
    }
}

#[test]
fn gradients_of_latents_are_slopes() {
    const DELTA: f32 = 4e-3;
    let free = LatentObjective::default();
    for (config, objective) in kinds().into_iter().zip([
        free,
        LatentObjective { free_bits: 0.05, ..free },
        OBJECTIVE,
        free,
        OBJECTIVE,
        OBJECTIVE,
        free,
    ]) {
        // What teaches a compressor is meant to reach nothing else, so it is no slope of anything
        // here.
        let network = training(ModelConfig { compression: Compression::Mean, ..config });
        let laps = laps(&network.description().model);
        let first = network.step_towards(network.carry(3), &laps[0].segment(), 1, objective);
        let step = |network: &Network| network.step_towards(first.carry.clone(), &laps[1].segment(), 9, objective);
        let (found, missing) = slopes(network.parameters(), &step(&network).loss);
        // Two segments of made-up events repeat little, so that some gains have no copy feature.
        assert!(missing.iter().all(|name| name.starts_with("fields.gains")), "every parameter learns: {missing:?}");
        for (name, gradient) in found.iter().filter(|(name, _)| name.starts_with("latent.")) {
            let by_size = |a: &usize, b: &usize| gradient[*a].abs().total_cmp(&gradient[*b].abs());
            let steepest = (0..gradient.len()).max_by(by_size).unwrap();
            for index in [steepest, 0, gradient.len() / 2, gradient.len() - 1] {
                let nudged =
                    |delta| scalar(&step(&network.clone().map_parameters(&mut Nudge::new(name, index, delta))).loss);
                let slope = (nudged(DELTA) - nudged(-DELTA)) / f64::from(2.0 * DELTA);
                let error = (slope - f64::from(gradient[index])).abs();
                assert!(error < 1e-3 + 0.02 * slope.abs(), "{name}[{index}]: {slope}, gradient {}", gradient[index]);
            }
        }
    }
}

/// All that a step gives, bit for bit.
fn bits(network: &Network, laps: &[Lap]) -> Vec<(String, Vec<u32>)> {
    let mut carry = network.carry(3);
    let mut all = Vec::new();
    for (number, lap) in laps.iter().enumerate() {
        let step = network.step_towards(carry, &lap.segment(), number as u64, OBJECTIVE);
        all.push(("loss".to_owned(), vec![(scalar(&step.loss) as f32).to_bits()]));
        let gradients = slopes(network.parameters(), &step.loss).0.into_iter();
        all.extend(gradients.map(|(name, values)| (name, values.into_iter().map(f32::to_bits).collect())));
        carry = step.carry;
    }
    all
}

#[test]
fn threads_change_no_bit() {
    for kind in [LatentKind::Bar, LatentKind::Phrase] {
        // Wide enough for work to be divided.
        let wide = ModelConfig { d_model: 96, heads: 4, d_ff: 200, d_latent: 40, segment: 12, ..config(kind) };
        let network = training(ModelConfig { layer_dropout: 0.1, ..wide });
        let laps = laps(&network.description().model);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| bits(&network, &laps))
        };
        let one = run(1);
        for threads in [2, 3] {
            for ((name, a), (_, b)) in one.iter().zip(&run(threads)) {
                assert!(a == b, "{name} with {threads} threads");
            }
        }
    }
}

fn assert_same_posteriors(a: &[Posterior], b: &[Posterior]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_near("means", &a.mean, &b.mean);
        assert_near("log-variances", &a.log_variance, &b.log_variance);
    }
}

#[test]
fn the_eager_back_end_is_conditioned_as_the_network_is() {
    let memories = [(6, 4), (0, 0), (9, 0)];
    for (config, (memory, compressed)) in
        kinds().into_iter().flat_map(|kind| memories.map(|sizes| (kind.clone(), sizes)))
    {
        let config = ModelConfig { memory, compressed, ..config };
        let network = Network::new(&describe(config), 11, &device("cpu").unwrap()).unwrap();
        let model = NetworkModel::new(network.description(), &network.weights()).unwrap();
        let eager = SessionScorer(&model);
        let (mut by_network, mut by_steps) = (network.scoring_session(3), eager.scoring_session(3));
        let (mut difference, mut unconditioned) = (0.0, network.scoring_session(3));
        for (number, lap) in laps(&network.description().model).iter().enumerate() {
            let (a, b) = (by_network.nll(&lap.segment()), by_steps.nll(&lap.segment()));
            let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 5e-5, "{worst} apart in segment {number}");
            assert_eq!(by_steps.posteriors().len(), lap.bars.keys.len());
            assert_same_posteriors(by_network.posteriors(), by_steps.posteriors());
            assert_same_posteriors(&network.posteriors(&lap.bars), by_steps.posteriors());
            let without = unconditioned.nll(&lap.cut.segment());
            difference += a.iter().zip(&without).map(|(a, b)| (a - b).abs()).sum::<f32>();
        }
        assert!(difference > 1.0, "latents and attributes count");
    }
}

#[test]
fn a_group_has_one_latent_wherever_it_is_read() {
    // With memory for all, what a piece costs does not depend on where it is cut, and so not its
    // latents.
    let config = ModelConfig { memory: 64, compressed: 0, ..config(LatentKind::Phrase) };
    let network = Network::new(&describe(config.clone()), 3, &device("cpu").unwrap()).unwrap();
    let costs = |segment: usize| {
        let mut scoring = network.scoring_session(3);
        let (mut nats, mut divergence) = (0.0, 0.0);
        for lap in laps(&ModelConfig { segment, ..config.clone() }) {
            nats += scoring.nll(&lap.segment()).iter().map(|&nats| f64::from(nats)).sum::<f64>();
            for (posterior, &share) in scoring.posteriors().iter().zip(&lap.bars.shares) {
                divergence += f64::from(share) * posterior.divergence().sum::<f64>();
            }
        }
        (nats, divergence)
    };
    let whole = costs(50);
    for segment in [1, 5, 16] {
        let (nats, divergence) = costs(segment);
        assert!((nats - whole.0).abs() < 1e-3 && (divergence - whole.1).abs() < 1e-4, "{segment}: {nats} {divergence}");
    }
}

#[test]
fn training_and_evaluation_give_the_same_costs_with_latents() {
    let network = training(config(LatentKind::Bar));
    let (mut scoring, mut carry) = (network.scoring_session(3), network.carry(3));
    for lap in laps(&network.description().model) {
        let step = network.step(carry, &lap.segment(), 0);
        let judged: f64 = scoring.nll(&lap.segment()).iter().map(|&nats| f64::from(nats)).sum();
        assert!((step.music_nll() - judged).abs() < 1e-3, "{} and {judged}", step.music_nll());
        carry = step.carry;
    }
}

#[test]
fn a_model_without_latents_is_what_it_was() {
    let device = device("cpu").unwrap().autodiff();
    let plain = Network::new(&support::describe(support::config()), 5, &device).unwrap();
    assert!(plain.weights().iter().all(|(name, _)| !name.starts_with("latent")));
    // Settings of latents that it does not have change nothing, and a model with latents begins
    // with the same weights besides.
    let unused = ModelConfig { latent_bars: 9, d_latent: 3, encoder_layers: 7, d_attribute: 2, ..support::config() };
    assert_eq!(Network::new(&support::describe(unused), 5, &device).unwrap().weights(), plain.weights());
    let with = training(config(LatentKind::Bar)).weights();
    for (name, array) in plain.weights().iter() {
        assert_eq!(with.get(name).unwrap(), array, "{name}");
    }

    let dropout = ModelConfig { attention_dropout: 0.1, ff_dropout: 0.1, layer_dropout: 0.1, ..support::config() };
    let plain = Network::new(&support::describe(dropout), 5, &device).unwrap();
    let (mut carry, mut other) = (plain.carry(3), plain.carry(3));
    for (number, lap) in laps(&config(LatentKind::Bar)).iter().enumerate() {
        let a = plain.step(carry, &lap.cut.segment(), number as u64);
        let b = plain.step_towards(other, &lap.segment(), number as u64, OBJECTIVE);
        assert_eq!((a.latent.clone(), b.latent.clone()), (None, None));
        assert_eq!((scalar(&a.loss), &a.field_nll), (scalar(&b.loss), &b.field_nll));
        assert_eq!(
            scalar(&a.loss),
            scalar(
                &(a.music_loss.clone() + a.compression_loss.clone().map_or(a.music_loss.clone() * 0.0, |loss| loss))
            )
        );
        assert_eq!(slopes(plain.parameters(), &a.loss), slopes(plain.parameters(), &b.loss));
        (carry, other) = (a.carry, b.carry);
    }
    assert!(plain.posteriors(&laps(&config(LatentKind::Bar))[0].bars).is_empty());
}
