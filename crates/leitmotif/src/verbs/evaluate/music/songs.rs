//! The songs that pieces are set beside.

use super::{LEAST_BARS, MusicSettings};
use crate::failure::Refusal;
use crate::originality::decode;
use anyhow::Result;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_measures::comparison::opening;
use leitmotif_score::Score;
use std::collections::BTreeMap;

/// A held-out song.
#[derive(Debug)]
pub struct Song {
    /// Its number in the corpus.
    pub number: usize,
    /// Its path in the collection.
    pub path: String,
    /// Its genre, where it is known.
    pub genre: Option<String>,
    /// The excerpt.
    pub score: Score,
    /// Bars of the excerpt.
    pub bars: usize,
}

/// The excerpts of a split's songs of at least [`LEAST_BARS`] bars: of more than are asked for,
/// evenly spaced ones.
pub fn held_out(corpus: &Corpus, settings: &MusicSettings<'_>) -> Result<Vec<Song>> {
    let long = |song: &usize| corpus.songs()[*song].bars >= LEAST_BARS;
    let all: Vec<usize> = corpus.split(settings.split).into_iter().filter(long).collect();
    let chosen = spaced(&all, usize::try_from(settings.pieces).unwrap_or(usize::MAX));
    if chosen.is_empty() {
        let what =
            format!("{} has no songs of {LEAST_BARS} bars in its {} split", corpus.dir().display(), settings.split);
        return Err(Refusal::because(what).remedy("choose another --split, or prepare with other shares").into());
    }
    let excerpt = |(number, score): (usize, Score)| {
        let (record, score) = (&corpus.songs()[number], opening(&score, settings.bars));
        Song { number, path: record.path.clone(), genre: record.genre.clone(), bars: score.bars().count(), score }
    };
    let songs = chosen.iter().copied().zip(decode(corpus, &chosen)?).map(excerpt);
    Ok(songs.collect())
}

/// Excerpts of as many training songs, none of them among `songs`: for each genre as many as there,
/// evenly spaced among those that are long enough, each cut to a song's length.
pub fn others(corpus: &Corpus, split: Split, songs: &[Song]) -> Result<Vec<Score>> {
    let mut by_genre: BTreeMap<Option<&str>, Vec<&Song>> = BTreeMap::new();
    for song in songs {
        by_genre.entry(song.genre.as_deref()).or_default().push(song);
    }
    let mut others = Vec::new();
    for (genre, songs_of_genre) in by_genre {
        let longest = songs_of_genre.iter().map(|song| song.bars).max().unwrap_or_default();
        let fits = |&other: &usize| {
            let record = &corpus.songs()[other];
            let is_other = split != Split::Train || songs.iter().all(|song| song.number != other);
            is_other && record.genre.as_deref() == genre && record.bars >= longest
        };
        let candidates: Vec<usize> = corpus.split(Split::Train).into_iter().filter(fits).collect();
        let chosen = spaced(&candidates, songs_of_genre.len());
        let scores = decode(corpus, &chosen)?;
        others.extend(scores.iter().zip(songs_of_genre).map(|(score, song)| opening(score, song.bars)));
    }
    Ok(others)
}

/// At most so many of a list, evenly spaced.
fn spaced(all: &[usize], most: usize) -> Vec<usize> {
    let count = all.len().min(most);
    (0..count).map(|index| all[index * all.len() / count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_spread_over_all() {
        assert_eq!(spaced(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
        assert_eq!(spaced(&[1, 2], 9), [1, 2]);
        assert!(spaced(&[], 3).is_empty() && spaced(&[1], 0).is_empty());
    }
}
