//! Opening models: from a run or model folder to something that composes.

use crate::base;
use crate::failure::advise;
use anyhow::Result;
use leitmotif_compose::Request;
use leitmotif_events::{Observed, Representation};
use leitmotif_folder::{ModelFolder, find_model};
use leitmotif_model::{Model, Precision};
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
    /// What it is ([`ModelFolder::fingerprint`]).
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
    let folder = ModelFolder::open(find(path)?)?;
    Ok(Opened {
        model: folder.model(precision)?,
        representation: Arc::clone(folder.representation()),
        observed: folder.observed().cloned(),
        hash: folder.fingerprint()?,
    })
}

/// The model folder that a path means, with advice where it means none. The name of the model that
/// ships with the program means that one, unless there is a model of this name here.
pub fn find(path: &Path) -> Result<PathBuf> {
    const REMEDY: &str = "train a model first: leitmotif train FOLDER -o RUN; or use the one that ships: base";
    match find_model(path) {
        Err(_) if path == Path::new(base::NAME) => base::folder(),
        found => found.map_err(|error| advise(error, REMEDY)),
    }
}
