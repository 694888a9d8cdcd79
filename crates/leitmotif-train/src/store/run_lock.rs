//! One training at a time in a run folder.

use crate::TrainError;
use leitmotif_files::Lock;
use std::path::Path;

/// The lock's file in a run folder.
pub const LOCK_FILE: &str = "run.lock";

/// Held while a training uses a run folder; the system lets go of it when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct RunLock {
    _lock: Lock,
}

impl RunLock {
    /// Takes the folder, which must exist.
    ///
    /// # Errors
    /// [`TrainError::Locked`] if another training has it.
    pub fn take(dir: &Path) -> Result<Self, TrainError> {
        let path = dir.join(LOCK_FILE);
        let lock = Lock::take(&path).map_err(TrainError::io(&path))?;
        lock.map(|lock| Self { _lock: lock }).ok_or_else(|| TrainError::Locked(dir.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_trainings_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::take(folder.path()).unwrap();
        assert!(matches!(RunLock::take(folder.path()), Err(TrainError::Locked(_))));
        drop(lock);
        RunLock::take(folder.path()).unwrap();
    }
}
