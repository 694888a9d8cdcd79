//! What a session begins with: counters at zero, the settings of its batches, the songs it
//! validates on.

use crate::TrainError;
use crate::config::RunConfig;
use crate::group::Communicator;
use crate::record::metrics::RecordsMark;
use crate::schedule::StepTime;
use crate::segment::latent_options;
use crate::store::checkpoint::{RunState, STATE_FORMAT, Window};
use leitmotif_corpus::{AugmentOptions, BatchOptions, Corpus, Split, TrainingBatches, estimate_cuts};
use leitmotif_events::{Attribute, Tasks};
use leitmotif_folder::ModelFolder;
use leitmotif_model::{AttributeCuts, ModelDescription};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// The seed of the songs that a limited validation scores: fixed, so that runs compare.
const VALIDATION_SEED: u64 = 0x7661_6C69;

/// A corpus and a configuration that go together: what is to be trained, and with what.
pub(super) struct TrainingSetup {
    pub(super) description: ModelDescription,
    pub(super) batches: TrainingBatches,
    /// The songs of a validation.
    pub(super) validation_songs: Vec<usize>,
}

impl TrainingSetup {
    /// Nothing is written.
    ///
    /// # Errors
    /// [`TrainError`] where the configuration does not fit the corpus.
    pub(super) fn of(corpus: &Arc<Corpus>, config: &RunConfig, processes: &Communicator) -> Result<Self, TrainError> {
        let (streams, size) = (config.train.batch_size, processes.size());
        if streams < size {
            let reason = format!("train.batch_size = {streams} is too little for {size} processes, which share it");
            return Err(TrainError::Config(reason));
        }
        if !config.train.from.is_empty() {
            check_vocabulary(corpus, &config.train.from)?;
        }
        let description = describe(corpus, config)?;
        let options = batch_options(config, &description)?;
        let batches = TrainingBatches::new(Arc::clone(corpus), options)
            .and_then(|batches| batches.with_own(processes.own(streams)));
        let batches = batches.map_err(|error| TrainError::Corpus(error.to_string()))?;
        let validation_songs = validation_songs(corpus, config.train.validate_events);
        if config.train.patience > 0 && validation_songs.is_empty() {
            let reason = "train.patience needs validation songs, and the corpus has none in its valid split";
            return Err(TrainError::Corpus(reason.into()));
        }
        Ok(Self { description, batches, validation_songs })
    }
}

/// Whether a model's events are those of the corpus.
fn check_vocabulary(corpus: &Corpus, from: &str) -> Result<(), TrainError> {
    match ModelFolder::open(from)?.vocabulary() == corpus.vocabulary() {
        true => Ok(()),
        false => Err(TrainError::Corpus(format!(
            "its events are not those of the model {from}; prepare the songs with --like {from}"
        ))),
    }
}

/// The counters of a run that has not begun.
pub(super) fn fresh(batches: &TrainingBatches, records: RecordsMark) -> RunState {
    RunState {
        format: STATE_FORMAT,
        step: 0,
        segments: 0,
        events: 0,
        seconds: 0.0,
        best: None,
        worse: 0,
        validated: None,
        bad: 0,
        skipped: 0,
        window: Window::default(),
        pace: StepTime::default(),
        batches: batches.state(),
        records,
    }
}

/// What is to be trained: the configured model for the corpus's events, its attributes cut into
/// classes by the configuration.
fn describe(corpus: &Corpus, config: &RunConfig) -> Result<ModelDescription, TrainError> {
    let attribute = |name: &String| {
        name.parse::<Attribute>().map_err(|error| TrainError::Config(format!("model.attributes: {error}")))
    };
    let attributes = config.model.attributes.iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    let scales = match attributes.is_empty() {
        true => Vec::new(),
        false => estimate_cuts(corpus, &attributes, config.latent.cuts, config.latent.classes)
            .map_err(|error| TrainError::Corpus(error.to_string()))?,
    };
    let cuts = scales.into_iter().zip(&config.model.attributes);
    let cuts = cuts.map(|(scale, name)| AttributeCuts { name: name.clone(), cuts: scale.cuts }).collect();
    let description = ModelDescription::with_attributes(config.model.clone(), corpus.vocabulary().sizes(), cuts)?;
    Ok(description.with_given(&corpus.representation().events().given)?)
}

/// What the configuration means for the data.
fn batch_options(config: &RunConfig, description: &ModelDescription) -> Result<BatchOptions, TrainError> {
    let augment = &config.augment;
    Ok(BatchOptions {
        latents: latent_options(description, config.latent.attribute_dropout)?,
        streams: config.train.batch_size,
        segment: config.model.segment,
        seed: config.train.seed,
        shuffle: true,
        balance: config.train.balance,
        header_dropout: config.train.header_dropout,
        augment: AugmentOptions {
            transpose: augment.transpose,
            tempo_octaves: augment.tempo as f32,
            velocity: augment.velocity,
        },
        tasks: Tasks { holes: config.train.holes, chords: config.train.chords },
    })
}

/// The songs of a validation: all of the split, or some drawn once for all until they have `limit`
/// events.
pub(super) fn validation_songs(corpus: &Corpus, limit: u64) -> Vec<usize> {
    let mut songs = corpus.split(Split::Valid);
    songs.retain(|song| corpus.songs()[*song].events > 1);
    if limit > 0 {
        songs.shuffle(&mut ChaCha8Rng::seed_from_u64(VALIDATION_SEED));
        let mut events = 0;
        songs.retain(|song| {
            let is_room = events < limit;
            events += corpus.songs()[*song].events as u64;
            is_room
        });
        songs.sort_unstable();
    }
    songs
}
