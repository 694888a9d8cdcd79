//! Training the prior over a song's sequence of latents, after the model with latents itself is
//! trained.
//!
//! The encoder stays as it is. Latents are drawn from their posteriors narrowed to [`NARROWED`],
//! anew for each pass over the training songs, which leaves out headers as often as
//! [`HEADER_DROP`]; the pass after which the validation songs' latents cost least is kept.

use super::{TrainEvent, TrainObserver};
use crate::TrainError;
use crate::config::RunConfig;
use crate::optimiser::{Adam, AdamSettings};
use crate::segment::{latent_options, segment_of};
use burn::tensor::Device;
use leitmotif_corpus::{Corpus, EvaluationBatches, Split};
use leitmotif_model::{LatentSpace, Mixture, ModelDescription, NetworkModel, Posterior, Weights, latent_noise};
use leitmotif_network::{Network, PriorNetwork, Stretch};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// Songs of one step.
const STREAMS: usize = 16;
/// The most latents of a song in one step.
const MAX_STRETCH: usize = 256;
/// The most songs of each split; of larger ones, evenly spread ones.
const MAX_SONGS: usize = 20_000;
/// The learning rate of the first pass; it falls to nothing along half a cosine.
const LEARNING_RATE: f64 = 2e-3;
/// The largest norm of a gradient.
const CLIP: f64 = 1.0;
/// The deviation of a drawn latent, in deviations of its posterior. A bar that is played again has
/// the same posterior: drawn from the whole of it, a repetition could hardly be distinguished from
/// a variation, and songs from the prior would drift from what they repeat.
const NARROWED: f32 = 0.1;
/// How often a song's header is left out.
const HEADER_DROP: f64 = 0.3;

/// The outcome of training the prior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PriorSummary {
    /// Passes over the training songs' latents, up to the one that is kept.
    pub epochs: u32,
    /// Nats that a latent of the validation songs costs, drawn with a tenth of its posterior's
    /// deviation and given those before it (a density's: it may be below 0); of the training songs,
    /// if there are no others.
    pub nats_per_latent: f64,
    /// The same under independent standard normals.
    pub standard_normal: f64,
}

/// A song as the prior reads it.
struct Song {
    posteriors: Vec<Posterior>,
    /// With its header, and without.
    headers: [Vec<f32>; 2],
}

/// Trains the prior of a network's latents, on a `device` that differentiates; `None` if there are
/// no songs, no pass came to a finite cost, or the training is stopped from outside.
pub(super) fn learn(
    corpus: &Corpus,
    config: &RunConfig,
    network: &Network,
    device: &Device,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<Option<(Weights, PriorSummary)>, TrainError> {
    let description = network.description();
    let model = NetworkModel::new(description, &network.weights())?;
    let Some(space) = leitmotif_model::Model::latents(&model) else { return Ok(None) };
    let train = songs(corpus, Split::Train, network, space, cancel)?;
    let valid = songs(corpus, Split::Valid, network, space, cancel)?;
    if train.is_empty() || cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let judged = if valid.is_empty() { &train } else { &valid };
    let mut learning = PriorTraining::new(description, config, device);
    let mut best: Option<(Weights, PriorSummary)> = None;
    let standard_normal = standard(judged);
    for epoch in 0..config.latent.prior_epochs {
        let done = f64::from(epoch) / f64::from(config.latent.prior_epochs);
        let rate = LEARNING_RATE * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        if !learning.pass(&train, epoch, rate, cancel) {
            return Ok(None);
        }
        let nats_per_latent = learning.cost(judged);
        observer.observe(&TrainEvent::Prior { epoch: epoch + 1, epochs: config.latent.prior_epochs, nats_per_latent });
        let is_best = best.as_ref().is_none_or(|(_, best)| nats_per_latent < best.nats_per_latent);
        if is_best && nats_per_latent.is_finite() {
            let summary = PriorSummary { epochs: epoch + 1, nats_per_latent, standard_normal };
            best = Some((learning.network().weights(), summary));
        }
    }
    Ok(best)
}

struct PriorTraining {
    network: Option<PriorNetwork>,
    optimiser: Adam,
    seed: u64,
}

impl PriorTraining {
    fn new(description: &ModelDescription, config: &RunConfig, device: &Device) -> Self {
        let model = &description.model;
        let sizes = [model.d_latent, model.d_model, config.latent.prior_width, config.latent.prior_components];
        let network = PriorNetwork::new(sizes, config.train.seed, device);
        let settings = AdamSettings { betas: [0.9, 0.99], epsilon: 1e-8, weight_decay: 0.01, clip: CLIP };
        let optimiser = Adam::new(network.parameters(), settings, config.train.device == "cpu");
        Self { network: Some(network), optimiser, seed: config.train.seed }
    }

    fn network(&self) -> &PriorNetwork {
        self.network.as_ref().expect("a prior is absent only while a step moves it")
    }

    /// One pass over the songs; `false` if it is stopped from outside.
    fn pass(&mut self, songs: &[Song], epoch: u32, rate: f64, cancel: &AtomicBool) -> bool {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(epoch));
        let mut order: Vec<usize> = (0..songs.len()).collect();
        order.shuffle(&mut rng);
        for chosen in order.chunks(STREAMS) {
            if cancel.load(Ordering::Relaxed) {
                return false;
            }
            let drawn: Vec<(Vec<Vec<f32>>, usize, usize)> = chosen
                .iter()
                .map(|&song| {
                    let latents = songs[song].draw(rng.random());
                    let from = rng.random_range(0..=latents.len().saturating_sub(MAX_STRETCH));
                    (latents, from, usize::from(rng.random_bool(HEADER_DROP)))
                })
                .collect();
            let stretches = chosen.iter().zip(&drawn).map(|(&song, (latents, from, header))| Stretch {
                latents,
                from: *from,
                count: latents.len().min(MAX_STRETCH),
                header: &songs[song].headers[*header],
            });
            let stretches: Vec<Stretch<'_>> = stretches.collect();
            let network = self.network.take().expect("a prior is absent only while a step moves it");
            let loss = network.loss(&stretches);
            let is_good = loss.clone().inner().into_scalar::<f32>().is_finite();
            if !is_good {
                self.network = Some(network);
                continue;
            }
            self.optimiser.accumulate(network.parameters(), &mut loss.backward());
            let (network, _) = self.optimiser.apply(network, rate, |network, updater| network.map_parameters(updater));
            self.network = Some(network);
        }
        true
    }

    /// Nats per latent of songs with fixed noise.
    fn cost(&self, songs: &[Song]) -> f64 {
        let (mut nats, mut latents) = (0.0, 0);
        for (number, songs) in songs.chunks(STREAMS).enumerate() {
            let drawn: Vec<Vec<Vec<f32>>> =
                songs.iter().enumerate().map(|(stream, song)| song.draw((number * STREAMS + stream) as u64)).collect();
            let stretches: Vec<Stretch<'_>> = songs
                .iter()
                .zip(&drawn)
                .map(|(song, drawn)| Stretch {
                    latents: drawn,
                    from: 0,
                    count: drawn.len().min(MAX_STRETCH),
                    header: &song.headers[0],
                })
                .collect();
            let count: usize = stretches.iter().map(|stretch| stretch.count).sum();
            nats += f64::from(self.network().loss(&stretches).inner().into_scalar::<f32>()) * count as f64;
            latents += count;
        }
        nats / latents.max(1) as f64
    }
}

impl Song {
    fn draw(&self, key: u64) -> Vec<Vec<f32>> {
        let noise = |group: usize, posterior: &Posterior| {
            let key = key.wrapping_mul(leitmotif_hash::STEP).wrapping_add(group as u64);
            let noise = latent_noise(key, posterior.mean.len());
            noise.into_iter().map(|noise| noise * NARROWED).collect::<Vec<f32>>()
        };
        self.posteriors.iter().enumerate().map(|(group, posterior)| posterior.draw(&noise(group, posterior))).collect()
    }
}

/// The songs of a split, encoded.
fn songs(
    corpus: &Corpus,
    split: Split,
    network: &Network,
    space: &LatentSpace,
    cancel: &AtomicBool,
) -> Result<Vec<Song>, TrainError> {
    let chosen = corpus.split(split);
    let step = chosen.len().div_ceil(MAX_SONGS).max(1);
    let Some(options) = latent_options(network.description(), 0.0)? else { return Ok(Vec::new()) };
    let wrong = |error: leitmotif_corpus::BatchError| TrainError::Corpus(error.to_string());
    let representation = corpus.representation();
    let mut songs = Vec::new();
    for song in chosen.into_iter().step_by(step) {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        let events = corpus.songs()[song].events;
        let batches = EvaluationBatches::of_songs(corpus, vec![song], 1, events.max(1)).map_err(wrong)?;
        let Some(batch) = batches.with_latents(options.clone()).map_err(wrong)?.next() else { continue };
        let posteriors = segment_of(&batch).bars.map_or_else(Vec::new, |bars| network.posteriors(bars));
        if posteriors.is_empty() {
            continue;
        }
        let sequence = corpus.sequence(song);
        let first = representation.bars(&sequence).and_then(|bars| Some(bars.first()?.start)).unwrap_or(0);
        let header = |events: usize| space.header(&sequence.values()[..events * sequence.fields()]);
        songs.push(Song { posteriors, headers: [header(first), header(first.min(1))] });
    }
    Ok(songs)
}

/// What [`PriorTraining::cost`] would be of independent standard normals.
fn standard(songs: &[Song]) -> f64 {
    let (mut nats, mut latents) = (0.0, 0);
    for (number, song) in songs.iter().enumerate() {
        for latent in song.draw(number as u64).iter().take(MAX_STRETCH) {
            nats -= Mixture::standard(latent.len()).log_density(latent);
            latents += 1;
        }
    }
    nats / f64::from(latents.max(1))
}
