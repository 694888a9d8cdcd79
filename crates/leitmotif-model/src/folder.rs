//! The files of a model itself in its folder: `config.json` and `model.safetensors`.

use crate::{ModelDescription, ModelError};
use std::path::Path;

/// The description's file.
pub const CONFIG_FILE: &str = "config.json";
/// The weights' file.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Largest `config.json` that is read.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Reads the description of a model folder.
///
/// # Errors
/// [`ModelError::Io`] or [`ModelError::File`] with the file's path.
pub fn read_description(folder: &Path) -> Result<ModelDescription, ModelError> {
    let path = folder.join(CONFIG_FILE);
    let io = |source| ModelError::Io { path: path.clone(), source };
    let wrong = |reason: String| ModelError::File { path: path.clone(), reason };
    let text = leitmotif_files::read(&path, MAX_CONFIG_BYTES).map_err(io)?;
    let description: ModelDescription = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    description.validate().map_err(|error| wrong(error.to_string()))?;
    Ok(description)
}

/// Writes the description into a model folder.
///
/// # Errors
/// [`ModelError::Io`] with the file's path.
pub fn write_description(folder: &Path, description: &ModelDescription) -> Result<(), ModelError> {
    let path = folder.join(CONFIG_FILE);
    let mut text = serde_json::to_vec_pretty(description).map_err(|error| ModelError::Config(error.to_string()))?;
    text.push(b'\n');
    leitmotif_files::write(&path, &text).map_err(|source| ModelError::Io { path, source })
}
