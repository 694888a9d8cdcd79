//! Which songs of the collection an arm or a test set has.
//!
//! Songs are identified by their path in the collection. The collection's own split fixes which may
//! be trained on: test sets take from its test songs, arms from its training and validation songs.

use crate::CompareError;
use crate::study::{ArmSpec, Each};
use leitmotif_corpus::{Corpus, SongRecord, Split};
use leitmotif_score::{InstrumentSelection, family_names};
use std::collections::{BTreeMap, BTreeSet};

/// With `each`: an arm of fewer training songs is not made.
const LEAST_ARM_SONGS: usize = 4;
/// With `each`: a test set of fewer songs is not made.
const LEAST_TEST_SONGS: usize = 1;

/// What arms and test sets have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Selection {
    pub(crate) name: String,
    pub(crate) genres: Vec<String>,
    pub(crate) artists: Vec<String>,
    pub(crate) with: Vec<InstrumentSelection>,
    pub(crate) only: Vec<InstrumentSelection>,
    pub(crate) songs: Option<usize>,
    pub(crate) seed: u64,
}

/// What a specification selects, as it stands in the study file.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    what: &'static str,
    name: &'a str,
    each: Option<Each>,
    among: &'a [String],
    least_songs: usize,
    genres: &'a [String],
    largest_genres: Option<usize>,
    artists: &'a [String],
    with: &'a [String],
    only: &'a [String],
    songs: Option<usize>,
    seed: u64,
    /// The splits whose songs count for `least_songs`.
    split: Split,
}

/// The arms that a specification makes; none where `each` finds no genre or instrument with songs
/// enough.
pub(crate) fn arms(spec: &ArmSpec, corpus: &Corpus) -> Result<Vec<Selection>, CompareError> {
    Request::of(spec, "arm", LEAST_ARM_SONGS, Split::Train).selections(corpus)
}

/// The test sets that a specification makes; none where `each` finds no genre or instrument with
/// songs enough.
pub(crate) fn tests(spec: &ArmSpec, corpus: &Corpus) -> Result<Vec<Selection>, CompareError> {
    Request::of(spec, "test set", LEAST_TEST_SONGS, Split::Test).selections(corpus)
}

impl<'a> Request<'a> {
    fn of(spec: &'a ArmSpec, what: &'static str, least: usize, split: Split) -> Self {
        Self {
            what,
            name: &spec.name,
            each: spec.each,
            among: &spec.among,
            least_songs: spec.least_songs.unwrap_or(least),
            genres: &spec.genres,
            largest_genres: spec.largest_genres,
            artists: &spec.artists,
            with: &spec.with_instruments,
            only: &spec.only_instruments,
            songs: spec.songs,
            seed: spec.seed,
            split,
        }
    }
}

impl Request<'_> {
    fn selections(self, corpus: &Corpus) -> Result<Vec<Selection>, CompareError> {
        let base = self.base(corpus)?;
        let Some(each) = self.each else { return Ok(vec![base]) };
        let named = |part: &str| match self.name.trim() {
            "" => part.to_owned(),
            prefix => format!("{prefix} {part}"),
        };
        let candidates: Vec<Selection> = match each {
            Each::Genre => {
                let genres: Vec<String> = match base.genres.is_empty() {
                    true => corpus.manifest().genres.keys().cloned().collect(),
                    false => base.genres.clone(),
                };
                let of = |genre: String| Selection { name: named(&genre), genres: vec![genre], ..base.clone() };
                genres.into_iter().map(of).collect()
            }
            Each::Instrument => {
                let words = if self.among.is_empty() { family_names() } else { self.among.to_vec() };
                let of = |word: &String| {
                    Ok(Selection { name: named(word), only: vec![self.instrument(word)?], ..base.clone() })
                };
                words.iter().map(of).collect::<Result<_, CompareError>>()?
            }
        };
        let enough = |selection: &Selection| {
            selection.with_parts(corpus, selection.of(corpus, self.split)).len() >= self.least_songs
        };
        Ok(candidates.into_iter().filter(enough).collect())
    }

    fn base(&self, corpus: &Corpus) -> Result<Selection, CompareError> {
        let instruments =
            |words: &[String]| words.iter().map(|word| self.instrument(word)).collect::<Result<Vec<_>, _>>();
        let mut genres: Vec<String> = self.genres.iter().map(|name| normal(name)).collect();
        let known = &corpus.manifest().genres;
        if let Some(genre) = genres.iter().find(|genre| !known.contains_key(*genre)) {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(self.fault(format!("no song is of genre \"{genre}\"; there are: {}", names.join(", "))));
        }
        if let Some(count) = self.largest_genres {
            genres = largest(known, &genres, count);
        }
        Ok(Selection {
            name: self.name.trim().to_owned(),
            genres,
            artists: self.artists.iter().map(|name| normal(name)).collect(),
            with: instruments(self.with)?,
            only: instruments(self.only)?,
            songs: self.songs,
            seed: self.seed,
        })
    }

    fn instrument(&self, word: &str) -> Result<InstrumentSelection, CompareError> {
        InstrumentSelection::parse(word).map_err(|error| self.fault(error.to_string()))
    }

    fn fault(&self, reason: String) -> CompareError {
        CompareError::Selection { what: self.what, name: self.name.trim().to_owned(), reason }
    }
}

/// The `count` genres with most songs (of `among`, if that is not empty), by name.
fn largest(known: &BTreeMap<String, usize>, among: &[String], count: usize) -> Vec<String> {
    let mut sizes: Vec<(&String, usize)> =
        known.iter().filter(|(name, _)| among.is_empty() || among.contains(name)).map(|(name, n)| (name, *n)).collect();
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let chosen: BTreeSet<String> = sizes.into_iter().take(count.max(1)).map(|(name, _)| name.clone()).collect();
    chosen.into_iter().collect()
}

/// A name as it is compared: lower case, single spaces.
fn normal(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Selection {
    /// The selected songs of a split, by index, in order, whatever their parts; nothing is drawn
    /// yet.
    pub(crate) fn of(&self, corpus: &Corpus, split: Split) -> Vec<usize> {
        corpus.split(split).into_iter().filter(|song| self.wants(&corpus.songs()[*song])).collect()
    }

    /// Those of the songs that have a part to keep. After the draw: the piano parts of forty songs
    /// are of these forty.
    pub(crate) fn with_parts(&self, corpus: &Corpus, mut songs: Vec<usize>) -> Vec<usize> {
        let plays = |selection: &InstrumentSelection, song: usize| {
            corpus.songs()[song].instruments.iter().any(|player| selection.matches(*player))
        };
        songs.retain(|song| self.only.is_empty() || self.only.iter().any(|selection| plays(selection, *song)));
        songs
    }

    fn wants(&self, song: &SongRecord) -> bool {
        let any = |wanted: &[String], name: &Option<String>| {
            wanted.is_empty() || name.as_ref().is_some_and(|name| wanted.contains(&normal(name)))
        };
        let plays = |selection: &InstrumentSelection| song.instruments.iter().any(|player| selection.matches(*player));
        any(&self.genres, &song.genre) && any(&self.artists, &song.artist) && self.with.iter().all(plays)
    }

    /// As many of the songs as requested: ranked by a hash of their files and the seed, so that a
    /// smaller draw is part of a larger one, and added songs replace as few as possible.
    pub(crate) fn draw(&self, corpus: &Corpus, mut songs: Vec<usize>) -> Vec<usize> {
        let Some(count) = self.songs.filter(|count| *count < songs.len()) else { return songs };
        songs.sort_by_cached_key(|song| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(b"study").update(&self.seed.to_le_bytes());
            hasher.update(corpus.songs()[*song].hash.as_bytes());
            *hasher.finalize().as_bytes()
        });
        songs.truncate(count);
        songs.sort_unstable();
        songs
    }

    /// Which parts it keeps: what names the prepared collection that it needs.
    pub(crate) fn parts(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.only.iter().map(|selection| selection.name().to_owned()).collect();
        names.into_iter().collect()
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        let names = |list: &[InstrumentSelection], word: &str| {
            list.iter().map(InstrumentSelection::name).collect::<Vec<_>>().join(word)
        };
        let mut words = Vec::new();
        match self.genres.len() {
            0 => words.push("all genres".to_owned()),
            1 => words.push(format!("genre {}", self.genres[0])),
            _ => words.push(format!("genres {}", self.genres.join(", "))),
        }
        if !self.artists.is_empty() {
            words.push(format!("artists {}", self.artists.join(", ")));
        }
        if !self.with.is_empty() {
            words.push(format!("songs with {}", names(&self.with, " and ")));
        }
        words.push(match self.only.is_empty() {
            true => "all instruments".to_owned(),
            false => format!("only the parts of {}", names(&self.only, " and ")),
        });
        if let Some(count) = self.songs {
            words.push(format!("at most {count} songs, drawn with seed {}", self.seed));
        }
        words.join("; ")
    }
}
