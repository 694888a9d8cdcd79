//! The report of a study: `report.html`, `report.md`, tables as CSV and LaTeX, figures as SVG and PNG.
//!
//! It says what [`crate::Results`] says and nothing else, in the order of questions that a reader asks: what was done,
//! what was found, the errors, learning curves, whether models generalise, what factors do, the music, its originality,
//! players, the proof that training and test are apart, and how to do it again. [`write()`] is the only way in. Below it:
//! `view` puts runs in order, `statistics` compares them, `gaps` and `effects` ask the study's two questions, `findings`
//! makes sentences of the answers, `tables` and `figures` show them, and `document` writes all of it as HTML, Markdown
//! and LaTeX.
//!
//! The same results and pieces give the same bytes.

mod csv_files;
mod document;
mod effects;
mod figures;
mod findings;
mod gaps;
mod glossary;
mod page;
mod sections;
mod statistics;
mod tables;
mod view;
mod words;

use crate::Results;
use document::{Block, Section, latex, markdown};
use leitmotif_plot::PlotError;
use std::path::{Path, PathBuf};
use view::View;

/// The page's name in the study's folder.
pub const REPORT_HTML: &str = "report.html";
/// The name of the same as Markdown, without players.
pub const REPORT_MARKDOWN: &str = "report.md";
/// The folder of tables.
pub const TABLES: &str = "tables";
/// The folder of figures.
pub const FIGURES: &str = "figures";
/// The page grows no larger by players: pieces that would make it so are left out, and the page says how many.
pub const MAX_PAGE_BYTES: usize = 8_000_000;
/// Pixels of a PNG to a unit of its SVG.
const PNG_SCALE: f32 = 2.0;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file or folder could not be written.
    #[error("{path} could not be written: {source}; is the folder there and writable, and is there room?")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A figure could not be made into pixels.
    #[error("the figure {figure} could not be drawn as PNG: {source}")]
    Figure {
        /// Which.
        figure: String,
        /// Why.
        source: PlotError,
    },
    /// A table could not be put into CSV.
    #[error("a table could not be written as CSV: {0}")]
    Csv(#[from] csv::Error),
}

/// What was written, as paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The page.
    pub html: PathBuf,
    /// The Markdown.
    pub markdown: PathBuf,
    /// Tables, CSV and LaTeX, sorted by name.
    pub tables: Vec<PathBuf>,
    /// Figures, SVG and PNG, sorted by name.
    pub figures: Vec<PathBuf>,
}

/// Writes the report of `results` into the study's folder `dir`, where the composed pieces lie at
/// [`crate::PieceFacts::file`]. Each file is put in the place of an older one at once. A piece that cannot be read is
/// named in the page and is no error.
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
    let room = MAX_PAGE_BYTES.saturating_sub(page::html(results, &sections, true).len());
    let (section, players) = page::players::section(&view, dir, room);
    sections.insert(listen, section);
    sections.retain(|section| !section.blocks.is_empty());

    let mut tables = Vec::new();
    create(&dir.join(TABLES))?;
    for (name, bytes) in csv_files::all(&view, &gaps, &effects)? {
        tables.push(put(dir.join(TABLES).join(format!("{name}.csv")), &bytes)?);
    }
    let mut figures = Vec::new();
    create(&dir.join(FIGURES))?;
    for block in sections.iter().flat_map(|section| &section.blocks) {
        write_block(block, dir, &mut tables, &mut figures)?;
    }
    tables.sort();
    figures.sort();
    let page = page::html(results, &sections, players > 0);
    let text = markdown_of(results, &sections);
    let html = put(dir.join(REPORT_HTML), page.as_bytes())?;
    let markdown = put(dir.join(REPORT_MARKDOWN), text.as_bytes())?;
    Ok(ReportFiles { html, markdown, tables, figures })
}

fn markdown_of(results: &Results, sections: &[Section]) -> String {
    let sections: String = sections.iter().map(markdown::section).collect();
    format!("# {}\n\n{sections}Made by {}.\n", markdown::escape(&results.title), markdown::escape(&results.tool))
}

/// Writes the files of a block: a figure's, a table's, those of what is folded away.
fn write_block(
    block: &Block,
    dir: &Path,
    tables: &mut Vec<PathBuf>,
    figures: &mut Vec<PathBuf>,
) -> Result<(), ReportError> {
    match block {
        Block::Details(_, blocks) => blocks.iter().try_for_each(|block| write_block(block, dir, tables, figures))?,
        Block::Table(table) if !table.file.is_empty() => {
            tables.push(put(dir.join(TABLES).join(format!("{}.tex", table.file)), latex::table(table).as_bytes())?);
        }
        Block::Figure(it) => {
            let png = leitmotif_plot::svg_to_png(&it.light, PNG_SCALE);
            let png = png.map_err(|source| ReportError::Figure { figure: it.file.clone(), source })?;
            figures.push(put(dir.join(FIGURES).join(format!("{}.svg", it.file)), it.svg.as_bytes())?);
            figures.push(put(dir.join(FIGURES).join(format!("{}.png", it.file)), &png)?);
        }
        _ => {}
    }
    Ok(())
}

fn create(dir: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(dir).map_err(|source| ReportError::Io { path: dir.to_owned(), source })
}

fn put(path: PathBuf, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    match leitmotif_model::replace_file(&path, bytes) {
        Ok(()) => Ok(path),
        Err(source) => Err(ReportError::Io { path, source }),
    }
}
