//! From the folders of one or more machines to the results of a study.

use crate::datasets::Datasets;
use crate::plan::RunPlan;
use crate::run::{RUNS_FOLDER, stored};
use crate::study::Study;
use crate::{CompareError, RESULTS_FORMAT, Results};
use std::path::{Path, PathBuf};

/// What a study found, as JSON.
pub const RESULTS_FILE: &str = "results.json";
/// Largest `results.json` that is read.
pub const MAX_RESULTS_BYTES: u64 = 1 << 30;

/// Takes finished runs of this study over from the study folders of other machines into `dir`; runs
/// that are finished in `dir` stay as they are. Returns how many were taken.
///
/// # Errors
/// [`CompareError::Io`] if a folder cannot be read or written.
pub fn take_over(dir: &Path, others: &[PathBuf], plan: &RunPlan) -> Result<usize, CompareError> {
    let mut taken = 0;
    for run in &plan.runs {
        if stored(dir, run)?.is_some_and(|result| result.finished().is_some()) {
            continue;
        }
        for other in others {
            if stored(other, run)?.is_none() {
                continue;
            }
            let from = other.join(RUNS_FOLDER).join(run.folder());
            leitmotif_files::replace(&dir.join(RUNS_FOLDER).join(run.folder()), |made| copy(&from, made))?;
            taken += 1;
            break;
        }
    }
    Ok(taken)
}

/// Copies a folder; checkpoints, which only training needs, are left.
fn copy(from: &Path, to: &Path) -> Result<(), CompareError> {
    std::fs::create_dir_all(to).map_err(CompareError::io(to))?;
    for entry in std::fs::read_dir(from).map_err(CompareError::io(from))? {
        let entry = entry.map_err(CompareError::io(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() != "checkpoints" {
                copy(&path, &target)?;
            }
        } else {
            std::fs::copy(&path, &target).map_err(CompareError::io(&path))?;
        }
    }
    Ok(())
}

/// What the study's folder holds, in the order of the plan. `text` is the study file, `command` how
/// the study was run with.
///
/// # Errors
/// [`CompareError::File`] for a result that cannot be read.
pub fn collect(
    study: &Study,
    text: &str,
    command: &[String],
    dir: &Path,
    datasets: &Datasets,
    plan: &RunPlan,
) -> Result<Results, CompareError> {
    let mut runs = Vec::new();
    for run in &plan.runs {
        runs.extend(stored(dir, run)?);
    }
    Ok(Results {
        format: RESULTS_FORMAT,
        tool: concat!("leitmotif ", env!("CARGO_PKG_VERSION")).to_owned(),
        title: study.title.clone(),
        question: study.question.clone(),
        remarks: study.remarks.clone(),
        study: text.to_owned(),
        fingerprint: plan.fingerprint.clone(),
        command: command.to_vec(),
        collection: datasets.collection.clone(),
        arms: datasets.arms.iter().map(|arm| arm.facts.clone()).collect(),
        tests: datasets.tests.iter().map(|test| test.facts.clone()).collect(),
        factors: plan.factors.clone(),
        seeds: study.seeds.clone(),
        leakage: datasets.leakage.clone(),
        runs,
        planned_runs: plan.runs.len(),
        references: study.references.clone(),
    })
}

/// Writes `results.json` into the study's folder.
///
/// # Errors
/// [`CompareError::Io`] if it cannot be written.
pub fn save(results: &Results, dir: &Path) -> Result<(), CompareError> {
    let path = dir.join(RESULTS_FILE);
    let text = serde_json::to_vec_pretty(results).map_err(|error| CompareError::file(&path, error.to_string()))?;
    leitmotif_files::write(&path, &text).map_err(CompareError::io(&path))
}

/// Reads `results.json` of a study's folder.
///
/// # Errors
/// [`CompareError::Io`] if there is none, [`CompareError::File`] if it cannot be read.
pub fn load(dir: &Path) -> Result<Results, CompareError> {
    let path = dir.join(RESULTS_FILE);
    let bytes = leitmotif_files::read(&path, MAX_RESULTS_BYTES).map_err(CompareError::io(&path))?;
    serde_json::from_slice(&bytes).map_err(|error| CompareError::file(&path, error.to_string()))
}
