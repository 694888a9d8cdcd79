//! A folder of songs, laid out genre/artist/title as collections of MIDI files are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use leitmotif_score::{WriteError, write_midi_file};

use crate::rng::SeededRng;
use crate::song::{artist, compose, title};
use crate::style::Style;

/// Most songs of one style in a collection: titles and seeds are distinct up to here.
pub const MAX_SONGS_PER_STYLE: usize = 10_000;

/// A song of a collection: what to compose, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Song {
    /// The style; its folder is the genre.
    pub style: Style,
    /// The seed for [`crate::compose`].
    pub seed: u64,
    /// The band.
    pub artist: &'static str,
    /// The title, unlike any other of the same band in the collection.
    pub title: String,
    /// `genre/artist/title.mid` below the collection's folder.
    pub path: PathBuf,
}

/// The songs of a collection of `songs_per_style` songs in each style, in the order of their
/// paths' styles. The first songs of a larger collection with the same seed are the smaller one's.
pub fn plan_collection(songs_per_style: usize, seed: u64) -> Vec<Song> {
    let mut songs = Vec::new();
    for style in Style::ALL {
        let mut seeds = SeededRng::new(seed).fork("collection", style.salt());
        let mut taken = BTreeSet::new();
        for _ in 0..songs_per_style.min(MAX_SONGS_PER_STYLE) {
            let seed = ((seeds.below(1 << 31) as u64) << 16) | seeds.below(1 << 16) as u64;
            let (artist, name) = (artist(style, seed), title(style, seed));
            let name = (1..)
                .map(|number| if number == 1 { name.clone() } else { format!("{name} (No. {number})") })
                .find(|name| taken.insert((artist, name.clone())))
                .unwrap_or(name);
            let path = [style.folder(), artist].iter().collect::<PathBuf>().join(format!("{name}.mid"));
            songs.push(Song { style, seed, artist, title: name, path });
        }
    }
    songs
}

/// Why a collection could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectionError {
    /// A folder could not be made.
    #[error("cannot make the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A song could not be written.
    #[error("cannot write a song: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The writer's error.
        source: WriteError,
    },
}

/// Composes [`plan_collection`]'s songs and writes them below `folder` as genre/artist/title.mid;
/// returns them in the order of the plan. A file that stands where a song goes is replaced.
///
/// # Errors
/// [`CollectionError`] where a folder or a file cannot be written; the songs before it stand.
pub fn write_collection(folder: &Path, songs_per_style: usize, seed: u64) -> Result<Vec<Song>, CollectionError> {
    let songs = plan_collection(songs_per_style, seed);
    for song in &songs {
        let path = folder.join(&song.path);
        if let Some(parent) = path.parent() {
            let failed = |source| CollectionError::Folder { path: parent.to_path_buf(), source };
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut score = compose(song.style, song.seed);
        score.title = Some(song.title.clone());
        write_midi_file(&path, &score).map_err(|source| CollectionError::Write { path, source })?;
    }
    Ok(songs)
}
