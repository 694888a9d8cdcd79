//! Runs with their checkpoints, and study files.

use crate::folders::{corpus_folder, seeds_of, with_replaced};
use leitmotif_compare::Study;
use leitmotif_corpus::Corpus;
use leitmotif_train::{Budget, RunConfig, TrainConfig, TrainEvent, resume, train};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// A run of two steps, made once.
fn run() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let corpus = Arc::new(Corpus::open(corpus_folder()).expect("a corpus"));
        let steps = TrainConfig { batch_size: 2, steps: 2, warmup_steps: 1, ..TrainConfig::default() };
        let config = RunConfig { model: crate::folders::small(), train: steps, ..RunConfig::default() };
        let quiet = |_: &TrainEvent<'_>| ();
        train(&corpus, folder.path(), &config, &quiet, &AtomicBool::new(false)).expect("a run");
        folder
    })
    .path()
}

pub(crate) fn checkpoints() -> Vec<Vec<u8>> {
    seeds_of(run())
}

/// A run folder with its settings and its checkpoint: resumed, and stopped at once.
pub(crate) fn checkpoint(bytes: &[u8]) {
    with_replaced(run(), bytes, |folder| {
        let Ok(corpus) = Corpus::open(corpus_folder()) else { return };
        let budget = Budget { steps: Some(3), ..Budget::default() };
        let _ = resume(&Arc::new(corpus), folder, budget, &|_: &TrainEvent<'_>| (), &AtomicBool::new(true));
    });
}

pub(crate) fn studies() -> Vec<Vec<u8>> {
    let study = "title = 's'\nquestion = 'which?'\npreset = 'tiny'\nrepresentation = 'events'\nseeds = [0, 1]\n\
        train_events = 5000\n[collection]\ninputs = ['songs']\nsplit = { by = 'artist', train = 0.7, valid = 0.15, \
        test = 0.15 }\n[budget]\nsteps = 6\n[music]\npieces = 2\nbars = 4\n[set.model]\nlayers = 1\n[[arm]]\n\
        name = 'all'\n[[arm]]\nname = 'metal'\ngenres = ['Metal']\nsongs = 40\n[[arm]]\nname = 'each'\neach = \
        'genre'\nleast_songs = 3\n[[test]]\nname = 'keys'\ntranspositions = 1\n[[factor]]\nname = 'dropout'\n\
        key = 'model.ff_dropout'\nvalues = [0.0, 0.1]\n";
    vec![study.into()]
}

/// A study file.
pub(crate) fn study(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("study.toml");
    std::fs::write(&path, bytes).expect("a file");
    let _ = Study::read(&path);
}
