//! How the names of folders were read, with examples: a collection laid out otherwise than expected
//! shows at once.

use super::Layout;
use super::scan::Found;
use serde::{Deserialize, Serialize};

/// What folders of one depth were taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderReading {
    /// Files read so.
    pub files: usize,
    /// One of them.
    pub example: String,
    /// The genre that its folders name.
    pub genre: Option<String>,
    /// The artist that its folders name.
    pub artist: Option<String>,
}

/// The readings of these files' folders, at most two (with an artist alone, with a genre), the more
/// frequent first. Files in no folder of their own, or whose folders are ignored, have none.
pub(super) fn readings(found: &[Found], layout: Layout) -> Vec<FolderReading> {
    united(found.iter().filter_map(|file| {
        let (genre, artist) = file.tags(layout);
        let is_read = genre.is_some() || artist.is_some();
        is_read.then(|| FolderReading { files: 1, example: file.name.clone(), genre, artist })
    }))
}

/// The readings of some files and of others as those of all; the example is the first by name.
pub(super) fn united(parts: impl Iterator<Item = FolderReading>) -> Vec<FolderReading> {
    let mut readings: Vec<FolderReading> = Vec::new();
    for part in parts {
        match readings.iter_mut().find(|reading| reading.genre.is_some() == part.genre.is_some()) {
            Some(reading) => {
                let files = reading.files.saturating_add(part.files);
                if part.example < reading.example {
                    *reading = part;
                }
                reading.files = files;
            }
            None => readings.push(part),
        }
    }
    readings.sort_by(|a, b| b.files.cmp(&a.files).then_with(|| a.example.cmp(&b.example)));
    readings
}
