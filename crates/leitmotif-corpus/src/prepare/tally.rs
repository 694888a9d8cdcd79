//! What all files together say about the tags: which genres and artists there are, and how the
//! metadata fits the files.

use super::PrepareError;
use super::names::normal;
use crate::options::FilterOptions;
use leitmotif_score::nearest_names;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// At most so many names are listed in a message.
const MAX_LISTED: usize = 30;

/// What was counted of all files, or of those of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tally {
    /// Files and songs of collections.
    files: usize,
    /// The genres and artists, where the filter names some; lower case.
    genres: BTreeSet<String>,
    artists: BTreeSet<String>,
    /// The lines of the metadata that name a file, from 0.
    rows: BTreeSet<usize>,
    /// Files that the metadata does not name, and the first of them.
    unnamed: usize,
    first_unnamed: Option<String>,
}

impl Tally {
    /// Counts one file with its tags and its line of the metadata.
    pub(super) fn add(
        &mut self,
        name: &str,
        genre: Option<&str>,
        artist: Option<&str>,
        row: Option<usize>,
        filter: &FilterOptions,
    ) {
        self.files += 1;
        self.genres.extend(genre.filter(|_| !filter.genres.is_empty()).map(normal));
        self.artists.extend(artist.filter(|_| !filter.artists.is_empty()).map(normal));
        self.rows.extend(row);
        if row.is_none() {
            self.unnamed += 1;
            self.name_first(name.to_owned());
        }
    }

    fn name_first(&mut self, name: String) {
        if self.first_unnamed.as_ref().is_none_or(|first| name < *first) {
            self.first_unnamed = Some(name);
        }
    }

    /// Adds what was counted of other files.
    pub(super) fn absorb(&mut self, other: Self) {
        let Self { files, genres, artists, rows, unnamed, first_unnamed } = other;
        self.files = self.files.saturating_add(files);
        self.genres.extend(genres);
        self.artists.extend(artists);
        self.rows.extend(rows);
        self.unnamed = self.unnamed.saturating_add(unnamed);
        first_unnamed.into_iter().for_each(|name| self.name_first(name));
    }

    /// Whether there was no file at all that could be looked into.
    pub(super) fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// Refuses a filter that names what no file has: more likely a slip than a request for an empty
    /// corpus.
    pub(super) fn check(&self, filter: &FilterOptions) -> Result<(), PrepareError> {
        for (what, wanted, known) in
            [("genre", &filter.genres, &self.genres), ("artist", &filter.artists, &self.artists)]
        {
            let Some(name) = wanted.iter().find(|name| !known.contains(&normal(name))) else { continue };
            let near = nearest_names(name, known.iter().map(String::as_str), 1);
            let hint = near.first().map(|near| format!(" (did you mean \"{near}\"?)")).unwrap_or_default();
            let mut list: Vec<&str> = known.iter().map(String::as_str).take(MAX_LISTED).collect();
            if known.len() > MAX_LISTED {
                list.push("…");
            }
            let known = if list.is_empty() { "none at all".to_owned() } else { list.join(", ") };
            return Err(PrepareError::Unknown { what, name: name.clone(), hint, known });
        }
        Ok(())
    }

    /// What does not fit between the files and the metadata, which has `lines` lines.
    pub(super) fn warnings(&self, lines: Option<usize>, filter: &FilterOptions) -> Vec<String> {
        let Some(lines) = lines else { return Vec::new() };
        let mut warnings = Vec::new();
        let without_file = lines.saturating_sub(self.rows.len());
        if without_file > 0 {
            warnings.push(format!("{without_file} of the {lines} lines of the metadata match no file"));
        }
        if let Some(first) = self.first_unnamed.as_ref().filter(|_| !filter.listed) {
            let (unnamed, files) = (self.unnamed, self.files);
            warnings.push(format!("the metadata says nothing about {unnamed} of the {files} files ({first})"));
        }
        warnings
    }
}
