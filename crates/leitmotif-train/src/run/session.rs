//! The loop: steps, metrics, validations, checkpoints, in an order that makes a resumed run the
//! same run.
//!
//! Between two steps, in this order: validate if due, stop if cancelled, end if the budget is used
//! up, save if due. All that determines the rest of the run is in [`RunState`], the learner and the
//! position in the data, which a checkpoint holds.
//!
//! Where several processes train, all of them go through the same steps and decisions: what one
//! process alone knows (its clock, whether it is to stop, a validation) is made known to all before
//! it decides anything. The first process validates and writes files; the others wait for it.

mod publishing;
mod validation;

use super::learner::Learner;
use super::setup::{TrainingSetup, fresh};
use super::window::Place;
use super::{Ended, Timings, TrainEvent, TrainObserver, TrainSummary};
use crate::TrainError;
use crate::config::RunConfig;
use crate::evaluate::Evaluation;
use crate::group::Communicator;
use crate::record::MetricsLine;
use crate::record::metrics::Records;
use crate::schedule::BudgetProgress;
use crate::store::checkpoint::{Checkpoint, RunState};
use crate::store::model_folder;
use leitmotif_corpus::{Corpus, TrainingBatches};
use leitmotif_events::Observed;
use leitmotif_folder::find_model;
use leitmotif_model::ModelDescription;
use std::path::Path;
use std::rc::Rc;
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
    processes: Rc<Communicator>,
    observer: &'a dyn TrainObserver,
    cancel: &'a AtomicBool,
    learner: Learner,
    batches: TrainingBatches,
    /// The metrics, which the first process writes.
    records: Option<Records>,
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
    /// Seconds of the run, by the clock of the first process, and whether any process is to stop:
    /// as all have last agreed.
    seconds: f64,
    is_cancelled: bool,
    timings: Timings,
}

impl<'a> Session<'a> {
    pub(super) fn begin(
        corpus: &'a Arc<Corpus>,
        dir: &'a Path,
        (config, plan): (&'a RunConfig, TrainingSetup),
        checkpoint: Option<Checkpoint>,
        processes: &Rc<Communicator>,
        observer: &'a dyn TrainObserver,
        cancel: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        let TrainingSetup { description, mut batches, validation_songs } = plan;
        let learner = Learner::restored(&description, config, checkpoint.as_ref(), Rc::clone(processes))?;
        let is_first = processes.is_first();
        let (state, records, saved) = match checkpoint {
            Some(Checkpoint { state, .. }) => {
                batches.restore(&state.batches).map_err(|error| TrainError::Corpus(error.to_string()))?;
                let records = is_first.then(|| Records::reopen(dir, &state.records)).transpose()?;
                let step = state.step;
                (state, records, Some(step))
            }
            None => {
                let mut records = is_first.then(|| Records::create(dir)).transpose()?;
                let mark = records.as_mut().map(Records::mark).transpose()?;
                (fresh(&batches, mark.unwrap_or_default()), records, None)
            }
        };
        let (parameters, bf16) = (learner.network().size(), learner.multiplies_bf16());
        observer.observe(&TrainEvent::Started { parameters, step: state.step, bf16 });
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
            processes: Rc::clone(processes),
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
            seconds: seconds_before,
            is_cancelled: false,
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
            self.agree()?;
            if self.is_cancelled {
                self.save()?;
                self.publish_first()?;
                return Err(TrainError::Interrupted { step });
            }
            if self.state.bad == 0 && self.seconds >= FIRST_MODEL {
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

    /// Takes the clock of the first process, and learns whether any process is to stop.
    fn agree(&mut self) -> Result<(), TrainError> {
        let seconds = if self.processes.is_first() { self.clock() } else { 0.0 };
        let mut agreed = [seconds, f64::from(u8::from(self.cancel.load(Ordering::Relaxed)))];
        self.processes.sum(&mut agreed);
        self.processes.check()?;
        (self.seconds, self.is_cancelled) = (agreed[0], agreed[1] > 0.0);
        Ok(())
    }

    /// Seconds of the run by this process's clock.
    fn clock(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    fn progress(&self) -> BudgetProgress {
        let (step, epochs) = (self.state.step, self.batches.epochs());
        BudgetProgress { step, epochs, seconds: self.seconds, pace: self.state.pace }
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
            let batch = self.batches.next_shared_batch(&|numbers| self.processes.sum(numbers));
            self.timings.data += start.elapsed().as_secs_f64();
            let first = self.processes.own(train.batch_size).start;
            let seed = dropout_seed(train.seed, self.state.segments, first as u64);
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
        self.processes.check()?;
        if bad.is_none() {
            self.learner.sum_gradients();
            self.processes.check()?;
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
        self.agree()?;
        if train.minutes > 0.0 {
            self.state.pace.step(self.state.step, self.seconds, train.minutes * 60.0);
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
            seconds: self.clock(),
            learning_rate: rate,
            beta,
            events_per_note: self.events_per_note,
            skipped: self.state.skipped,
            fields: &self.corpus.vocabulary().fields,
        });
        self.observer.observe(&TrainEvent::Line(&line));
        self.write(MetricsLine::Train(line))
    }

    fn write(&mut self, line: MetricsLine) -> Result<(), TrainError> {
        self.records.as_mut().map_or(Ok(()), |records| records.write(&line))
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let step = self.state.step;
        if self.saved == Some(step) {
            return Ok(());
        }
        let start = Instant::now();
        self.state.seconds = self.clock();
        self.state.batches = self.batches.state();
        if let Some(records) = &mut self.records {
            self.state.records = records.mark()?;
        }
        let [model, optimiser, memory] = self.learner.state()?;
        if model.iter().any(|(_, array)| array.data.iter().any(|value| !value.is_finite())) {
            return Err(self.diverged("weights were", 1));
        }
        // Gradients are summed once for all; steps are taken by each.
        let remedy = "start all on machines with the same instruction sets";
        self.processes.must_agree("weights", &model.fingerprint(), remedy)?;
        if self.processes.is_first() {
            let (state, average) = (self.state.clone(), self.learner.average().cloned());
            let checkpoint = Checkpoint { state, model, average, optimiser, memory };
            checkpoint.save(self.dir, self.config.train.keep_checkpoints)?;
        }
        self.saved = Some(step);
        self.timings.saving += start.elapsed().as_secs_f64();
        self.observer.observe(&TrainEvent::Saved { step });
        Ok(())
    }

    fn finish(mut self, ended: Ended) -> Result<TrainSummary, TrainError> {
        let step = self.state.step;
        if step > 0 {
            self.validate()?;
            self.save()?;
            self.agree()?;
            if self.is_cancelled {
                return Err(TrainError::Interrupted { step });
            }
        }
        let prior = if self.processes.is_first() { self.publish_last()? } else { None };
        self.timings.exchange = self.processes.seconds();
        Ok(TrainSummary {
            step,
            epochs: self.batches.epochs(),
            events: self.state.events,
            seconds: self.clock(),
            parameters: self.learner.network().size(),
            skipped: self.state.skipped,
            best: self.state.best,
            best_is_weighed: self.description.model.bars_per_latent() > 0,
            prior,
            ended,
            model: if self.processes.is_first() { find_model(self.dir)? } else { self.dir.to_owned() },
            timings: self.timings,
        })
    }
}

/// The dropout seed of one segment, of a process whose first stream is `first` of all.
fn dropout_seed(seed: u64, segment: u64, first: u64) -> u64 {
    leitmotif_hash::number(seed.wrapping_mul(leitmotif_hash::STEP).wrapping_add(segment), first)
}
