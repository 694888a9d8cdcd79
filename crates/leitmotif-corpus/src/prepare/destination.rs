//! Writing a folder as a whole or not at all.
//!
//! The corpus grows in `.NAME.partial` beside the target, and is renamed when it is complete. A run
//! that was killed leaves that folder, marked as such; the next run to the same target removes it.
//! A marker that is locked belongs to a run that is still alive.

use super::{PrepareError, PrepareOptions};
use crate::CorpusError;
use crate::corpus::MANIFEST_FILE;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The file that tells an unfinished folder of ours from anything else.
const MARKER: &str = "UNFINISHED";

/// A checked target.
pub(super) struct Destination {
    target: PathBuf,
    partial: PathBuf,
    replaced: PathBuf,
}

/// An unfinished folder, removed unless it is committed.
pub(super) struct Partial {
    destination: Destination,
    marker: Option<File>,
}

fn refused<T>(path: &Path, reason: impl Into<String>) -> Result<T, PrepareError> {
    Err(PrepareError::Output { path: path.to_owned(), reason: reason.into() })
}

fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

impl Destination {
    /// Refuses a target that is in use, before anything is read.
    pub(super) fn check(options: &PrepareOptions) -> Result<Self, PrepareError> {
        let target = std::path::absolute(&options.output)
            .map_err(|error| PrepareError::Input { path: options.output.clone(), error })?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return refused(&options.output, "cannot be a corpus's folder");
        };
        let hidden = |what: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(what);
            parent.join(hidden)
        };
        let destination = Self { partial: hidden(".partial"), replaced: hidden(".replaced"), target: target.clone() };
        let is_corpus = target.join(MANIFEST_FILE).is_file();
        if target.exists() && !is_empty_folder(&target) {
            if !target.is_dir() {
                return refused(&options.output, "is a file");
            }
            if !options.force && is_corpus {
                return Err(PrepareError::Exists(options.output.clone()));
            }
            if !is_corpus {
                return refused(&options.output, "is not empty, and no corpus");
            }
            if let Ok(real) = std::fs::canonicalize(&target) {
                let used =
                    options.inputs.iter().chain(&options.metadata).filter_map(|path| std::fs::canonicalize(path).ok());
                if let Some(input) = used.into_iter().find(|path| path.starts_with(&real)) {
                    return refused(&options.output, format!("would be replaced, but holds {}", input.display()));
                }
            }
        }
        Ok(destination)
    }

    /// Creates the unfinished folder.
    pub(super) fn create(self) -> Result<Partial, PrepareError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| CorpusError::io(&path, error)
        };
        if let Some(parent) = self.target.parent() {
            std::fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        if self.partial.exists() && !is_empty_folder(&self.partial) {
            let marker = self.partial.join(MARKER);
            match File::open(&marker) {
                Err(_) => return refused(&self.partial, "is in the way"),
                Ok(file) if file.try_lock().is_err() => {
                    return refused(&self.target, "is being prepared by another run");
                }
                Ok(_) => std::fs::remove_dir_all(&self.partial).map_err(failed(&self.partial))?,
            }
        }
        // A run that was killed between its two renames: the old corpus is the good one.
        if self.replaced.join(MANIFEST_FILE).is_file() && !self.target.exists() {
            std::fs::rename(&self.replaced, &self.target).map_err(failed(&self.replaced))?;
        }
        std::fs::create_dir_all(&self.partial).map_err(failed(&self.partial))?;
        let path = self.partial.join(MARKER);
        let marker = File::create(&path).map_err(failed(&path))?;
        // Where files cannot be locked, runs are not distinguished; nothing else is lost.
        let _ = marker.try_lock();
        Ok(Partial { destination: self, marker: Some(marker) })
    }
}

impl Partial {
    pub(super) fn path(&self) -> &Path {
        &self.destination.partial
    }

    /// Makes the unfinished folder the target.
    pub(super) fn commit(mut self) -> Result<(), PrepareError> {
        let Destination { target, partial, replaced } = &self.destination;
        let failed = |error| CorpusError::io(target, error);
        std::fs::remove_file(partial.join(MARKER)).map_err(failed)?;
        if target.exists() && !is_empty_folder(target) {
            if replaced.join(MANIFEST_FILE).is_file() {
                std::fs::remove_dir_all(replaced).map_err(failed)?;
            }
            std::fs::rename(target, replaced).map_err(failed)?;
            if let Err(error) = std::fs::rename(partial, target) {
                let _ = std::fs::rename(replaced, target);
                return Err(failed(error).into());
            }
            let _ = std::fs::remove_dir_all(replaced);
        } else {
            if target.exists() {
                std::fs::remove_dir(target).map_err(failed)?;
            }
            std::fs::rename(partial, target).map_err(failed)?;
        }
        self.marker = None;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.marker.is_some() {
            let _ = std::fs::remove_dir_all(&self.destination.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{create_dir, create_dir_all, write};

    fn options(dir: &Path, force: bool) -> PrepareOptions {
        PrepareOptions { inputs: vec![dir.join("in")], output: dir.join("out"), force, ..PrepareOptions::default() }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let partial = Destination::check(&options(dir.path(), false)).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "{}").unwrap();
        drop(partial);
        assert!(names(dir.path()).is_empty(), "an interrupted run leaves nothing");
        let partial = Destination::check(&options(dir.path(), false)).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "{}").unwrap();
        partial.commit().unwrap();
        assert_eq!(names(dir.path()), ["out"]);
        assert_eq!(names(&dir.path().join("out")), [MANIFEST_FILE]);
    }

    #[test]
    fn a_killed_run_is_cleared_away_and_a_living_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let check = || Destination::check(&options(dir.path(), false)).unwrap();
        create_dir(dir.path().join(".out.partial")).unwrap();
        write(dir.path().join(".out.partial/letter.txt"), "mine").unwrap();
        assert!(check().create().is_err(), "not ours to remove");
        write(dir.path().join(".out.partial").join(MARKER), "").unwrap();
        let alive = check().create().unwrap();
        assert_eq!(names(alive.path()), [MARKER]);
        assert!(check().create().is_err_and(|error| error.to_string().contains("another run")));
    }

    #[test]
    fn nothing_but_a_corpus_is_ever_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        create_dir_all(out.join("in")).unwrap();
        write(out.join("letter.txt"), "mine").unwrap();
        for force in [false, true] {
            let error = Destination::check(&options(dir.path(), force)).err().unwrap();
            assert!(matches!(error, PrepareError::Output { .. }), "{error}");
        }
        write(out.join(MANIFEST_FILE), "{}").unwrap();
        assert!(matches!(Destination::check(&options(dir.path(), false)), Err(PrepareError::Exists(_))));
        let inside = PrepareOptions { inputs: vec![out.join("in")], ..options(dir.path(), true) };
        assert!(Destination::check(&inside).is_err(), "the inputs would be lost");
        let partial = Destination::check(&options(dir.path(), true)).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "new").unwrap();
        partial.commit().unwrap();
        assert_eq!(names(&out), [MANIFEST_FILE]);
        assert_eq!(names(dir.path()), ["out"]);
    }
}
