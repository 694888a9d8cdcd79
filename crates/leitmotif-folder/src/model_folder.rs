//! A model folder, opened.

use crate::place::find_model;
use crate::{CONFIG_FILE, FolderError, OBSERVED_FILE, PRIOR_FILE, VOCABULARY_FILE, WEIGHTS_FILE};
use leitmotif_events::{MAX_VOCABULARY_BYTES, Observed, Representation, Vocabulary};
use leitmotif_model::{
    Markov, Model, ModelDescription, ModelError, ModelKind, NetworkModel, Precision, Prior, Weights, WeightsFile,
    read_description,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A trained model on disk: its description, its vocabulary and what its training songs have are
/// read when it is opened, its weights when they are needed.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    path: PathBuf,
    description: ModelDescription,
    representation: Arc<dyn Representation>,
    observed: Option<Arc<Observed>>,
}

impl ModelFolder {
    /// Opens a model folder, or the best (else the last) model of a run folder.
    ///
    /// # Errors
    /// [`FolderError`] naming the file at fault, and what to do where that is known.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FolderError> {
        let path = find_model(path.as_ref())?;
        let description = read_description(&path)?;
        let vocabulary = read_vocabulary(&path.join(VOCABULARY_FILE))?;
        let wrong = |reason: String| FolderError::file(&path.join(VOCABULARY_FILE), reason);
        let representation = leitmotif_events::load(&vocabulary).map_err(|error| wrong(error.to_string()))?;
        if description.sizes != representation.vocabulary().sizes() {
            return Err(wrong(format!(
                "not the vocabulary of the model that {CONFIG_FILE} describes; copy both again"
            )));
        }
        let observed = Observed::load(&path)?.map(Arc::new);
        Ok(Self { path, description, representation, observed })
    }

    /// The folder that holds the files.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Architecture and field sizes.
    pub fn description(&self) -> &ModelDescription {
        &self.description
    }

    /// The fields of the model's events and their values.
    pub fn vocabulary(&self) -> &Vocabulary {
        self.representation.vocabulary()
    }

    /// How scores become the model's events, and events scores.
    pub fn representation(&self) -> &Arc<dyn Representation> {
        &self.representation
    }

    /// What the training songs have; `None` for models of earlier versions and for representations
    /// without instruments.
    pub fn observed(&self) -> Option<&Arc<Observed>> {
        self.observed.as_ref()
    }

    /// Whether the folder has a trained prior over the model's latents.
    pub fn has_prior(&self) -> bool {
        self.path.join(PRIOR_FILE).exists()
    }

    /// Where the weights are.
    pub fn weights_path(&self) -> PathBuf {
        self.path.join(WEIGHTS_FILE)
    }

    /// A network's weights. Their names and shapes are those of the description before any value is
    /// read.
    ///
    /// # Errors
    /// [`FolderError`] if they cannot be read, do not fit, or cannot have been learnt.
    pub fn weights(&self) -> Result<Weights, FolderError> {
        let path = self.weights_path();
        let wrong = |error: ModelError| FolderError::file(&path, error.to_string());
        let file = WeightsFile::open(&path)?;
        NetworkModel::check_shapes(&self.description, &file.shapes()).map_err(wrong)?;
        let weights = file.read()?;
        weights.check_range().map_err(wrong)?;
        Ok(weights)
    }

    /// A Markov model's counts; `None` if the model is a network.
    ///
    /// # Errors
    /// [`FolderError`] if they cannot be read.
    pub fn markov(&self) -> Result<Option<Markov>, FolderError> {
        let is_markov = self.description.model.kind == ModelKind::Markov;
        Ok(is_markov.then(|| Markov::load(&self.path, &self.description)).transpose()?)
    }

    /// The model, ready to compose. A network keeps its linear maps in this precision.
    ///
    /// # Errors
    /// [`FolderError`] naming the file at fault.
    pub fn model(&self, precision: Precision) -> Result<Box<dyn Model>, FolderError> {
        if let Some(markov) = self.markov()? {
            return Ok(Box::new(markov));
        }
        let of = |path: PathBuf| move |error: ModelError| ModelError::File { path, reason: error.to_string() };
        let model = NetworkModel::new(&self.description, &self.weights()?.in_precision(precision));
        let model = model.map_err(of(self.weights_path()))?;
        let prior = Prior::of_folder(&self.path)?;
        Ok(Box::new(model.with_prior(prior).map_err(of(self.path.join(PRIOR_FILE)))?))
    }

    /// A hash of everything that determines what the model composes: description, vocabulary,
    /// weights, prior, and what its training songs have (BLAKE3, hexadecimal).
    ///
    /// # Errors
    /// [`FolderError`] with the file that cannot be read.
    pub fn fingerprint(&self) -> Result<String, FolderError> {
        let mut hasher = blake3::Hasher::new();
        for name in [CONFIG_FILE, VOCABULARY_FILE, WEIGHTS_FILE, PRIOR_FILE, OBSERVED_FILE] {
            let path = self.path.join(name);
            if matches!(name, PRIOR_FILE | OBSERVED_FILE) && !path.exists() {
                continue;
            }
            let file = leitmotif_files::open(&path).map_err(FolderError::io(&path))?;
            hasher.update_reader(file).map_err(FolderError::io(&path))?;
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

fn read_vocabulary(path: &Path) -> Result<Vocabulary, FolderError> {
    let bytes = leitmotif_files::read(path, MAX_VOCABULARY_BYTES).map_err(FolderError::io(path))?;
    serde_json::from_slice(&bytes).map_err(|error| FolderError::file(path, error.to_string()))
}
