//! Folders of the program's own that appear whole: written under another name, every file flushed,
//! then renamed. The caller holds a [`crate::Lock`] on what they lie in.
//!
//! A folder that is only ever added ([`publish`]) takes one rename. One that replaces another
//! ([`replace`]) takes two, since no portable rename swaps folders: `x` becomes `x.old`, `x.new`
//! becomes `x`. A reader in between finds the new one, complete, under `x.new`, and the next writer
//! finishes the exchange ([`recover`]).

use crate::FileError;
use crate::new_file::clear;
use crate::patience::{remove_dir_all, rename};
use crate::sync::{sync_parent, sync_tree};
use std::fs;
use std::path::{Path, PathBuf};

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes a folder that does not exist yet appear at `target` with what `write` puts into it. On
/// failure nothing appears.
///
/// # Errors
/// That of `write`, or a [`FileError`] with the file or folder at fault.
pub fn publish<E: From<FileError>>(target: &Path, write: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let temporary = with_suffix(target, ".tmp");
    remove(&temporary)?;
    let finish = || {
        sync_tree(&temporary)?;
        rename(&temporary, target).map_err(FileError::at(target))?;
        sync_parent(target)
    };
    let made = fs::create_dir_all(&temporary).map_err(FileError::at(&temporary));
    let written = made.map_err(E::from).and_then(|()| write(&temporary)).and_then(|()| Ok(finish()?));
    if written.is_err() {
        let _ = remove_dir_all(&temporary);
    }
    written
}

/// Puts a folder with what `write` makes in the place of `target`. On failure the old one stays.
///
/// # Errors
/// As [`publish`].
pub fn replace<E: From<FileError>>(target: &Path, write: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    recover(target)?;
    publish(&with_suffix(target, ".new"), write)?;
    Ok(recover(target)?)
}

/// Finishes an exchange that was begun: a complete `target.new` takes the place of `target`.
///
/// # Errors
/// [`FileError`] where a folder cannot be renamed or removed.
pub fn recover(target: &Path) -> Result<(), FileError> {
    let (new, old) = (with_suffix(target, ".new"), with_suffix(target, ".old"));
    if new.is_dir() {
        if target.is_dir() {
            remove(&old)?;
            rename(target, &old).map_err(FileError::at(target))?;
        }
        rename(&new, target).map_err(FileError::at(target))?;
        sync_parent(target)?;
    }
    if target.is_dir() { remove(&old) } else { Ok(()) }
}

/// Removes a folder, if there is one.
///
/// # Errors
/// [`FileError`] if it cannot be removed.
pub fn remove(dir: &Path) -> Result<(), FileError> {
    match remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::at(dir)(error)),
        _ => Ok(()),
    }
}

/// Removes what a killed program left half-written in `dir`: whatever is called `….tmp`, and
/// folders `….old` whose successor is there.
///
/// # Errors
/// [`FileError`] if `dir` cannot be listed or something cannot be removed.
pub fn sweep(dir: &Path) -> Result<(), FileError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(FileError::at(dir))?,
    };
    clear(dir);
    for entry in entries {
        let path = entry.map_err(FileError::at(dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_replaced = name.strip_suffix(".old").is_some_and(|new| path.with_file_name(new).is_dir());
        let is_folder = path.symlink_metadata().is_ok_and(|it| it.is_dir());
        if is_folder && (name.ends_with(".tmp") || is_replaced) {
            remove(&path)?;
        } else if !is_folder && name.ends_with(".tmp") {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(FileError::at(&path)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn holds(text: &'static str) -> impl FnOnce(&Path) -> Result<(), FileError> {
        move |dir| {
            fs::create_dir(dir.join("below")).unwrap();
            fs::write(dir.join("below/a"), text).map_err(FileError::at(dir))
        }
    }

    fn broken(dir: &Path) -> Result<(), FileError> {
        fs::write(dir.join("a"), "half").unwrap();
        Err(FileError::at(dir)(std::io::Error::other("no space left")))
    }

    fn read(dir: &Path) -> String {
        fs::read_to_string(dir.join("below/a")).unwrap()
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        assert!(publish(&target, broken).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        publish(&target, holds("one")).unwrap();
        assert_eq!(read(&target), "one");
    }

    #[test]
    fn a_folder_is_replaced_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("best");
        replace(&target, holds("one")).unwrap();
        replace(&target, holds("two")).unwrap();
        assert!(replace(&target, broken).is_err());
        assert_eq!(read(&target), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn whatever_moment_an_exchange_breaks_off_the_newest_is_put_in_place() {
        for moment in 0..4 {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("best");
            replace(&target, holds("one")).unwrap();
            publish(&with_suffix(&target, ".new"), holds("two")).unwrap();
            if moment >= 1 {
                fs::rename(&target, with_suffix(&target, ".old")).unwrap();
            }
            if moment >= 2 {
                fs::rename(with_suffix(&target, ".new"), &target).unwrap();
            }
            if moment >= 3 {
                // A later exchange broke off while writing.
                fs::create_dir(with_suffix(&target, ".new.tmp")).unwrap();
            }
            recover(&target).unwrap();
            assert_eq!(read(&target), "two", "moment {moment}");
            replace(&target, holds("three")).unwrap();
            assert_eq!(read(&target), "three");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "moment {moment}");
        }
    }

    #[test]
    fn sweeping_takes_temporary_names_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x", "x.old", "y.old", "z.tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["a.tmp", "a.json"] {
            fs::write(folder.path().join(name), "1").unwrap();
        }
        sweep(folder.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.json", "x", "y.old"]);
        sweep(&folder.path().join("none")).unwrap();
    }
}
