//! The report before it is a page: sections of paragraphs, lists, tables and figures. HTML, Markdown and LaTeX are made
//! from the same ones, so they say the same.

pub mod html;
pub mod latex;
pub mod markdown;
mod table;

pub use table::{Cell, Row, Table};

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
        /// What Markdown says in its place, escaped already.
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
