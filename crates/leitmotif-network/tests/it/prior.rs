//! The trainable prior gives the costs of the prior that is sampled, and its gradients are slopes.

use crate::gradients::{Nudge, slopes};
use crate::support::Adam;
use burn::tensor::Tensor;
use leitmotif_model::{Mixture, Prior, latent_noise};
use leitmotif_network::{PriorNetwork, Stretch, device};

const D: usize = 4;
const D_MODEL: usize = 6;
/// Dimensions, header, LSTM, free components.
const SIZES: [usize; 4] = [D, D_MODEL, 10, 3];

/// A piece whose latents repeat after four groups, but for some noise.
fn piece(key: u64, length: usize, noise: f32) -> Vec<Vec<f32>> {
    let motif: Vec<Vec<f32>> = (0..4).map(|place| latent_noise(key * 1000 + place, D)).collect();
    let latent = |place: usize| -> Vec<f32> {
        let varied = latent_noise(key * 1000 + 100 + place as u64, D);
        motif[place % 4].iter().zip(varied).map(|(value, varied)| value + noise * varied).collect()
    };
    (0..length).map(latent).collect()
}

fn scalar(loss: &Tensor<1>) -> f64 {
    f64::from(loss.clone().inner().into_scalar::<f32>())
}

/// A prior that is not as fresh as its zeros.
fn worn(seed: u64) -> PriorNetwork {
    let mut prior = PriorNetwork::new(SIZES, seed, &device("cpu").unwrap().autodiff());
    for (index, delta) in latent_noise(seed, 30).into_iter().enumerate() {
        prior = prior.map_parameters(&mut Nudge::new("head_bias", index, 0.3 * delta));
        prior = prior.map_parameters(&mut Nudge::new("lag_deviations", index, 0.3 * delta));
    }
    prior
}

#[test]
fn the_loss_is_the_mean_cost_of_the_walk() {
    let headers: Vec<Vec<f32>> = (0..4).map(|key| latent_noise(900 + key, D_MODEL)).collect();
    // Longer than the longest lag; one latent alone; one stretch that begins inside its piece.
    let pieces = [piece(1, 45, 0.3), piece(2, 1, 0.3), piece(3, 17, 0.0), piece(4, 60, 1.0)];
    let froms = [0, 0, 0, 35];
    for seed in [3, 8] {
        let network = worn(seed);
        let prior = Prior::new(&network.weights()).unwrap();
        assert_eq!(prior.dimensions(), D);
        let (mut nats, mut count) = (0.0, 0);
        let mut stretches = Vec::new();
        for ((latents, header), from) in pieces.iter().zip(&headers).zip(froms) {
            let mut walk = prior.walk(header);
            // Latents that are read without being predicted change the past, and leave the LSTM at
            // its initial state.
            latents[..from].iter().for_each(|latent| walk.push(latent));
            let mut own = 0.0;
            for latent in &latents[from..] {
                own -= walk.predict().log_density(latent);
                walk.push(latent);
            }
            let alone = Stretch { latents, from, count: latents.len() - from, header };
            let found = scalar(&network.loss(&[alone]));
            let expected = own / alone.count as f64;
            assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} and {expected}");
            stretches.push(alone);
            (nats, count) = (nats + own, count + alone.count);
        }
        let (found, expected) = (scalar(&network.loss(&stretches)), nats / count as f64);
        assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} and {expected}");
    }
}

#[test]
fn a_stretch_ends_after_its_length() {
    let (network, latents, header) = (worn(2), piece(1, 20, 0.2), vec![0.0; D_MODEL]);
    let stretch = |latents, count| Stretch { latents, from: 0, count, header: &header };
    let mut other = latents.clone();
    other[12..].iter_mut().flatten().for_each(|value| *value += 5.0);
    assert_eq!(scalar(&network.loss(&[stretch(&latents, 12)])), scalar(&network.loss(&[stretch(&other, 12)])));
    assert_ne!(scalar(&network.loss(&[stretch(&latents, 13)])), scalar(&network.loss(&[stretch(&other, 13)])));
}

#[test]
fn gradients_of_the_prior_are_slopes() {
    const DELTA: f32 = 4e-3;
    let network = worn(5);
    let (header, pieces) = (latent_noise(7, D_MODEL), [piece(1, 37, 0.3), piece(2, 40, 0.3), piece(3, 9, 0.3)]);
    let loss = |network: &PriorNetwork| {
        let stretch = |(latents, from): (_, usize)| Stretch { latents, from, count: 9, header: &header };
        let stretches: Vec<Stretch<'_>> = pieces.iter().map(Vec::as_slice).zip([28, 31, 0]).map(stretch).collect();
        network.loss(&stretches)
    };
    let (found, missing) = slopes(network.parameters(), &loss(&network));
    assert_eq!(missing, Vec::<String>::new());
    for (name, gradient) in &found {
        let by_size = |a: &usize, b: &usize| gradient[*a].abs().total_cmp(&gradient[*b].abs());
        let steepest = (0..gradient.len()).max_by(by_size).unwrap();
        for index in [steepest, 0, gradient.len() / 2, gradient.len() - 1] {
            let nudged = |delta| scalar(&loss(&network.clone().map_parameters(&mut Nudge::new(name, index, delta))));
            let slope = (nudged(DELTA) - nudged(-DELTA)) / f64::from(2.0 * DELTA);
            let error = (slope - f64::from(gradient[index])).abs();
            assert!(error < 1e-3 + 0.02 * slope.abs(), "{name}[{index}]: {slope}, gradient {}", gradient[index]);
        }
    }
}

#[test]
fn the_prior_learns_a_planted_repetition() {
    const NOISE: f32 = 0.05;
    let mut network = PriorNetwork::new(SIZES, 1, &device("cpu").unwrap().autodiff());
    let header = vec![0.0; D_MODEL];
    let pieces = |keys: std::ops::Range<u64>| keys.map(|key| piece(key, 24, NOISE)).collect::<Vec<_>>();
    let cost = |network: &PriorNetwork, pieces: &[Vec<Vec<f32>>]| {
        let stretch = |latents| Stretch { latents, from: 0, count: 24, header: &header };
        network.loss(&pieces.iter().map(Vec::as_slice).map(stretch).collect::<Vec<_>>())
    };
    let fresh = pieces(5000..5030);
    let before = scalar(&cost(&network, &fresh));
    let mut adam = Adam::new(1e-2);
    for step in 0..200 {
        let loss = cost(&network, &pieces(step * 8..step * 8 + 8));
        network = network.map_parameters(&mut adam.step(&loss.backward()));
    }
    let after = scalar(&cost(&network, &fresh));
    let standard = fresh.iter().flatten().map(|latent| -Mixture::standard(D).log_density(latent)).sum::<f64>();
    let standard = standard / fresh.iter().flatten().count() as f64;
    // Four of 24 latents are new; the others are copies, which cost what their noise is.
    assert!(after < before && after < standard - 5.0, "{before}, then {after}; a standard normal {standard}");
}
