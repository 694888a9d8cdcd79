//! Patience with other programs: Windows neither renames nor removes what another program has open,
//! and virus scanners, indexers and cloud folders open whatever was just written, for moments.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Waits between attempts; 2.5 seconds in all.
const WAITS: [u64; 8] = [10, 20, 40, 80, 160, 320, 640, 1280];
/// Windows' numbers for what another program has open or locked.
const IN_USE: [i32; 2] = [32, 33];

/// Renames as [`std::fs::rename`] does.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| std::fs::rename(from, to))
}

/// Removes a folder as [`std::fs::remove_dir_all`] does.
pub(crate) fn remove_dir_all(dir: &Path) -> io::Result<()> {
    patiently(|| std::fs::remove_dir_all(dir))
}

fn patiently(action: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    attempt(if cfg!(windows) { &WAITS } else { &[] }, action)
}

/// Tries again after each wait (in milliseconds) while something else seems to use the file.
fn attempt(waits: &[u64], mut action: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for wait in waits {
        match action() {
            Err(error) if is_in_use(&error) => std::thread::sleep(Duration::from_millis(*wait)),
            result => return result,
        }
    }
    action()
}

fn is_in_use(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied || error.raw_os_error().is_some_and(|number| IN_USE.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of an action that fails so often with this, and how often it was tried.
    fn tried(fails: usize, kind: ErrorKind) -> (bool, usize) {
        let mut tried = 0;
        let result = attempt(&[1, 1, 1], || {
            tried += 1;
            if tried > fails { Ok(()) } else { Err(kind.into()) }
        });
        (result.is_ok(), tried)
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_an_error() {
        assert_eq!(tried(0, ErrorKind::PermissionDenied), (true, 1));
        assert_eq!(tried(2, ErrorKind::PermissionDenied), (true, 3));
        assert_eq!(tried(9, ErrorKind::PermissionDenied), (false, 4));
        assert_eq!(tried(9, ErrorKind::NotFound), (false, 1));
        assert!(is_in_use(&io::Error::from_raw_os_error(32)));
    }
}
