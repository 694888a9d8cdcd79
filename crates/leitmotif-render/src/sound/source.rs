//! Where instruments come from: a SoundFont file, the system's, or our own.

use super::SoundError;
use rustysynth::SoundFont;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The environment variable that names a SoundFont to prefer over the system's.
pub const SOUNDFONT_VARIABLE: &str = "LEITMOTIF_SOUNDFONT";

/// No larger file is loaded: it is held in memory whole.
const MAX_BANK_BYTES: u64 = 2 << 30;
/// No more entries of a system folder are looked at.
const MAX_FOLDER_ENTRIES: usize = 1000;

/// Instruments to play with. Cheap to clone.
#[derive(Clone)]
pub struct SoundBank {
    pub(super) font: Arc<SoundFont>,
    name: String,
}

impl std::fmt::Debug for SoundBank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoundBank").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SoundBank {
    /// Loads a SoundFont 2 file.
    ///
    /// # Errors
    /// Where the file cannot be read, is larger than 2 GiB, or is not a SoundFont.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SoundError> {
        let path = path.as_ref();
        let bad = |reason: String| SoundError::Bank { path: path.to_owned(), reason };
        let file_error = |source| SoundError::File { path: path.to_owned(), source };
        let bytes = leitmotif_files::read(path, MAX_BANK_BYTES).map_err(file_error)?;
        let font = parse(&bytes).map_err(bad)?;
        Ok(Self { font: Arc::new(font), name: path.display().to_string() })
    }

    /// A General MIDI SoundFont of this machine: the one that [`SOUNDFONT_VARIABLE`] names, else
    /// the first one that loads from the usual places. `None` where there is none.
    pub fn find_system() -> Option<Self> {
        let named = std::env::var_os(SOUNDFONT_VARIABLE).map(PathBuf::from);
        named.into_iter().chain(system_fonts()).find_map(|path| Self::load(path).ok())
    }

    /// The built-in bank, computed on first use (well under a second) and kept.
    pub fn built_in() -> Self {
        static BANK: OnceLock<Arc<SoundFont>> = OnceLock::new();
        let font = BANK.get_or_init(|| {
            let bytes = crate::bank::built_in();
            match SoundFont::new(&mut bytes.as_slice()) {
                Ok(font) => Arc::new(font),
                Err(error) => unreachable!("the built-in bank is well formed: {error}"),
            }
        });
        Self { font: font.clone(), name: "built-in".to_owned() }
    }

    /// The file it came from, or `built-in`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The synthesiser's reader trusts the sizes and indices it reads: what it does not check itself
/// ends in a panic, which is caught and reported as what it is, a broken file.
fn parse(bytes: &[u8]) -> Result<SoundFont, String> {
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"sfbk" {
        return Err("no SoundFont header".to_owned());
    }
    match catch_unwind(AssertUnwindSafe(|| SoundFont::new(&mut &bytes[..]))) {
        Ok(Ok(font)) if font.get_presets().is_empty() => Err("it has no presets".to_owned()),
        Ok(Ok(font)) => Ok(font),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its tables contradict each other".to_owned()),
    }
}

/// SoundFonts in the usual places; General MIDI ones, as their names tell, first.
fn system_fonts() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = folders()
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().take(MAX_FOLDER_ENTRIES))
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sf2")))
        .collect();
    let rank = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let known = ["fluidr3_gm", "default-gm", "default", "generaluser", "musescore", "timgm6mb", "gm"];
        known.iter().position(|part| name.contains(part)).unwrap_or(known.len())
    };
    found.sort_by_key(|path| (rank(path), path.clone()));
    found
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/usr/share/sounds/sf2",
        "/usr/share/soundfonts",
        "/usr/local/share/soundfonts",
        "/usr/local/share/sounds/sf2",
        "/opt/homebrew/share/soundfonts",
        "/Library/Audio/Sounds/Banks",
        "C:\\soundfonts",
    ]
    .map(PathBuf::from)
    .into();
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    if let Some(home) = home {
        folders.push(home.join(".local/share/soundfonts"));
        folders.push(home.join(".local/share/sounds/sf2"));
        folders.push(home.join("Library/Audio/Sounds/Banks"));
        folders.push(home.join("Documents").join("SoundFonts"));
    }
    folders
}
