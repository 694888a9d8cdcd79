//! Model folders: all that generation and evaluation need, and can be copied anywhere.
//!
//! `config.json` ([`ModelDescription`]), `model.safetensors`, `tokenizer.json` (the vocabulary),
//! `observed.json` (what the training songs have, where the representation has instruments),
//! `README.md` (the card).

use super::card;
use crate::TrainError;
use leitmotif_corpus::Corpus;
use leitmotif_events::{Observed, Tasks, Vocabulary};
use leitmotif_folder::{CARD_FILE, ModelFolder, OBSERVED_FILE, VOCABULARY_FILE, WEIGHTS_FILE};
use leitmotif_model::{Markov, ModelDescription, Scorer, Weights, write_description};
use leitmotif_network::Network;
use std::path::Path;

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
    leitmotif_files::replace(target, |dir| {
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

/// What some songs of a corpus have, which a model was trained on with these tasks; `None` if its
/// representation has no instruments.
pub(crate) fn observe(corpus: &Corpus, songs: &[usize], tasks: Tasks) -> Option<Observed> {
    let representation = corpus.representation();
    let tasks = if representation.cells().is_some() { tasks } else { Tasks::default() };
    let observed = representation.observe(&mut songs.iter().map(|song| corpus.sequence(*song)));
    observed.map(|observed| Observed { tasks, ..observed })
}

/// Loads the model of a run or model folder for scoring music, on `device` (`cpu`, `cuda`, `wgpu`).
///
/// # Errors
/// As [`ModelFolder::open`]; [`TrainError::Model`] for weights that do not fit, or a device that is
/// not there.
pub fn load_scorer(path: &Path, device: &str) -> Result<Box<dyn Scorer>, TrainError> {
    let folder = ModelFolder::open(path)?;
    if let Some(markov) = folder.markov()? {
        return Ok(Box::new(markov));
    }
    let device = leitmotif_network::device(device)?;
    Ok(Box::new(Network::from_weights(folder.description(), &folder.weights()?, &device)?))
}
