//! Studies: many models trained and judged alike, one table, one report.
//!
//! The story in order: a [`Study`] is read from a file; [`material()`] prepares the collection, cuts arms and test sets from it and
//! keeps them apart; [`plan()`] makes the list of runs; [`work()`] makes them, as many side by side as asked, and stores what came of each;
//! [`collect()`] puts it together, and [`report`] writes it down.
//!
//! A study's folder can be left at any time and taken up again: what is finished is found by its key, a hash of everything that
//! decides it.

mod collect;
mod document;
mod error;
mod estimate;
mod judge;
pub mod latents;
mod leakage;
mod listen;
mod material;
mod plan;
pub mod report;
mod results;
mod run;
mod select;
mod study;
mod words;
mod work;

pub use collect::{RESULTS_FILE, collect, load, save, take_over};
pub use error::CompareError;
pub use estimate::{RunEstimate, estimate};
pub use listen::listen;
pub use material::{Arm, Material, Test, material};
pub use plan::{Overlay, Plan, PlannedRun, Shard, plan};
pub use results::*;
pub use run::{PIECES_FOLDER, RESULT_FILE, RUNS_FOLDER, RunEvent, piece_name, stored};
pub use study::{
    ArmSpec, Budget, Each, FactorSpec, Level, LevelSpec, MAX_PIECES, MAX_RUNS, MAX_STUDY_BYTES, MusicOptions, Study,
};
pub use work::{Division, StudyEvent, StudyObserver, work};
