//! How well a model predicts held-out music: nats per event, per note and per second of music.
//!
//! Events of different representations are not comparable, so nats per event (per token) are for
//! one representation only. Where events are frames of one length, nats per frame and per token of
//! a frame (such as four voices) leave the start and the end of a piece out, as the literature
//! does. Notes are those that the song's events hold. Intervals are of a bootstrap over songs: the
//! songs, not the notes, are what is drawn at random.

mod bootstrap;
mod latent;
mod transposed;
mod unigram;

pub use bootstrap::{CONFIDENCE, Estimate, RESAMPLES};
pub use latent::LatentEvaluation;
pub use transposed::{MAX_TRANSPOSITIONS, TransposedScorer};
pub use unigram::Unigram;

use crate::TrainError;
use crate::segment::{latent_options, segment_of};
use leitmotif_corpus::{Corpus, EvaluationBatches, Split};
use leitmotif_events::{FrameEvent, FrameUnits};
use leitmotif_model::Scorer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one song cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SongLoss {
    /// The song's id in the corpus.
    pub id: String,
    /// Its path in the collection.
    pub path: String,
    /// Its genre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Cost of the whole song in nats; with latents an upper bound, their divergence counted.
    pub nats: f64,
    /// Divergence of the song's latents from the standard normal in nats; 0 without latents.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub divergence: f64,
    /// Events predicted.
    pub events: usize,
    /// Notes that the events hold.
    pub notes: usize,
    /// Length in seconds.
    pub seconds: f64,
    /// Frames, in a representation that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<FrameLoss>,
    /// Cost of each field in nats, in the vocabulary's order.
    pub fields: Vec<f64>,
}

/// What the frames of a song cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameLoss {
    /// Frames.
    pub frames: usize,
    /// Tokens of them all, where frames are counted by tokens too; else 0.
    pub tokens: usize,
    /// Cost of the frames in nats, without the piece's end.
    pub nats: f64,
}

/// A model's evaluation on some songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Nats per event (per token).
    pub nats_per_event: Estimate,
    /// Nats per note.
    pub nats_per_note: Estimate,
    /// Nats per second of music.
    pub nats_per_second: Estimate,
    /// Nats per frame, in a representation that has frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_per_frame: Option<Estimate>,
    /// Nats per token of a frame (per voice), where frames are counted by tokens too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_per_token: Option<Estimate>,
    /// Nats per event, by field.
    pub fields: BTreeMap<String, f64>,
    /// The latents, of a model that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentEvaluation>,
    /// Events predicted.
    pub events: usize,
    /// Notes.
    pub notes: usize,
    /// Seconds of music.
    pub seconds: f64,
    /// Song by song, in the corpus's order.
    pub songs: Vec<SongLoss>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Evaluation {
    /// Nats per note with the divergence of latents weighed by `beta`: what training with this
    /// weight makes small.
    pub fn objective(&self, beta: f64) -> f64 {
        let divergence = self.latent.as_ref().map_or(0.0, |latent| latent.divergence.value);
        self.nats_per_note.value + (beta - 1.0) * divergence
    }
}

/// Evaluates all songs of a split, `streams` of them side by side.
///
/// # Errors
/// [`TrainError::Corpus`] if the split is empty or the corpus is of another vocabulary than the
/// model.
pub fn evaluate(scorer: &dyn Scorer, corpus: &Corpus, split: Split, streams: usize) -> Result<Evaluation, TrainError> {
    let songs = corpus.split(split);
    let evaluation = evaluate_songs(scorer, corpus, &songs, streams, &mut |_, _| true)?;
    evaluation.ok_or_else(|| TrainError::Corpus(format!("the corpus has no songs in its {split} split")))
}

/// Evaluates these songs (by their index in the corpus). `progress` is called with the events done
/// and the events in all, and stops the evaluation by returning false; the result is then `None`,
/// as it is for no songs.
///
/// # Errors
/// [`TrainError::Corpus`] if the corpus is of another vocabulary than the model, or lacks a song.
pub fn evaluate_songs(
    scorer: &dyn Scorer,
    corpus: &Corpus,
    songs: &[usize],
    streams: usize,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Option<Evaluation>, TrainError> {
    let description = scorer.description();
    let vocabulary = corpus.vocabulary();
    if description.sizes != vocabulary.sizes() {
        return Err(TrainError::Corpus(
            "the corpus has another vocabulary than the model: prepare it with the model's representation, grid and genres"
                .into(),
        ));
    }
    let k = vocabulary.fields.len();
    let streams = streams.clamp(1, songs.len().max(1));
    let wrong = |error: leitmotif_corpus::BatchError| TrainError::Corpus(error.to_string());
    let mut batches =
        EvaluationBatches::of_songs(corpus, songs.to_vec(), streams, description.model.segment).map_err(wrong)?;
    if let Some(options) = latent_options(description, 0.0)? {
        batches = batches.with_latents(options).map_err(wrong)?;
    }
    let mut latents = latent::Tally::new(description.model.d_latent);
    let total = batches.targets_left();
    let mut scoring = scorer.scoring_session(streams);
    let representation = corpus.representation();
    let units = representation.frames();
    let mut costs: BTreeMap<usize, Cost> = BTreeMap::new();
    while let Some(batch) = batches.next() {
        let nats = scoring.nll(&segment_of(&batch));
        latents.add(&batch, scoring.posteriors());
        for (stream, song) in batch.songs.iter().enumerate() {
            let Some(song) = song else { continue };
            let cost = costs.entry(*song).or_insert_with(|| Cost::new(k, units.is_some()));
            let (from, length) = (stream * batch.segment * k, batch.lengths[stream]);
            let events = from..from + length * k;
            let targets = batch.targets[events.clone()].chunks_exact(k);
            for (event, target) in nats[events].chunks_exact(k).zip(targets) {
                cost.add(event, units.as_ref().map(|units| (units, representation.frame_event(target))));
            }
        }
        if !progress(total - batches.targets_left(), total) {
            return Ok(None);
        }
    }
    let songs: Vec<SongLoss> =
        costs.into_iter().map(|(song, cost)| song_loss(corpus, song, cost, latents.divergence_of(song))).collect();
    let has_latents = description.model.bars_per_latent() > 0;
    Ok((!songs.is_empty()).then(|| {
        let latent = has_latents.then(|| latents.summary(&songs));
        summarise(corpus, songs, latent)
    }))
}

/// Sums over a song's events.
struct Cost {
    events: usize,
    fields: Vec<f64>,
    frames: Option<FrameLoss>,
}

impl Cost {
    fn new(fields: usize, frames: bool) -> Self {
        Self { events: 0, fields: vec![0.0; fields], frames: frames.then(FrameLoss::default) }
    }

    /// Adds what an event's fields cost.
    fn add(&mut self, nats: &[f32], frame: Option<(&FrameUnits, FrameEvent)>) {
        self.events += 1;
        self.fields.iter_mut().zip(nats).for_each(|(sum, nats)| *sum += f64::from(*nats));
        if let (Some(frames), Some((units, event))) = (&mut self.frames, frame)
            && event != FrameEvent::Outside
        {
            frames.nats += nats[units.fields.clone()].iter().map(|nats| f64::from(*nats)).sum::<f64>();
            if event == FrameEvent::Closes {
                frames.frames += 1;
                frames.tokens += units.tokens;
            }
        }
    }
}

fn song_loss(corpus: &Corpus, song: usize, cost: Cost, divergence: f64) -> SongLoss {
    let Cost { events, fields, frames } = cost;
    let record = &corpus.songs()[song];
    SongLoss {
        id: record.id.clone(),
        path: record.path.clone(),
        genre: record.genre.clone(),
        nats: fields.iter().sum::<f64>() + divergence,
        divergence,
        events,
        notes: record.notes,
        seconds: record.seconds,
        frames,
        fields,
    }
}

fn summarise(corpus: &Corpus, songs: Vec<SongLoss>, latent: Option<LatentEvaluation>) -> Evaluation {
    let events: usize = songs.iter().map(|song| song.events).sum();
    let names = corpus.vocabulary().fields.iter().map(|field| field.name.clone()).enumerate();
    let field = |(index, name)| {
        let nats: f64 = songs.iter().map(|song| song.fields[index]).sum();
        (name, nats / events.max(1) as f64)
    };
    let pairs = |unit: &dyn Fn(&SongLoss) -> f64| -> Vec<(f64, f64)> {
        songs.iter().map(|song| (song.nats, unit(song))).collect()
    };
    let of_frames = |unit: &dyn Fn(&FrameLoss) -> usize| {
        let pairs: Option<Vec<(f64, f64)>> =
            songs.iter().map(|song| song.frames.map(|frames| (frames.nats, unit(&frames) as f64))).collect();
        let counted = |pairs: &Vec<(f64, f64)>| pairs.iter().any(|pair| pair.1 > 0.0);
        pairs.filter(counted).map(|pairs| Estimate::of_ratio(&pairs))
    };
    Evaluation {
        nats_per_frame: of_frames(&|frames| frames.frames),
        nats_per_token: of_frames(&|frames| frames.tokens),
        nats_per_event: Estimate::of_ratio(&pairs(&|song| song.events as f64)),
        nats_per_note: Estimate::of_ratio(&pairs(&|song| song.notes as f64)),
        nats_per_second: Estimate::of_ratio(&pairs(&|song| song.seconds)),
        fields: names.map(field).collect(),
        latent,
        events,
        notes: songs.iter().map(|song| song.notes).sum(),
        seconds: songs.iter().map(|song| song.seconds).sum(),
        songs,
    }
}
