//! How often an epoch reads each song, so that frequent genres do not crowd out rare ones.

use super::stream::targets_of;
use crate::Corpus;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The most times that an epoch reads a song, on average.
pub const MOST_READINGS: f64 = 8.0;

/// The mean number of times that an epoch reads each song. A genre with the share `s` of all
/// events has the weight `s` to the power of `-balance`, scaled so that an epoch keeps its length
/// (but where [`MOST_READINGS`] shortens it). Songs without a genre are one genre.
pub(super) fn readings(corpus: &Corpus, songs: &[usize], balance: f64) -> Vec<f64> {
    let records = corpus.songs();
    let events = |song: usize| targets_of(records[song].events) as f64;
    let mut genres: BTreeMap<Option<&str>, f64> = BTreeMap::new();
    for &song in songs {
        *genres.entry(records[song].genre.as_deref()).or_default() += events(song);
    }
    let all: f64 = genres.values().sum();
    let weight = |events: f64| (events / all).powf(-balance);
    let weighed: f64 = genres.values().map(|events| events * weight(*events)).sum();
    let of = |song: &usize| weight(genres[&records[*song].genre.as_deref()]) * all / weighed;
    songs.iter().map(|song| of(song).min(MOST_READINGS)).collect()
}

/// The songs of an epoch, each with the number of the reading from 0: as often as the mean says,
/// its fraction left to chance.
pub(super) fn drawn(songs: &[usize], readings: &[f64], rng: &mut ChaCha8Rng) -> Vec<(usize, u64)> {
    let mut times = |mean: f64| mean as u64 + u64::from(rng.random::<f64>() < mean.fract());
    let counted: Vec<(usize, u64)> = songs.iter().zip(readings).map(|(song, mean)| (*song, times(*mean))).collect();
    counted.into_iter().flat_map(|(song, times)| (0..times).map(move |reading| (song, reading))).collect()
}
