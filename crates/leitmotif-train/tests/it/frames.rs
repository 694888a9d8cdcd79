//! Nats per frame and per token of a frame.

use leitmotif_corpus::prepare::{PrepareOptions, prepare};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::RepresentationConfig;
use leitmotif_train::{Unigram, evaluate};
use std::path::Path;
use std::sync::atomic::AtomicBool;

const SONGS: &str = r#"{
    "train": [[[72, 67, 64, 48], [72, 67, 64, -1], [74, 67, 65, 50]]],
    "test": [[[72, 67, 64, 48], [74, 69, 64, 48]], [[74, 67, 65, 50], [74, 67, 65, 50], [74, 67, 65, 50]]]
}"#;

fn corpus(dir: &Path, representation: RepresentationConfig) -> Corpus {
    let (input, output) = (dir.join("songs.json"), dir.join(representation.name()));
    std::fs::write(&input, SONGS).unwrap();
    let options = PrepareOptions { inputs: vec![input], output, representation, ..PrepareOptions::default() };
    prepare(&options, &(), &AtomicBool::new(false)).unwrap();
    Corpus::open(options.output).unwrap()
}

#[test]
fn chorales_cost_their_voices_over_four_tokens_a_frame() {
    let dir = tempfile::tempdir().unwrap();
    let corpus = corpus(dir.path(), RepresentationConfig::Chorales { grid: 4 });
    let unigram = Unigram::count(&corpus, &corpus.split(Split::Train)).unwrap();
    let found = evaluate(&unigram, &corpus, Split::Test, 2).unwrap();
    assert_eq!(found.songs.iter().map(|song| song.frames.unwrap().frames).collect::<Vec<_>>(), [2, 3]);
    let voices: f64 = ["soprano", "alto", "tenor", "bass"].iter().map(|voice| found.fields[*voice]).sum();
    // Per event the ends count too.
    let nats = voices * found.events as f64;
    assert_eq!(found.events, 7);
    assert!((found.nats_per_frame.unwrap().value - nats / 5.0).abs() < 1e-9);
    assert!((found.nats_per_token.unwrap().value - nats / 20.0).abs() < 1e-9);
    assert!(found.fields["step"] > 0.0, "whether the piece ends costs something, and is left out");
}

#[test]
fn rolls_cost_their_keys_alone() {
    let dir = tempfile::tempdir().unwrap();
    let corpus = corpus(dir.path(), RepresentationConfig::Rolls { grid: 4 });
    let unigram = Unigram::count(&corpus, &corpus.split(Split::Train)).unwrap();
    let found = evaluate(&unigram, &corpus, Split::Test, 2).unwrap();
    assert!(found.nats_per_token.is_none());
    let keys: f64 = found.fields.iter().filter(|(field, _)| *field != "kind").map(|(_, nats)| nats).sum();
    assert_eq!((found.fields.len(), found.events), (89, 7));
    assert!((found.nats_per_frame.unwrap().value - keys * 7.0 / 5.0).abs() < 1e-9);
    assert!(found.fields["kind"] > 0.0, "whether the piece ends costs something, and is left out");
    // Three training frames; each of the key's three values counted once more. C5 sounds in two of
    // them, D5 in one.
    let cost = |count: f64| (6.0 / (count + 1.0)).ln();
    let song = &found.songs[0].fields;
    assert!((song[72 - 20] - (cost(2.0) + cost(1.0))).abs() < 1e-5 && (song[1] - 2.0 * cost(3.0)).abs() < 1e-5);
}

#[test]
fn frames_cost_all_but_their_end() {
    let dir = tempfile::tempdir().unwrap();
    let corpus = corpus(dir.path(), RepresentationConfig::Frames { grid: 4 });
    let unigram = Unigram::count(&corpus, &corpus.split(Split::Train)).unwrap();
    let found = evaluate(&unigram, &corpus, Split::Test, 2).unwrap();
    assert!(found.nats_per_token.is_none(), "frames have different numbers of pitches");
    // Training: eleven pitches, three ends of a frame, one end, each of 131 values counted once
    // more.
    let end = ((15.0 + 131.0) / 2.0_f64).ln();
    let nats: f64 = found.songs.iter().map(|song| song.nats - end).sum();
    assert!((found.nats_per_frame.unwrap().value - nats / 5.0).abs() < 1e-4);
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains("nats_per_frame") && !text.contains("nats_per_token"));
}
