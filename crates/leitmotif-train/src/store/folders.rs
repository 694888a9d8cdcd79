//! Folders that appear whole: written under another name, every file synced, then renamed.
//!
//! A folder that is only ever added ([`publish`]) takes one rename. One that replaces another
//! ([`replace`]) takes two, since no portable rename swaps folders: `x` becomes `x.old`, `x.new`
//! becomes `x`. A reader in between finds the new one, complete, under `x.new`
//! ([`leitmotif_folder::newest`]), and the next writer finishes the exchange ([`recover`]).

use crate::TrainError;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

const LOCK_FILE: &str = "run.lock";

/// Held while a training uses a run folder; the system lets go of it when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the folder, which must exist.
    ///
    /// # Errors
    /// [`TrainError::Locked`] if another training has it.
    pub fn take(dir: &Path) -> Result<Self, TrainError> {
        let path = dir.join(LOCK_FILE);
        let file = File::create(&path).map_err(TrainError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(TrainError::Locked(dir.to_owned())),
            // Some network file systems have no locks; a run there goes unguarded.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                Ok(Self { _file: file })
            }
            Err(TryLockError::Error(error)) => Err(TrainError::io(&path)(error)),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes a folder that does not exist yet appear at `target` with what `write` puts into it. On
/// failure nothing appears.
pub(crate) fn publish(target: &Path, write: impl FnOnce(&Path) -> Result<(), TrainError>) -> Result<(), TrainError> {
    let temporary = with_suffix(target, ".tmp");
    remove(&temporary)?;
    let written = fs::create_dir_all(&temporary)
        .map_err(TrainError::io(&temporary))
        .and_then(|()| write(&temporary))
        .and_then(|()| sync_files(&temporary))
        .and_then(|()| fs::rename(&temporary, target).map_err(TrainError::io(target)))
        .and_then(|()| sync_parent(target));
    if written.is_err() {
        let _ = fs::remove_dir_all(&temporary);
    }
    written
}

/// Puts a folder with what `write` makes in the place of `target`. On failure the old one stays.
pub(crate) fn replace(target: &Path, write: impl FnOnce(&Path) -> Result<(), TrainError>) -> Result<(), TrainError> {
    recover(target)?;
    publish(&with_suffix(target, ".new"), write)?;
    recover(target)
}

/// Finishes an exchange that was begun: a complete `target.new` takes the place of `target`.
pub(crate) fn recover(target: &Path) -> Result<(), TrainError> {
    let (new, old) = (with_suffix(target, ".new"), with_suffix(target, ".old"));
    if new.is_dir() {
        if target.is_dir() {
            remove(&old)?;
            fs::rename(target, &old).map_err(TrainError::io(target))?;
        }
        fs::rename(&new, target).map_err(TrainError::io(target))?;
        sync_parent(target)?;
    }
    if target.is_dir() { remove(&old) } else { Ok(()) }
}

/// Removes a folder, if there is one.
pub(crate) fn remove(dir: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::io(dir)(error)),
        _ => Ok(()),
    }
}

/// Removes what a killed program left half-written in `dir`: whatever is called `….tmp`, and
/// folders `….old` whose successor is there.
pub(crate) fn sweep(dir: &Path) -> Result<(), TrainError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(TrainError::io(dir))?,
    };
    for entry in entries {
        let path = entry.map_err(TrainError::io(dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_replaced = name.strip_suffix(".old").is_some_and(|new| path.with_file_name(new).is_dir());
        if path.is_dir() && (name.ends_with(".tmp") || is_replaced) {
            remove(&path)?;
        } else if name.ends_with(".tmp") {
            fs::remove_file(&path).map_err(TrainError::io(&path))?;
        }
    }
    Ok(())
}

fn sync_files(dir: &Path) -> Result<(), TrainError> {
    for entry in fs::read_dir(dir).map_err(TrainError::io(dir))? {
        let path = entry.map_err(TrainError::io(dir))?.path();
        File::open(&path).and_then(|file| file.sync_all()).map_err(TrainError::io(&path))?;
    }
    sync_folder(dir)
}

fn sync_parent(path: &Path) -> Result<(), TrainError> {
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(dir: &Path) -> Result<(), TrainError> {
    // Only Unix lets a folder be opened and synced; elsewhere the file system's own journal must
    // do.
    if cfg!(unix) {
        File::open(dir).and_then(|file| file.sync_all()).map_err(TrainError::io(dir))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_folder::newest;

    fn holds(text: &'static str) -> impl FnOnce(&Path) -> Result<(), TrainError> {
        move |dir| fs::write(dir.join("a"), text).map_err(TrainError::io(dir))
    }

    fn broken(dir: &Path) -> Result<(), TrainError> {
        fs::write(dir.join("a"), "half").unwrap();
        Err(TrainError::file(dir, "no space left"))
    }

    fn read(dir: &Path) -> String {
        fs::read_to_string(dir.join("a")).unwrap()
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
        assert_eq!(newest(&target), None);
        replace(&target, holds("one")).unwrap();
        replace(&target, holds("two")).unwrap();
        assert!(replace(&target, broken).is_err());
        assert_eq!(read(&newest(&target).unwrap()), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn whatever_moment_an_exchange_breaks_off_the_newest_is_found_and_put_in_place() {
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
            assert_eq!(read(&newest(&target).unwrap()), "two", "moment {moment}");
            recover(&target).unwrap();
            assert_eq!(read(&target), "two", "moment {moment}");
            replace(&target, holds("three")).unwrap();
            assert_eq!(read(&target), "three");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "moment {moment}");
        }
    }

    #[test]
    fn two_trainings_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::take(folder.path()).unwrap();
        assert!(matches!(RunLock::take(folder.path()), Err(TrainError::Locked(_))));
        drop(lock);
        RunLock::take(folder.path()).unwrap();
    }
}
