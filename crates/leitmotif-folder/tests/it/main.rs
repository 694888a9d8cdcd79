//! Folders of models, whole and damaged.
#![allow(clippy::unwrap_used)]

use leitmotif_events::RepresentationConfig;
use leitmotif_folder::{BEST, CONFIG_FILE, LAST, ModelFolder, RUN_CONFIG_FILE, VOCABULARY_FILE, WEIGHTS_FILE};
use leitmotif_model::{MarkovBuilder, ModelConfig, ModelDescription, ModelKind, Precision, write_description};
use std::path::Path;

/// A Markov model of frames on this grid, trained on one short piece.
fn write(folder: &Path, grid: u16) {
    std::fs::create_dir_all(folder).unwrap();
    let representation = leitmotif_events::build(&RepresentationConfig::Frames { grid }).unwrap();
    let vocabulary = representation.vocabulary();
    let config = ModelConfig { kind: ModelKind::Markov, ..ModelConfig::default() };
    let description = ModelDescription::new(config, vocabulary.sizes()).unwrap();
    let mut markov = MarkovBuilder::new(&description);
    markov.add_piece(&[0, 3, 4, 3, 4, 1]).unwrap();
    write_description(folder, &description).unwrap();
    markov.finish().save(folder).unwrap();
    std::fs::write(folder.join(VOCABULARY_FILE), serde_json::to_vec(vocabulary).unwrap()).unwrap();
}

fn refusal(path: &Path) -> String {
    ModelFolder::open(path).unwrap_err().to_string()
}

#[test]
fn a_run_means_its_best_model_else_its_last_wherever_an_exchange_was_interrupted() {
    let run = tempfile::tempdir().unwrap();
    let path = |name: &str| run.path().join(name);
    std::fs::write(path(RUN_CONFIG_FILE), "").unwrap();
    assert!(refusal(run.path()).contains("no model yet"), "{}", refusal(run.path()));
    for (name, grid) in [(LAST, 2), ("best.old", 3), (BEST, 4), ("best.new", 6)] {
        write(&path(name), grid);
        let folder = ModelFolder::open(run.path()).unwrap();
        assert_eq!((folder.path(), folder.vocabulary().settings.grid()), (path(name).as_path(), Some(grid)));
        assert_eq!(folder.model(Precision::Half).unwrap().description(), folder.description());
        assert_eq!(folder.fingerprint().unwrap(), ModelFolder::open(path(name)).unwrap().fingerprint().unwrap());
    }
}

#[test]
fn damage_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = refusal(&folder.path().join("missing"));
    assert!(missing.contains("missing") && missing.contains("no such folder"), "{missing}");
    assert!(refusal(folder.path()).contains("neither a model folder"), "{}", refusal(folder.path()));

    let fresh = |name: &str| {
        let path = folder.path().join(name);
        write(&path, 4);
        path
    };
    for file in [CONFIG_FILE, VOCABULARY_FILE] {
        for bytes in [&b""[..], b"{", b"\xff\xfe", b"[1]", b"null"] {
            let path = fresh("broken");
            std::fs::write(path.join(file), bytes).unwrap();
            assert!(refusal(&path).contains(file), "{}", refusal(&path));
        }
    }
    let path = fresh("without");
    std::fs::remove_file(path.join(VOCABULARY_FILE)).unwrap();
    assert!(refusal(&path).contains(VOCABULARY_FILE), "{}", refusal(&path));
    std::fs::create_dir(path.join(VOCABULARY_FILE)).unwrap();
    assert!(refusal(&path).contains("not a regular file"), "{}", refusal(&path));

    // Another model's vocabulary.
    let (path, config) = (fresh("mixed"), RepresentationConfig::Chorales { grid: 4 });
    let other = leitmotif_events::build(&config).unwrap();
    std::fs::write(path.join(VOCABULARY_FILE), serde_json::to_vec(other.vocabulary()).unwrap()).unwrap();
    assert!(refusal(&path).contains("not the vocabulary of the model"), "{}", refusal(&path));

    let path = fresh("weightless");
    std::fs::remove_file(path.join(WEIGHTS_FILE)).unwrap();
    let opened = ModelFolder::open(&path).unwrap();
    assert!(opened.model(Precision::Single).err().unwrap().to_string().contains(WEIGHTS_FILE));
    assert!(opened.fingerprint().unwrap_err().to_string().contains(WEIGHTS_FILE));
}
