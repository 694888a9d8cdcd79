//! A folder at a place that the user names, which appears whole or not at all.
//!
//! It grows as `.NAME.partial` beside its place while `.NAME.lock` is held, and takes its name
//! when it is complete: by a rename that replaces nothing, or by an exchange with the folder that
//! it replaces. Where the system has no such exchange, the old folder becomes `.NAME.replaced` for
//! a moment. Whatever moment a process is killed at, the next one begins by clearing up: an old
//! folder without a successor gets its name back, anything else of these names is removed.

use crate::names::check_names;
use crate::patience::{remove_dir_all, rename};
use crate::rename::{exchange, rename_new};
use crate::sync::{sync_parent, sync_tree};
use crate::{FileError, Lock, remove};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewFolderError {
    /// Another process is writing it.
    #[error("{0} is being written by another run")]
    Busy(PathBuf),
    /// Something has the name and may not be replaced.
    #[error("{0} exists")]
    Taken(PathBuf),
    /// A temporary name is taken by something that was not made here.
    #[error("{0} is in the way: it was not made by this program")]
    InTheWay(PathBuf),
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A folder being written. Dropped without [`NewFolder::commit`], it leaves nothing.
#[derive(Debug)]
pub struct NewFolder {
    target: PathBuf,
    partial: PathBuf,
    replaced: PathBuf,
    owns_partial: bool,
    _lock: Lock,
}

impl NewFolder {
    /// Takes the place for this process, clears what killed ones left, and makes an empty folder.
    /// `belongs` says which entries a folder of this kind may have: a leftover with any other
    /// entry is never removed.
    ///
    /// # Errors
    /// [`NewFolderError::Busy`] and [`NewFolderError::InTheWay`], or failure to create something.
    /// That something has the target's name is none: that is for the caller to look at, afterwards.
    pub fn begin(target: &Path, belongs: &dyn Fn(&str) -> bool) -> Result<Self, NewFolderError> {
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(NewFolderError::Taken(target.to_owned()));
        };
        check_names(target).map_err(FileError::at(target))?;
        let hidden = |what: &str| {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(what);
            parent.join(hidden)
        };
        fs::create_dir_all(parent).map_err(FileError::at(parent))?;
        let path = hidden(".lock");
        let lock = Lock::take_temporary(&path).map_err(FileError::at(&path))?;
        let lock = lock.ok_or_else(|| NewFolderError::Busy(target.to_owned()))?;
        let mut folder = Self {
            target: target.to_owned(),
            partial: hidden(".partial"),
            replaced: hidden(".replaced"),
            owns_partial: false,
            _lock: lock,
        };
        folder.recover(belongs)?;
        fs::create_dir(&folder.partial).map_err(FileError::at(&folder.partial))?;
        folder.owns_partial = true;
        Ok(folder)
    }

    /// The folder to write into.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the folder its name. One that has the name and is not empty is replaced if
    /// `may_replace` says so of it.
    ///
    /// # Errors
    /// [`NewFolderError::Taken`], or failure to flush or rename; what had the name still has it.
    pub fn commit(mut self, may_replace: impl FnOnce(&Path) -> bool) -> Result<(), NewFolderError> {
        let Self { target, partial, replaced, .. } = &self;
        sync_tree(partial)?;
        if is_there(target) && fs::remove_dir(target).is_err() {
            if !may_replace(target) {
                return Err(NewFolderError::Taken(target.clone()));
            }
            if !exchange(partial, target).map_err(FileError::at(target))? {
                rename(target, replaced).map_err(FileError::at(target))?;
                if let Err(error) = rename_new(partial, target) {
                    let _ = rename(replaced, target);
                    return Err(FileError::at(target)(error).into());
                }
            }
        } else {
            rename_new(partial, target).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => NewFolderError::Taken(target.clone()),
                _ => FileError::at(target)(error).into(),
            })?;
        }
        sync_parent(target)?;
        // After an exchange, this is the old folder. It is complete where it is replaced; that it
        // cannot be removed changes nothing about the new one, and the next run tries again.
        let _ = remove(partial).and_then(|()| remove(replaced));
        self.owns_partial = false;
        Ok(())
    }

    fn recover(&self, belongs: &dyn Fn(&str) -> bool) -> Result<(), NewFolderError> {
        let Self { target, partial, replaced, .. } = self;
        for leftover in [partial, replaced] {
            if is_there(leftover) && !is_ours(leftover, belongs) {
                return Err(NewFolderError::InTheWay(leftover.clone()));
            }
        }
        // Killed between the two renames of an exchange: the old folder is the good one.
        if is_there(replaced) && !is_there(target) {
            rename_new(replaced, target).map_err(FileError::at(replaced))?;
            sync_parent(target)?;
        }
        remove(replaced)?;
        Ok(remove(partial)?)
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if self.owns_partial {
            let _ = remove_dir_all(&self.partial);
        }
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether this is a folder (no link) with such entries alone.
fn is_ours(path: &Path, belongs: &dyn Fn(&str) -> bool) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_dir())
        && fs::read_dir(path).is_ok_and(|mut entries| {
            entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(belongs)))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{create_dir, write};

    fn belongs(name: &str) -> bool {
        name == "a"
    }

    fn begin(dir: &Path) -> Result<NewFolder, NewFolderError> {
        NewFolder::begin(&dir.join("out"), &belongs)
    }

    fn make(dir: &Path, text: &str, force: bool) -> Result<(), NewFolderError> {
        let folder = begin(dir)?;
        write(folder.path().join("a"), text).unwrap();
        folder.commit(|_| force)
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| cfg!(unix) || !name.ends_with(".lock"));
        names.sort();
        names
    }

    #[test]
    fn it_appears_whole_or_not_at_all_and_replaces_only_what_it_may() {
        let dir = tempfile::tempdir().unwrap();
        drop(begin(dir.path()).unwrap());
        assert!(names(dir.path()).is_empty(), "an interrupted run leaves nothing");
        create_dir(dir.path().join("out")).unwrap();
        make(dir.path(), "one", false).unwrap();
        assert!(matches!(make(dir.path(), "two", false), Err(NewFolderError::Taken(_))));
        let read = || fs::read_to_string(dir.path().join("out/a")).unwrap();
        assert_eq!(read(), "one");
        make(dir.path(), "two", true).unwrap();
        assert_eq!(read(), "two");
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[test]
    fn one_writer_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = begin(dir.path()).unwrap();
        assert!(matches!(begin(dir.path()), Err(NewFolderError::Busy(_))));
        drop(first);
        begin(dir.path()).unwrap();
    }

    /// Every state that a process killed while committing can leave.
    #[test]
    fn whatever_a_killed_process_left_the_next_one_begins_anew() {
        type State = (&'static str, &'static [(&'static str, &'static str)], Option<&'static str>);
        let states: [State; 6] = [
            ("killed while writing", &[(".out.partial", "half")], None),
            ("killed while writing a replacement", &[("out", "old"), (".out.partial", "half")], Some("old")),
            ("between two renames", &[(".out.replaced", "old"), (".out.partial", "new")], Some("old")),
            ("after two renames", &[("out", "new"), (".out.replaced", "old")], Some("new")),
            ("after an exchange", &[("out", "new"), (".out.partial", "old")], Some("new")),
            ("after an exchange, removing", &[("out", "new"), (".out.partial", "")], Some("new")),
        ];
        for (state, folders, found) in states {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path().join(".out.lock"), "").unwrap();
            for (name, text) in folders {
                create_dir(dir.path().join(name)).unwrap();
                if !text.is_empty() {
                    write(dir.path().join(name).join("a"), text).unwrap();
                }
            }
            drop(begin(dir.path()).unwrap());
            let now = fs::read_to_string(dir.path().join("out/a")).ok();
            assert_eq!(now.as_deref(), found, "{state}");
            make(dir.path(), "newest", true).unwrap();
            assert_eq!(names(dir.path()), ["out"], "{state}");
        }
    }

    #[test]
    fn what_was_not_made_here_is_never_removed() {
        for name in [".out.partial", ".out.replaced"] {
            let dir = tempfile::tempdir().unwrap();
            create_dir(dir.path().join(name)).unwrap();
            write(dir.path().join(name).join("letter.txt"), "mine").unwrap();
            assert!(matches!(begin(dir.path()), Err(NewFolderError::InTheWay(_))));
            assert_eq!(names(dir.path()), [name]);
        }
    }

    #[test]
    fn of_racing_writers_one_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let place = dir.path().join(round.to_string());
            let made = std::sync::atomic::AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        if make(&place, "one", false).is_ok() {
                            made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!(made.into_inner(), 1);
            assert_eq!(names(&place), ["out"]);
        }
    }
}
