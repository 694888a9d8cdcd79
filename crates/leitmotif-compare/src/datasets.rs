//! From a collection to what the runs of a study learn from and are tested on.
//!
//! The collection is prepared once for each representation and choice of parts (a *view*; all
//! songs, near-duplicates dropped in the first one). Arms and test sets are corpora of their own,
//! cut from the views by song. All views name the same genres, so that every model can be evaluated
//! on every test set of its representation. Folders bear a hash of what they hold: what is there is
//! used again, and a changed study file makes new ones beside the old.

use crate::leakage::{Held, Prints};
use crate::select::{self, Selection};
use crate::study::{Study, representation};
use crate::{Amount, ArmFacts, CollectionFacts, CompareError, LeakageCheck, TestFacts};
use leitmotif_corpus::prepare::{PrepareError, PrepareObserver, PrepareOptions, prepare, subset};
use leitmotif_corpus::{Corpus, DropReason, MANIFEST_FILE, Split, Totals};
use leitmotif_train::Override;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The folder of the prepared collection, as a whole and by parts.
const VIEWS: &str = "collection";
/// The folder of the arms' corpora.
const ARMS: &str = "arms";
/// The folder of the test sets' corpora.
const TESTS: &str = "tests";
/// Hexadecimal digits of the hash in a folder's name.
const HASH_DIGITS: usize = 10;

/// An arm, ready to be trained on.
#[derive(Debug, Clone)]
pub struct Arm {
    /// What the report states of it.
    pub facts: ArmFacts,
    /// Its corpus: training and validation songs.
    pub corpus: Arc<Corpus>,
    /// Configuration keys of its own.
    pub set: Vec<Override>,
}

/// A test set, ready for evaluation: one corpus a representation, all songs in the test split.
#[derive(Debug, Clone)]
pub struct Test {
    /// What the report states of it.
    pub facts: TestFacts,
    /// By the representation's name.
    pub corpora: BTreeMap<String, Arc<Corpus>>,
}

/// Everything a study learns from and tests on.
#[derive(Debug, Clone)]
pub struct Datasets {
    /// The collection.
    pub collection: CollectionFacts,
    /// The arms, those of `each` one by one.
    pub arms: Vec<Arm>,
    /// The test sets.
    pub tests: Vec<Test>,
    /// Each arm beside each test set.
    pub leakage: Vec<LeakageCheck>,
    /// What the user should know of the collection and its splits.
    pub warnings: Vec<String>,
}

/// Views, by representation and parts.
struct Views<'a> {
    study: &'a Study,
    dir: PathBuf,
    genres: Option<Vec<String>>,
    open: BTreeMap<(String, Vec<String>), Arc<Corpus>>,
    progress: &'a dyn PrepareObserver,
    cancel: &'a AtomicBool,
}

/// Prepares the collection and cuts the arms and test sets from it, below `dir`; uses what is
/// there.
///
/// # Errors
/// [`CompareError::Selection`] for an arm or a test set without songs; others as preparing and
/// writing corpora have them.
pub fn datasets(
    study: &Study,
    dir: &Path,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<Datasets, CompareError> {
    let mut views = Views { study, dir: dir.join(VIEWS), genres: None, open: BTreeMap::new(), progress, cancel };
    // The notes of the original study's representation have no octaves: songs are distinguished by
    // their events.
    let first = if study.representation == "notes" { "events" } else { &study.representation };
    let base = views.view(first, &[])?;
    let collection = collection_facts(&base, study)?;
    let mut warnings = base.manifest().warnings.clone();
    let tests = selections("test set", |spec| select::tests(spec, &base), &study.tests, &mut warnings)?;
    let mut test_songs = Vec::new();
    for (_, selection) in &tests {
        let songs = selection.with_parts(&base, selection.draw(&base, selection.of(&base, Split::Test)));
        if songs.is_empty() {
            return Err(CompareError::Selection {
                what: "test set",
                name: selection.name.clone(),
                reason: format!(
                    "no song of the test split is wanted ({}); ask for less, or choose another collection.split.seed",
                    selection.describe()
                ),
            });
        }
        test_songs.push(songs);
    }
    let held: Vec<Held<'_>> =
        tests.iter().zip(&test_songs).map(|((_, it), songs)| Held { name: &it.name, songs }).collect();
    let prints = Prints::of(&base, study.collection.duplicates.similarity);
    let arms = selections("arm", |spec| select::arms(spec, &base), &study.arms, &mut warnings)?;
    let mut made = Vec::new();
    let mut leakage = Vec::new();
    for (spec, selection) in &arms {
        let spec = &study.arms[*spec];
        let representation = spec.representation.clone().unwrap_or_else(|| study.representation.clone());
        let mut train = selection.of(&base, Split::Train);
        let mut valid = selection.of(&base, Split::Valid);
        let mut kept_out = Vec::new();
        if !study.published_split {
            kept_out = prints.keep_apart(&base, &mut train, &held);
            kept_out.extend(prints.keep_apart(&base, &mut valid, &held));
        }
        let train = selection.with_parts(&base, selection.draw(&base, train));
        let valid = selection.with_parts(&base, valid);
        if train.is_empty() {
            return Err(CompareError::Selection {
                what: "arm",
                name: selection.name.clone(),
                reason: format!("no song of the training split is wanted ({})", selection.describe()),
            });
        }
        let both: Vec<usize> = train.iter().chain(&valid).copied().collect();
        leakage.extend(held.iter().map(|test| prints.check(&base, &selection.name, &both, test)));
        let view = views.view(&representation, &selection.parts())?;
        let splits = [(train, Split::Train), (valid, Split::Valid)];
        let corpus = cut(&base, &view, &splits, &dir.join(ARMS), &selection.name)?;
        let home = spec
            .home
            .clone()
            .or_else(|| tests.iter().map(|it| &it.1.name).find(|name| **name == selection.name).cloned());
        let amount = |split| amount(&corpus.manifest().splits[&split]);
        let facts = ArmFacts {
            name: selection.name.clone(),
            description: selection.describe(),
            representation,
            train: amount(Split::Train),
            valid: amount(Split::Valid),
            fingerprint: corpus.fingerprint(),
            kept_out,
            home,
        };
        made.push(Arm { facts, corpus, set: crate::study::overrides(&spec.set) });
    }
    let used: std::collections::BTreeSet<&str> = made.iter().map(|arm| arm.facts.representation.as_str()).collect();
    let mut cuts = Vec::new();
    for ((spec, selection), songs) in tests.iter().zip(&test_songs) {
        let mut corpora = BTreeMap::new();
        for representation in &used {
            let view = views.view(representation, &selection.parts())?;
            let name = format!("{} {representation}", selection.name);
            let corpus = cut(&base, &view, &[(songs.clone(), Split::Test)], &dir.join(TESTS), &name)?;
            corpora.insert((*representation).to_owned(), corpus);
        }
        let amount = corpora.values().next().map(|corpus| amount(&corpus.manifest().totals)).unwrap_or_default();
        let fingerprints = corpora.iter().map(|(name, corpus)| (name.clone(), corpus.fingerprint())).collect();
        let transpositions = study.tests[*spec].transpositions;
        let mut description = selection.describe();
        if transpositions > 0 {
            description += &format!("; the mean of what is predicted in {} keys", 2 * u32::from(transpositions) + 1);
        }
        let facts = TestFacts { name: selection.name.clone(), description, amount, fingerprints, transpositions };
        cuts.push(Test { facts, corpora });
    }
    Ok(Datasets { collection, arms: made, tests: cuts, leakage, warnings })
}

/// All selections with the number of the specification that made them; their names differ, and
/// there is one at least.
fn selections<T>(
    what: &'static str,
    expand: impl Fn(&T) -> Result<Vec<Selection>, CompareError>,
    specs: &[T],
    warnings: &mut Vec<String>,
) -> Result<Vec<(usize, Selection)>, CompareError> {
    let fault = |name: String, reason: &str| CompareError::Selection { what, name, reason: reason.to_owned() };
    let mut all: Vec<(usize, Selection)> = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let expanded = expand(spec)?;
        if expanded.is_empty() {
            warnings.push(format!("[[{}]] number {} makes none: nothing has songs enough", section(what), index + 1));
        }
        for selection in expanded {
            if all.iter().any(|(_, other)| other.name == selection.name) {
                return Err(fault(selection.name, "two of the study have this name; give one of them another"));
            }
            all.push((index, selection));
        }
    }
    if all.is_empty() {
        let reason = "no genre or instrument has songs enough; give least_songs, or another collection.split.seed";
        return Err(fault("of each".to_owned(), reason));
    }
    Ok(all)
}

/// What a specification is called in the study file.
fn section(what: &str) -> &str {
    if what == "arm" { "arm" } else { "test" }
}

impl Views<'_> {
    /// The collection in a representation, with the parts of these instruments only (all if empty).
    fn view(&mut self, name: &str, parts: &[String]) -> Result<Arc<Corpus>, CompareError> {
        let key = (name.to_owned(), parts.to_vec());
        if let Some(corpus) = self.open.get(&key) {
            return Ok(Arc::clone(corpus));
        }
        let reason = |reason| CompareError::Selection { what: "representation", name: name.to_owned(), reason };
        let mut config = representation(name).map_err(reason)?;
        if let (Some(genres), Some(known)) = (config.genres_mut(), &self.genres) {
            genres.clone_from(known);
        }
        let is_first = self.open.is_empty();
        let mut options = PrepareOptions { representation: config, ..self.study.collection.clone() };
        if !is_first {
            // The first view has decided which songs there are; fingerprints of single parts must
            // not.
            options.duplicates.keep = true;
        }
        if !parts.is_empty() {
            options.filter.only_instruments = parts.to_vec();
        }
        let settings = serde_json::to_vec(&(&options.representation, &options.filter, &options.split, is_first))
            .map_err(|error| CompareError::file(&self.dir, error.to_string()))?;
        let title = [name].into_iter().chain(parts.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        options.output = self.dir.join(folder(&title, &settings));
        if !options.output.join(MANIFEST_FILE).is_file() {
            match prepare(&options, self.progress, self.cancel) {
                // Another shard of the study was faster.
                Ok(_) | Err(PrepareError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let corpus = Arc::new(Corpus::open(&options.output)?);
        if is_first {
            self.genres = corpus.manifest().options.representation.clone().genres_mut().cloned();
        }
        self.open.insert(key, Arc::clone(&corpus));
        Ok(corpus)
    }
}

/// The songs of `base` as `view` has them, as a corpus below `dir`. Songs that the view lacks are
/// left out.
fn cut(
    base: &Corpus,
    view: &Corpus,
    splits: &[(Vec<usize>, Split)],
    dir: &Path,
    name: &str,
) -> Result<Arc<Corpus>, CompareError> {
    let places: BTreeMap<&str, usize> =
        view.songs().iter().enumerate().map(|(at, song)| (song.path.as_str(), at)).collect();
    let of_view = |song: &usize| places.get(base.songs()[*song].path.as_str()).copied();
    let chosen: Vec<(usize, Split)> =
        splits.iter().flat_map(|(songs, split)| songs.iter().filter_map(of_view).map(|song| (song, *split))).collect();
    let wanted: Vec<(&str, Split)> =
        chosen.iter().map(|(song, split)| (view.songs()[*song].path.as_str(), *split)).collect();
    let content = serde_json::to_vec(&(view.fingerprint(), wanted))
        .map_err(|error| CompareError::file(dir, error.to_string()))?;
    let output = dir.join(folder(name, &content));
    if !output.join(MANIFEST_FILE).is_file() {
        match subset(view, &chosen, &output) {
            Ok(_) | Err(PrepareError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Arc::new(Corpus::open(&output)?))
}

/// A folder's name: words that people can read, and a hash of the content.
fn folder(name: &str, content: &[u8]) -> String {
    format!("{}-{}", slug(name), &blake3::hash(content).to_hex()[..HASH_DIGITS])
}

/// A name for files: lower case letters, digits, dots and single hyphens.
pub(crate) fn slug(name: &str) -> String {
    const MOST: usize = 60;
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            letter if letter.is_alphanumeric() || letter == '.' => slug.push(letter),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    let slug: String = slug.trim_matches(['-', '.']).chars().take(MOST).collect();
    if leitmotif_files::refused_by_windows(&slug).is_some() { format!("{slug}-").replace('.', "-") } else { slug }
}

fn amount(totals: &Totals) -> Amount {
    let Totals { songs, notes, events, bars, seconds } = *totals;
    Amount { songs, notes, events, bars, seconds }
}

fn collection_facts(base: &Corpus, study: &Study) -> Result<CollectionFacts, CompareError> {
    let manifest = base.manifest();
    let duplicates = manifest.dropped.get(&DropReason::Duplicate).copied().unwrap_or_default();
    let dropped: usize = manifest.dropped.values().sum();
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(CollectionFacts {
        inputs: study.collection.inputs.iter().map(name).collect(),
        files: manifest.totals.songs + dropped,
        songs: manifest.totals.songs,
        duplicates,
        dropped: dropped - duplicates,
        fingerprint: base.fingerprint(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_names_that_every_system_takes() {
        assert_eq!(slug("Pop Rock / AC-DC: 0.1"), "pop-rock-ac-dc-0.1");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("  "), "");
        assert_eq!(
            (slug("Con.1"), slug("AUX"), slug("consort.1")),
            ("con-1-".into(), "aux-".into(), "consort.1".into())
        );
        assert_eq!(slug(&"x".repeat(200)).len(), 60);
    }
}
