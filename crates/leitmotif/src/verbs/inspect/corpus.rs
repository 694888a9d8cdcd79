//! What is in a corpus.

use super::pairs;
use crate::console::Console;
use crate::words::{clock, count, counted, row, table};
use anyhow::Result;
use leitmotif_corpus::prepare::PrepareOptions;
use leitmotif_corpus::{Corpus, CorpusStatistics, DropReason, LengthBin, Split, Totals};
use leitmotif_events::RepresentationConfig;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Instruments that are listed one by one.
const MOST_LISTED: usize = 20;

#[derive(Serialize)]
struct Report<'a> {
    kind: &'static str,
    path: String,
    tool: &'a str,
    fingerprint: String,
    representation: &'a RepresentationConfig,
    fields: Vec<FieldReport>,
    totals: Totals,
    splits: BTreeMap<Split, Totals>,
    genres: BTreeMap<String, BTreeMap<Split, usize>>,
    artists: usize,
    instruments: Vec<InstrumentReport>,
    lengths: Vec<LengthBin>,
    licences: BTreeMap<String, usize>,
    dropped: &'a BTreeMap<DropReason, usize>,
    warnings: &'a [String],
    options: &'a PrepareOptions,
}

/// A field and how many values it has.
#[derive(Serialize)]
pub struct FieldReport {
    name: String,
    values: usize,
}

impl FieldReport {
    /// The fields of a vocabulary.
    pub fn of(vocabulary: &leitmotif_events::Vocabulary) -> Vec<Self> {
        let fields = vocabulary.fields.iter();
        fields.map(|field| Self { name: field.name.clone(), values: field.values.len() }).collect()
    }

    /// They in one line.
    pub fn line(fields: &[Self]) -> String {
        fields.iter().map(|field| format!("{} {}", field.name, field.values)).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Serialize)]
struct InstrumentReport {
    name: String,
    songs: usize,
}

/// Shows it.
pub fn show(path: &Path, json: bool, console: &Console) -> Result<()> {
    let corpus = Corpus::open(path)?;
    let manifest = corpus.manifest();
    let found = CorpusStatistics::of(&corpus);
    let name = |instrument: leitmotif_score::Instrument| {
        if instrument.is_drums() { "drums".to_owned() } else { instrument.name() }
    };
    let report = Report {
        kind: "corpus",
        path: path.display().to_string(),
        tool: &manifest.tool,
        fingerprint: corpus.fingerprint(),
        representation: &corpus.vocabulary().settings,
        fields: FieldReport::of(corpus.vocabulary()),
        totals: found.totals,
        splits: found.splits,
        genres: found.genres,
        artists: found.artists,
        instruments: found
            .instruments
            .iter()
            .map(|(it, songs)| InstrumentReport { name: name(*it), songs: *songs })
            .collect(),
        lengths: found.lengths,
        licences: found.licences,
        dropped: &manifest.dropped,
        warnings: &manifest.warnings,
        options: &manifest.options,
    };
    if json { console.json(&report) } else { console.out(report.describe()) }
}

impl Report<'_> {
    fn describe(&self) -> String {
        let representation = super::representation(self.representation);
        let dropped = self.dropped.iter().map(|(reason, files)| format!("{files} {}", reason.name()));
        let known = |counts: &BTreeMap<String, usize>| {
            let named = counts
                .iter()
                .map(|(name, songs)| format!("{} {songs}", if name.is_empty() { "unknown" } else { name }));
            named.collect::<Vec<_>>().join(", ")
        };
        let shown = self.instruments.iter().take(MOST_LISTED).map(|it| format!("{} {}", it.name, it.songs));
        let mut instruments = shown.collect::<Vec<_>>().join(", ");
        if self.instruments.len() > MOST_LISTED {
            instruments += &format!(", … {} more", self.instruments.len() - MOST_LISTED);
        }
        let lengths = self.lengths.iter().filter(|bin| bin.songs > 0);
        let lengths = lengths.map(|bin| format!("{}-{}: {}", count(bin.from), count(bin.to - 1), bin.songs));
        let mut text = pairs(&[
            ("corpus", self.path.clone()),
            ("songs", format!("{} by {}", count(self.totals.songs), counted(self.artists, "named artist"))),
            ("representation", format!("{representation}: {}", FieldReport::line(&self.fields))),
            ("licences", known(&self.licences)),
            ("instruments", instruments),
            ("notes a song", lengths.collect::<Vec<_>>().join(", ")),
            ("left out", dropped.collect::<Vec<_>>().join(", ")),
            ("fingerprint", self.fingerprint.clone()),
        ]);
        let mut rows = vec![row(["split", "songs", "notes", "bars", "length"])];
        for (split, totals) in &self.splits {
            let numbers = [totals.songs, totals.notes, totals.bars].map(count);
            rows.push([split.to_string()].into_iter().chain(numbers).chain([clock(totals.seconds)]).collect());
        }
        text += &format!("\n\n{}", table(&rows));
        let mut rows = vec![row(["genre", "train", "valid", "test"])];
        for (genre, songs) in &self.genres {
            let name = if genre.is_empty() { "unknown" } else { genre };
            let numbers = Split::ALL.map(|split| count(songs.get(&split).copied().unwrap_or(0)));
            rows.push([name.to_owned()].into_iter().chain(numbers).collect());
        }
        text += &format!("\n\n{}", table(&rows));
        for warning in self.warnings {
            text += &format!("\nnote: {warning}");
        }
        text
    }
}
