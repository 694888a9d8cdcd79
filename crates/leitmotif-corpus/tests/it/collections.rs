//! Collections of songs in one JSON file.

use crate::common::{options, prepared, song, write};
use leitmotif_corpus::prepare::{PrepareError, PrepareOptions, midi_files, prepare};
use leitmotif_corpus::{Corpus, DropReason, Split};
use leitmotif_events::RepresentationConfig;
use std::sync::atomic::AtomicBool;

/// Two songs of four voices that are the same but for their key, and one of another tune.
const VOICES: &str = r#"{
    "train": [[[72, 67, 64, 48], [72, 67, 64, -1], [74, 67, 65, 50]], [[60, 60, 60, 60], [62, 60, 60, 60]]],
    "valid": [[[74, 69, 66, 50], [74, 69, 66, -1], [76, 69, 67, 52]]],
    "test": [[[-1, -1, -1, -1]], [[60, 58, 57, 40]]]
}"#;

fn with(representation: RepresentationConfig, options: PrepareOptions) -> PrepareOptions {
    PrepareOptions { representation, ..options }
}

#[test]
fn the_file_names_and_splits_its_songs_and_keeps_them_all() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    std::fs::create_dir_all(&input).unwrap();
    std::fs::write(input.join("tunes.json"), VOICES).unwrap();
    std::fs::write(input.join("about.json"), r#"{"name": "not music", "train": []}"#).unwrap();
    let summary = prepared(&with(RepresentationConfig::Chorales { grid: 4 }, options(&input, &output)));
    assert_eq!(summary.files, 5);
    let dropped: Vec<_> = summary.dropped.iter().map(|it| (it.path.as_str(), it.reason)).collect();
    assert_eq!(dropped, [("tunes.json/test/0001", DropReason::Empty)]);
    let corpus = Corpus::open(&output).unwrap();
    let songs: Vec<_> = corpus.songs().iter().map(|song| (song.path.as_str(), song.split, song.notes)).collect();
    let wanted = [
        ("tunes.json/test/0002", Split::Test, 4),
        ("tunes.json/train/0001", Split::Train, 7),
        ("tunes.json/train/0002", Split::Train, 5),
        ("tunes.json/valid/0001", Split::Valid, 7),
    ];
    assert_eq!(songs, wanted);
    assert_eq!(corpus.songs()[1].title, "tunes train/0001");
    let words: Vec<_> = corpus.sequence(1).events().map(|event| corpus.representation().describe(event)).collect();
    assert_eq!(words, ["start", "step 0 C5 G4 E4 C3", "step 1 C5 G4 E4 rest", "step 2 D5 G4 F4 D3", "end"]);
    let warnings = corpus.manifest().warnings.join("\n");
    assert!(warnings.contains("1 songs of collections are near-duplicates"), "{warnings}");
}

#[test]
fn collections_and_midi_files_go_together_and_reading_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    write(&input.join("a.mid"), &song(1, 24));
    std::fs::write(input.join("tunes.JSON"), VOICES).unwrap();
    assert_eq!(midi_files(&input).unwrap().len(), 1);
    let corpus = |name: &str, cached_notes: usize, threads: usize| {
        let output = dir.path().join(name);
        let options = options(&input, &output);
        let frames = RepresentationConfig::Frames { grid: 4 };
        prepared(&with(frames, PrepareOptions { cached_notes, threads: Some(threads), ..options }));
        Corpus::open(output).unwrap().fingerprint()
    };
    let cached = corpus("cached", 1_000_000, 1);
    assert_eq!(corpus("read twice", 0, 3), cached);
    assert_eq!(Corpus::open(dir.path().join("cached")).unwrap().songs().len(), 5);
}

#[test]
fn sets_of_pitches_are_a_piano() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("sets.json");
    std::fs::write(&input, r#"{"train": [[[60, 64], [60], []]], "test": [[[], [60]]]}"#).unwrap();
    let words = |representation: RepresentationConfig, separator: &str| {
        let output = dir.path().join(representation.name());
        prepared(&with(representation, options(&input, &output)));
        let corpus = Corpus::open(&output).unwrap();
        let song = |song: usize| {
            let sequence = corpus.sequence(song);
            sequence.events().map(|event| corpus.representation().describe(event)).collect::<Vec<_>>().join(separator)
        };
        [song(0), song(1)]
    };
    let frames = words(RepresentationConfig::Frames { grid: 2 }, " ");
    assert_eq!(frames, ["start frame C4 frame end", "start C4 E4 frame C4 frame end"]);
    let rolls = words(RepresentationConfig::Rolls { grid: 2 }, ", ");
    assert_eq!(rolls, ["start, frame, frame C4, end", "start, frame C4 E4, frame C4, end"]);
}

#[test]
fn broken_collections_are_lines_of_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    write(&input.join("a.mid"), &song(1, 24));
    std::fs::write(input.join("cut.json"), r#"{"train": [[[60, 64"#).unwrap();
    std::fs::write(input.join("high.json"), r#"{"train": [[[60, 640]]]}"#).unwrap();
    std::fs::write(input.join("bytes.json"), b"\xff\xfe{").unwrap();
    let summary = prepared(&options(&input, &output));
    let dropped: Vec<_> = summary.dropped.iter().map(|it| (it.path.as_str(), it.reason)).collect();
    let unreadable = ["cut.json", "high.json"].map(|name| (name, DropReason::Unreadable));
    assert_eq!(dropped, unreadable);
    assert!(summary.dropped[1].detail.contains("640 is no pitch"), "{}", summary.dropped[1].detail);

    let other = dir.path().join("other.json");
    std::fs::write(&other, "[1, 2]").unwrap();
    let failure = prepare(&options(&other, &dir.path().join("none")), &(), &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(failure, PrepareError::Unreadable { .. }), "{failure}");
    let failure = failure.to_string();
    assert!(failure.contains("other.json: it is not of the shape"), "{failure}");
    std::fs::remove_file(input.join("a.mid")).unwrap();
    let failure = prepare(&options(&input, &dir.path().join("none")), &(), &AtomicBool::new(false)).unwrap_err();
    let failure = failure.to_string();
    assert!(failure.contains("cut.json: ") && failure.contains("and another one"), "{failure}");
    assert!(!dir.path().join("none").exists());
}
