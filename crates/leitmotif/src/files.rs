//! Outputs: nothing is overwritten unless the user requests it.

use crate::failure::Refusal;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Refuses a file that exists, unless it may be replaced; nor is one replaced that appears later.
pub fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    check_names(path)?;
    if path.is_dir() {
        let refusal = Refusal::because(format!("{} is a folder", path.display()));
        return Err(refusal.remedy("name a file to write").into());
    }
    if path.metadata().is_ok_and(|it| !it.is_file()) {
        return Err(Refusal::because(format!("{} is not a regular file", path.display())).into());
    }
    if !force && path.symlink_metadata().is_ok() {
        let refusal = Refusal::because(format!("{} exists", path.display()));
        return Err(refusal.remedy("choose another name, or use --force to replace it").into());
    }
    if !force {
        leitmotif_files::found_free(path);
    }
    Ok(())
}

/// Refuses names that this system cannot have.
fn check_names(path: &Path) -> Result<()> {
    leitmotif_files::check_names(path)
        .map_err(|error| Refusal::because(error.to_string()).remedy("choose another name").into())
}

/// Makes the folder in which a file is to be written.
pub fn make_parent(path: &Path) -> Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => make_folder(parent),
        None => Ok(()),
    }
}

/// Makes a folder and those above it.
pub fn make_folder(folder: &Path) -> Result<()> {
    check_names(folder)?;
    if folder.is_symlink() && !folder.exists() {
        return Err(Refusal::because(format!("{} is a link that leads nowhere", folder.display())).into());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("the folder {} could not be made", folder.display()))
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    make_parent(path)?;
    leitmotif_files::write(path, bytes).with_context(|| format!("{} could not be written", path.display()))
}

/// Refuses an input that is not there.
pub fn must_exist(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Whether a folder has nothing in it but what a killed process was writing.
pub fn is_empty_folder(path: &Path) -> bool {
    let is_leftover = |name: &str| name.starts_with(".leitmotif-") && name.ends_with(".tmp");
    let is_nothing = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_leftover))
    };
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(is_nothing))
}

/// The path with this ending in place of its own.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    path.with_extension(extension)
}

/// A path's ending in lower case.
pub fn extension(path: &Path) -> String {
    path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default()
}
