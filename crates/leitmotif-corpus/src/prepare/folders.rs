//! How the names of folders were read, with examples: a collection laid out otherwise than expected
//! shows at once.

use super::Layout;
use super::scan::Found;
use serde::Serialize;

/// What folders of one depth were taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    let mut readings: Vec<FolderReading> = Vec::new();
    for file in found {
        let (genre, artist) = file.tags(layout);
        if genre.is_none() && artist.is_none() {
            continue;
        }
        match readings.iter_mut().find(|reading| reading.genre.is_some() == genre.is_some()) {
            Some(reading) => reading.files += 1,
            None => readings.push(FolderReading { files: 1, example: file.name.clone(), genre, artist }),
        }
    }
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.files));
    readings
}
