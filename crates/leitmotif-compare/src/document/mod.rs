//! The model of a report before it is a page: sections of paragraphs, lists, tables and figures.
//!
//! HTML, Markdown, LaTeX and CSV are made from the same ones, so they have the same content;
//! [`write()`] puts all of them into a folder. The same document gives the same bytes.

pub mod csv;
mod html;
mod latex;
pub mod markdown;
mod table;
mod write;

pub use html::Xml;
pub use table::{Cell, Row, Table};
pub use write::{FIGURES, REPORT_HTML, REPORT_MARKDOWN, ReportError, ReportFiles, TABLES, put, write};

/// A report.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its heading.
    pub title: String,
    /// Its content; each section's `id` is its own.
    pub sections: Vec<Section>,
    /// The program that made it, with its version.
    pub tool: String,
    /// The file that holds all its data.
    pub source: &'static str,
}

impl Document {
    /// It as one HTML page, with a script where one is given.
    ///
    /// # Errors
    /// None that memory would cause; the template's are passed on.
    pub fn html(&self, script: Option<&str>) -> Result<String, ReportError> {
        Ok(html::page(self, script)?)
    }
}

/// A part of the report with a heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its name in links, `[a-z-]`.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

impl Section {
    /// An empty section.
    pub fn new(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), blocks: Vec::new() }
    }

    /// With a paragraph more.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.blocks.push(Block::Text(text.into()));
        self
    }

    /// With a table more; one without rows is left out.
    pub fn table(&mut self, table: Table) -> &mut Self {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
        self
    }

    /// With something folded away; nothing in it leaves it out.
    pub fn details(&mut self, summary: impl Into<String>, blocks: Vec<Block>) -> &mut Self {
        if !blocks.is_empty() {
            self.blocks.push(Block::Details(summary.into(), blocks));
        }
        self
    }
}

/// What a section holds.
#[derive(Debug, Clone)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be overlooked.
    Warning(String),
    /// A smaller heading.
    Heading(String),
    /// Lines with a dot before each.
    List(Vec<String>),
    /// Terms and what they mean.
    Terms(Vec<(String, String)>),
    /// Text as it is, in letters of equal width.
    Code(String),
    /// A table.
    Table(Table),
    /// A picture.
    Figure(Figure),
    /// Folded away behind a line.
    Details(String, Vec<Block>),
    /// Something that only the page has: as HTML, and as Markdown.
    Page {
        /// Well-formed HTML, escaped already.
        html: String,
        /// The Markdown in its place, escaped already.
        markdown: String,
    },
}

/// A picture.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The name of its files without an ending.
    pub file: String,
    /// What it shows.
    pub caption: String,
    /// It, in the theme that follows the reader.
    pub svg: String,
    /// It, on light paper.
    pub light: String,
}

/// Characters that neither XML nor a terminal takes, replaced; tabs and line ends are kept.
pub fn printable(text: &str) -> String {
    let kept = |c: char| match c {
        '\t' | '\n' => c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        // Marks that turn the direction of what follows them.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other => other,
    };
    text.replace("\r\n", "\n").chars().map(kept).collect()
}
