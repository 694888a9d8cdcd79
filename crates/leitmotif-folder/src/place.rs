//! Where a model lies: in a folder of its own, or as the best or last model of a run folder.

use crate::{CONFIG_FILE, FolderError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The best model of a run, in its run folder.
pub const BEST: &str = "best";
/// The model at the end of a run, in its run folder.
pub const LAST: &str = "last";
/// The resolved configuration of a run; it makes a folder a run folder.
pub const RUN_CONFIG_FILE: &str = "config.toml";

/// The model folder that `path` means: itself, or the best (else the last) model of a run folder.
///
/// # Errors
/// [`FolderError`] if `path` is neither, or is a run that has no model yet.
pub fn find_model(path: &Path) -> Result<PathBuf, FolderError> {
    if path.join(CONFIG_FILE).is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return Err(FolderError::file(path, "there is no such folder"));
    }
    let found = [BEST, LAST].iter().find_map(|name| newest(&path.join(name)));
    found.ok_or_else(|| {
        let reason = if path.join(RUN_CONFIG_FILE).is_file() {
            "this run has no model yet: it has not come to its first validation; resume it"
        } else {
            "neither a model folder (it has no config.json) nor a run folder (it has no best or last model)"
        };
        FolderError::file(path, reason)
    })
}

/// Where the newest complete folder of this name lies: a folder is replaced by way of `NAME.new`
/// and `NAME.old`, and the program may have been stopped between the two.
pub fn newest(target: &Path) -> Option<PathBuf> {
    let with = |suffix: &str| {
        let mut name = OsString::from(target.file_name().unwrap_or_default());
        name.push(suffix);
        target.with_file_name(name)
    };
    [with(".new"), target.to_owned(), with(".old")].into_iter().find(|path| path.is_dir())
}
