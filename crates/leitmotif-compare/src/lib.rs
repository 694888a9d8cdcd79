//! Studies: many models trained and evaluated alike, one table, one report.
//!
//! The story in order: a [`Study`] is read from a file; [`datasets()`] prepares the collection,
//! cuts arms and test sets from it and keeps them apart; [`plan()`] makes the list of runs;
//! [`work()`] makes them, as many side by side as requested, and stores what came of each;
//! [`collect()`] puts it together, and [`report`] writes it down.
//!
//! A study's folder can be left at any time and taken up again: what is finished is found by its
//! key, a hash of everything that determines it.

#![forbid(unsafe_code)]

mod collect;
mod datasets;
mod document;
mod error;
mod estimate;
pub mod latents;
mod leakage;
mod losses;
mod plan;
pub mod report;
mod results;
mod run;
mod samples;
mod select;
mod study;
mod words;
mod work;

pub use collect::{RESULTS_FILE, collect, load, save, take_over};
pub use datasets::{Arm, Datasets, Test, datasets};
pub use document::Xml as PageEscaper;
pub use error::CompareError;
pub use estimate::{RunEstimate, estimate};
pub use plan::{Overlay, PlannedRun, RunPlan, Shard, plan};
pub use results::*;
pub use run::{PIECES_FOLDER, RESULT_FILE, RUNS_FOLDER, RunEvent, piece_name, stored};
pub use samples::evaluate_samples;
pub use study::{
    ArmSpec, Budget, Each, FactorSpec, Level, LevelSpec, MAX_PIECES, MAX_RUNS, MAX_STUDY_BYTES, MusicOptions, Study,
};
pub use work::{Division, StudyEvent, StudyObserver, work};
