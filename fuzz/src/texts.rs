//! Vocabularies, collections in JSON and tables of metadata.

use crate::midi::song;
use leitmotif_corpus::prepare::{Layout, PrepareOptions, prepare};
use leitmotif_events::{RepresentationConfig, Vocabulary};
use leitmotif_score::write_midi_file;
use std::path::Path;
use std::sync::atomic::AtomicBool;

pub(crate) fn vocabularies() -> Vec<Vec<u8>> {
    let genres = vec!["metal".to_owned()];
    let all = [
        RepresentationConfig::Events { grid: 4, genres: genres.clone() },
        RepresentationConfig::Cells { grid: 4, genres, references: true },
        RepresentationConfig::Frames { grid: 4 },
    ];
    let of = |it| leitmotif_events::build(it).expect("valid settings");
    all.iter().map(|it| serde_json::to_vec(of(it).vocabulary()).expect("plain values")).collect()
}

/// `tokenizer.json`.
pub(crate) fn vocabulary(bytes: &[u8]) {
    if let Ok(vocabulary) = serde_json::from_slice::<Vocabulary>(bytes) {
        vocabulary.fingerprint();
        let _ = leitmotif_events::load(&vocabulary);
    }
}

pub(crate) fn collections() -> Vec<Vec<u8>> {
    vec![
        br#"{"train": [[[72, 67, 64, 48], [72, 67, 64, -1]], [[60, 60, 60, 60], []]], "test": [[[60, 58]]]}"#.to_vec(),
        br#"{"train": [[[21, 108], [60]], [[60.0, null], [NaN]]], "valid": [[]], "test": []}"#.to_vec(),
    ]
}

/// A collection of songs in a JSON file.
pub(crate) fn collection(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("songs.json"), bytes).expect("a file");
    let representation = RepresentationConfig::Chorales { grid: 4 };
    prepared(folder.path(), PrepareOptions { representation, ..PrepareOptions::default() });
}

pub(crate) fn tables() -> Vec<Vec<u8>> {
    vec![
        b"path,genre,artist,title,split\na.mid,Metal,\"A, B\",One,train\nb.mid,jazz,\"\"\"C\"\"\",,valid\n".to_vec(),
        b"path\tgenre\r\na.mid\tMetal\r\nsub\\b.mid\t\xE9\r\n".to_vec(),
    ]
}

/// A table of metadata beside two songs.
pub(crate) fn metadata(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (index, name) in ["a.mid", "b.mid"].iter().enumerate() {
        write_midi_file(folder.path().join(name), &song(index as u8, 2)).expect("a file");
    }
    let table = folder.path().join("songs.csv");
    std::fs::write(&table, bytes).expect("a file");
    prepared(folder.path(), PrepareOptions { metadata: Some(table), ..PrepareOptions::default() });
}

fn prepared(folder: &Path, options: PrepareOptions) {
    let output = folder.join("corpus");
    let inputs = vec![folder.to_owned()];
    let options = PrepareOptions { inputs, output, threads: Some(1), layout: Layout::Flat, ..options };
    let _ = prepare(&options, &(), &AtomicBool::new(false));
}
