//! The songs of the demo: chorales by Johann Sebastian Bach, which are part of the program.

use crate::files;
use anyhow::Result;
use include_dir::{Dir, include_dir};
use std::path::Path;

/// 48 chorales in four voices, for two violins, viola and cello.
static CHORALES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/chorales");

/// Writes the MIDI files into a folder; how many there are.
pub fn write(folder: &Path) -> Result<usize> {
    let songs = || CHORALES.files().filter(|file| file.path().extension().is_some_and(|it| it == "mid"));
    for file in songs() {
        files::write(&folder.join(file.path()), file.contents())?;
    }
    Ok(songs().count())
}
