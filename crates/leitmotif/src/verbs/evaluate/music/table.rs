//! The comparison for people, as text.

use super::Music;
use crate::words::{counted, row, table};
use leitmotif_corpus::Split;
use leitmotif_measures::Estimate;
use leitmotif_measures::two_sample::{Direction, TwoSample};

/// Figures named for each direction in which pieces differ.
pub const MOST_NAMED: usize = 6;
/// What stands where there is no number.
pub const NONE: &str = "-";

pub fn describe(music: &Music, split: Split) -> String {
    let mut text = format!(
        "music: {} of the {split} split, their first {} bars; as many pieces of their genres and instruments, and as many \
         with nothing said\n\n",
        counted(music.songs.len(), "song"),
        music.bars
    );
    let mut rows = vec![row(["", "real songs", "as the songs", "", "nothing said", ""])];
    for (ours, free) in music.as_songs.figures.iter().zip(&music.nothing_said.figures) {
        let mark = |apart: bool| if apart { "*" } else { "" }.to_owned();
        let cells = [with_interval(ours.real), with_interval(ours.composed), mark(ours.apart)];
        let mut cells: Vec<String> = [vec![ours.figure.clone()], cells.to_vec()].concat();
        cells.extend([with_interval(free.composed), mark(free.apart)]);
        rows.push(cells);
    }
    text += &table(&rows);
    text +=
        "\n\nmeans with 95 % intervals; * where the interval has no value in common with that of the real songs\n\n";
    let mut rows = vec![row(["distinguished from the real songs by a classifier", "accuracy (0.5 is chance)"])];
    for (name, found) in sets(music) {
        let accuracy = found.map_or_else(|| "too few pieces".to_owned(), |found| with_interval(Some(found.accuracy)));
        rows.push(vec![name, accuracy]);
    }
    text += &table(&rows);
    for (name, found) in sets(music).into_iter().take(2) {
        for (direction, word) in [(Direction::Higher, "more"), (Direction::Lower, "less")] {
            let named = found.map_or_else(Vec::new, |found| given_away(found, direction));
            if !named.is_empty() {
                text += &format!("\n\n{name}, {word} than real songs: {}", named.join(", "));
            }
        }
    }
    if let Some(page) = &music.page {
        text += &format!("\n\n{} shows songs and pieces side by side", page.display());
    }
    text
}

/// What is distinguished from the real songs, and how certainly.
pub fn sets(music: &Music) -> [(String, Option<&TwoSample>); 3] {
    let others = music.other_songs.as_ref();
    let name = others.map_or_else(
        || "other songs".to_owned(),
        |others| format!("other songs ({} of the {} split)", others.songs, others.split),
    );
    [
        ("as the songs".to_owned(), music.as_songs.two_sample.as_ref()),
        ("nothing said".to_owned(), music.nothing_said.two_sample.as_ref()),
        (name, others.map(|others| &others.found)),
    ]
}

/// The figures by which pieces differ most in one direction, each with the probability that a piece
/// has more of it than a song.
pub fn given_away(found: &TwoSample, direction: Direction) -> Vec<String> {
    let clear = found.figures.iter().filter(|shift| shift.direction() == Some(direction));
    clear.take(MOST_NAMED).map(|shift| format!("{} ({:.2})", shift.short_name(), shift.above.value)).collect()
}

/// `2.71 [2.60, 2.83]`.
pub fn with_interval(estimate: Option<Estimate>) -> String {
    estimate
        .map_or_else(|| NONE.to_owned(), |it| format!("{} [{}, {}]", number(it.value), number(it.low), number(it.high)))
}

/// About three significant digits.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        assert_eq!([123.4, 12.34, 1.234, 0.1234, 0.0].map(number), ["123", "12.3", "1.23", "0.123", "0.000"]);
        let it = Estimate { value: 2.0, low: 1.5, high: 10.0, resamples: 9 };
        assert_eq!((with_interval(Some(it)).as_str(), with_interval(None).as_str()), ("2.00 [1.50, 10.0]", "-"));
    }
}
