//! A piece that continues a file or changes it, written into the bytes of that file: what a score
//! has no room for (controllers, pitch bends, lyrics, system exclusives) stands where it was.

use crate::console::Console;
use crate::files;
use crate::words::counted;
use anyhow::{Context, Result};
use leitmotif_score::{
    Automation, Edits, ReadOptions, Score, Ticks, read_automation, read_midi, read_midi_bytes, splice_midi,
    write_midi_file,
};
use std::path::{Path, PathBuf};

/// A file to write into.
pub struct SourceFile {
    path: PathBuf,
    bytes: Vec<u8>,
    /// What it holds.
    pub score: Score,
    read: ReadOptions,
}

impl SourceFile {
    /// Reads it.
    pub fn open(path: &Path, read: ReadOptions) -> Result<Self> {
        let bytes = read_midi_bytes(path)?;
        let (score, _) = read_midi(&bytes, &read).with_context(|| path.display().to_string())?;
        Ok(Self { path: path.to_owned(), bytes, score, read })
    }

    /// Writes the file's first `bars` bars and what `score` has after them, and returns what is
    /// heard of that.
    pub fn continue_as(
        &self,
        path: &Path,
        score: &Score,
        bars: usize,
        console: &Console,
    ) -> Result<(Score, Automation)> {
        let cut = self.score.bars().take(bars).last().map_or(Ticks(0), |bar| bar.end());
        self.write(path, score, Edits::continuing(&self.score, score, cut), console)
    }

    /// Writes the file with the notes of `score`, and returns what is heard of that.
    pub fn change_to(&self, path: &Path, score: &Score, console: &Console) -> Result<(Score, Automation)> {
        self.write(path, score, Edits::changing(&self.score, score), console)
    }

    /// Where the file's own bytes cannot become the score, that is written alone.
    fn write(
        &self,
        path: &Path,
        score: &Score,
        edits: Option<Edits>,
        console: &Console,
    ) -> Result<(Score, Automation)> {
        match self.edited(edits) {
            Ok((bytes, dropped)) => {
                files::write(path, &bytes)?;
                if dropped > 0 {
                    let (notes, path) = (counted(dropped, "note"), path.display());
                    console.note(format_args!("{path}: {notes} left out, whose pitch still sounds on its channel"));
                }
                Ok((read_midi(&bytes, &self.read)?.0, read_automation(&bytes, &self.read)?))
            }
            Err(reason) => {
                write_midi_file(path, score)?;
                let (path, source) = (path.display(), self.path.display());
                console.note(format_args!("{path}: only the notes of {source} are kept, as {reason}"));
                Ok((score.clone(), Automation::default()))
            }
        }
    }

    /// The bytes of the changed file, and how many new notes found no place.
    fn edited(&self, edits: Option<Edits>) -> Result<(Vec<u8>, usize), String> {
        let edits = edits.ok_or("its clock is too coarse")?;
        let (bytes, report) = splice_midi(&self.bytes, &self.read, &edits).map_err(|error| error.to_string())?;
        Ok((bytes, report.notes_dropped))
    }
}
