//! What a finished model costs on songs: training, validation and every test set.

use crate::{Arm, CompareError, Loss, Test};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_model::Scorer;
use leitmotif_train::{Estimate, Evaluation, TrainError, TransposedScorer, evaluate_songs};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Songs evaluated side by side.
const STREAMS: usize = 16;

/// The losses of a model.
pub(crate) struct TestLosses {
    pub(crate) train: Loss,
    pub(crate) valid: Option<Loss>,
    pub(crate) tests: BTreeMap<String, Loss>,
}

/// Evaluates a model on its arm's songs and on the test sets. `train_events` limits the training
/// songs; 0 for all of them. `None` once `cancel` is raised.
pub(crate) fn judge(
    judge: &dyn Scorer,
    arm: &Arm,
    tests: &[Test],
    train_events: u64,
    cancel: &AtomicBool,
) -> Result<Option<TestLosses>, CompareError> {
    let corpus = &*arm.corpus;
    let Some(mut train) = loss(judge, corpus, &limited(corpus, Split::Train, train_events), cancel)? else {
        return Ok(None);
    };
    train.songs.clear();
    let valid = corpus.split(Split::Valid);
    let valid = if valid.is_empty() { None } else { loss(judge, corpus, &valid, cancel)? };
    let mut costs = BTreeMap::new();
    for test in tests {
        let Some(corpus) = test.corpora.get(&arm.facts.representation) else { continue };
        let representation = corpus.representation();
        let transposed = match test.facts.transpositions {
            0 => None,
            most => {
                Some(TransposedScorer::new(judge, &*representation, most).ok_or_else(|| one_key(&test.facts.name))?)
            }
        };
        let judge = transposed.as_ref().map_or(judge, |transposed| transposed as &dyn Scorer);
        let Some(loss) = loss(judge, corpus, &corpus.split(Split::Test), cancel)? else { return Ok(None) };
        costs.insert(test.facts.name.clone(), loss);
    }
    Ok((!cancel.load(Ordering::Relaxed)).then_some(TestLosses { train, valid, tests: costs }))
}

fn one_key(test: &str) -> CompareError {
    let reason = format!("test set {test} is to be judged in several keys, but the model's latents are of one key");
    TrainError::Config(reason).into()
}

fn loss(
    judge: &dyn Scorer,
    corpus: &Corpus,
    songs: &[usize],
    cancel: &AtomicBool,
) -> Result<Option<Loss>, CompareError> {
    let mut go_on = |_: usize, _: usize| !cancel.load(Ordering::Relaxed);
    let evaluation = evaluate_songs(judge, corpus, songs, STREAMS, &mut go_on)?;
    Ok(evaluation.map(|evaluation| of(corpus, evaluation)))
}

fn of(corpus: &Corpus, evaluation: Evaluation) -> Loss {
    let bars: BTreeMap<&str, usize> = corpus.songs().iter().map(|song| (song.id.as_str(), song.bars)).collect();
    let pairs: Vec<(f64, f64)> = evaluation
        .songs
        .iter()
        .map(|song| (song.nats, bars.get(song.id.as_str()).copied().unwrap_or_default() as f64))
        .collect();
    Loss {
        per_event: evaluation.nats_per_event,
        per_note: evaluation.nats_per_note,
        per_bar: Estimate::of_ratio(&pairs),
        per_second: evaluation.nats_per_second,
        per_frame: evaluation.nats_per_frame,
        per_voice: evaluation.nats_per_token,
        songs: evaluation.songs,
    }
}

/// The songs of a split up to so many events, in the order of a hash of their files; the first one
/// whatever its length.
fn limited(corpus: &Corpus, split: Split, events: u64) -> Vec<usize> {
    let mut songs = corpus.split(split);
    songs.retain(|song| corpus.songs()[*song].events > 1);
    if events > 0 {
        songs.sort_by_cached_key(|song| *blake3::hash(corpus.songs()[*song].hash.as_bytes()).as_bytes());
        let mut used = 0;
        songs.retain(|song| {
            let is_room = used < events;
            used += corpus.songs()[*song].events as u64;
            is_room
        });
        songs.sort_unstable();
    }
    songs
}
