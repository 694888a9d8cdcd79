//! Renames with a condition, where the system has them.

use std::io;
use std::path::Path;

/// Renames a file or a folder unless something has the new name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] (or whatever the system says) if something has; any other
/// failure to rename.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(error) if is_unknown(error) => {}
            result => return result.map_err(io::Error::from),
        }
    }
    // Here a file, or a folder that is empty, may be replaced if it appears just now. No system
    // renames a folder over a file or over a folder that holds something.
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    crate::patience::rename(from, to)
}

/// Exchanges the names of two folders in one step. `false` if the system cannot.
///
/// # Errors
/// Any other failure; both have their own names then.
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(true),
            Err(error) if is_unknown(error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let _ = (a, b);
    Ok(false)
}

/// Whether the kernel or the file system does not know the flags.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn is_unknown(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    [Errno::NOSYS, Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{create_dir, read_to_string, write};

    #[test]
    fn nothing_is_replaced_not_even_an_empty_folder() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|name| dir.path().join(name));
        create_dir(&a).unwrap();
        create_dir(&b).unwrap();
        assert_eq!(rename_new(&a, &b).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        rename_new(&a, &c).unwrap();
        assert!(c.is_dir() && !a.exists());
    }

    #[test]
    fn exchanged_names_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
        for (path, text) in [(&a, "1"), (&b, "2")] {
            create_dir(path).unwrap();
            write(path.join("x"), text).unwrap();
        }
        let exchanged = exchange(&a, &b).unwrap();
        assert_eq!(read_to_string(a.join("x")).unwrap(), if exchanged { "2" } else { "1" });
        assert!(exchange(&a, &dir.path().join("none")).is_err() || !exchanged);
    }
}
