//! The demo's page: one file with its style and script inside; sound and pictures lie beside it. It asks nothing of a network.

use super::listen::Listening;
use super::{CURVES_FILE, Outcome, PIECES, RUN, SONGS, commands, study};
use crate::words::{clock, count, counted};
use anyhow::{Context, Result};
use leitmotif_plot::SERIES_COLOURS;
use leitmotif_plot::page::{colours, escape, fill};
use leitmotif_score::Score;
use serde::Serialize;

const TEMPLATE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");

/// The page as text.
pub fn html(outcome: &Outcome, pieces: &[Listening], bank: &str, seed: u64) -> Result<String> {
    let training = &outcome.training;
    let songs = &outcome.corpus;
    let music = pieces.iter().map(|piece| Music::of(&piece.score)).collect::<Vec<_>>();
    let music = serde_json::to_string(&music).context("the pieces could not be written as JSON")?;
    let lead = format!(
        "A model of {} parameters learnt from {} ({}) for {}, and then wrote these pieces.",
        count(training.parameters),
        counted(songs.songs, "practice song"),
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
    let parts: [(&str, String); 10] = [
        ("colours", colours()),
        ("lead", escape(&lead)),
        ("songs", SONGS.to_owned()),
        ("pieces", pieces.iter().enumerate().map(|(index, piece)| card(index, piece)).collect()),
        ("facts", facts(outcome)),
        ("losses", losses(outcome)),
        ("curves", CURVES_FILE.to_owned()),
        ("commands", own_music()),
        ("made", escape(&made)),
        // Nothing in a script's data may end the script.
        ("script", SCRIPT.replace("[/*music*/]", &music.replace('<', "\\u003c"))),
    ];
    Ok(fill(TEMPLATE, &parts))
}

fn card(index: usize, piece: &Listening) -> String {
    let Listening { style, number, name, score, report } = piece;
    let base = format!("{PIECES}/{name}");
    let title = escape(&format!("{style} {number}"));
    let facts =
        format!("{} · {} · {}", counted(report.bars, "bar"), counted(report.notes, "note"), clock(report.seconds));
    let players: String = legend(score)
        .iter()
        .map(|(colour, who)| format!("<li><i style=\"background:var(--{colour})\"></i>{}</li>", escape(who)))
        .collect();
    format!(
        r#"<article class="piece">
<h3>{title}</h3><p class="facts">{facts}</p>
<canvas data-piece="{index}" role="img" aria-label="The notes of {title}; click to listen from there"></canvas>
<audio controls preload="none" src="{base}.wav"></audio>
<ul class="players">{players}</ul>
<details{open}><summary>Piano roll</summary>
<a href="{base}.svg"><picture><source media="(max-width: 700px)" srcset="{base}-narrow.svg"><img src="{base}.svg" alt="Piano roll of {title}" loading="lazy"></picture></a></details>
<p class="files">Files: <a href="{base}.mid" download>MIDI</a> <a href="{base}.wav" download>WAV</a> <a href="{base}.png">PNG</a> <a href="{base}.svg">SVG</a></p>
</article>
"#,
        open = if *number == 1 { " open" } else { "" }
    )
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

/// The colour of a part, as the piano roll draws it: the first kit as text, the others in the order of parts.
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

fn facts(outcome: &Outcome) -> String {
    let (songs, training) = (&outcome.corpus, &outcome.training);
    let facts = [
        (count(songs.songs), "practice songs, made up by rule"),
        (count(songs.notes), "notes in them"),
        (clock(songs.seconds), "of music"),
        (count(training.parameters), "parameters of the model"),
        (count(training.step as usize), "steps of training"),
        (clock(training.seconds), "of training"),
    ];
    facts.iter().map(|(value, what)| format!("<li><b>{value}</b> {what}</li>")).collect()
}

fn losses(outcome: &Outcome) -> String {
    let most = outcome.test.iter().map(|result| result.evaluation.nats_per_note.value).fold(0.1, f64::max);
    let row = |result: &super::Judged| {
        let loss = result.evaluation.nats_per_note;
        let width = loss.value / most * 100.0;
        format!(
            "<tr class=\"{}\"><th scope=\"row\">{}</th><td class=\"bar\"><i style=\"width:{width:.1}%\"></i></td><td><b>{:.3}</b> <small>{:.3} to {:.3}</small></td></tr>",
            result.name,
            escape(study::title(result.name)),
            loss.value,
            loss.low,
            loss.high
        )
    };
    outcome.test.iter().map(row).collect()
}

fn own_music() -> String {
    let line = |(what, command): &(&str, String)| format!("<li>{what}<pre>{}</pre></li>", escape(command));
    commands(RUN).iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_place_of_the_template_has_something_to_fill_it() {
        let names: Vec<&str> = TEMPLATE.split("{{").skip(1).map(|after| after.split_once("}}").unwrap().0).collect();
        let known = ["colours", "lead", "songs", "pieces", "facts", "losses", "curves", "commands", "made", "script"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        assert!(known.iter().all(|name| names.contains(name)), "{names:?}");
        assert!(SCRIPT.contains("[/*music*/]"));
    }

    #[test]
    fn what_is_filled_in_is_not_searched_again() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("1 {{a}} {{b}} {{c}} 2", &parts), "1 {{b}} x  2");
    }

    #[test]
    fn the_page_asks_nothing_of_a_network() {
        for text in [TEMPLATE, SCRIPT] {
            assert!(!text.contains("http") && !text.contains("//cdn") && !text.contains("@import"));
        }
    }
}
