//! Markov models: trained by counting the training split once, with the same run and model folders
//! as networks.

use super::setup::validation_songs;
use super::{Ended, Timings, TrainEvent, TrainObserver, TrainSummary};
use crate::TrainError;
use crate::config::RunConfig;
use crate::evaluate::evaluate_songs;
use crate::record::metrics::Records;
use crate::record::{MetricsLine, ValidationLine};
use crate::store::card::Card;
use crate::store::checkpoint::Best;
use crate::store::model_folder::{self, Trained};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_folder::BEST;
use leitmotif_model::{MarkovBuilder, ModelDescription};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(super) fn count(
    corpus: &Corpus,
    dir: &Path,
    config: &RunConfig,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    let began = Instant::now();
    let description = ModelDescription::new(config.model.clone(), corpus.vocabulary().sizes())?
        .with_given(&corpus.representation().events().given)?;
    let songs = corpus.split(Split::Train);
    if songs.is_empty() {
        return Err(TrainError::Corpus("the corpus has no songs in its train split".into()));
    }
    let mut builder = MarkovBuilder::new(&description);
    let mut events = 0;
    for (done, song) in songs.iter().enumerate() {
        if cancel.load(Ordering::Relaxed) {
            return Err(TrainError::Interrupted { step: 0 });
        }
        builder.add_piece(&corpus.values(*song))?;
        events += corpus.songs()[*song].events as u64;
        observer.observe(&TrainEvent::Counting { done: done + 1, total: songs.len() });
    }
    let markov = builder.finish();
    let forward = began.elapsed().as_secs_f64();
    let mut records = Records::create(dir)?;
    let judged_songs = validation_songs(corpus, config.train.validate_events);
    let validation = evaluate_songs(&markov, corpus, &judged_songs, config.train.batch_size, &mut |done, total| {
        observer.observe(&TrainEvent::Validating { done, total });
        !cancel.load(Ordering::Relaxed)
    })?;
    if cancel.load(Ordering::Relaxed) {
        return Err(TrainError::Interrupted { step: 0 });
    }
    if let Some(evaluation) = &validation {
        let line = ValidationLine {
            step: 0,
            epoch: 1,
            seconds: began.elapsed().as_secs_f64(),
            nats_per_event: evaluation.nats_per_event.value,
            nats_per_note: evaluation.nats_per_note.value,
            nats_per_second: evaluation.nats_per_second.value,
            fields: evaluation.fields.clone(),
            latent: None,
            objective: None,
            best: true,
        };
        observer.observe(&TrainEvent::Validated(&line, evaluation));
        records.write(&MetricsLine::Validation(line))?;
    }
    records.mark()?;
    let card = Card {
        corpus,
        config,
        steps: None,
        epochs: 1.0,
        parameters: markov.contexts(),
        validation: validation.as_ref(),
    };
    let best = dir.join(BEST);
    let observed = model_folder::observe(corpus, &songs, leitmotif_events::Tasks::default());
    let vocabulary = (corpus.vocabulary(), observed.as_ref());
    model_folder::write(&best, &description, vocabulary, &Trained::Markov(&markov), &card)?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(TrainSummary {
        step: 0,
        epochs: 1.0,
        events,
        seconds,
        parameters: markov.contexts(),
        skipped: 0,
        best: validation.map(|judged| Best { step: 0, nats_per_note: judged.nats_per_note.value }),
        best_is_weighed: false,
        prior: None,
        ended: Ended::Budget,
        model: best,
        timings: Timings { forward, validation: seconds - forward, ..Timings::default() },
    })
}
