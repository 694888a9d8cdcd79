//! `tables/*.csv` (RFC 4180).

use super::{Block, Section, Table};

/// A file of `tables`: its name and its bytes.
pub type CsvFile = (String, Vec<u8>);

/// A table being written: its columns, then its rows.
pub struct Csv {
    name: String,
    rows: Vec<Vec<String>>,
}

impl Csv {
    /// A table of this name with the names of its columns.
    pub fn new(name: impl Into<String>, head: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.into(), rows: vec![head.into_iter().map(Into::into).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writing to memory cannot fail; rows are of any length.
    pub fn finish(self) -> Result<CsvFile, csv::Error> {
        let mut writer =
            csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for row in &self.rows {
            writer.write_record(row)?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok((self.name, bytes))
    }
}

/// The tables of some sections as they are shown.
pub fn shown(sections: &[Section]) -> Result<Vec<CsvFile>, csv::Error> {
    let blocks = sections.iter().flat_map(|section| &section.blocks);
    let tables = blocks.filter_map(|block| match block {
        Block::Table(table) if !table.file.is_empty() => Some(table),
        _ => None,
    });
    tables.map(table).collect()
}

fn table(it: &Table) -> Result<CsvFile, csv::Error> {
    let mut csv = Csv::new(&it.file, &it.head);
    for row in &it.rows {
        csv.row(row.cells.iter().map(|cell| cell.text.clone()));
    }
    csv.finish()
}
