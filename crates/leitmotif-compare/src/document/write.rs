//! The files of a report: the page, the same as Markdown, tables and figures.

use super::{Block, Document, csv, latex, markdown};
use leitmotif_plot::PlotError;
use std::path::{Path, PathBuf};

/// The page's name in the folder.
pub const REPORT_HTML: &str = "report.html";
/// The name of the same as Markdown, without players.
pub const REPORT_MARKDOWN: &str = "report.md";
/// The folder of tables.
pub const TABLES: &str = "tables";
/// The folder of figures.
pub const FIGURES: &str = "figures";
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
        /// The system's error.
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
    Csv(#[from] ::csv::Error),
    /// A page could not be written from its template.
    #[error("the page could not be written: {0}")]
    Page(#[from] askama::Error),
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

/// Writes a document into the folder `dir`: the page with a script if one is given, the Markdown,
/// each table with a file name as LaTeX, the tables of `csv` as CSV, each figure as SVG and PNG.
/// Each file takes the place of an older one at once.
///
/// # Errors
/// Where a file cannot be written, or a figure cannot be drawn.
pub fn write(
    document: &Document,
    dir: &Path,
    script: Option<&str>,
    csv: Vec<csv::CsvFile>,
) -> Result<ReportFiles, ReportError> {
    let (mut tables, mut figures) = (Vec::new(), Vec::new());
    create(&dir.join(TABLES))?;
    for (name, bytes) in csv {
        tables.push(put(dir.join(TABLES).join(format!("{name}.csv")), &bytes)?);
    }
    create(&dir.join(FIGURES))?;
    for block in document.sections.iter().flat_map(|section| &section.blocks) {
        write_block(block, dir, &mut tables, &mut figures)?;
    }
    tables.sort();
    figures.sort();
    let html = put(dir.join(REPORT_HTML), document.html(script)?.as_bytes())?;
    let markdown = put(dir.join(REPORT_MARKDOWN), markdown::document(document).as_bytes())?;
    Ok(ReportFiles { html, markdown, tables, figures })
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

/// Makes a folder and those above it.
fn create(dir: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(dir).map_err(|source| ReportError::Io { path: dir.to_owned(), source })
}

/// Writes a file whole or not at all.
pub fn put(path: PathBuf, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    match leitmotif_files::write(&path, bytes) {
        Ok(()) => Ok(path),
        Err(source) => Err(ReportError::Io { path, source }),
    }
}
