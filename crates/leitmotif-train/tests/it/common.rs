//! A small corpus of generated songs, and a small run over it.

use leitmotif_corpus::Corpus;
use leitmotif_corpus::prepare::{DuplicateOptions, Layout, PrepareOptions, prepare};
use leitmotif_model::{LatentKind, ModelConfig, PRIOR_FILE};
use leitmotif_score::{Instrument, Note, Part, Score, Tempo, Ticks, write_midi_file};
use leitmotif_train::{AugmentConfig, LatentConfig, RunConfig, TrainConfig};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Songs for training, validation and test.
pub const SPLITS: [(&str, usize); 3] = [("train", 6), ("valid", 2), ("test", 2)];

/// An arpeggio over a chord progression with a drum beat: a few habits, easily learnt.
pub fn song(index: usize) -> Score {
    let quarter = 480;
    let roots = [0, 9, 5, 7];
    let (mut piano, mut drums) = (Vec::new(), Vec::new());
    for bar in 0..8u64 {
        let root = 48 + (index as u8 * 5) % 12 + roots[(bar as usize + index) % 4];
        for eighth in 0..8u64 {
            let onset = Ticks((bar * 8 + eighth) * quarter / 2);
            let pitch = root + [0, 4, 7, 12][eighth as usize % 4];
            piano.push(Note { onset, pitch, duration: Ticks(quarter / 2), velocity: 80 });
            let pitch = if eighth % 4 == 2 { 38 } else { 42 };
            drums.push(Note { onset, pitch, duration: Ticks(quarter / 4), velocity: 96 });
        }
    }
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    Score {
        parts: vec![part("piano", Instrument::Program(0), piano), part("drums", Instrument::Drums(0), drums)],
        tempos: vec![Tempo { at: Ticks(0), micros_per_quarter: 500_000 }],
        ..Score::default()
    }
}

/// Writes songs as MIDI files into `dir/midi` and prepares the corpus `dir/corpus`.
pub fn corpus(dir: &Path) -> Arc<Corpus> {
    let midi = dir.join("midi");
    std::fs::create_dir(&midi).unwrap();
    let mut table = "path,split\n".to_owned();
    let mut index = 0;
    for (split, count) in SPLITS {
        for _ in 0..count {
            write_midi_file(midi.join(format!("{index}.mid")), &song(index)).unwrap();
            writeln!(table, "{index}.mid,{split}").unwrap();
            index += 1;
        }
    }
    let metadata = dir.join("songs.csv");
    std::fs::write(&metadata, table).unwrap();
    let options = PrepareOptions {
        inputs: vec![midi],
        output: dir.join("corpus"),
        metadata: Some(metadata),
        layout: Layout::Flat,
        duplicates: DuplicateOptions { keep: true, ..DuplicateOptions::default() },
        ..PrepareOptions::default()
    };
    prepared(&options);
    Arc::new(Corpus::open(dir.join("corpus")).unwrap())
}

/// A run of `steps` steps that uses everything a checkpoint must hold: memory, compression,
/// dropout, accumulation, augmentation, validation between checkpoints.
pub fn config(steps: u64) -> RunConfig {
    RunConfig {
        model: ModelConfig {
            d_model: 16,
            layers: 2,
            heads: 2,
            d_ff: 32,
            d_field: 16,
            segment: 16,
            memory: 16,
            compressed: 8,
            ratio: 4,
            attention_dropout: 0.1,
            ..ModelConfig::default()
        },
        train: TrainConfig {
            batch_size: 3,
            accumulate: 2,
            steps,
            warmup_steps: 4,
            learning_rate: 5e-3,
            validate_every: 6,
            log_every: 3,
            checkpoint_every: 2,
            ..TrainConfig::default()
        },
        augment: AugmentConfig { transpose: 3, tempo: 0.1, velocity: 4 },
        latent: LatentConfig::default(),
    }
}

/// The same with a latent for each bar, attributes, everything that is random about them, and a
/// small prior.
pub fn with_latents(mut config: RunConfig) -> RunConfig {
    config.model.latent = LatentKind::Bar;
    config.model.d_latent = 6;
    config.model.encoder_layers = 1;
    config.model.attributes = ["density".to_owned(), "register".to_owned(), "rhythm:drums".to_owned()].to_vec();
    config.model.d_attribute = 4;
    config.latent.classes = 4;
    config.latent.attribute_dropout = 0.3;
    config.latent.prior_epochs = 3;
    config.latent.prior_width = 8;
    config.latent.prior_components = 2;
    config
}

/// Everything of a finished run that must not depend on how often it was stopped, name by name:
/// weights, optimiser, memory, data position, metrics without times.
pub fn outcome(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut parts = Vec::new();
    // Older ones are at the steps where it was stopped.
    let newest =
        std::fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap()).max_by_key(|e| e.file_name());
    if let Some(folder) = newest {
        let name = folder.file_name().into_string().unwrap();
        for file in ["model.safetensors", "average.safetensors", "optimiser.safetensors", "memory.safetensors"] {
            parts.push((format!("{name}/{file}"), std::fs::read(folder.path().join(file)).unwrap()));
        }
        let state = std::fs::read(folder.path().join("state.json")).unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        for key in ["step", "segments", "events", "best", "worse", "validated", "batches"] {
            parts.push((format!("{name}/{key}"), state[key].to_string().into_bytes()));
        }
    }
    for model in ["best", "last"] {
        for file in ["model.safetensors", "config.json", "tokenizer.json", "README.md"] {
            let file = format!("{model}/{file}");
            parts.push((file.clone(), std::fs::read(run.join(&file)).unwrap()));
        }
        let prior = format!("{model}/{PRIOR_FILE}");
        parts.extend(std::fs::read(run.join(&prior)).ok().map(|bytes| (prior, bytes)));
    }
    let lines = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    for (index, line) in lines.lines().enumerate() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let line = line.as_object_mut().unwrap();
        line.remove("seconds");
        line.remove("events_per_second");
        parts.push((format!("metrics line {index}"), serde_json::to_vec(line).unwrap()));
    }
    parts.push(("events".into(), scalars(run)));
    parts.sort();
    parts
}

/// The event files' records without wall-clock times (which come first in each) and checksums.
fn scalars(run: &Path) -> Vec<u8> {
    let mut found = Vec::new();
    let mut files = 0;
    for file in std::fs::read_dir(run).unwrap() {
        let path = file.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("events.") {
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        let mut at = 0;
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let record = &bytes[at + 12 + 9..at + 12 + length];
            // Speeds differ from run to run; their four bytes follow the tag and one key.
            let tag = b"train/events_per_second";
            let speed = record.windows(tag.len()).position(|window| window == tag).map(|at| at + tag.len() + 1);
            found.extend(record.iter().enumerate().map(|(i, byte)| match speed {
                Some(speed) if (speed..speed + 4).contains(&i) => 0,
                _ => *byte,
            }));
            at += length + 16;
        }
    }
    assert_eq!(files, 1, "a run has one event file");
    found
}

/// Compares two outcomes part by part, so that a failure names the part and not its bytes.
pub fn assert_same(found: &[(String, Vec<u8>)], expected: &[(String, Vec<u8>)]) {
    let names = |parts: &[(String, Vec<u8>)]| parts.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    let different: Vec<&str> =
        found.iter().zip(expected).filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0.as_str()).collect();
    assert!(different.is_empty(), "these differ: {different:?}");
}

/// Prepares a corpus without reporting progress.
pub fn prepared(options: &PrepareOptions) {
    prepare(options, &(), &std::sync::atomic::AtomicBool::new(false)).unwrap();
}
