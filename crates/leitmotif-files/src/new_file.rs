//! A file that appears whole or not at all.
//!
//! It is written as `.leitmotif-PROCESS-NUMBER.tmp` in the folder of its place, flushed, and
//! renamed. Its writer holds a lock on it, so the temporary file of a killed process is known from
//! that of a living one: whoever writes into a folder for the first time removes the former.

use crate::names::check_names;
use crate::patience::rename;
use crate::rename::rename_new;
use crate::sync::sync_folder;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PREFIX: &str = ".leitmotif-";
const SUFFIX: &str = ".tmp";
/// An empty temporary file may be one whose writer has not come to lock it; not for so long.
const LOCKED_WITHIN: Duration = Duration::from_secs(2);

/// Numbers the temporary files of this process.
static NUMBER: AtomicU64 = AtomicU64::new(0);
/// The folders that this process has cleared of what killed ones left.
static CLEARED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// The names that this process found free and may not take from another one.
static FREE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Says that `path` was found free: the first file that this process brings there replaces nothing,
/// and [`NewFile::commit`] fails with [`ErrorKind::AlreadyExists`] if something has appeared there
/// meanwhile.
pub fn found_free(path: &Path) {
    locked(&FREE).insert(key(path));
}

fn locked(set: &'static Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'static, BTreeSet<PathBuf>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A file being written. Dropped without [`NewFile::commit`], it leaves nothing.
#[derive(Debug)]
pub struct NewFile {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    is_committed: bool,
}

impl NewFile {
    /// Begins a file that is to become `path`.
    ///
    /// # Errors
    /// Whatever creating a file in that folder reports.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path.file_name().is_none() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not the name of a file"));
        }
        check_names(path)?;
        clear_once(folder(path));
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_file_name(format!("{PREFIX}{}-{number}{SUFFIX}", std::process::id()));
        let create = || OpenOptions::new().read(true).write(true).create_new(true).open(&temporary);
        let file = match create() {
            // Of an earlier process with this number, on a file system without locks.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                std::fs::remove_file(&temporary).and_then(|()| create())?
            }
            file => file?,
        };
        // Without locks, temporary files of killed processes stay; nothing else is lost.
        let _ = file.try_lock();
        Ok(Self { target: path.to_owned(), temporary, file, is_committed: false })
    }

    /// Flushes the file and gives it its name, whatever had it before (but see [`found_free`]). A
    /// link of that name is replaced, not followed.
    ///
    /// # Errors
    /// Whatever flushing or renaming reports; the file of that name is then what it was before.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if locked(&FREE).remove(&key(&self.target)) {
            rename_new(&self.temporary, &self.target)?;
        } else {
            rename(&self.temporary, &self.target)?;
        }
        self.is_committed = true;
        sync_folder(folder(&self.target))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a file so that a reader sees the old one or the new one, never a part of it.
///
/// # Errors
/// As [`NewFile`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn clear_once(folder: &Path) {
    // The lock is held meanwhile: whoever comes second finds a folder that is cleared.
    let mut cleared = locked(&CLEARED);
    if cleared.insert(key(folder)) {
        clear(folder);
    }
}

/// Removes the temporary files of killed processes, as far as that is possible.
pub(crate) fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    // Opened for writing, as Windows and network file systems lock nothing else exclusively.
    let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return false };
    let Ok(found) = file.metadata() else { return false };
    let is_old = || found.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LOCKED_WITHIN));
    (found.len() > 0 || is_old()) && file.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mid");
        write(&path, b"old").unwrap();
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        drop(file);
        assert_eq!(names(dir.path()), ["a.mid"]);
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a.mid"]);
        assert!(write(&dir.path().join("none/a.mid"), b"x").is_err());
        assert!(write(Path::new("/"), b"x").is_err());
    }

    #[test]
    fn what_appears_at_a_name_that_was_free_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mid");
        found_free(&path);
        std::fs::write(&path, b"another's").unwrap();
        assert_eq!(write(&path, b"mine").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!((names(dir.path()), std::fs::read(&path).unwrap()), (vec!["a.mid".into()], b"another's".to_vec()));
        std::fs::remove_file(&path).unwrap();
        found_free(&path);
        for bytes in [b"one", b"two"] {
            write(&path, bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"two", "what one process wrote it may replace");
    }

    #[test]
    fn files_of_killed_processes_are_cleared_and_those_of_living_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let killed = dir.path().join(".leitmotif-1-0.tmp");
        std::fs::write(&killed, "half").unwrap();
        std::fs::write(dir.path().join(".leitmotif-notes.txt"), "mine").unwrap();
        let mut alive = NewFile::create(&dir.path().join("b")).unwrap();
        alive.write_all(b"whole").unwrap();
        assert!(!killed.exists(), "cleared by the first to write here");
        std::fs::write(&killed, "half").unwrap();
        clear(dir.path());
        assert!(!killed.exists());
        alive.commit().unwrap();
        assert_eq!(names(dir.path()), [".leitmotif-notes.txt", "b"]);
    }
}
