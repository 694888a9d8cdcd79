//! Where a corpus or a part of one is written: whole or not at all, and in the place of nothing but
//! another.

use super::{PrepareError, PrepareOptions};
use crate::CorpusError;
use crate::corpus::{CORPUS_ENTRIES, MANIFEST_FILE};
use leitmotif_files::{NewFolder, NewFolderError};
use std::path::{Path, PathBuf};

/// A marker of earlier versions in folders that they had not finished.
const FORMER_MARKER: &str = "UNFINISHED";

/// What a folder is that may be replaced.
#[derive(Debug)]
pub(super) struct Kind {
    /// What it is called.
    pub(super) noun: &'static str,
    /// The file that makes it one.
    pub(super) manifest: &'static str,
    /// All that it has.
    pub(super) entries: &'static [&'static str],
}

pub(super) const CORPUS: Kind = Kind { noun: "corpus", manifest: MANIFEST_FILE, entries: &CORPUS_ENTRIES };

impl Kind {
    fn belongs(&self, name: &str) -> bool {
        self.entries.contains(&name) || name == FORMER_MARKER
    }
}

/// A checked target.
pub(super) struct Destination<'a> {
    options: &'a PrepareOptions,
    kind: &'static Kind,
    target: PathBuf,
}

/// An unfinished folder, removed unless it is committed.
pub(super) struct Partial<'a> {
    options: &'a PrepareOptions,
    kind: &'static Kind,
    folder: NewFolder,
}

fn refused<T>(path: &Path, reason: impl Into<String>) -> Result<T, PrepareError> {
    Err(PrepareError::Output { path: path.to_owned(), reason: reason.into() })
}

fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

impl<'a> Destination<'a> {
    /// Refuses a target that is in use, before anything is read.
    pub(super) fn check(options: &'a PrepareOptions, kind: &'static Kind) -> Result<Self, PrepareError> {
        let destination = Self::at(options, kind)?;
        destination.check_taken()?;
        Ok(destination)
    }

    /// The target, whatever it is.
    pub(super) fn at(options: &'a PrepareOptions, kind: &'static Kind) -> Result<Self, PrepareError> {
        let output = &options.output;
        let failed = |error| PrepareError::Input { path: output.clone(), error };
        let target = match output.symlink_metadata() {
            // What a link leads to is the corpus; the link stays.
            Ok(it) if it.file_type().is_symlink() => match std::fs::canonicalize(output) {
                Ok(target) => target,
                Err(_) => return refused(output, "is a link that leads nowhere"),
            },
            _ => std::path::absolute(output).map_err(failed)?,
        };
        if target.file_name().is_none() || target.parent().is_none() {
            return refused(output, format!("cannot be a {}'s folder", kind.noun));
        }
        Ok(Self { options, kind, target })
    }

    /// Clears what a killed run left beside a target that stays as it is.
    pub(super) fn clear(&self) {
        drop(NewFolder::begin(&self.target, &|name| self.kind.belongs(name)));
    }

    pub(super) fn check_taken(&self) -> Result<(), PrepareError> {
        let Self { options, kind, target } = self;
        if target.symlink_metadata().is_err() || is_empty_folder(target) {
            return Ok(());
        }
        let is_replaceable = target.join(kind.manifest).is_file();
        if !target.is_dir() {
            return refused(&options.output, "is a file");
        }
        if !options.force && is_replaceable {
            return Err(PrepareError::Exists(options.output.clone()));
        }
        if !is_replaceable {
            return refused(&options.output, format!("is not empty, and no {}", kind.noun));
        }
        if let Ok(real) = std::fs::canonicalize(target) {
            let inputs = options.inputs.iter().chain(&options.metadata);
            let mut used = inputs.filter_map(|path| std::fs::canonicalize(path).ok());
            if let Some(input) = used.find(|path| path.starts_with(&real)) {
                return refused(&options.output, format!("would be replaced, but holds {}", input.display()));
            }
        }
        Ok(())
    }

    /// Creates the unfinished folder, after clearing what a killed run left. Without `force`, a
    /// corpus that another run has finished meanwhile is refused here.
    pub(super) fn create(self) -> Result<Partial<'a>, PrepareError> {
        let folder = NewFolder::begin(&self.target, &|name| self.kind.belongs(name))
            .map_err(|error| failure(self.options, error))?;
        self.check_taken()?;
        Ok(Partial { options: self.options, kind: self.kind, folder })
    }
}

impl Partial<'_> {
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the unfinished folder the target.
    pub(super) fn commit(self) -> Result<(), PrepareError> {
        let Self { options, kind, folder } = self;
        let may_replace = |target: &Path| options.force && target.join(kind.manifest).is_file();
        folder.commit(may_replace).map_err(|error| failure(options, error))
    }
}

fn failure(options: &PrepareOptions, error: NewFolderError) -> PrepareError {
    let output = |path: &Path, reason: &str| PrepareError::Output { path: path.to_owned(), reason: reason.into() };
    match error {
        NewFolderError::Taken(_) => PrepareError::Exists(options.output.clone()),
        NewFolderError::Busy(_) => output(&options.output, "is being prepared by another run"),
        NewFolderError::InTheWay(path) => output(&path, "is in the way"),
        NewFolderError::File(leitmotif_files::FileError { path, source }) => CorpusError::io(&path, source).into(),
        other => output(&options.output, &other.to_string()),
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
        let options = options(dir.path(), false);
        let partial = Destination::check(&options, &CORPUS).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "{}").unwrap();
        drop(partial);
        assert!(names(dir.path()).is_empty(), "an interrupted run leaves nothing");
        let partial = Destination::check(&options, &CORPUS).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "{}").unwrap();
        partial.commit().unwrap();
        assert_eq!(names(dir.path()), ["out"]);
        assert_eq!(names(&dir.path().join("out")), [MANIFEST_FILE]);
    }

    #[test]
    fn a_killed_run_is_cleared_away_and_a_living_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path(), false);
        let check = || Destination::check(&options, &CORPUS).unwrap();
        create_dir(dir.path().join(".out.partial")).unwrap();
        write(dir.path().join(".out.partial/letter.txt"), "mine").unwrap();
        assert!(check().create().is_err(), "not ours to remove");
        std::fs::remove_file(dir.path().join(".out.partial/letter.txt")).unwrap();
        for left in [FORMER_MARKER, MANIFEST_FILE] {
            // With the marker of an earlier version, or complete but for its name.
            write(dir.path().join(".out.partial").join(left), "").unwrap();
            let alive = check().create().unwrap();
            assert!(names(alive.path()).is_empty());
            assert!(check().create().is_err_and(|error| error.to_string().contains("another run")));
            drop(alive);
            create_dir(dir.path().join(".out.partial")).unwrap();
        }
    }

    #[test]
    fn an_old_corpus_that_a_killed_run_put_aside_is_found_again() {
        for force in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in [(".out.replaced", "old"), (".out.partial", "new")] {
                create_dir(dir.path().join(name)).unwrap();
                write(dir.path().join(name).join(MANIFEST_FILE), text).unwrap();
            }
            let options = options(dir.path(), force);
            match Destination::check(&options, &CORPUS).unwrap().create() {
                Err(error) => assert!(!force && matches!(error, PrepareError::Exists(_)), "{error}"),
                Ok(partial) => {
                    assert!(force);
                    write(partial.path().join(MANIFEST_FILE), "newest").unwrap();
                    partial.commit().unwrap();
                }
            }
            let text = std::fs::read_to_string(dir.path().join("out").join(MANIFEST_FILE)).unwrap();
            assert_eq!((text.as_str(), names(dir.path())), (if force { "newest" } else { "old" }, vec!["out".into()]));
        }
    }

    #[test]
    fn without_force_a_corpus_that_appears_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path(), false);
        let partial = Destination::check(&options, &CORPUS).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "late").unwrap();
        create_dir(dir.path().join("out")).unwrap();
        write(dir.path().join("out").join(MANIFEST_FILE), "first").unwrap();
        assert!(matches!(partial.commit(), Err(PrepareError::Exists(_))));
        assert_eq!(std::fs::read_to_string(dir.path().join("out").join(MANIFEST_FILE)).unwrap(), "first");
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_must_lead_somewhere() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("out")).unwrap();
        let options = options(dir.path(), true);
        assert!(Destination::check(&options, &CORPUS).err().unwrap().to_string().contains("leads nowhere"));
        create_dir(dir.path().join("real")).unwrap();
        write(dir.path().join("real").join(MANIFEST_FILE), "old").unwrap();
        let partial = Destination::check(&options, &CORPUS).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "new").unwrap();
        partial.commit().unwrap();
        assert!(dir.path().join("out").is_symlink());
        assert_eq!(std::fs::read_to_string(dir.path().join("real").join(MANIFEST_FILE)).unwrap(), "new");
    }

    #[test]
    fn nothing_but_a_corpus_is_ever_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        create_dir_all(out.join("in")).unwrap();
        write(out.join("letter.txt"), "mine").unwrap();
        for force in [false, true] {
            let error = Destination::check(&options(dir.path(), force), &CORPUS).err().unwrap();
            assert!(matches!(error, PrepareError::Output { .. }), "{error}");
        }
        write(out.join(MANIFEST_FILE), "{}").unwrap();
        assert!(matches!(Destination::check(&options(dir.path(), false), &CORPUS), Err(PrepareError::Exists(_))));
        let inside = PrepareOptions { inputs: vec![out.join("in")], ..options(dir.path(), true) };
        assert!(Destination::check(&inside, &CORPUS).is_err(), "the inputs would be lost");
        let options = options(dir.path(), true);
        let partial = Destination::check(&options, &CORPUS).unwrap().create().unwrap();
        write(partial.path().join(MANIFEST_FILE), "new").unwrap();
        partial.commit().unwrap();
        assert_eq!(names(&out), [MANIFEST_FILE]);
        assert_eq!(names(dir.path()), ["out"]);
    }
}
