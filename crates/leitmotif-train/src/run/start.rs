//! How a run begins, and how it is taken up again: by one process, or by several together.

use super::session::Session;
use super::{INFO_FILE, INFO_FORMAT, RunInfo, TrainObserver, TrainSummary, counting, load_config, load_info, setup};
use crate::config::RunConfig;
use crate::group::{Communicator, ProcessGroup};
use crate::store::RunLock;
use crate::store::checkpoint::Checkpoint;
use crate::{TrainError, store};
use leitmotif_corpus::Corpus;
use leitmotif_folder::{BEST, LAST, RUN_CONFIG_FILE};
use leitmotif_model::ModelKind;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A larger (or smaller) budget for a run that is taken up again; what is `None` stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// [`crate::TrainConfig::steps`].
    pub steps: Option<u64>,
    /// [`crate::TrainConfig::epochs`].
    pub epochs: Option<f64>,
    /// [`crate::TrainConfig::minutes`].
    pub minutes: Option<f64>,
}

/// What to do where processes differ.
const SAME: &str = "start all with the same options and corpus";

/// Trains a new model in the folder `dir`, which must not hold a run yet. Raise `cancel` to stop:
/// the step at hand is finished and everything saved.
///
/// # Errors
/// [`TrainError::Interrupted`] after `cancel`; [`TrainError::Config`] for settings that make no
/// run; the others as documented there. Whatever the error, the last checkpoint and the best model
/// stay whole.
pub fn train(
    corpus: &Arc<Corpus>,
    dir: &Path,
    config: &RunConfig,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    begin(Communicator::alone(), corpus, dir, config, observer, cancel)
}

/// As [`train`], in several processes, each of which calls this with the same arguments: the run
/// that one of them would make, divided by streams. The first process alone writes files, and its
/// clock is that of all. All stop at the same step when `cancel` is raised in one of them, and all
/// end with an error if one does.
///
/// # Errors
/// As [`train`]; [`TrainError::Process`] if another process failed, [`TrainError::Config`] if they
/// have different settings or corpora, or are more than there are streams.
pub fn train_together(
    group: Box<dyn ProcessGroup>,
    corpus: &Arc<Corpus>,
    dir: &Path,
    config: &RunConfig,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    begin(Communicator::new(group), corpus, dir, config, observer, cancel)
}

/// Ends a training of several processes that this one cannot begin; the others end with `reason`.
pub fn give_up(group: Box<dyn ProcessGroup>, reason: &str) {
    let _ = Communicator::new(group).end::<()>(Err(TrainError::Corpus(reason.to_owned())));
}

fn begin(
    processes: Communicator,
    corpus: &Arc<Corpus>,
    dir: &Path,
    config: &RunConfig,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    let processes = Rc::new(processes);
    let ready = || {
        config.validate()?;
        let plan = plan(corpus, config, &processes)?;
        processes.must_agree("settings", &config.to_toml(), SAME)?;
        processes.must_agree("a corpus", &corpus.fingerprint(), SAME)?;
        let lock = processes.is_first().then(|| make_run(corpus, dir, config)).transpose()?;
        let summary = go(corpus, dir, (config, plan), None, &processes, observer, cancel);
        drop(lock);
        summary
    };
    processes.end(ready())
}

/// Makes the run folder.
fn make_run(corpus: &Corpus, dir: &Path, config: &RunConfig) -> Result<RunLock, TrainError> {
    std::fs::create_dir_all(dir).map_err(TrainError::io(dir))?;
    let lock = RunLock::take(dir)?;
    if dir.join(RUN_CONFIG_FILE).exists() {
        return Err(TrainError::file(dir, "there is a run here already: resume it, or choose another folder"));
    }
    let here = leitmotif_files::real_path(corpus.dir()).unwrap_or_else(|_| corpus.dir().to_owned());
    let program = format!("leitmotif {}", env!("CARGO_PKG_VERSION"));
    let info = RunInfo { format: INFO_FORMAT, program, corpus: here, fingerprint: corpus.fingerprint() };
    let text = serde_json::to_vec_pretty(&info).expect("a run's information has only string keys");
    put(&dir.join(INFO_FILE), &text)?;
    put(&dir.join(RUN_CONFIG_FILE), config.to_toml().as_bytes())?;
    Ok(lock)
}

/// Takes a run up where its last checkpoint left it (or begins it again if it has none), with the
/// same corpus.
///
/// # Errors
/// As [`train`]; [`TrainError::Corpus`] if the corpus is not the one that the run began with.
pub fn resume(
    corpus: &Arc<Corpus>,
    dir: &Path,
    budget: Budget,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    go_on(Communicator::alone(), corpus, dir, budget, observer, cancel)
}

/// As [`resume`], in several processes, as [`train_together`]; the run may have been made by
/// another number of them.
///
/// # Errors
/// As [`resume`] and [`train_together`].
pub fn resume_together(
    group: Box<dyn ProcessGroup>,
    corpus: &Arc<Corpus>,
    dir: &Path,
    budget: Budget,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    go_on(Communicator::new(group), corpus, dir, budget, observer, cancel)
}

fn go_on(
    processes: Communicator,
    corpus: &Arc<Corpus>,
    dir: &Path,
    budget: Budget,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    let processes = Rc::new(processes);
    let ready = || {
        let mut config = load_config(dir)?;
        let lock = processes.is_first().then(|| RunLock::take(dir)).transpose()?;
        same_corpus(corpus, dir)?;
        config.train.steps = budget.steps.unwrap_or(config.train.steps);
        config.train.epochs = budget.epochs.unwrap_or(config.train.epochs);
        config.train.minutes = budget.minutes.unwrap_or(config.train.minutes);
        config.validate()?;
        processes.must_agree("settings", &config.to_toml(), SAME)?;
        let checkpoint = if processes.is_first() { recovered(dir, &config)? } else { None };
        let step = checkpoint.as_ref().map(|checkpoint| checkpoint.state.step.to_le_bytes());
        let step = processes.broadcast(step.as_ref().map_or(&[], |step| &step[..]))?;
        let checkpoint = match step.first_chunk() {
            Some(step) if !processes.is_first() => Some(Checkpoint::read(dir, u64::from_le_bytes(*step))?),
            _ => checkpoint,
        };
        let mut plan = plan(corpus, &config, &processes)?;
        if budget != Budget::default() {
            if let (Some(checkpoint), Some(plan)) = (&checkpoint, &mut plan) {
                budget.check(checkpoint, plan)?;
            }
            if processes.is_first() {
                put(&dir.join(RUN_CONFIG_FILE), config.to_toml().as_bytes())?;
            }
        }
        let summary = go(corpus, dir, (&config, plan), checkpoint, &processes, observer, cancel);
        drop(lock);
        summary
    };
    processes.end(ready())
}

/// Whether a run began with this corpus.
fn same_corpus(corpus: &Corpus, dir: &Path) -> Result<(), TrainError> {
    let info = load_info(dir)?;
    if info.fingerprint != corpus.fingerprint() {
        return Err(TrainError::Corpus(format!(
            "the run began with another corpus (fingerprint {}…, this one has {}…); it was at {}",
            info.fingerprint.get(..12).unwrap_or_default(),
            &corpus.fingerprint()[..12],
            info.corpus.display()
        )));
    }
    Ok(())
}

/// The newest checkpoint of a run that may have been killed, with what that left cleared away.
fn recovered(dir: &Path, config: &RunConfig) -> Result<Option<Checkpoint>, TrainError> {
    for model in [BEST, LAST] {
        leitmotif_files::recover(&dir.join(model))?;
    }
    let checkpoint = Checkpoint::newest(dir)?;
    for folder in [dir.to_owned(), dir.join(store::checkpoint::CHECKPOINTS)] {
        leitmotif_files::sweep(&folder)?;
    }
    // A program that was killed between its last checkpoint and their clearing away has left one
    // too many.
    Checkpoint::prune(dir, config.train.keep_checkpoints)?;
    Ok(checkpoint)
}

impl Budget {
    /// Refuses a limit that the run has passed: with it nothing would be trained.
    fn check(&self, Checkpoint { state, .. }: &Checkpoint, plan: &mut setup::TrainingSetup) -> Result<(), TrainError> {
        plan.batches.restore(&state.batches).map_err(|error| TrainError::Corpus(error.to_string()))?;
        let (epochs, minutes) = (plan.batches.epochs(), state.seconds / 60.0);
        let passed = |key: &str, limit: String, done: String| {
            let reason = "which is more; a limit counts the run from its beginning, so give a higher one";
            Err(TrainError::Config(format!("train.{key} = {limit}: the run has done {done} already, {reason}")))
        };
        match *self {
            Self { steps: Some(limit), .. } if state.step > limit => {
                passed("steps", limit.to_string(), format!("{} steps", state.step))
            }
            Self { epochs: Some(limit), .. } if epochs > limit => {
                passed("epochs", limit.to_string(), format!("{epochs:.1} passes"))
            }
            Self { minutes: Some(limit), .. } if minutes > limit => {
                passed("minutes", limit.to_string(), format!("{minutes:.1} minutes"))
            }
            _ => Ok(()),
        }
    }
}

/// The training objective of a network on this corpus; nothing for a Markov model, which counts.
fn plan(
    corpus: &Arc<Corpus>,
    config: &RunConfig,
    processes: &Communicator,
) -> Result<Option<setup::TrainingSetup>, TrainError> {
    let learns = config.model.kind != ModelKind::Markov;
    if !learns && !processes.is_alone() {
        return Err(TrainError::Config("a Markov model is counted in one pass: start one process".into()));
    }
    learns.then(|| setup::TrainingSetup::of(corpus, config, processes)).transpose()
}

fn go(
    corpus: &Arc<Corpus>,
    dir: &Path,
    (config, plan): (&RunConfig, Option<setup::TrainingSetup>),
    checkpoint: Option<Checkpoint>,
    processes: &Rc<Communicator>,
    observer: &dyn TrainObserver,
    cancel: &AtomicBool,
) -> Result<TrainSummary, TrainError> {
    match plan {
        Some(plan) => Session::begin(corpus, dir, (config, plan), checkpoint, processes, observer, cancel)?.run(),
        None => counting::count(corpus, dir, config, observer, cancel),
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    leitmotif_files::write(path, bytes).map_err(TrainError::io(path))
}
