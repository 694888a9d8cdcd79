//! Folders of several files: models and corpora.
//!
//! The first byte of an input says which file it replaces; the others are its bytes.

use crate::midi::song;
use leitmotif_corpus::Corpus;
use leitmotif_corpus::prepare::{DuplicateOptions, Layout, PrepareOptions, prepare};
use leitmotif_events::Header;
use leitmotif_folder::{ModelFolder, VOCABULARY_FILE, WEIGHTS_FILE};
use leitmotif_model::network::{Blocks, ParameterBuilder};
use leitmotif_model::{ModelConfig, ModelDescription, Precision, Weights, write_description};
use leitmotif_score::write_midi_file;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// A corpus of a few songs, made once.
pub(crate) fn corpus_folder() -> &'static Path {
    static CORPUS: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let made = CORPUS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let (songs, output) = (folder.path().join("songs"), folder.path().join("corpus"));
        std::fs::create_dir(&songs).expect("a folder");
        for index in 0..6 {
            write_midi_file(songs.join(format!("{index}.mid")), &song(index, 4)).expect("a song");
        }
        let options = PrepareOptions {
            inputs: vec![songs],
            output: output.clone(),
            layout: Layout::Flat,
            duplicates: DuplicateOptions { keep: true, ..DuplicateOptions::default() },
            ..PrepareOptions::default()
        };
        prepare(&options, &(), &AtomicBool::new(false)).expect("a corpus");
        (folder, output)
    });
    &made.1
}

/// An architecture of a few thousand weights.
pub(crate) fn small() -> ModelConfig {
    ModelConfig {
        d_model: 8,
        layers: 1,
        heads: 1,
        d_ff: 8,
        d_field: 4,
        segment: 16,
        memory: 16,
        compressed: 4,
        ratio: 4,
        ..ModelConfig::default()
    }
}

/// A network that has learnt nothing, in a model folder.
fn network() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let corpus = Corpus::open(corpus_folder()).expect("a corpus");
            let description = ModelDescription::new(small(), corpus.vocabulary().sizes()).expect("valid settings");
            let mut parameters = ParameterBuilder::fresh(1);
            Blocks::new(&description, &mut parameters).expect("valid settings");
            write_description(folder.path(), &description).expect("a file");
            let weights: Weights = parameters.finish().expect("each once").into_iter().collect();
            weights.save(&folder.path().join(WEIGHTS_FILE)).expect("a file");
            let vocabulary = serde_json::to_vec(corpus.vocabulary()).expect("plain values");
            std::fs::write(folder.path().join(VOCABULARY_FILE), vocabulary).expect("a file");
            folder
        })
        .path()
}

/// Every file below a folder, relative to it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found.iter().map(|it| it.strip_prefix(folder).expect("below it").to_owned()).collect()
}

pub(crate) fn seeds_of(folder: &Path) -> Vec<Vec<u8>> {
    let with_number = |(number, name): (usize, &PathBuf)| {
        let mut bytes = vec![number as u8];
        bytes.extend(std::fs::read(folder.join(name)).expect("a file"));
        bytes
    };
    files(folder).iter().enumerate().map(with_number).collect()
}

/// Uses a copy of the folder in which one file is replaced.
pub(crate) fn with_replaced(original: &Path, bytes: &[u8], work: impl FnOnce(&Path)) {
    let Some((&number, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let names = files(original);
    for (index, name) in names.iter().enumerate() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        if index == usize::from(number) % names.len() {
            std::fs::write(&path, bytes).expect("a file");
        } else {
            std::fs::copy(original.join(name), &path).expect("a file");
        }
    }
    work(folder.path());
}

pub(crate) fn model_seeds() -> Vec<Vec<u8>> {
    seeds_of(network())
}

/// A model folder: opened, loaded, and asked for the event after a header.
pub(crate) fn model(bytes: &[u8]) {
    with_replaced(network(), bytes, |folder| {
        let Ok(folder) = ModelFolder::open(folder) else { return };
        let Ok(model) = folder.model(Precision::Single) else { return };
        let Ok(opening) = folder.representation().opening(&Header::default()) else { return };
        let mut session = model.decoding_session();
        opening.events().for_each(|event| session.push(event));
        let mut logits = vec![0.0; model.description().sizes[0]];
        session.logits(&[], 0, &mut logits);
    });
}

pub(crate) fn corpus_seeds() -> Vec<Vec<u8>> {
    seeds_of(corpus_folder())
}

/// A corpus: opened, and every song of it decoded.
pub(crate) fn corpus(bytes: &[u8]) {
    with_replaced(corpus_folder(), bytes, |folder| {
        let Ok(corpus) = Corpus::open(folder) else { return };
        for song in 0..corpus.songs().len() {
            let _ = corpus.representation().decode(&corpus.sequence(song));
        }
        let _ = corpus.dropped();
    });
}
