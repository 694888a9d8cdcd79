//! The comparison as a page: one file with its style and pictures inside, which loads nothing from
//! a network.

use super::table::{given_away, number, sets};
use super::{Music, Song};
use crate::words::counted;
use anyhow::{Context, Result};
use askama::Template;
use leitmotif_corpus::Split;
use leitmotif_measures::Estimate;
use leitmotif_measures::comparison::FeatureRow;
use leitmotif_measures::two_sample::{Direction, TwoSample};
use leitmotif_plot::Theme;
use leitmotif_plot::page::colours;
use leitmotif_render::{RollOptions, piano_roll};
use leitmotif_score::Score;
use std::path::Path;

/// Rows of piano rolls.
const ROWS: usize = 12;
/// What stands where there is no number.
const NONE: &str = "–";

/// What the page draws, song by song.
pub struct Pieces<'a> {
    /// The songs.
    pub songs: &'a [Song],
    /// The pieces composed as these.
    pub as_songs: &'a [Score],
    /// The pieces with nothing said.
    pub nothing_said: &'a [Score],
}

#[derive(Template)]
#[template(path = "verbs/evaluate/music/page.html")]
struct Page {
    colours: String,
    lead: String,
    accuracies: Vec<Accuracy>,
    figures: Vec<Figure>,
    /// The features of Yang and Lerch with their numbers.
    features: Vec<(String, [String; 4])>,
    rolls: Vec<Rolls>,
    made: String,
}

/// A number with its interval.
struct Number {
    value: String,
    interval: String,
}

/// How certainly a set is distinguished from the songs, and by what.
struct Accuracy {
    set: String,
    accuracy: Option<Number>,
    more: String,
    less: String,
}

/// A figure of the songs and of both sets, and whether it stands out.
struct Figure {
    name: String,
    numbers: [(Option<Number>, bool); 3],
}

/// A song's excerpt and its two pieces as SVG.
struct Rolls {
    path: String,
    facts: String,
    rolls: [String; 3],
}

/// The page as text.
pub fn html(music: &Music, pieces: &Pieces<'_>, model: &Path, split: Split) -> Result<String> {
    let lead = format!(
        "The model in {} composed a piece as each of {} of the {split} split (their genre and instruments), and as many with \
         nothing said. Each is as long as the song's excerpt: its first {} bars at most.",
        model.display(),
        counted(music.songs.len(), "song"),
        music.bars
    );
    let figures = music.as_songs.figures.iter().zip(&music.nothing_said.figures);
    let figure = figures.map(|(ours, free)| Figure {
        name: ours.figure.clone(),
        numbers: [
            (estimate(ours.real), false),
            (estimate(ours.composed), ours.apart),
            (estimate(free.composed), free.apart),
        ],
    });
    let features = music.as_songs.features.iter().zip(&music.nothing_said.features);
    let feature = |(ours, free): (&FeatureRow, &FeatureRow)| {
        let numbers = [ours.overlap, ours.kl, free.overlap, free.kl];
        (ours.feature.clone(), numbers.map(|it| it.map_or(NONE.to_owned(), number)))
    };
    let rows = pieces.songs.len().min(ROWS);
    let page = Page {
        colours: colours(),
        lead,
        accuracies: sets(music).iter().map(|(name, found)| accuracy(name, *found)).collect(),
        figures: figure.collect(),
        features: features.map(feature).collect(),
        // Evenly spaced among the songs.
        rolls: (0..rows).map(|row| rolls(pieces, row * pieces.songs.len() / rows)).collect(),
        made: format!("Made by Leitmotif {} with seed {}.", env!("CARGO_PKG_VERSION"), music.seed),
    };
    page.render().context("the page could not be written")
}

/// A set's row of the table of accuracies.
fn accuracy(name: &str, found: Option<&TwoSample>) -> Accuracy {
    let list = |direction| {
        let named = found.map_or_else(Vec::new, |found| given_away(found, direction));
        if named.is_empty() { NONE.to_owned() } else { named.join(", ") }
    };
    Accuracy {
        set: name.to_owned(),
        accuracy: estimate(found.map(|found| found.accuracy)),
        more: list(Direction::Higher),
        less: list(Direction::Lower),
    }
}

fn estimate(it: Option<Estimate>) -> Option<Number> {
    it.map(|it| Number { value: number(it.value), interval: format!("{} to {}", number(it.low), number(it.high)) })
}

fn rolls(pieces: &Pieces<'_>, index: usize) -> Rolls {
    let song = &pieces.songs[index];
    let mut real = song.score.clone();
    real.merge_parts_by_instrument();
    let roll = |score: &Score, title: &str| {
        let options = RollOptions {
            theme: Theme::Auto,
            width: RollOptions::LEAST_WIDTH,
            title: Some(title.to_owned()),
            ..RollOptions::default()
        };
        piano_roll(score, &options)
    };
    let genre = song.genre.as_ref().map_or_else(String::new, |genre| format!(" · {genre}"));
    let [ours, free] = [&pieces.as_songs[index], &pieces.nothing_said[index]];
    Rolls {
        path: song.path.clone(),
        facts: format!("{}{genre}", counted(song.bars, "bar")),
        rolls: [roll(&real, "The song"), roll(ours, "As the song"), roll(free, "Nothing said")],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_in_the_name_of_a_song_is_markup_or_control() {
        let path = "a\u{1b}[31m<b>&\u{202e}.mid".to_owned();
        let rolls = [const { String::new() }; 3];
        let page = Page {
            colours: String::new(),
            lead: String::new(),
            accuracies: Vec::new(),
            figures: Vec::new(),
            features: Vec::new(),
            rolls: vec![Rolls { path, facts: String::new(), rolls }],
            made: String::new(),
        };
        let page = page.render().unwrap();
        assert!(page.contains("a\u{fffd}[31m&lt;b&gt;&amp;\u{fffd}.mid"), "{page}");
    }

    #[test]
    fn the_page_loads_nothing_from_a_network() {
        let template = include_str!("page.html");
        assert!(["http", "//cdn", "@import", "url("].iter().all(|asks| !template.contains(asks)));
    }
}
