//! A corpus as JSON lines, so that any other tool can train on exactly the same sequences.

use crate::{Corpus, CorpusError, SongRecord, Split};
use leitmotif_files::NewFile;
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// One line: the song's record, its events as lists of field values and as text.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    song: &'a SongRecord,
    fields: &'a [String],
    values: Vec<&'a [u16]>,
    text: Vec<String>,
}

/// Writes `<split>.jsonl` into `dir` (created if need be; the file is replaced): one song a line,
/// with all keys of [`SongRecord`], `fields` (the fields' names), `values` (each event as its
/// values' numbers, see `tokenizer.json`) and `text` (each event as the values' names). Returns the
/// file's path.
///
/// # Errors
/// [`CorpusError::Io`] if it cannot be written; a file of that name is then unchanged.
pub fn export(corpus: &Corpus, split: Split, dir: &Path) -> Result<PathBuf, CorpusError> {
    std::fs::create_dir_all(dir).map_err(|error| CorpusError::io(dir, error))?;
    let path = dir.join(format!("{split}.jsonl"));
    write(corpus, split, &path).map_err(|error| CorpusError::io(&path, error))?;
    Ok(path)
}

fn write(corpus: &Corpus, split: Split, path: &Path) -> std::io::Result<()> {
    let representation = corpus.representation();
    let fields: Vec<String> = corpus.vocabulary().fields.iter().map(|field| field.name.clone()).collect();
    let mut file = BufWriter::new(NewFile::create(path)?);
    for song in corpus.split(split) {
        let values = corpus.values(song);
        let events: Vec<&[u16]> = values.chunks_exact(fields.len()).collect();
        let text = events.iter().map(|event| representation.describe(event)).collect();
        let line = Line { song: &corpus.songs()[song], fields: &fields, values: events, text };
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.commit()
}
