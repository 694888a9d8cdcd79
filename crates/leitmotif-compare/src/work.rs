//! Making the runs: side by side, those of a shard, those that are not finished yet.

use crate::datasets::Datasets;
use crate::plan::{RunPlan, Shard};
use crate::run::{RunContext, RunEvent, result, store, stored};
use crate::study::Study;
use crate::{CompareError, Outcome, PlannedRun, RunResult};
use leitmotif_train::TrainError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Something that happens in a study.
#[derive(Debug)]
#[non_exhaustive]
pub enum StudyEvent<'a> {
    /// A run begins, or is taken up again.
    Began {
        /// The run.
        run: &'a PlannedRun,
        /// Runs finished so far, of those that are to be made.
        done: usize,
        /// Runs that are to be made.
        total: usize,
    },
    /// A run moves on.
    Run {
        /// The run.
        run: &'a PlannedRun,
        /// How.
        event: &'a RunEvent<'a>,
    },
    /// A run is finished, or has failed.
    Ended {
        /// What came of it.
        result: &'a RunResult,
        /// Runs finished so far.
        done: usize,
        /// Runs that are to be made.
        total: usize,
    },
    /// A run is left to another process, which is making it.
    LeftAlone {
        /// The run.
        run: &'a PlannedRun,
    },
    /// What was composed is measured.
    Measuring {
        /// Runs measured.
        done: usize,
        /// Runs to measure.
        total: usize,
    },
}

/// Receives what happens in a study; called from several threads.
pub trait StudyObserver: Sync {
    /// Something happened.
    fn observe(&self, event: &StudyEvent<'_>);
}

impl<F: Fn(&StudyEvent<'_>) + Sync> StudyObserver for F {
    fn observe(&self, event: &StudyEvent<'_>) {
        self(event);
    }
}

/// How the work is divided.
#[derive(Debug, Clone, Copy)]
pub struct Division {
    /// Runs side by side.
    pub jobs: usize,
    /// Threads for all of them together; one per core if `None`.
    pub threads: Option<usize>,
    /// The part of the study that is made here.
    pub shard: Shard,
}

impl Default for Division {
    fn default() -> Self {
        Self { jobs: 1, threads: None, shard: Shard { index: 1, count: 1 } }
    }
}

/// Makes the runs of a shard that are not finished in the study's folder `dir`. A run that fails is
/// stored as such, and tried again by the next call.
///
/// # Errors
/// [`CompareError::Interrupted`] once `cancel` is raised, after saving; [`CompareError::Io`] where
/// results cannot be written.
pub fn work(
    study: &Study,
    dir: &Path,
    datasets: &Datasets,
    plan: &RunPlan,
    division: Division,
    observer: &dyn StudyObserver,
    cancel: &AtomicBool,
) -> Result<(), CompareError> {
    let mine: Vec<&PlannedRun> = plan.runs.iter().filter(|run| division.shard.has(run.number)).collect();
    let mut open = Vec::new();
    for run in &mine {
        if stored(dir, run)?.is_none_or(|result| result.finished().is_none()) {
            open.push(*run);
        }
    }
    let crew = Crew {
        study,
        dir,
        datasets,
        observer,
        cancel,
        open: &open,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
    };
    let jobs = division.jobs.clamp(1, open.len().max(1));
    let cores = division.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let fault: Mutex<Option<CompareError>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for job in 0..jobs {
            let threads = (cores / jobs + usize::from(job < cores % jobs)).max(1);
            let (crew, fault) = (&crew, &fault);
            scope.spawn(move || {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let worked = match pool {
                    Ok(pool) => pool.install(|| crew.work()),
                    Err(error) => Err(CompareError::file(crew.dir, format!("no threads: {error}"))),
                };
                if let Err(error) = worked {
                    fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    // The others stop too: what cannot be written here cannot be written there.
                    crew.next.store(usize::MAX / 2, Ordering::Relaxed);
                }
            });
        }
    });
    if let Some(error) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    match cancel.load(Ordering::Relaxed) {
        true => Err(CompareError::Interrupted {
            done: mine.len() - open.len() + crew.done.load(Ordering::Relaxed),
            planned: mine.len(),
        }),
        false => Ok(()),
    }
}

/// Threads that take one run after another.
struct Crew<'a> {
    study: &'a Study,
    dir: &'a Path,
    datasets: &'a Datasets,
    observer: &'a dyn StudyObserver,
    cancel: &'a AtomicBool,
    open: &'a [&'a PlannedRun],
    next: AtomicUsize,
    done: AtomicUsize,
}

impl Crew<'_> {
    fn work(&self) -> Result<(), CompareError> {
        while let Some(run) = self.open.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.cancel.load(Ordering::Relaxed) {
                return Ok(());
            }
            let total = self.open.len();
            self.observer.observe(&StudyEvent::Began { run, done: self.done.load(Ordering::Relaxed), total });
            let outcome = match self.outcome(run) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => return Ok(()),
                Err(CompareError::Train(TrainError::Locked(_))) => {
                    self.observer.observe(&StudyEvent::LeftAlone { run });
                    continue;
                }
                Err(error) => Outcome::Failed { error: error.to_string() },
            };
            let result = result(run, &self.datasets.arms[run.arm], outcome);
            store(self.dir, run, &result)?;
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.observer.observe(&StudyEvent::Ended { result: &result, done, total });
        }
        Ok(())
    }

    /// What comes of a run, a panic included; `None` if it was stopped.
    fn outcome(&self, run: &PlannedRun) -> Result<Option<Outcome>, CompareError> {
        let context = RunContext {
            study: self.dir,
            arm: &self.datasets.arms[run.arm],
            tests: &self.datasets.tests,
            music: &self.study.music,
            train_events: self.study.train_events,
            cancel: self.cancel,
        };
        let tell = |event: &RunEvent<'_>| self.observer.observe(&StudyEvent::Run { run, event });
        match catch_unwind(AssertUnwindSafe(|| context.make(run, &tell))) {
            Ok(made) => Ok(made?.map(|finished| Outcome::Finished(Box::new(finished)))),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
                Ok(Some(Outcome::Failed { error: format!("the run ended in a fault of the program: {text}") }))
            }
        }
    }
}
