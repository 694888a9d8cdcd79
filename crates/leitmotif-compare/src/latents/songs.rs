//! The held-out songs that a report is about.

use super::error::LatentsError;
use super::settings::{Settings, Subject};
use leitmotif_compose::latent::{Source, space};
use leitmotif_corpus::{Corpus, SongRecord};
use leitmotif_measures::{BarNotes, bars};
use leitmotif_score::{Instrument, Score, Ticks};
use rayon::prelude::*;
use serde::Serialize;

/// A song, cut to its first bars and encoded.
pub struct Song {
    /// Which song it is.
    pub about: About,
    /// Its genre, if the model can be conditioned on it.
    pub genre: Option<String>,
    /// Its bars, events and posteriors.
    pub source: Source,
    /// The notes of each bar.
    pub bars: Vec<BarNotes>,
}

/// Which song it is.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// Its id in the corpus.
    pub id: String,
    /// Its file, as the corpus names it.
    pub path: String,
    /// Its genre.
    pub genre: Option<String>,
    /// Bars that are looked at.
    pub bars: usize,
    /// Notes in them.
    pub notes: usize,
}

impl Song {
    /// The mean of its latents.
    pub fn middle(&self) -> Vec<f32> {
        let mut sum = vec![0.0; self.source.posteriors.first().map_or(0, |posterior| posterior.mean.len())];
        for posterior in &self.source.posteriors {
            sum.iter_mut().zip(&posterior.mean).for_each(|(sum, value)| *sum += value);
        }
        let count = self.source.posteriors.len().max(1) as f32;
        sum.iter_mut().for_each(|value| *value /= count);
        sum
    }

    /// Who plays, all drum kits as one.
    pub fn players(&self) -> Vec<Instrument> {
        let kit = |player: Instrument| if player.is_drums() { Instrument::Drums(0) } else { player };
        let mut players: Vec<Instrument> = self.source.score.instruments().into_iter().map(kit).collect();
        players.sort_unstable();
        players.dedup();
        players
    }

    /// Whether the bars that both songs have are of the same meters.
    pub fn fits(&self, other: &Self) -> bool {
        let kind = |song: &Self, bar: usize| song.source.sequence.event(song.source.bars[bar].start)[0];
        let bars = self.source.bars.len().min(other.source.bars.len());
        bars > 0 && (0..bars).all(|bar| kind(self, bar) == kind(other, bar))
    }
}

/// The songs that the settings select, evenly spread over their split, each cut to its first bars;
/// and how many were left out because they have no notes there or cannot be held by the
/// representation.
pub fn held_out(subject: &Subject<'_>, settings: &Settings) -> Result<(Vec<Song>, usize), LatentsError> {
    let (corpus, split) = (subject.corpus, settings.split);
    let all = corpus.split(split);
    let chosen: Vec<usize> = spread(all.len(), settings.songs).into_iter().map(|index| all[index]).collect();
    let read: Vec<Option<Song>> =
        chosen.par_iter().map(|&song| read(subject, song, settings.bars)).collect::<Result<_, LatentsError>>()?;
    let songs: Vec<Song> = read.into_iter().flatten().collect();
    if songs.len() < 2 {
        return Err(LatentsError::Songs { corpus: corpus.dir().to_owned(), split });
    }
    let left_out = chosen.len() - songs.len();
    Ok((songs, left_out))
}

/// At most `most` of `count` numbers from 0, evenly spread.
pub fn spread(count: usize, most: usize) -> Vec<usize> {
    let chosen = count.min(most);
    (0..chosen).map(|index| index * count / chosen).collect()
}

fn read(subject: &Subject<'_>, song: usize, bars: usize) -> Result<Option<Song>, LatentsError> {
    let Subject { model, representation, corpus, .. } = *subject;
    let record = &corpus.songs()[song];
    let score = opening(&representation.decode(&corpus.sequence(song))?, bars);
    let known = known_genre(corpus, record);
    let Ok(source) = Source::of(space(model)?, representation, &score, known.clone()) else {
        return Ok(None);
    };
    let SongRecord { id, path, genre, .. } = record.clone();
    let about = About { id, path, genre, bars: source.bars.len(), notes: source.score.note_count() };
    let bars = self::bars(&source.score);
    Ok(Some(Song { about, genre: known, source, bars }))
}

/// The song's genre, if the model can be conditioned on it.
fn known_genre(corpus: &Corpus, record: &SongRecord) -> Option<String> {
    let genres = corpus.vocabulary().settings.genres();
    record.genre.clone().filter(|genre| genres.contains(genre))
}

/// The first bars of a score.
fn opening(score: &Score, bars: usize) -> Score {
    match score.bars().nth(bars) {
        Some(next) => score.excerpt(Ticks(0), next.start),
        None => score.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leitmotif_score::{Note, Part, Resolution};

    #[test]
    fn songs_are_spread_evenly() {
        assert_eq!(spread(10, 4), [0, 2, 5, 7]);
        assert_eq!(spread(3, 5), [0, 1, 2]);
        assert!(spread(0, 5).is_empty() && spread(5, 0).is_empty());
    }

    #[test]
    fn the_opening_ends_with_its_last_bar() {
        let note = |bar: u64| Note { onset: Ticks(16 * bar + 12), duration: Ticks(8), pitch: 60, velocity: 64 };
        let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: (0..4).map(note).collect() };
        let resolution = Resolution::new(4).unwrap_or_default();
        let score = Score { resolution, parts: vec![part], ..Score::default() };
        let cut = opening(&score, 2);
        assert_eq!((cut.note_count(), cut.end()), (2, Ticks(32)));
        assert_eq!(opening(&score, 9).note_count(), 4);
    }
}
