//! The collections of the development data, as they are. Skipped where they are not there.
#![allow(clippy::print_stderr)]

use crate::common::{options, prepared};
use leitmotif_corpus::prepare::{Layout, PrepareOptions, SplitBy};
use leitmotif_corpus::{Corpus, DropReason, Split};
use std::path::{Path, PathBuf};

fn data(name: &str) -> Option<PathBuf> {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("LEITMOTIF_DATA").map_or_else(fallback, PathBuf::from).join(name);
    if !dir.is_dir() {
        eprintln!("skipped: {} is not there", dir.display());
        return None;
    }
    Some(dir)
}

#[test]
fn open_band_with_its_manifest() {
    let Some(input) = data("open-band") else { return };
    let out = tempfile::tempdir().unwrap();
    let mut options = options(&input, &out.path().join("corpus"));
    options.metadata = Some(input.join("manifest.tsv"));
    options.split.by = SplitBy::Artist;
    let summary = prepared(&options);
    assert_eq!(summary.files, 231);
    assert_eq!(summary.manifest.totals.songs + summary.dropped.len(), 231);
    assert!(summary.dropped.iter().all(|record| record.reason == DropReason::Duplicate), "{:?}", summary.dropped);
    assert!(summary.dropped.len() <= 5, "{:?}", summary.dropped);
    let corpus = Corpus::open(&options.output).unwrap();
    assert_eq!(corpus.manifest().genres.keys().collect::<Vec<_>>(), ["ambient", "band", "metal"]);
    assert!(corpus.songs().iter().all(|song| song.licence.is_some() && song.artist.is_some()));
    let kept: usize = corpus.songs().iter().map(|song| song.notes).sum();
    let lost = corpus.songs().iter().flat_map(|song| &song.lost);
    // A note that doubles another of its instrument is one with it.
    let lost: usize = lost.filter(|(cause, _)| !cause.starts_with("doubled by")).map(|(_, count)| count).sum();
    assert!(lost * 1000 <= kept + lost, "{lost} of {} notes lost", kept + lost);
}

#[test]
fn groove_with_its_splits() {
    let Some(input) = data("groove") else { return };
    let out = tempfile::tempdir().unwrap();
    let options =
        PrepareOptions { metadata: Some(input.join("info.csv")), ..options(&input, &out.path().join("corpus")) };
    let summary = prepared(&options);
    assert_eq!((summary.files, summary.manifest.warnings.len()), (1150, 0), "{:?}", summary.manifest.warnings);
    let counts = Split::ALL.map(|split| summary.manifest.splits[&split].songs);
    assert_eq!(counts.iter().sum::<usize>() + summary.dropped.len(), 1150);
    assert!((890..=897).contains(&counts[0]) && counts[1] >= 120 && counts[2] >= 125, "{counts:?}");
    assert!(summary.manifest.genres.contains_key("funk") && !summary.manifest.genres.contains_key("drummer1"));
}

#[test]
fn flat_collections_and_broken_files() {
    for (name, files) in [("nottingham", 1034), ("js-fakes", 500), ("midi-conformance", 72)] {
        let Some(input) = data(name) else { return };
        let out = tempfile::tempdir().unwrap();
        let options = PrepareOptions { layout: Layout::Flat, ..options(&input, &out.path().join("corpus")) };
        let summary = prepared(&options);
        assert_eq!(summary.files, files, "{name}");
        assert_eq!(summary.manifest.totals.songs + summary.dropped.len(), files);
        assert!(summary.dropped.iter().all(|record| !record.detail.is_empty()));
    }
}
