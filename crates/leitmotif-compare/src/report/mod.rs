//! The report of a study: `report.html`, `report.md`, tables as CSV and LaTeX, figures as SVG and
//! PNG.
//!
//! It presents [`crate::Results`] and nothing else, in the order of a reader's questions: what was
//! done, what was found, the errors, learning curves, whether models generalise, what factors do,
//! the music, its originality, players, the proof that training and test are apart, and how to do
//! it again. [`write()`] is the only way in. Below it: `view` puts runs in order, `statistics`
//! compares them, `gaps` and `effects` answer the study's two questions, `findings` makes sentences
//! of the answers, `tables` and `figures` show them, and `crate::document` writes all of it as
//! HTML, Markdown and LaTeX.
//!
//! The same results and pieces give the same bytes.

mod csv_files;
mod effects;
mod figures;
mod findings;
mod gaps;
mod glossary;
mod players;
mod sections;
mod statistics;
mod tables;
mod view;

use crate::Results;
use crate::document::{self, Document};
pub use crate::document::{FIGURES, REPORT_HTML, REPORT_MARKDOWN, ReportError, ReportFiles, TABLES};
use std::path::Path;
use view::View;

/// The page grows no larger by players: pieces that would make it so are left out, and the page
/// says how many.
pub const MAX_PAGE_BYTES: usize = 8_000_000;
/// Plays the pieces in the page.
const PLAYER: &str = include_str!("player.js");

/// Writes the report of `results` into the study's folder `dir`, where the composed pieces lie at
/// [`crate::PieceFacts::file`]. Each file is put in the place of an older one at once. A piece that
/// cannot be read is named in the page and is no error.
///
/// # Errors
/// Where a file cannot be written, or a figure cannot be drawn.
pub fn write(results: &Results, dir: &Path) -> Result<ReportFiles, ReportError> {
    let view = View::of(results);
    let (gaps, effects) = (gaps::gaps(&view), effects::effects(&view));
    let mut sections = vec![
        sections::done(&view),
        sections::found(&view, &gaps, &effects),
        sections::errors(&view),
        sections::curves(&view),
        sections::matrix(&view, &gaps),
        sections::effects(&view, &effects),
        sections::music(&view),
        sections::originality(&view),
    ];
    let listen = sections.len();
    sections.push(sections::leakage(&view));
    sections.extend(sections::again(&view));
    let (title, tool) = (results.title.clone(), results.tool.clone());
    let mut report = Document { title, sections, tool, source: "results.json" };
    let room = MAX_PAGE_BYTES.saturating_sub(report.html(Some(PLAYER))?.len());
    let (section, players) = players::section(&view, dir, room)?;
    report.sections.insert(listen, section);
    report.sections.retain(|section| !section.blocks.is_empty());
    let script = (players > 0).then_some(PLAYER);
    document::write(&report, dir, script, csv_files::all(&view, &gaps, &effects)?)
}
