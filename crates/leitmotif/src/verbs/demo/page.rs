//! The demo's page: one file with its style and script inside; sound and pictures lie beside it. It
//! loads nothing from a network.

use super::listen::Listening;
use super::{CURVES_FILE, Outcome, PIECES, RUN, commands, training};
use crate::words::{clock, count, counted};
use anyhow::{Context, Result};
use askama::Template;
use leitmotif_plot::SERIES_COLOURS;
use leitmotif_plot::page::colours;
use leitmotif_score::Score;
use serde::Serialize;

const SCRIPT: &str = include_str!("page.js");

#[derive(Template)]
#[template(path = "verbs/demo/page.html")]
struct Page {
    colours: String,
    lead: String,
    sections: Vec<Section>,
    facts: [(String, &'static str); 6],
    losses: Vec<Loss>,
    curves: &'static str,
    commands: Vec<(&'static str, String)>,
    made: String,
    script: String,
}

/// Pieces that belong together.
struct Section {
    title: &'static str,
    about: String,
    pieces: Vec<Card>,
}

/// A piece with its player.
struct Card {
    /// Its number on the page, from 0.
    number: usize,
    title: String,
    facts: String,
    /// What was asked for, as HTML.
    about: String,
    /// The names of its files without their endings.
    base: String,
    /// Colour and instrument of each part.
    players: Vec<(String, String)>,
    /// Whether there is a picture of the piece that it was written into.
    original: bool,
}

/// How well the test songs were predicted.
struct Loss {
    name: &'static str,
    title: &'static str,
    /// Percent of the widest bar.
    width: String,
    value: String,
    interval: String,
}

/// The page as text.
pub fn html(outcome: &Outcome, bank: &str, seed: u64) -> Result<String> {
    let (training, songs, pieces) = (&outcome.training, &outcome.corpus, &outcome.pieces);
    let music = pieces.iter().map(|piece| Music::of(&piece.written.score)).collect::<Vec<_>>();
    let music = serde_json::to_string(&music).context("the pieces could not be written as JSON")?;
    let lead = format!(
        "The model that ships with the program wrote the first pieces within seconds. Then it learnt the style of {} \
         ({}) for {}, and wrote the others.",
        counted(outcome.songs, "chorale"),
        counted(songs.notes, "note"),
        clock(training.seconds)
    );
    let made = format!(
        "Made by Leitmotif {} with seed {seed}; sound from {}.",
        env!("CARGO_PKG_VERSION"),
        if bank == crate::sound::BUILT_IN {
            "the built-in instruments".to_owned()
        } else {
            format!("the SoundFont {bank}")
        }
    );
    let page = Page {
        colours: colours(),
        lead,
        sections: sections(outcome),
        facts: facts(outcome),
        losses: losses(outcome),
        curves: CURVES_FILE,
        commands: commands(RUN).into(),
        made,
        // Nothing in a script's data may end the script.
        script: SCRIPT.replace("[/*music*/]", &music.replace('<', "\\u003c")),
    };
    page.render().context("the page could not be written")
}

/// The pieces by what they show.
fn sections(outcome: &Outcome) -> Vec<Section> {
    let mut sections = vec![
        Section {
            title: "At once",
            about: "By the model that ships, without any training.".into(),
            pieces: Vec::new(),
        },
        Section {
            title: "A style learnt from a few songs",
            about: format!(
                "The model learnt from chorales by Johann Sebastian Bach for two violins, viola and cello, for {}.",
                clock(outcome.training.seconds)
            ),
            pieces: Vec::new(),
        },
        Section {
            title: "Written into a piece",
            about: "By the same model, into chorales that it did not learn from.".into(),
            pieces: Vec::new(),
        },
    ];
    for (number, piece) in outcome.pieces.iter().enumerate() {
        let section = match &piece.written {
            written if written.original.is_some() => 2,
            written if ["before", "after"].iter().any(|name| written.name.starts_with(name)) => 1,
            _ => 0,
        };
        sections[section].pieces.push(card(number, piece));
    }
    sections
}

fn card(number: usize, piece: &Listening) -> Card {
    let (bars, notes) = (counted(piece.bars, "bar"), counted(piece.notes, "note"));
    Card {
        number,
        title: piece.written.title.clone(),
        facts: format!("{bars} · {notes} · {}", clock(piece.seconds)),
        about: piece.written.about.clone(),
        base: format!("{PIECES}/{}", piece.name),
        players: legend(&piece.written.score),
        original: piece.written.original.is_some(),
    }
}

/// Colour and instrument of each part that plays, alike ones together.
fn legend(score: &Score) -> Vec<(String, String)> {
    let mut legend: Vec<(String, String)> = Vec::new();
    for (index, part) in score.parts.iter().enumerate().filter(|(_, part)| !part.notes.is_empty()) {
        let who = part.instrument.title();
        if !legend.iter().any(|entry| entry.1 == who) {
            legend.push((colour(score, index), who));
        }
    }
    legend
}

/// The colour of a part, as the piano roll draws it: the first kit as text, the others in the order
/// of parts.
fn colour(score: &Score, index: usize) -> String {
    let first_kit = score.parts.iter().position(|part| part.instrument.is_drums());
    if first_kit == Some(index) {
        return "text".into();
    }
    format!("s{}", (index - usize::from(first_kit.is_some_and(|kit| kit < index))) % SERIES_COLOURS)
}

/// A piece as the page's script draws it. Times are in hundredths of a second.
#[derive(Serialize)]
struct Music {
    length: u64,
    bars: Vec<u64>,
    parts: Vec<PartOfMusic>,
}

#[derive(Serialize)]
struct PartOfMusic {
    colour: String,
    drums: bool,
    /// Onset, length and pitch of each note.
    notes: Vec<[u64; 3]>,
}

impl Music {
    fn of(score: &Score) -> Self {
        let map = score.tempo_map();
        let at = |ticks| (map.seconds_at(ticks).0 * 100.0).round() as u64;
        let part = |(index, part): (usize, &leitmotif_score::Part)| PartOfMusic {
            colour: colour(score, index),
            drums: part.instrument.is_drums(),
            notes: part
                .notes
                .iter()
                .map(|note| [at(note.onset), at(note.end()) - at(note.onset), u64::from(note.pitch)])
                .collect(),
        };
        Self {
            length: at(score.end()),
            bars: score.bars().map(|bar| at(bar.start)).collect(),
            parts: score.parts.iter().enumerate().map(part).collect(),
        }
    }
}

fn facts(outcome: &Outcome) -> [(String, &'static str); 6] {
    let (songs, training) = (&outcome.corpus, &outcome.training);
    [
        (count(songs.songs), "chorales"),
        (count(songs.notes), "notes in them"),
        (clock(songs.seconds), "of music"),
        (count(training.parameters), "parameters of the model"),
        (count(training.step as usize), "steps of training"),
        (clock(training.seconds), "of training"),
    ]
}

fn losses(outcome: &Outcome) -> Vec<Loss> {
    let most = outcome.test.iter().map(|result| result.evaluation.nats_per_note.value).fold(0.1, f64::max);
    let row = |result: &super::ModelResult| {
        let loss = result.evaluation.nats_per_note;
        Loss {
            name: result.name,
            title: training::title(result.name),
            width: format!("{:.1}", loss.value / most * 100.0),
            value: format!("{:.3}", loss.value),
            interval: format!("{:.3} to {:.3}", loss.low, loss.high),
        }
    };
    outcome.test.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_a_network() {
        assert!(SCRIPT.contains("[/*music*/]"));
        for text in [include_str!("page.html"), SCRIPT] {
            assert!(!text.contains("http") && !text.contains("//cdn") && !text.contains("@import"));
        }
    }
}
