//! What is in a corpus, counted from its song records alone.

use super::{Corpus, SongRecord, Split, Totals};
use leitmotif_score::Instrument;
use serde::Serialize;
use std::collections::BTreeMap;

/// One bin of a distribution of lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LengthBin {
    /// Notes of the shortest songs in it.
    pub from: usize,
    /// Notes that none of its songs reaches: twice `from`.
    pub to: usize,
    /// How many songs.
    pub songs: usize,
}

/// A corpus in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorpusStatistics {
    /// Everything together.
    pub totals: Totals,
    /// By split.
    pub splits: BTreeMap<Split, Totals>,
    /// Songs by genre and split; songs without a genre stand under the empty name.
    pub genres: BTreeMap<String, BTreeMap<Split, usize>>,
    /// How many artists are named.
    pub artists: usize,
    /// Songs that contain the instrument; all drum kits count as one.
    pub instruments: Vec<(Instrument, usize)>,
    /// Songs by their number of notes, in octaves.
    pub lengths: Vec<LengthBin>,
    /// Songs by licence; songs without one stand under the empty name.
    pub licences: BTreeMap<String, usize>,
}

impl CorpusStatistics {
    /// Counts a corpus.
    pub fn of(corpus: &Corpus) -> Self {
        Self::of_songs(corpus.songs())
    }

    fn of_songs(songs: &[SongRecord]) -> Self {
        let mut totals = Totals::default();
        let mut splits: BTreeMap<Split, Totals> =
            Split::ALL.into_iter().map(|split| (split, Totals::default())).collect();
        let mut genres: BTreeMap<String, BTreeMap<Split, usize>> = BTreeMap::new();
        let mut artists = std::collections::BTreeSet::new();
        let mut instruments: BTreeMap<Instrument, usize> = BTreeMap::new();
        let mut octaves: BTreeMap<u32, usize> = BTreeMap::new();
        let mut licences: BTreeMap<String, usize> = BTreeMap::new();
        for song in songs {
            totals.add(song);
            splits.entry(song.split).or_default().add(song);
            *genres.entry(song.genre.clone().unwrap_or_default()).or_default().entry(song.split).or_default() += 1;
            artists.extend(song.artist.as_deref());
            let mut players: Vec<Instrument> = song
                .instruments
                .iter()
                .map(|player| if player.is_drums() { Instrument::Drums(0) } else { *player })
                .collect();
            players.dedup();
            for player in players {
                *instruments.entry(player).or_default() += 1;
            }
            *octaves.entry(song.notes.max(1).ilog2()).or_default() += 1;
            *licences.entry(song.licence.clone().unwrap_or_default()).or_default() += 1;
        }
        let mut instruments: Vec<(Instrument, usize)> = instruments.into_iter().collect();
        instruments.sort_by_key(|(player, count)| (std::cmp::Reverse(*count), *player));
        let (low, high) = (octaves.keys().next().copied(), octaves.keys().next_back().copied());
        let lengths = low
            .zip(high)
            .into_iter()
            .flat_map(|(low, high)| low..=high)
            .map(|octave| LengthBin {
                from: 1 << octave,
                to: (1_usize << octave).saturating_mul(2),
                songs: octaves.get(&octave).copied().unwrap_or(0),
            })
            .collect();
        splits.values_mut().chain([&mut totals]).for_each(Totals::finish);
        Self { totals, splits, genres, artists: artists.len(), instruments, lengths, licences }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::test_song;

    #[test]
    fn counts_beyond_all_numbers_do_not_overflow() {
        let mut huge = test_song("a", Split::Train, usize::MAX);
        (huge.bars, huge.events, huge.seconds) = (usize::MAX, usize::MAX, f64::MAX);
        let found = CorpusStatistics::of_songs(&[huge.clone(), huge]);
        assert_eq!((found.totals.songs, found.totals.notes, found.totals.bars), (2, usize::MAX, usize::MAX));
        assert_eq!(found.lengths.len(), 1);
        assert_eq!(found.lengths[0].to, usize::MAX);
    }

    #[test]
    fn counts_what_is_there() {
        let mut first = test_song("a", Split::Train, 10);
        first.genre = Some("rock".to_owned());
        first.instruments = vec![Instrument::Program(30), Instrument::Drums(0), Instrument::Drums(8)];
        let mut second = test_song("b", Split::Test, 70);
        second.instruments = vec![Instrument::Drums(16)];
        let found = CorpusStatistics::of_songs(&[first, second]);
        assert_eq!((found.totals.songs, found.totals.notes), (2, 80));
        assert_eq!(found.splits[&Split::Valid].songs, 0);
        assert_eq!(found.genres["rock"][&Split::Train], 1);
        assert_eq!(found.instruments, [(Instrument::Drums(0), 2), (Instrument::Program(30), 1)]);
        let bins: Vec<_> = found.lengths.iter().map(|bin| (bin.from, bin.to, bin.songs)).collect();
        assert_eq!(bins, [(8, 16, 1), (16, 32, 0), (32, 64, 0), (64, 128, 1)]);
    }
}
