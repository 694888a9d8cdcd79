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
    /// Open as long as the lock is held.
    file: Option<File>,
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
            Ok(()) => Ok(Some(Self { file: Some(file), temporary: None })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                Ok(Some(Self { file: Some(file), temporary: None }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// As [`Lock::take`], with a file that is removed when the lock is dropped.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn take_temporary(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS {
            let mut lock = match Self::take(path) {
                Err(error) if is_being_removed(&error) => {
                    std::thread::yield_now();
                    continue;
                }
                other => match other? {
                    Some(lock) => lock,
                    None => return Ok(None),
                },
            };
            // Between opening and locking, its owner may have removed the file: then this lock is
            // of a file that nobody else will find.
            if lock.file.as_ref().is_some_and(|file| is_named(file, path)) {
                lock.temporary = Some(path.to_owned());
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            remove(&mut self.file, path);
        }
    }
}

/// Whether the file open as `file` is the one called `path`.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(named)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (ours.dev(), ours.ino()) == (named.dev(), named.ino())
}

/// Removes the file of a lock that is still held.
#[cfg(unix)]
fn remove(_: &mut Option<File>, path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// Whether a lock cannot be opened for the moment in which its owner removes it.
#[cfg(unix)]
fn is_being_removed(_: &io::Error) -> bool {
    false
}

/// No file vanishes here while it is open.
#[cfg(windows)]
fn is_named(_: &File, _: &Path) -> bool {
    true
}

/// Lets go of a lock, and removes its file if nobody else has it open.
#[cfg(windows)]
fn remove(file: &mut Option<File>, path: &Path) {
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE: u32 = 0x0001_0000;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    drop(file.take());
    let mut alone = std::fs::OpenOptions::new();
    let _ = alone.access_mode(DELETE).share_mode(0).custom_flags(FILE_FLAG_DELETE_ON_CLOSE).open(path);
}

#[cfg(windows)]
fn is_being_removed(error: &io::Error) -> bool {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    error.raw_os_error() == Some(ERROR_SHARING_VIOLATION)
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
        assert!(!path.exists());
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
