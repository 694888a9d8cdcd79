//! A run in the place of another.

use super::CORPUS;
use crate::failure::Refusal;
use crate::files;
use crate::words::shell;
use anyhow::{Context, Result};
use leitmotif_folder::RUN_CONFIG_FILE;
use leitmotif_train::{INFO_FILE, LOCK_FILE, METRICS_FILE, RunLock};
use std::path::{Path, PathBuf};

/// Refuses a run that is there, or takes it away.
pub(super) fn make_way(run: &Path, input: &Path, force: bool) -> Result<()> {
    if let Some(aside) = aside(run) {
        leitmotif_files::remove(&aside)?;
    }
    if !run.exists() || files::is_empty_folder(run) {
        return Ok(());
    }
    let begun = is_begun(run);
    if !begun && !run.join(RUN_CONFIG_FILE).is_file() {
        let refusal = Refusal::because(format!("{} already exists and is not a run", run.display()));
        return Err(refusal.remedy("choose another folder").into());
    }
    if !begun && !force {
        let refusal = Refusal::because(format!("{} already contains a run", run.display()));
        let name = shell(&run.display().to_string());
        let remedy = format!(
            "continue it: leitmotif train --resume -o {name}\n  or replace it with --force, or choose another folder"
        );
        return Err(refusal.remedy(remedy).into());
    }
    let full = |path: &Path| std::fs::canonicalize(path).with_context(|| path.display().to_string());
    if full(input)?.starts_with(full(run)?) {
        if begun {
            return Ok(());
        }
        let what = format!("{} holds {}, which would be lost", run.display(), input.display());
        return Err(Refusal::because(what).remedy("choose another folder for the run").into());
    }
    // Not while another training is at work there.
    drop(RunLock::take(run)?);
    take_away(run).with_context(|| format!("{} could not be removed", run.display()))
}

/// Where a run lies while it is removed.
fn aside(run: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(run.file_name()?);
    name.push(".removed.tmp");
    Some(run.with_file_name(name))
}

/// Removes a run. It loses its name before it loses a file, so that a killed process leaves no part
/// of one in its place.
fn take_away(run: &Path) -> std::io::Result<()> {
    match aside(run) {
        Some(aside) if std::fs::rename(run, &aside).is_ok() => std::fs::remove_dir_all(aside),
        // The current folder, or one that another disk is mounted on.
        _ => std::fs::remove_dir_all(run),
    }
}

/// Whether a folder holds a run that was stopped before its first checkpoint: nothing that could be
/// lost.
fn is_begun(run: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(run) else { return false };
    const CORPUS_WORK: [&str; 3] = [".corpus.partial", ".corpus.lock", ".corpus.replaced"];
    let ours = |name: &str| {
        [CORPUS, LOCK_FILE, RUN_CONFIG_FILE, INFO_FILE, METRICS_FILE].contains(&name)
            || CORPUS_WORK.contains(&name)
            || name.starts_with("events.out.tfevents")
            || is_temporary(name)
    };
    entries.flatten().all(|entry| entry.file_name().to_str().is_some_and(ours))
}

/// Whether a file of this name was being written: as now, or as earlier versions did.
fn is_temporary(name: &str) -> bool {
    let begins = [".leitmotif-", RUN_CONFIG_FILE, INFO_FILE].iter().any(|begin| name.starts_with(begin));
    begins && name.ends_with(".tmp")
}
