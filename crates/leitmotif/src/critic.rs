//! The critic in a model's folder, which chooses among pieces.

use crate::failure::Refusal;
use anyhow::{Context, Result};
use leitmotif_folder::CRITIC_FILE;
use leitmotif_measures::Critic;
use std::path::Path;

/// The largest critic that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Opens the critic of a model folder.
///
/// # Errors
/// With what to do, if there is none or if it is damaged.
pub fn open(folder: &Path) -> Result<Critic> {
    let path = folder.join(CRITIC_FILE);
    if !path.exists() {
        let refusal = Refusal::because(format!("{} has no critic to choose among pieces", folder.display()));
        return Err(refusal.remedy("train one: leitmotif critic MODEL").into());
    }
    let bytes = leitmotif_files::read(&path, MAX_BYTES).with_context(|| path.display().to_string())?;
    Critic::from_json(&bytes).map_err(|error| {
        let refusal = Refusal::because(format!("{}: {error}", path.display()));
        refusal.remedy("train it anew: leitmotif critic MODEL --force").into()
    })
}
