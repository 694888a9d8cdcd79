//! The model that ships with the program. Its files are part of the executable, so that one file
//! is enough to begin on any machine; they are unpacked once into the user's cache folder, because
//! everything else opens models as folders.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What its name is on the command line.
pub const NAME: &str = "base";

/// Its files by name, as `models/base` holds them.
const FILES: [(&str, &[u8]); 6] = [
    ("config.json", include_bytes!("../../../models/base/config.json")),
    ("tokenizer.json", include_bytes!("../../../models/base/tokenizer.json")),
    ("observed.json", include_bytes!("../../../models/base/observed.json")),
    ("critic.json", include_bytes!("../../../models/base/critic.json")),
    ("model.safetensors", include_bytes!("../../../models/base/model.safetensors")),
    ("README.md", include_bytes!("../../../models/base/README.md")),
];

/// The model's folder, complete. It lies in the user's cache folder, or in the folder of temporary
/// files where that cannot be written.
///
/// # Errors
/// If neither can be written.
pub fn folder() -> Result<PathBuf> {
    if let Some(folder) = dirs::cache_dir().and_then(|cache| unpack(&cache).ok()) {
        return Ok(folder);
    }
    let temporary = std::env::temp_dir();
    unpack(&temporary).with_context(|| format!("the model {NAME} could not be unpacked into {}", temporary.display()))
}

/// Unpacks the files below a folder. Those that are there with the right bytes stay, and each file
/// appears whole, so that several processes can do this at once.
fn unpack(below: &Path) -> Result<PathBuf> {
    let mut hasher = blake3::Hasher::new();
    for (_, bytes) in FILES {
        hasher.update(bytes);
    }
    let folder = below.join("leitmotif").join(format!("{NAME}-{}", &hasher.finalize().to_hex()[..16]));
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        if leitmotif_files::read(&path, bytes.len() as u64).is_ok_and(|found| found == bytes) {
            continue;
        }
        leitmotif_files::write(&path, bytes)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_folder::ModelFolder;

    #[test]
    fn it_is_unpacked_whole_and_mended() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpack(cache.path()).unwrap();
        assert_eq!(unpack(cache.path()).unwrap(), folder);
        let model = ModelFolder::open(&folder).unwrap();
        let fingerprint = model.fingerprint().unwrap();
        assert!(model.observed().is_some() && model.representation().cells().is_some());
        assert!(crate::critic::open(&folder).is_ok());

        // A byte changes, and a file is lost.
        let weights = folder.join("model.safetensors");
        let mut bytes = std::fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&weights, bytes).unwrap();
        std::fs::remove_file(folder.join("config.json")).unwrap();
        unpack(cache.path()).unwrap();
        assert_eq!(ModelFolder::open(&folder).unwrap().fingerprint().unwrap(), fingerprint);
    }
}
