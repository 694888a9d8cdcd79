//! Small songs as MIDI files.

use leitmotif_corpus::Corpus;
use leitmotif_corpus::prepare::{PrepareOptions, PrepareSummary, prepare};
use leitmotif_score::midi::write_midi;
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

pub const PIANO: Instrument = Instrument::Program(0);

/// A tune of its own for each seed, with a bass and drums, of `beats` quarters.
pub fn song(seed: u64, beats: u64) -> Score {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut part = |instrument, low: u8, step: u64| {
        let mut notes = Vec::new();
        for index in 0..beats * 480 / step {
            if rng.random_bool(0.8) {
                notes.push(Note {
                    onset: Ticks(index * step),
                    pitch: low + rng.random_range(0..12),
                    duration: Ticks(step),
                    velocity: rng.random_range(40..110),
                });
            }
        }
        Part { name: String::new(), instrument, notes }
    };
    let parts = vec![part(PIANO, 60, 240), part(Instrument::Program(33), 36, 480), part(Instrument::Drums(0), 36, 480)];
    Score { parts, ..Score::default() }
}

pub fn write(path: &Path, score: &Score) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, write_midi(score).unwrap()).unwrap();
}

/// `genre/artist/song.mid` of three genres, five artists each, two songs each.
pub fn collection(dir: &Path) {
    for (genre, name) in ["Metal", "pop rock", "Rock"].iter().enumerate() {
        for artist in 0..5_u64 {
            for number in 0..2_u64 {
                let seed = genre as u64 * 100 + artist * 10 + number;
                let path = dir.join(name).join(format!("Artist {genre}{artist}")).join(format!("song {seed}.mid"));
                write(&path, &song(seed, 24 + seed % 40));
            }
        }
    }
}

pub fn options(input: &Path, output: &Path) -> PrepareOptions {
    PrepareOptions { inputs: vec![input.to_owned()], output: output.to_owned(), ..PrepareOptions::default() }
}

pub fn prepared(options: &PrepareOptions) -> PrepareSummary {
    prepare(options, &(), &AtomicBool::new(false)).unwrap()
}

/// The bytes of every file of a folder.
pub fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in [dir.to_owned(), dir.join("shards")] {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                all.insert(path.strip_prefix(dir).unwrap().display().to_string(), std::fs::read(path).unwrap());
            }
        }
    }
    all
}

/// One corpus of the [`collection`] for all tests; its folder lives as long as the process.
pub fn corpus() -> Arc<Corpus> {
    static CORPUS: OnceLock<(tempfile::TempDir, Arc<Corpus>)> = OnceLock::new();
    let (_, corpus) = CORPUS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let (input, output) = (dir.path().join("in"), dir.path().join("out"));
        collection(&input);
        prepared(&options(&input, &output));
        let corpus = Arc::new(Corpus::open(output).unwrap());
        (dir, corpus)
    });
    corpus.clone()
}

/// Attributes by name.
pub fn attributes(names: &[&str]) -> Vec<leitmotif_events::Attribute> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}
