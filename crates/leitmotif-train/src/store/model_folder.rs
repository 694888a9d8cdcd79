//! Model folders: all that generation and evaluation need, and can be copied anywhere.
//!
//! `config.json` ([`ModelDescription`]), `model.safetensors`, `tokenizer.json` (the vocabulary), `observed.json` (what
//! the training songs have, where the representation knows instruments), `README.md` (the card).

use super::{card, folders};
use crate::TrainError;
use leitmotif_corpus::Corpus;
use leitmotif_events::{OBSERVED_FILE, Observed, Vocabulary};
use leitmotif_model::{
    CONFIG_FILE, Judge, Markov, ModelDescription, ModelKind, WEIGHTS_FILE, Weights, read_description, write_description,
};
use leitmotif_network::Network;
use std::path::{Path, PathBuf};

/// The best model of a run, in its run folder.
pub const BEST: &str = "best";
/// The model at the end of a run, in its run folder.
pub const LAST: &str = "last";
const VOCABULARY_FILE: &str = "tokenizer.json";
const CARD_FILE: &str = "README.md";
/// Largest vocabulary that is read.
const MAX_JSON_BYTES: u64 = 256 << 20;

/// What a trained model is made of, ready to be written.
pub(crate) enum Trained<'a> {
    Network(&'a Weights),
    Markov(&'a Markov),
}

/// Writes or replaces a model folder.
pub(crate) fn write(
    target: &Path,
    description: &ModelDescription,
    (vocabulary, observed): (&Vocabulary, Option<&Observed>),
    trained: &Trained<'_>,
    card: &card::Card<'_>,
) -> Result<(), TrainError> {
    folders::replace(target, |dir| {
        let put = |name: &str, bytes: &[u8]| {
            let path = dir.join(name);
            std::fs::write(&path, bytes).map_err(TrainError::io(&path))
        };
        write_description(dir, description)?;
        put(VOCABULARY_FILE, &serde_json::to_vec_pretty(vocabulary).expect("a vocabulary has only string keys"))?;
        if let Some(observed) = observed {
            put(OBSERVED_FILE, &serde_json::to_vec(observed).expect("only string keys"))?;
        }
        put(CARD_FILE, card.markdown().as_bytes())?;
        match trained {
            Trained::Network(weights) => weights.save(&dir.join(WEIGHTS_FILE))?,
            Trained::Markov(markov) => markov.save(dir)?,
        }
        Ok(())
    })
}

/// What some songs of a corpus have; `None` if its representation knows no instruments.
pub(crate) fn observe(corpus: &Corpus, songs: &[usize]) -> Option<Observed> {
    corpus.representation().observe(&mut songs.iter().map(|song| corpus.sequence(*song)))
}

/// The model folder that `path` means: itself, or the best (else the last) model of a run folder.
///
/// # Errors
/// [`TrainError::File`] if `path` is neither, or is a run that has no model yet.
pub fn find_model(path: &Path) -> Result<PathBuf, TrainError> {
    if path.join(CONFIG_FILE).is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return Err(TrainError::file(path, "there is no such folder"));
    }
    let found = [BEST, LAST].iter().find_map(|name| folders::find(&path.join(name)));
    found.ok_or_else(|| {
        let reason = if path.join(super::CONFIG_FILE).is_file() {
            "this run has no model yet: it has not come to its first validation; resume it"
        } else {
            "neither a model folder (it has no config.json) nor a run folder (it has no best or last model)"
        };
        TrainError::file(path, reason)
    })
}

/// The vocabulary of a model folder.
///
/// # Errors
/// [`TrainError::Io`] or [`TrainError::File`] with the path.
pub fn load_vocabulary(model: &Path) -> Result<Vocabulary, TrainError> {
    json(&model.join(VOCABULARY_FILE))
}

/// Loads the model of a run or model folder for judging music, on `device` (`cpu`, `cuda`, `wgpu`).
///
/// # Errors
/// As [`find_model`]; [`TrainError::Model`] for weights that do not fit, or a device that is not there.
pub fn load_judge(path: &Path, device: &str) -> Result<Box<dyn Judge>, TrainError> {
    let folder = find_model(path)?;
    let description = read_description(&folder)?;
    Ok(match description.model.kind {
        ModelKind::Markov => Box::new(Markov::load(&folder, &description)?),
        _ => {
            let weights = Weights::load(&folder.join(WEIGHTS_FILE))?;
            let device = leitmotif_network::device(device)?;
            Box::new(Network::from_weights(&description, &weights, &device)?)
        }
    })
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let length = std::fs::metadata(path).map_err(TrainError::io(path))?.len();
    if length > MAX_JSON_BYTES {
        return Err(TrainError::file(path, format!("{length} bytes; at most {MAX_JSON_BYTES} are read")));
    }
    let bytes = std::fs::read(path).map_err(TrainError::io(path))?;
    serde_json::from_slice(&bytes).map_err(|error| TrainError::file(path, error.to_string()))
}
