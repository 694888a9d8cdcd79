//! A lock file: the system lets go of it when the process ends, however it ends.

use crate::modify::open;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// How often a lock is tried again whose file its former owner has just removed.
const ATTEMPTS: usize = 100;

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// The file, if it is to vanish with the lock.
    temporary: Option<PathBuf>,
}

impl Lock {
    /// Takes a lock, whose file stays where it is. `None` if another process has it. On file
    /// systems without locks it is taken in name only.
    ///
    /// # Errors
    /// Failure to open the file. A link is not followed and nothing is truncated; what is no
    /// regular file is refused.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path, true)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file, temporary: None })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                Ok(Some(Self { file, temporary: None }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// As [`Lock::take`], with a file that is removed when the lock is dropped (where the system
    /// can tell files apart; elsewhere it stays, empty).
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn take_temporary(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS {
            let Some(mut lock) = Self::take(path)? else { return Ok(None) };
            // Between opening and locking, its owner may have removed the file: then this lock is
            // of a file that nobody else will find.
            match same_file(&lock.file, path) {
                Some(true) => {
                    lock.temporary = Some(path.to_owned());
                    return Ok(Some(lock));
                }
                Some(false) => {}
                None => return Ok(Some(lock)),
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether the file open as `file` is the one called `path`; `None` where that cannot be known.
fn same_file(file: &File, path: &Path) -> Option<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(ours), Ok(named)) = (file.metadata(), path.symlink_metadata()) else { return Some(false) };
        Some((ours.dev(), ours.ino()) == (named.dev(), named.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lock");
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(lock);
        assert!(path.exists());
        let lock = Lock::take_temporary(&path).unwrap().unwrap();
        assert!(Lock::take_temporary(&path).unwrap().is_none());
        drop(lock);
        assert_eq!(path.exists(), cfg!(not(unix)));
    }

    #[test]
    fn temporary_locks_exclude_each_other_whoever_removes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let holders = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        if let Some(_lock) = Lock::take_temporary(&path).unwrap() {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(holders.fetch_add(1, SeqCst), 0);
                            holders.fetch_sub(1, SeqCst);
                        }
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_nothing_is_truncated() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, path) = (dir.path().join("victim"), dir.path().join("run.lock"));
        std::fs::write(&victim, "text").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(Lock::take(&path).unwrap_err().to_string().contains("a link"));
        std::os::unix::fs::symlink(dir.path().join("none"), dir.path().join("dangling")).unwrap();
        assert!(Lock::take(&dir.path().join("dangling")).is_err());
        assert!(!dir.path().join("none").exists());
        Lock::take(&victim).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "text");
    }
}
