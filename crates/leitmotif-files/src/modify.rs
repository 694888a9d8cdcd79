//! Files that are written where they lie, such as logs that grow. A link of the name is never
//! followed: what it leads to is somebody else's.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Creates an empty file in the place of whatever file or link has the name.
///
/// # Errors
/// Whatever removing or creating reports.
pub fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Opens a file that is there for reading and writing.
///
/// # Errors
/// Whatever opening reports; a link, and what is no regular file, is refused.
pub fn modify(path: &Path) -> io::Result<File> {
    open(path, false)
}

/// As [`modify`]; a file that is not there may be created.
pub(crate) fn open(path: &Path, create: bool) -> io::Result<File> {
    let wrong = |what: &str| io::Error::new(ErrorKind::InvalidInput, what);
    if path.symlink_metadata().is_ok_and(|it| it.file_type().is_symlink()) {
        return Err(wrong("a link, which is not followed; remove it"));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(wrong("not a regular file")) }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_replaced_or_refused_and_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, log) = (dir.path().join("victim"), dir.path().join("metrics.jsonl"));
        std::fs::write(&victim, "text").unwrap();
        symlink(&victim, &log).unwrap();
        assert!(modify(&log).unwrap_err().to_string().contains("a link"));
        create(&log).unwrap().write_all(b"log").unwrap();
        assert!(!log.is_symlink());
        modify(&log).unwrap().write_all(b"L").unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "Log");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "text");
        assert_eq!(modify(&dir.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
