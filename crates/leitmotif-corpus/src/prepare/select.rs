//! The draw of equal numbers of songs per genre.

use super::survey::{Candidate, Song};
use crate::{DropReason, DroppedRecord};
use std::collections::BTreeMap;

/// Keeps at most `count` songs of each genre and none without one; also returns which genres have
/// fewer. The draw ranks the songs by a hash of their notes and the seed, so that added files
/// replace as few songs as possible.
pub(super) fn draw_per_genre(songs: &mut Vec<Song>, count: usize, seed: u64) -> (Vec<DroppedRecord>, Vec<String>) {
    let mut genres: BTreeMap<&str, Vec<([u8; 32], usize)>> = BTreeMap::new();
    for (index, song) in songs.iter().enumerate() {
        if let Some(genre) = &song.genre {
            genres.entry(genre).or_default().push((lot(song, seed), index));
        }
    }
    let mut is_drawn = vec![false; songs.len()];
    let mut sizes = BTreeMap::new();
    let mut short = Vec::new();
    for (genre, mut lots) in genres {
        lots.sort_unstable();
        lots.iter().take(count).for_each(|(_, index)| is_drawn[*index] = true);
        if lots.len() < count {
            short.push(format!("{genre} {}", lots.len()));
        }
        sizes.insert(genre.to_owned(), lots.len());
    }
    let warnings = match short.len() {
        0 => Vec::new(),
        _ => vec![format!("fewer than {count} songs: {}", short.join(", "))],
    };
    let leave_out = |song: &Candidate| match &song.genre {
        Some(genre) => {
            let detail = format!("{count} of the {} songs of genre {genre} were drawn, not this one", sizes[genre]);
            song.dropped(DropReason::NotDrawn, detail)
        }
        None => song.dropped(DropReason::Genre, "its genre is unknown, and songs were drawn by genre".to_owned()),
    };
    let left_out = songs.iter().zip(&is_drawn).filter(|(_, drawn)| !**drawn).map(|(song, _)| leave_out(song)).collect();
    let mut verdicts = is_drawn.into_iter();
    songs.retain(|_| verdicts.next().unwrap_or(false));
    (left_out, warnings)
}

fn lot(song: &Candidate, seed: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"draw");
    hasher.update(&seed.to_le_bytes());
    hasher.update(&song.fingerprint.exact);
    *hasher.finalize().as_bytes()
}
