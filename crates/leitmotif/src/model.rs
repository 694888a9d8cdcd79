//! Opening models: from a run or model folder to something that composes.

use crate::failure::advise;
use anyhow::{Context, Result};
use leitmotif_compose::Request;
use leitmotif_events::{OBSERVED_FILE, Observed, Representation, VOCABULARY_FILE};
use leitmotif_model::{CONFIG_FILE, Model, PRIOR_FILE, Precision, WEIGHTS_FILE, open_model_in};
use leitmotif_train::{find_model, load_vocabulary};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model ready to compose.
pub struct Opened {
    /// The model.
    pub model: Box<dyn Model>,
    /// How it writes music as events.
    pub representation: Arc<dyn Representation>,
    /// What its training songs have, where that is known.
    pub observed: Option<Arc<Observed>>,
    /// What it is (see [`hash`]).
    pub hash: String,
}

impl Opened {
    /// An open request to the model, for whoever fills it in.
    pub fn request(&self) -> Request {
        Request { observed: self.observed.clone(), model: Some(self.hash.clone()), ..Request::default() }
    }
}

/// Opens the model of a run or model folder.
pub fn open(path: &Path) -> Result<Opened> {
    open_in(path, Precision::Single)
}

/// The same, keeping a network's weights in this precision.
pub fn open_in(path: &Path, precision: Precision) -> Result<Opened> {
    let folder = find(path)?;
    let model = open_model_in(&folder, precision)?;
    let vocabulary = load_vocabulary(&folder)?;
    let representation = leitmotif_events::load(&vocabulary).with_context(|| folder.display().to_string())?;
    let observed = Observed::load(&folder)?.map(Arc::new);
    let hash = hash(&folder)?;
    Ok(Opened { model, representation, observed, hash })
}

/// The model folder that a path means, with advice where it means none.
pub fn find(path: &Path) -> Result<PathBuf> {
    find_model(path).map_err(|error| advise(error, "leitmotif train FOLDER -o RUN makes a run to name here"))
}

/// A hash of all that decides what a model composes: description, vocabulary, weights, prior, and what its training songs have
/// (BLAKE3, hexadecimal).
pub fn hash(folder: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for name in [CONFIG_FILE, VOCABULARY_FILE, WEIGHTS_FILE, PRIOR_FILE, OBSERVED_FILE] {
        let path = folder.join(name);
        if matches!(name, PRIOR_FILE | OBSERVED_FILE) && !path.exists() {
            continue;
        }
        let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
        hasher.update_reader(file).with_context(|| path.display().to_string())?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}
