//! Where bars lie among each other: the principal components of their latents.

use super::error::LatentsError;
use super::experiment::Experiment;
use super::songs::spread;
use leitmotif_compose::latent::{InterpolationPath, between};
use leitmotif_corpus::Corpus;
use leitmotif_events::MAX_GROUP_EVENTS;
use leitmotif_measures::Pca;
use rayon::prelude::*;
use serde::Serialize;

/// The most songs, of all splits.
const SONGS: usize = 200;
/// The most latents of each.
const LATENTS: usize = 12;
/// Genres beyond these share a colour.
const GENRES: usize = 7;

/// Latents of many songs on a plane.
#[derive(Debug, Serialize)]
pub struct Map {
    /// Songs, of all splits.
    pub songs: usize,
    /// Latents.
    pub latents: usize,
    /// The share of the latents' variance along each axis.
    pub explained: Vec<f64>,
    /// The songs that the path leads from and to, by their numbers in the report's list, from 0.
    #[serde(rename = "way")]
    pub path: (usize, usize),
    /// The genres of these songs.
    pub ends: [Option<String>; 2],
    /// Where the latents lie, by genre.
    #[serde(skip)]
    pub genres: Vec<(String, Vec<(f64, f64)>)>,
    /// Where the steps of the path lie.
    #[serde(skip)]
    pub steps: Vec<(f64, f64)>,
}

/// Draws the map.
pub fn measure(experiment: &Experiment<'_>) -> Result<Map, LatentsError> {
    let corpus = experiment.subject.corpus;
    let songs = spread(corpus.songs().len(), SONGS);
    let bars = songs.len() * LATENTS * experiment.space.bars_per_latent().max(1);
    let latents = experiment.each("map", songs.len(), bars, |number, progress| {
        experiment.go_on()?;
        let latents = latents(experiment, corpus, songs[number]);
        progress.advance((bars / songs.len()) as u64);
        Ok(latents)
    })?;
    let pca = Pca::fit(&latents.concat(), 2)?;
    let place = |latent: &[f32]| match pca.project(latent).as_deref() {
        Some([x, y]) => (*x, *y),
        Some([x]) => (*x, 0.0),
        _ => (f64::NAN, f64::NAN),
    };
    let placed = songs.iter().zip(&latents).map(|(&song, latents)| {
        let genre = corpus.songs()[song].genre.clone().unwrap_or_default();
        (genre, latents.iter().map(|latent| place(latent)).collect())
    });
    let path = ends(experiment);
    let (from, to) = (experiment.songs[path.0].middle(), experiment.songs[path.1].middle());
    let last = (experiment.settings.steps - 1) as f64;
    let step = |step: usize| place(&between(&from, &to, step as f64 / last, InterpolationPath::Spherical));
    Ok(Map {
        songs: songs.len(),
        latents: latents.iter().map(Vec::len).sum(),
        explained: pca.explained.clone(),
        path,
        ends: [path.0, path.1].map(|song| experiment.songs[song].about.genre.clone()),
        genres: by_genre(placed.collect()),
        steps: (0..experiment.settings.steps).map(step).collect(),
    })
}

/// The posterior means of some groups of bars of a song, evenly spread over it.
fn latents(experiment: &Experiment<'_>, corpus: &Corpus, song: usize) -> Vec<Vec<f32>> {
    let sequence = corpus.sequence(song);
    let (k, bars) = (sequence.fields(), experiment.subject.representation.bars(&sequence).unwrap_or_default());
    let groups: Vec<_> = bars.chunks(experiment.space.bars_per_latent().max(1)).collect();
    let chosen: Vec<_> = spread(groups.len(), LATENTS).into_iter().map(|group| groups[group]).collect();
    let latent = |bars: &[std::ops::Range<usize>]| {
        let (mut events, mut places) = (Vec::new(), Vec::new());
        for (place, bar) in bars.iter().enumerate() {
            events.extend_from_slice(&sequence.values()[bar.start * k..bar.end * k]);
            places.extend(std::iter::repeat_n(place as i32, bar.len()));
        }
        places.truncate(MAX_GROUP_EVENTS);
        experiment.space.encode(&events[..places.len() * k], &places).mean
    };
    chosen.into_par_iter().map(latent).collect()
}

/// Two held-out songs, of different genres if there are such.
fn ends(experiment: &Experiment<'_>) -> (usize, usize) {
    let genre = |song: usize| &experiment.songs[song].about.genre;
    let other = (1..experiment.songs.len()).rev().find(|&song| genre(song) != genre(0));
    (0, other.unwrap_or(experiment.songs.len() - 1))
}

/// Points by genre, the most frequent genres first; rare ones together.
fn by_genre(songs: Vec<(String, Vec<(f64, f64)>)>) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut genres: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (genre, points) in songs {
        match genres.iter_mut().find(|known| known.0 == genre) {
            Some(known) => known.1.extend(points),
            None => genres.push((genre, points)),
        }
    }
    genres.sort_by(|a, b| (b.1.len(), &a.0).cmp(&(a.1.len(), &b.0)));
    if genres.len() > GENRES {
        let rest = genres.split_off(GENRES - 1);
        genres.push(("other".into(), rest.into_iter().flat_map(|genre| genre.1).collect()));
    }
    if let [(only, _)] = &mut genres[..]
        && only.is_empty()
    {
        *only = "songs".into();
    }
    genres.iter_mut().filter(|genre| genre.0.is_empty()).for_each(|genre| genre.0 = "no genre".into());
    genres
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_gathered_by_genre() {
        let point = (0.0, 0.0);
        let songs = vec![("a".into(), vec![point]), ("".into(), vec![point; 3]), ("a".into(), vec![point])];
        let genres = by_genre(songs);
        let counts: Vec<(&str, usize)> = genres.iter().map(|it| (it.0.as_str(), it.1.len())).collect();
        assert_eq!(counts, [("no genre", 3), ("a", 2)]);
        let many = by_genre((0..20).map(|k| (k.to_string(), vec![point])).collect());
        assert_eq!((many.len(), many[6].0.as_str(), many[6].1.len()), (7, "other", 14));
        assert_eq!(by_genre(vec![("".into(), vec![point])])[0].0, "songs");
    }
}
