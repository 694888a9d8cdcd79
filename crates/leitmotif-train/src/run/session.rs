//! The loop: steps, metrics, validations, checkpoints, in an order that makes a resumed run the
//! same run.
//!
//! Between two steps, in this order: validate if due, stop if cancelled, end if the budget is used
//! up, save if due. All that determines the rest of the run is in [`RunState`], the learner and the
//! position in the data, which a checkpoint holds.

use super::learner::Learner;
use super::setup::{TrainingSetup, fresh};
use super::window::Place;
use super::{Ended, PriorSummary, Timings, TrainEvent, TrainObserver, TrainSummary, prior};
use crate::TrainError;
use crate::config::RunConfig;
use crate::evaluate::{Evaluation, evaluate_songs};
use crate::record::curves;
use crate::record::metrics::Records;
use crate::record::{MetricsLine, ValidationLine};
use crate::schedule::BudgetProgress;
use crate::store::card::Card;
use crate::store::checkpoint::{Best, Checkpoint, RunState};
use crate::store::model_folder::{self, Trained};
use leitmotif_corpus::{Corpus, TrainingBatches};
use leitmotif_events::Observed;
use leitmotif_folder::{BEST, LAST, PRIOR_FILE, WEIGHTS_FILE, find_model};
use leitmotif_model::{ModelDescription, Weights};
use leitmotif_network::Network;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Seconds of training after which a run that has no model yet, as it has not been validated, gets
/// one.
const FIRST_MODEL: f64 = 20.0;

pub(super) struct Session<'a> {
    corpus: &'a Corpus,
    dir: &'a Path,
    config: &'a RunConfig,
    description: ModelDescription,
    observer: &'a dyn TrainObserver,
    cancel: &'a AtomicBool,
    learner: Learner,
    batches: TrainingBatches,
    records: Records,
    state: RunState,
    validation_songs: Vec<usize>,
    /// Of the training songs, on the whole.
    events_per_note: f64,
    /// What the training songs have.
    observed: Option<Observed>,
    /// The last validation of this session, for the card of the last model.
    judged: Option<(u64, Evaluation)>,
    /// Whether the run is known to have a model.
    has_model: bool,
    /// Step of the newest checkpoint, with nothing done since.
    saved: Option<u64>,
    began: Instant,
    seconds_before: f64,
    timings: Timings,
}

impl<'a> Session<'a> {
    pub(super) fn begin(
        corpus: &'a Arc<Corpus>,
        dir: &'a Path,
        (config, plan): (&'a RunConfig, TrainingSetup),
        checkpoint: Option<Checkpoint>,
        observer: &'a dyn TrainObserver,
        cancel: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        let TrainingSetup { description, mut batches, validation_songs } = plan;
        let learner = Learner::restored(&description, config, checkpoint.as_ref())?;
        let (state, records, saved) = match checkpoint {
            Some(Checkpoint { state, .. }) => {
                batches.restore(&state.batches).map_err(|error| TrainError::Corpus(error.to_string()))?;
                let records = Records::reopen(dir, &state.records)?;
                let step = state.step;
                (state, records, Some(step))
            }
            None => {
                let mut records = Records::create(dir)?;
                (fresh(&batches, &mut records)?, records, None)
            }
        };
        observer.observe(&TrainEvent::Started { parameters: learner.network().size(), step: state.step });
        let seconds_before = state.seconds;
        let notes: usize = batches.songs().iter().map(|song| corpus.songs()[*song].notes).sum();
        let events_per_note = batches.targets_per_epoch() as f64 / notes.max(1) as f64;
        let observed = model_folder::observe(corpus, batches.songs(), batches.options().tasks);
        let (judged, timings) = (None, Timings::default());
        Ok(Self {
            corpus,
            dir,
            config,
            description,
            observer,
            cancel,
            learner,
            batches,
            records,
            state,
            validation_songs,
            events_per_note,
            observed,
            judged,
            has_model: false,
            saved,
            began,
            seconds_before,
            timings,
        })
    }

    pub(super) fn run(mut self) -> Result<TrainSummary, TrainError> {
        let train = &self.config.train;
        let ended = loop {
            let step = self.state.step;
            let is_due = |every: u64| step > 0 && every > 0 && step.is_multiple_of(every);
            if is_due(train.validate_every) && self.validate()? {
                self.save()?;
            }
            if self.cancel.load(Ordering::Relaxed) {
                self.save()?;
                self.publish_first()?;
                return Err(TrainError::Interrupted { step });
            }
            if self.state.bad == 0 && self.seconds() >= FIRST_MODEL {
                self.publish_first()?;
            }
            if train.patience > 0 && self.state.worse >= train.patience {
                break Ended::Patience;
            }
            if self.progress().is_over(train) {
                break Ended::Budget;
            }
            // Nothing is kept of steps that went wrong: what is on disk is from before.
            if is_due(train.checkpoint_every) && self.state.bad == 0 {
                self.save()?;
            }
            self.step()?;
        };
        self.finish(ended)
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    fn progress(&self) -> BudgetProgress {
        let (step, epochs) = (self.state.step, self.batches.epochs());
        BudgetProgress { step, epochs, seconds: self.seconds(), pace: self.state.pace }
    }

    /// One optimiser step, and the metrics line that may be due after it.
    fn step(&mut self) -> Result<(), TrainError> {
        let train = &self.config.train;
        let before = self.progress();
        let rate = before.learning_rate(train);
        let beta = self.config.latent.beta(before.used(train));
        let objective = self.config.latent.objective(before.used(train));
        let begun = Instant::now();
        let mut bad = None;
        let (mut nats, mut events) = (0.0, 0);
        for _ in 0..train.accumulate {
            let start = Instant::now();
            let batch = self.batches.next_batch();
            self.timings.data += start.elapsed().as_secs_f64();
            let seed = dropout_seed(train.seed, self.state.segments);
            self.state.segments += 1;
            match self.learner.train_step(&batch, seed, objective, &mut self.timings) {
                Some(metrics) => {
                    self.state.window.add(&metrics);
                    self.state.events += metrics.events as u64;
                    nats += metrics.nll();
                    events += metrics.events;
                }
                None => bad = Some("loss was"),
            }
        }
        if bad.is_none() {
            let applied = self.learner.apply(self.state.step + 1, rate, &mut self.timings);
            if applied.applied {
                self.state.window.norms += applied.norm;
                self.state.window.steps += 1;
            } else {
                bad = Some("gradient was");
            }
        } else {
            self.learner.clear();
        }
        self.state.step += 1;
        self.saved = None;
        self.check_step(bad)?;
        self.state.window.seconds += begun.elapsed().as_secs_f64();
        if train.minutes > 0.0 {
            self.state.pace.step(self.state.step, self.seconds(), train.minutes * 60.0);
        }
        let progress = self.progress();
        let speed = self.state.window.events as f64 / self.state.window.seconds.max(1e-9);
        self.observer.observe(&TrainEvent::Step {
            step: self.state.step,
            epochs: progress.epochs,
            nats_per_event: nats / events.max(1) as f64,
            nats_per_note: nats / events.max(1) as f64 * self.events_per_note,
            events_per_second: speed,
            used: progress.used(train),
            seconds_left: progress.seconds_left(train),
        });
        if self.state.step.is_multiple_of(train.log_every) { self.log(rate, beta) } else { Ok(()) }
    }

    /// Counts steps that were skipped, and gives up after too many in a row.
    fn check_step(&mut self, bad: Option<&'static str>) -> Result<(), TrainError> {
        let train = &self.config.train;
        let Some(what) = bad else {
            self.state.bad = 0;
            return Ok(());
        };
        self.state.bad += 1;
        self.state.skipped += 1;
        if self.state.bad < train.max_bad_steps.max(1) {
            return Ok(());
        }
        Err(self.diverged(what, self.state.bad))
    }

    fn diverged(&self, what: &'static str, times: u32) -> TrainError {
        let train = &self.config.train;
        let step = self.state.step;
        TrainError::Diverged { what, times, step, learning_rate: train.learning_rate, clip: train.clip }
    }

    fn log(&mut self, rate: f64, beta: f64) -> Result<(), TrainError> {
        let window = std::mem::take(&mut self.state.window);
        if window.events == 0 {
            return Ok(());
        }
        let line = window.line(Place {
            step: self.state.step,
            epoch: self.batches.epoch(),
            seconds: self.seconds(),
            learning_rate: rate,
            beta,
            events_per_note: self.events_per_note,
            skipped: self.state.skipped,
            fields: &self.corpus.vocabulary().fields,
        });
        self.observer.observe(&TrainEvent::Line(&line));
        self.records.write(&MetricsLine::Train(line))
    }

    /// Validates unless this step has been validated; returns whether it did. A validation that is
    /// stopped from outside leaves no trace.
    fn validate(&mut self) -> Result<bool, TrainError> {
        if self.state.validated == Some(self.state.step) || self.validation_songs.is_empty() {
            return Ok(false);
        }
        let Some(evaluation) = self.validation_loss()? else { return Ok(false) };
        let beta = self.config.latent.kl_max_beta;
        let latent = evaluation.latent.as_ref().map(|latent| latent.line(beta));
        let loss = evaluation.objective(beta);
        let is_best = loss.is_finite() && self.state.best.is_none_or(|best| loss < best.nats_per_note);
        self.state.validated = Some(self.state.step);
        self.saved = None;
        self.state.worse = if is_best { 0 } else { self.state.worse + 1 };
        let line = ValidationLine {
            step: self.state.step,
            epoch: self.batches.epoch(),
            seconds: self.seconds(),
            nats_per_event: evaluation.nats_per_event.value,
            nats_per_note: evaluation.nats_per_note.value,
            nats_per_second: evaluation.nats_per_second.value,
            fields: evaluation.fields.clone(),
            objective: latent.map(|_| loss),
            latent,
            best: is_best,
        };
        let start = Instant::now();
        self.records.write(&MetricsLine::Validation(line.clone()))?;
        if is_best {
            self.state.best = Some(Best { step: self.state.step, nats_per_note: loss });
            self.publish(BEST, Some(&evaluation))?;
        }
        curves::write(self.dir)?;
        self.timings.saving += start.elapsed().as_secs_f64();
        self.observer.observe(&TrainEvent::Validated(&line, &evaluation));
        self.judged = Some((self.state.step, evaluation));
        Ok(true)
    }

    /// What the network costs the validation songs; `None` if it is stopped from outside.
    fn validation_loss(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let start = Instant::now();
        let (observer, cancel) = (self.observer, self.cancel);
        let (network, streams) = (self.learner.published()?, self.config.train.batch_size);
        let judged =
            evaluate_songs(network.as_ref(), self.corpus, &self.validation_songs, streams, &mut |done, total| {
                observer.observe(&TrainEvent::Validating { done, total });
                !cancel.load(Ordering::Relaxed)
            })?;
        self.timings.validation += start.elapsed().as_secs_f64();
        Ok(judged)
    }

    /// Publishes the network as the last model where there is neither that nor a best one, so that
    /// a run can compose before its first validation.
    fn publish_first(&mut self) -> Result<(), TrainError> {
        if !self.has_model && self.state.step > 0 {
            self.has_model = find_model(self.dir).is_ok();
            if !self.has_model {
                self.publish(LAST, None)?;
                self.has_model = true;
            }
        }
        Ok(())
    }

    fn publish(&self, name: &str, validation: Option<&Evaluation>) -> Result<(), TrainError> {
        let network = self.learner.published()?;
        let card = Card {
            corpus: self.corpus,
            config: self.config,
            steps: Some(self.state.step),
            epochs: self.batches.epochs(),
            parameters: network.size(),
            validation,
        };
        let trained = Trained::Network(&network.weights());
        let vocabulary = (self.corpus.vocabulary(), self.observed.as_ref());
        model_folder::write(&self.dir.join(name), &self.description, vocabulary, &trained, &card)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let step = self.state.step;
        if self.saved == Some(step) {
            return Ok(());
        }
        let start = Instant::now();
        self.state.seconds = self.seconds();
        self.state.batches = self.batches.state();
        self.state.records = self.records.mark()?;
        let [model, optimiser, memory] = self.learner.state();
        if model.iter().any(|(_, array)| array.data.iter().any(|value| !value.is_finite())) {
            return Err(self.diverged("weights were", 1));
        }
        let (state, average) = (self.state.clone(), self.learner.average().cloned());
        let checkpoint = Checkpoint { state, model, average, optimiser, memory };
        checkpoint.save(self.dir, self.config.train.keep_checkpoints)?;
        self.saved = Some(step);
        self.timings.saving += start.elapsed().as_secs_f64();
        self.observer.observe(&TrainEvent::Saved { step });
        Ok(())
    }

    /// Trains the prior over the latents of the model to use, and adds it to its folder (and to the
    /// last one's, if that is the same model).
    fn learn_prior(&self) -> Result<Option<PriorSummary>, TrainError> {
        if self.description.model.bars_per_latent() == 0 || self.config.latent.prior_epochs == 0 {
            return Ok(None);
        }
        let step = self.state.step;
        let folder = find_model(self.dir)?;
        let weights = Weights::load(&folder.join(WEIGHTS_FILE))?;
        let device = self.learner.network().device().clone();
        let network = Network::from_weights(&self.description, &weights, &device)?.valid();
        let trained = prior::learn(self.corpus, self.config, &network, &device, self.observer, self.cancel)?;
        if self.cancel.load(Ordering::Relaxed) {
            return Err(TrainError::Interrupted { step });
        }
        let Some((weights, summary)) = trained else { return Ok(None) };
        weights.save(&folder.join(PRIOR_FILE))?;
        if self.state.best.is_none_or(|best| best.step == step) {
            weights.save(&self.dir.join(LAST).join(PRIOR_FILE))?;
        }
        Ok(Some(summary))
    }

    fn finish(mut self, ended: Ended) -> Result<TrainSummary, TrainError> {
        let step = self.state.step;
        if step > 0 {
            self.validate()?;
            self.save()?;
            if self.cancel.load(Ordering::Relaxed) {
                return Err(TrainError::Interrupted { step });
            }
        }
        let judged = match self.judged.take().filter(|(at, _)| *at == step) {
            // The session that validated this step was stopped before it came here.
            None if self.state.validated == Some(step) => match self.validation_loss()? {
                None => return Err(TrainError::Interrupted { step }),
                judged => judged,
            },
            judged => judged.map(|(_, evaluation)| evaluation),
        };
        self.publish(LAST, judged.as_ref())?;
        curves::write(self.dir)?;
        let prior = self.learn_prior()?;
        Ok(TrainSummary {
            step,
            epochs: self.batches.epochs(),
            events: self.state.events,
            seconds: self.seconds(),
            parameters: self.learner.network().size(),
            skipped: self.state.skipped,
            best: self.state.best,
            best_is_weighed: self.description.model.bars_per_latent() > 0,
            prior,
            ended,
            model: find_model(self.dir)?,
            timings: self.timings,
        })
    }
}

/// The dropout seed of one segment.
fn dropout_seed(seed: u64, segment: u64) -> u64 {
    leitmotif_hash::number(seed.wrapping_mul(leitmotif_hash::STEP).wrapping_add(segment), 0)
}
