//! A table as it is read: captioned, with units in its head, made into HTML, Markdown and LaTeX.

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name of its LaTeX file without an ending; empty for a table that has none.
    pub file: String,
    /// What it shows.
    pub caption: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// How many columns, from the left, are words that name a row.
    pub names: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// As many as the head has.
    pub cells: Vec<Cell>,
    /// Whether the numbers are somebody else's.
    pub foreign: bool,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// What stands below or behind it in small type: an interval.
    pub small: String,
    /// Whether it stands out.
    pub strong: bool,
}

impl Table {
    /// An empty table whose first `names` columns name its rows.
    pub fn new<S: Into<String>>(
        file: impl Into<String>,
        caption: impl Into<String>,
        names: usize,
        head: impl IntoIterator<Item = S>,
    ) -> Self {
        let head = head.into_iter().map(Into::into).collect();
        Self { file: file.into(), caption: caption.into(), head, names, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row { cells, foreign: false });
    }
}

impl Cell {
    /// With something in small type.
    pub fn small(text: impl Into<String>, small: impl Into<String>) -> Self {
        Self { text: text.into(), small: small.into(), strong: false }
    }

    /// Standing out, if so.
    pub fn strong(mut self, strong: bool) -> Self {
        self.strong = strong;
        self
    }
}

impl<S: Into<String>> From<S> for Cell {
    fn from(text: S) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}
