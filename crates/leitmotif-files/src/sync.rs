//! Forcing to the disk what was written.

use crate::FileError;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Flushes a folder's entries: a new or renamed file survives a power cut only then. A no-op but
/// on Unix: elsewhere a folder cannot be opened as a file, and the file system's own journal has
/// to do.
///
/// # Errors
/// Whatever opening or flushing reports; `path` may be relative, and empty for the current folder.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// Flushes the folder in which `path` lies.
pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().unwrap_or(Path::new(""));
    sync_folder(parent).map_err(FileError::at(path))
}

/// Flushes every file and folder below `dir`, and `dir` itself. Links are passed over.
pub(crate) fn sync_tree(dir: &Path) -> Result<(), FileError> {
    for entry in std::fs::read_dir(dir).map_err(FileError::at(dir))? {
        let entry = entry.map_err(FileError::at(dir))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(FileError::at(dir))?);
        if kind.is_dir() {
            sync_tree(&path)?;
        } else if kind.is_file() {
            sync_file(&path).map_err(FileError::at(&path))?;
        }
    }
    sync_folder(dir).map_err(FileError::at(dir))
}

/// Flushes a file. Windows flushes only what is open for writing; Unix also what is not, which
/// a file without write permission needs.
fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(cfg!(not(unix))).open(path)?.sync_all()
}
