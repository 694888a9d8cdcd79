//! The composed pieces in the page: each with a player, its piano roll and its MIDI file, all
//! inside the page.

use crate::PieceFacts;
use crate::document::{Block, ReportError, Section, markdown};
use crate::report::view::{Run, View};
use crate::words::{count, duration};
use askama::Template;
use base64::prelude::*;
use leitmotif_plot::Theme;
use leitmotif_render::{RollOptions, piano_roll};
use leitmotif_score::{ReadOptions, Score, read_midi};
use serde::Serialize;
use std::path::{Component, Path};

/// Pieces of a run that have a player.
pub const PIECES_A_RUN: usize = 3;
/// No larger MIDI file is put into the page.
const MAX_MIDI_BYTES: u64 = 1_000_000;
/// With more runs than this, players are folded away.
const OPEN_RUNS: usize = 2;
/// Drums' number beside the families of General MIDI, 0 to 15.
const DRUMS: u8 = 16;

/// A piece as the page's script plays it. Times are in milliseconds.
#[derive(Serialize)]
struct Piece {
    length: u64,
    /// Onset, length, pitch, velocity and family of each note, by onset.
    notes: Vec<[u64; 5]>,
}

impl Piece {
    fn of(score: &Score) -> Self {
        let map = score.tempo_map();
        let at = |ticks| (map.seconds_at(ticks).0 * 1000.0).round() as u64;
        let mut notes: Vec<[u64; 5]> = Vec::new();
        for part in &score.parts {
            let family = u64::from(part.instrument.family().unwrap_or(DRUMS));
            notes.extend(part.notes.iter().map(|note| {
                let length = at(note.end()).saturating_sub(at(note.onset));
                [at(note.onset), length, note.pitch.into(), note.velocity.into(), family]
            }));
        }
        notes.sort_unstable();
        Self { length: at(score.end()), notes }
    }
}

/// The section, in at most `budget` bytes of HTML, and how many players it has. `dir` is the
/// study's folder.
pub fn section(view: &View<'_>, dir: &Path, mut budget: usize) -> Result<(Section, usize), ReportError> {
    let mut section = Section::new("listen", "Listen");
    let runs: Vec<Run<'_>> =
        view.runs().filter(|run| run.found.music.as_ref().is_some_and(|it| !it.pieces.is_empty())).collect();
    let (mut players, mut without, mut unread) = (0, 0, Vec::new());
    let mut blocks = Vec::new();
    for run in &runs {
        let pieces = run.found.music.as_ref().map_or(&[][..], |music| &music.pieces);
        without += pieces.len().saturating_sub(PIECES_A_RUN);
        let mut cards = Vec::new();
        for piece in pieces.iter().take(PIECES_A_RUN) {
            match card(&run.run.id, piece, dir) {
                Err(why) => unread.push(format!("{}: {why}", piece.file)),
                Ok(card) => {
                    let html = card.render()?;
                    if html.len() > budget {
                        without += 1;
                        continue;
                    }
                    budget -= html.len();
                    players += 1;
                    let markdown = format!("- piece {}: {}\n", piece.number, markdown::escape(&piece.file));
                    cards.push(Block::Page { html, markdown });
                }
            }
        }
        match runs.len() {
            _ if cards.is_empty() => {}
            0..=OPEN_RUNS => blocks.extend([Block::Heading(run.run.id.clone())].into_iter().chain(cards)),
            _ => blocks.push(Block::Details(run.run.id.clone(), cards)),
        }
    }
    if !runs.is_empty() {
        section.text(format!(
            "The first {PIECES_A_RUN} pieces of each run, as they came: none was chosen by ear. The sound is made by the page and \
             is plain; the MIDI files play better elsewhere."
        ));
    } else {
        section.text("Nothing was composed.");
    }
    section.blocks.extend(blocks);
    if without > 0 {
        section.text(format!(
            "{} more pieces have no player here, to keep the page small; they lie in the study's folder.",
            count(without as u64)
        ));
    }
    if !unread.is_empty() {
        section.text("These pieces could not be put here:");
        section.blocks.push(Block::List(unread));
    }
    Ok((section, players))
}

/// A piece with its player, its piano roll and its MIDI file.
#[derive(Template)]
#[template(path = "report/player.html")]
struct Card {
    number: u64,
    title: String,
    facts: String,
    /// The name of the MIDI file without its ending.
    name: String,
    midi: String,
    json: String,
    roll: String,
}

/// A piece's card; or why there is none.
fn card(run: &str, piece: &PieceFacts, dir: &Path) -> Result<Card, String> {
    let bytes = read(dir, &piece.file)?;
    let (score, _) = read_midi(&bytes, &ReadOptions::default()).map_err(|error| error.to_string())?;
    let title = format!("{run}, piece {}", piece.number);
    let options =
        RollOptions { theme: Theme::Auto, width: 980.0, title: Some(title.clone()), ..RollOptions::default() };
    Ok(Card {
        number: piece.number,
        facts: format!("{} notes, {}", count(piece.notes as u64), duration(piece.seconds)),
        name: title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect(),
        midi: BASE64_STANDARD.encode(&bytes),
        // JSON of numbers has nothing to escape.
        json: serde_json::to_string(&Piece::of(&score)).map_err(|error| error.to_string())?,
        roll: piano_roll(&score, &options),
        title,
    })
}

/// A file of the study's folder: no path leads out of it.
fn read(dir: &Path, file: &str) -> Result<Vec<u8>, String> {
    let path = Path::new(file);
    if file.contains('\\') || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("not a file of the study's folder".into());
    }
    let path = dir.join(path);
    leitmotif_files::read(&path, MAX_MIDI_BYTES).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["../a.mid", "/etc/hostname", "a/../../b.mid", "..\\a.mid", "./a.mid"] {
            assert!(read(dir.path(), file).is_err(), "{file}");
        }
        std::fs::write(dir.path().join("a.mid"), b"x").unwrap();
        assert_eq!(read(dir.path(), "a.mid").unwrap(), b"x");
    }
}
