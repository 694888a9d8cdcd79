//! Finding the music files of a collection.
//!
//! Folders are walked to any depth. Links to files and folders are followed; a folder is entered
//! once, by its real path if it has one below the inputs, so that loops end and nothing is counted
//! twice for being linked. The order is that of the names' bytes, whatever the file system's.

use super::collection::{self, COLLECTION_EXTENSION, CollectionSong, Rejected};
use super::{PrepareError, Shard, record};
use crate::options::Layout;
use crate::{DropReason, DroppedRecord};
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The extensions of music files, in any capitalisation.
pub const MIDI_EXTENSIONS: [&str; 4] = ["mid", "midi", "kar", "rmi"];

/// A file of the collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where to read it.
    pub(super) path: PathBuf,
    /// Its name in the corpus: relative to its input; with several inputs, below the input's name.
    /// Parts joined by `/`.
    pub(super) name: String,
    /// The exact bytes of the name where it is not UTF-8.
    pub(super) name_bytes: Option<String>,
    /// The folders between its input and itself.
    pub(super) folders: Vec<String>,
    /// Which song of the file it is, where the file is a collection.
    pub(super) song: Option<CollectionSong>,
}

impl Found {
    /// The file's name without its extension.
    pub(super) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The song's title if the metadata gives none.
    pub(super) fn title(&self) -> String {
        match &self.song {
            Some(song) => format!("{} {}", self.stem(), song.name()),
            None => self.stem(),
        }
    }

    /// Genre and artist by the folders' names.
    pub(super) fn tags(&self, layout: Layout) -> (Option<String>, Option<String>) {
        let folder = |index: usize| self.folders.get(index).cloned();
        match (layout, self.folders.len()) {
            (Layout::Flat, _) | (_, 0) => (None, None),
            (Layout::Artist, _) | (Layout::Auto, 1) => (None, folder(0)),
            (Layout::Genre | Layout::Auto, _) => (folder(0), folder(1)),
        }
    }
}

/// A file or folder that cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) name: String,
    pub(super) name_bytes: Option<String>,
    pub(super) detail: String,
}

impl Unreadable {
    pub(super) fn dropped(self) -> DroppedRecord {
        record(self.name, self.name_bytes, DropReason::Unreadable, self.detail)
    }
}

/// What is below the inputs.
pub(super) struct Scanned {
    /// All music files and all songs of collections, in the order of their names.
    pub(super) found: Vec<Found>,
    /// What could not be looked at, in order.
    pub(super) unreadable: Vec<Unreadable>,
    /// How many files belong to other shards.
    pub(super) elsewhere: usize,
}

/// Looks for music below the inputs: all of it, or what belongs to a shard.
pub(super) fn scan(inputs: &[PathBuf], shard: Option<Shard>) -> Result<Scanned, PrepareError> {
    let Scanned { found, mut unreadable, elsewhere } = files(inputs, true, shard)?;
    let mut songs = Vec::with_capacity(found.len());
    for file in found {
        if !has_extension(&file.path, &[COLLECTION_EXTENSION]) {
            songs.push(file);
            continue;
        }
        let detail = match collection::read(&file.path) {
            Ok(read) => {
                songs.extend(read.into_iter().map(|song| {
                    let below = |name: &String| format!("{name}/{}", song.name());
                    let (name, name_bytes) = (below(&file.name), file.name_bytes.as_ref().map(below));
                    Found { name, name_bytes, song: Some(song), ..file.clone() }
                }));
                continue;
            }
            // Folders hold JSON files of all kinds; a file that is named by itself is meant to be
            // music.
            Err(Rejected::OtherShape) if !inputs.contains(&file.path) => continue,
            Err(Rejected::OtherShape) => {
                r#"it is not of the shape {"train": [...], "valid": [...], "test": [...]}"#.into()
            }
            Err(Rejected::Broken(reason)) => reason,
        };
        unreadable.push(Unreadable { name: file.name, name_bytes: file.name_bytes, detail });
    }
    songs.sort_by(|a, b| (&a.name, &a.name_bytes, &a.path).cmp(&(&b.name, &b.name_bytes, &b.path)));
    unreadable.sort_by(|a, b| (&a.name, &a.detail).cmp(&(&b.name, &b.detail)));
    Ok(Scanned { found: songs, unreadable, elsewhere })
}

/// All music files below the inputs, with `collections` also all JSON files.
fn files(inputs: &[PathBuf], collections: bool, shard: Option<Shard>) -> Result<Scanned, PrepareError> {
    let named = inputs.iter().filter(|input| input.is_file()).cloned().collect();
    let mut walk = Walk { collections, shard, named, ..Walk::default() };
    let mut prefixes = HashSet::new();
    for input in inputs {
        let failed = |error| PrepareError::Input { path: input.clone(), error };
        let kind = std::fs::metadata(input).map_err(failed)?;
        let root = if kind.is_dir() { input.as_path() } else { input.parent().unwrap_or(Path::new("")) };
        walk.prefix = if inputs.len() > 1 && kind.is_dir() { unique_name(input, &mut prefixes) } else { String::new() };
        if kind.is_dir() {
            std::fs::read_dir(input).map_err(failed)?;
            walk.folder(root, input)?;
        } else {
            // A pipe or a device that is named is a mistake to hear of, and no file to leave out.
            leitmotif_files::open(input).map_err(failed)?;
            walk.file(root, input.clone());
        }
    }
    walk.found.sort_by(|a, b| (&a.name, &a.name_bytes, &a.path).cmp(&(&b.name, &b.name_bytes, &b.path)));
    Ok(Scanned { found: walk.found, unreadable: walk.unreadable, elsewhere: walk.elsewhere })
}

/// All music files below a folder (or the file itself), in the order of their names; what cannot be
/// looked at is passed over.
///
/// # Errors
/// [`PrepareError::Input`] if `path` cannot be read.
pub fn midi_files(path: &Path) -> Result<Vec<PathBuf>, PrepareError> {
    let scanned = files(&[path.to_owned()], false, None)?;
    Ok(scanned.found.into_iter().map(|found| found.path).collect())
}

/// A folder's own name, with a number where another input has the same.
fn unique_name(input: &Path, taken: &mut HashSet<String>) -> String {
    let real = std::fs::canonicalize(input).unwrap_or_else(|_| input.to_owned());
    let name = real.file_name().unwrap_or(OsStr::new("root")).to_string_lossy().into_owned();
    let mut unique = name.clone();
    for number in 2.. {
        if taken.insert(unique.clone()) {
            break;
        }
        unique = format!("{name}-{number}");
    }
    unique
}

#[derive(Default)]
struct Walk {
    prefix: String,
    /// Whether JSON files are looked for too.
    collections: bool,
    /// What belongs to other shards is passed over, and counted.
    shard: Option<Shard>,
    elsewhere: usize,
    found: Vec<Found>,
    unreadable: Vec<Unreadable>,
    /// Inputs that are files. One that also lies in a folder among the inputs is one file all the
    /// same: the first of its places counts.
    named: HashSet<PathBuf>,
    /// Those of them that have been found.
    seen: HashSet<PathBuf>,
    /// Folders entered, by their real path.
    entered: HashSet<PathBuf>,
}

impl Walk {
    /// Walks the real folders below `top` first, then those behind links.
    fn folder(&mut self, root: &Path, top: &Path) -> Result<(), PrepareError> {
        let mut real = vec![top.to_owned()];
        let mut links = BTreeSet::new();
        while let Some(folder) = real.pop().or_else(|| links.pop_first()) {
            // Some systems cannot say where a folder with a long path is.
            if !self.entered.insert(std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone())) {
                continue;
            }
            let entries = match std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(entries) => entries,
                Err(error) => {
                    self.fail(root, &folder, &error);
                    continue;
                }
            };
            for entry in entries {
                let path = entry.path();
                // What the listing says of an entry spares a call for each file.
                let listed = entry.file_type().ok();
                let is_link = listed.is_some_and(|kind| kind.is_symlink());
                let kind = match listed.filter(|_| !is_link) {
                    Some(kind) => Ok(kind),
                    None => std::fs::metadata(&path).map(|it| it.file_type()),
                };
                match kind {
                    Ok(kind) if kind.is_dir() && is_link => {
                        links.insert(path);
                    }
                    Ok(kind) if kind.is_dir() => real.push(path),
                    Ok(_) if !self.is_wanted(&path) => {}
                    Ok(kind) if kind.is_file() => self.file(root, path),
                    // A pipe or a device by a music file's name would never end.
                    Ok(_) => self.fail(root, &path, &"it is no ordinary file"),
                    Err(error) if self.is_wanted(&path) => self.fail(root, &path, &error),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn is_wanted(&self, path: &Path) -> bool {
        has_extension(path, &MIDI_EXTENSIONS) || self.collections && has_extension(path, &[COLLECTION_EXTENSION])
    }

    /// Whether something of this name belongs to the shard.
    fn owns(&mut self, name: &str) -> bool {
        let owns = self.shard.is_none_or(|shard| shard.owns(name));
        self.elsewhere += usize::from(!owns);
        owns
    }

    fn file(&mut self, root: &Path, path: PathBuf) {
        if self.named.contains(&path) && !self.seen.insert(path.clone()) {
            return;
        }
        let (name, name_bytes) = self.name(root, &path);
        if !self.owns(&name) {
            return;
        }
        let below = path.strip_prefix(root).unwrap_or(&path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let folders = parts[..parts.len().saturating_sub(1)].to_vec();
        self.found.push(Found { path, name, name_bytes, folders, song: None });
    }

    fn fail(&mut self, root: &Path, path: &Path, error: &dyn std::fmt::Display) {
        let (name, name_bytes) = self.name(root, path);
        if !self.owns(&name) {
            return;
        }
        self.unreadable.push(Unreadable { name, name_bytes, detail: error.to_string() });
    }

    fn name(&self, root: &Path, path: &Path) -> (String, Option<String>) {
        let below = path.strip_prefix(root).unwrap_or(path);
        let join = |parts: Vec<String>| {
            let prefix = (!self.prefix.is_empty()).then(|| self.prefix.clone());
            prefix.into_iter().chain(parts).collect::<Vec<_>>().join("/")
        };
        let name = join(below.iter().map(|part| part.to_string_lossy().into_owned()).collect());
        let exact = below.to_str().is_none().then(|| join(below.iter().map(escape).collect()));
        (name, exact)
    }
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| known.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// A name's exact bytes: those that are not UTF-8 as `\xNN`, a backslash doubled.
fn escape(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{create_dir_all, write};

    fn names(inputs: &[PathBuf]) -> Vec<String> {
        scan(inputs, None).unwrap().found.into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn any_depth_and_capitalisation() {
        let dir = tempfile::tempdir().unwrap();
        create_dir_all(dir.path().join("Rock/Band.mid/Live")).unwrap();
        for name in ["Rock/Band.mid/Live/a.MID", "Rock/b.Midi", "c.kar", "d.RMI", "e.txt", "mid", "f.mid.bak"] {
            write(dir.path().join(name), b"").unwrap();
        }
        let found = scan(&[dir.path().to_owned()], None).unwrap().found;
        let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["Rock/Band.mid/Live/a.MID", "Rock/b.Midi", "c.kar", "d.RMI"]);
        let tags = |index: usize, layout| found[index].tags(layout);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(tags(0, Layout::Auto), (some("Rock"), some("Band.mid")));
        assert_eq!(tags(1, Layout::Auto), (None, some("Rock")));
        assert_eq!(tags(1, Layout::Genre), (some("Rock"), None));
        assert_eq!(tags(0, Layout::Artist), (None, some("Rock")));
        assert_eq!(tags(0, Layout::Flat), (None, None));
        assert_eq!(tags(2, Layout::Auto), (None, None));
        let readings = crate::prepare::folders::readings(&found, Layout::Auto);
        let read = readings.iter().map(|it| (it.files, it.example.as_str(), it.genre.as_deref(), it.artist.as_deref()));
        let (deep, flat) = (found[0].name.as_str(), found[1].name.as_str());
        assert_eq!(
            read.collect::<Vec<_>>(),
            [(1, deep, Some("Rock"), Some("Band.mid")), (1, flat, None, Some("Rock"))]
        );
        assert!(crate::prepare::folders::readings(&found, Layout::Flat).is_empty());
    }

    #[test]
    fn several_inputs_and_single_files() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["one/x", "two/x"] {
            create_dir_all(dir.path().join(folder)).unwrap();
            write(dir.path().join(folder).join("a.mid"), b"").unwrap();
        }
        let at = |name: &str| dir.path().join(name);
        assert_eq!(names(&[at("one"), at("two")]), ["one/x/a.mid", "two/x/a.mid"]);
        assert_eq!(names(&[at("one/x"), at("two/x")]), ["x-2/a.mid", "x/a.mid"]);
        assert_eq!(names(&[at("one/x/a.mid")]), ["a.mid"]);
        assert_eq!(names(&[at("one/x/a.mid"), at("one/x")]), ["a.mid"]);
        assert!(matches!(scan(&[at("three")], None), Err(PrepareError::Input { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_loops_and_unreadable_names() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        write(elsewhere.path().join("linked.mid"), b"").unwrap();
        let real = dir.path().join("real");
        create_dir_all(&real).unwrap();
        write(real.join("a.mid"), b"").unwrap();
        symlink(dir.path(), real.join("loop")).unwrap();
        symlink(&real, dir.path().join("again")).unwrap();
        symlink(elsewhere.path(), dir.path().join("link")).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join("broken.mid")).unwrap();
        symlink(elsewhere.path().join("linked.mid"), dir.path().join("file.mid")).unwrap();
        write(dir.path().join(OsStr::from_bytes(b"caf\xe9\\.mid")), b"").unwrap();
        let Scanned { found, unreadable, .. } = scan(&[dir.path().to_owned()], None).unwrap();
        let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["caf\u{fffd}\\.mid", "file.mid", "link/linked.mid", "real/a.mid"]);
        assert_eq!(found[0].name_bytes.as_deref(), Some("caf\\xe9\\\\.mid"));
        assert_eq!(unreadable.len(), 1);
        assert_eq!(unreadable[0].name, "broken.mid");
    }
}
