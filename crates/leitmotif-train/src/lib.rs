//! Training and evaluation: from a corpus and a configuration to a model folder, and how good it
//! is.
//!
//! The story in order: [`RunConfig`] holds all settings of a run, in layers (preset, file, single
//! keys); [`train`] makes a run folder and fills it, [`resume`] takes it up again exactly where a
//! checkpoint left it; [`evaluate()`] measures what music costs a model in nats per event, note and
//! second; [`load_scorer`] finds and loads the model of a run. [`Learner`] is one step of training,
//! for loops of one's own. [`train_together`] and [`resume_together`] are the same in several
//! processes ([`ProcessGroup`]), each of which trains on some of the streams.
//!
//! Invariants: a run is a pure function of corpus, configuration and build on the CPU (a budget in
//! minutes excepted), however often it is stopped, killed and resumed (in several processes, of
//! their number too, by rounding and dropout); a checkpoint or model folder
//! is complete or absent; nothing is printed.

#![forbid(unsafe_code)]

mod config;
mod error;
mod evaluate;
mod group;
mod optimiser;
mod record;
mod run;
mod schedule;
mod segment;
mod store;

pub use config::{
    AugmentConfig, KlSchedule, LatentConfig, MAX_BATCH_SIZE, Override, Preset, RunConfig, Schedule, TrainConfig,
    TrainPrecision,
};
pub use error::TrainError;
pub use evaluate::{
    CONFIDENCE, Estimate, Evaluation, FrameLoss, LatentEvaluation, MAX_TRANSPOSITIONS, RESAMPLES, SongLoss,
    TransposedScorer, Unigram, evaluate, evaluate_songs,
};
pub use group::{GroupError, ProcessGroup, ThreadGroup, thread_groups};
pub use optimiser::Applied;
pub use record::curves::{CURVES_FILE, learning_curve};
pub use record::metrics::{METRICS_FILE, read_metrics};
pub use record::{EventWriter, LatentLine, MetricsLine, TrainLine, ValidationLine};
pub use run::MAX_CONFIG_BYTES;
pub use run::{
    Budget, Ended, INFO_FILE, Learner, PriorSummary, RunInfo, StepMetrics, Timings, TrainEvent, TrainObserver,
    TrainSummary, give_up, load_config, load_info, resume, resume_together, train, train_together,
};
pub use store::checkpoint::Best;
pub use store::model_folder::load_scorer;
pub use store::{LOCK_FILE, RunLock};
