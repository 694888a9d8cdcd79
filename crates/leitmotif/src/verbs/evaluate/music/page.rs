//! The comparison as a page: one file with its style and pictures inside, which asks nothing of a
//! network.

use super::table::{given_away, number, sets};
use super::{Music, Song};
use crate::words::counted;
use leitmotif_corpus::Split;
use leitmotif_plot::Theme;
use leitmotif_plot::page::{colours, escape, fill};
use leitmotif_render::{RollOptions, piano_roll};
use leitmotif_score::Score;
use leitmotif_study::Estimate;
use leitmotif_study::comparison::FeatureRow;
use leitmotif_study::two_sample::{Direction, TwoSample};
use std::path::Path;

const TEMPLATE: &str = include_str!("page.html");
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

/// The page as text.
pub fn html(music: &Music, pieces: &Pieces<'_>, model: &Path, split: Split) -> String {
    let lead = format!(
        "The model in {} composed a piece as each of {} of the {split} split (their genre and instruments), and as many with \
         nothing said. Each is as long as the song's excerpt: its first {} bars at most.",
        model.display(),
        counted(music.songs.len(), "song"),
        music.bars
    );
    let made = format!("Made by Leitmotif {} with seed {}.", env!("CARGO_PKG_VERSION"), music.seed);
    let parts: [(&str, String); 7] = [
        ("colours", colours()),
        ("lead", escape(&lead)),
        ("accuracies", sets(music).iter().map(|(name, found)| accuracy(name, *found)).collect()),
        ("figures", figures(music)),
        ("features", features(music)),
        ("rolls", rolls(pieces)),
        ("made", escape(&made)),
    ];
    fill(TEMPLATE, &parts)
}

/// A set's row of the table of accuracies.
fn accuracy(name: &str, found: Option<&TwoSample>) -> String {
    let list = |direction| {
        let named = found.map_or_else(Vec::new, |found| given_away(found, direction));
        if named.is_empty() { NONE.to_owned() } else { escape(&named.join(", ")) }
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>\n",
        escape(name),
        estimate(found.map(|found| found.accuracy), false),
        list(Direction::Higher),
        list(Direction::Lower)
    )
}

fn figures(music: &Music) -> String {
    let rows = music.as_songs.figures.iter().zip(&music.nothing_said.figures);
    let row = rows.map(|(ours, free)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escape(&ours.figure),
            estimate(ours.real, false),
            estimate(ours.composed, ours.apart),
            estimate(free.composed, free.apart)
        )
    });
    row.collect()
}

fn features(music: &Music) -> String {
    let value = |value: Option<f64>| format!("<td class=\"n\">{}</td>", value.map_or(NONE.to_owned(), number));
    let of = |row: &FeatureRow| [row.overlap, row.kl].map(value).concat();
    let rows = music.as_songs.features.iter().zip(&music.nothing_said.features);
    let row = |(ours, free): (&FeatureRow, &FeatureRow)| {
        format!("<tr><th scope=\"row\">{}</th>{}{}</tr>\n", escape(&ours.feature), of(ours), of(free))
    };
    rows.map(row).collect()
}

/// A number with its interval in small type below it; bold where it stands out.
fn estimate(it: Option<Estimate>, strong: bool) -> String {
    let Some(it) = it else { return NONE.to_owned() };
    let value = number(it.value);
    let value = if strong { format!("<strong>{value}</strong>") } else { value };
    format!("{value} <small>{} to {}</small>", number(it.low), number(it.high))
}

/// Rows of a song's excerpt and its two pieces, evenly spaced among the songs.
fn rolls(pieces: &Pieces<'_>) -> String {
    let count = pieces.songs.len().min(ROWS);
    (0..count).map(|row| rolls_of(pieces, row * pieces.songs.len() / count)).collect()
}

fn rolls_of(pieces: &Pieces<'_>, index: usize) -> String {
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
        format!("<figure>{}</figure>\n", piano_roll(score, &options))
    };
    let genre = song.genre.as_ref().map_or_else(String::new, |genre| format!(" · {genre}"));
    format!(
        "<section><h3>{}</h3><p class=\"facts\">{}{}</p>\n<div class=\"rolls\">\n{}{}{}</div></section>\n",
        escape(&song.path),
        counted(song.bars, "bar"),
        escape(&genre),
        roll(&real, "The song"),
        roll(&pieces.as_songs[index], "As the song"),
        roll(&pieces.nothing_said[index], "Nothing said")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_place_of_the_template_has_something_to_fill_it() {
        let names: Vec<&str> = TEMPLATE.split("{{").skip(1).map(|after| after.split_once("}}").unwrap().0).collect();
        assert_eq!(names, ["colours", "lead", "accuracies", "figures", "features", "rolls", "made"]);
    }

    #[test]
    fn the_page_asks_nothing_of_a_network() {
        assert!(["http", "//cdn", "@import", "url("].iter().all(|asks| !TEMPLATE.contains(asks)));
    }
}
