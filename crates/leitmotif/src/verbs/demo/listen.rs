//! A piece of the demo: the files to see and hear it by.

use super::write::Written;
use crate::console::Console;
use crate::files;
use crate::progress::ProgressBar;
use anyhow::{Context, Result};
use leitmotif_render::{BitDepth, RenderOptions, RollOptions, SoundBank, Theme, piano_roll, render_to_wav, svg_to_png};
use leitmotif_score::{Score, write_midi_file};
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Width of a piano roll for narrow screens, in pixels.
const NARROW: f64 = 480.0;
/// Pixels of a PNG to one of the picture.
const PNG_SCALE: f32 = 1.5;

/// A piece with its files.
#[derive(Debug, Clone, Serialize)]
pub struct Listening {
    /// The name of its files, without folder and ending.
    pub name: String,
    /// Its MIDI file.
    pub path: PathBuf,
    /// Its bars.
    pub bars: usize,
    /// Its notes.
    pub notes: usize,
    /// Seconds from the start to the end of the last note.
    pub seconds: f64,
    /// What was written, and how it is shown.
    #[serde(skip)]
    pub written: Written,
}

/// Writes MIDI, WAV and piano rolls of each piece.
pub fn write(pieces: Vec<Written>, bank: &SoundBank, folder: &Path, console: &Console) -> Result<Vec<Listening>> {
    files::make_folder(folder)?;
    let progress = ProgressBar::new(console, "rendering", "pieces", pieces.len() as u64);
    progress.set(0);
    let pieces = pieces.into_par_iter().map(|written| {
        let piece = write_one(written, folder)?;
        render(&piece, bank, folder)?;
        progress.advance(1);
        Ok(piece)
    });
    pieces.collect()
}

fn write_one(mut written: Written, folder: &Path) -> Result<Listening> {
    let name = written.name.clone();
    let path = folder.join(format!("{name}.mid"));
    written.score.title = Some(written.title.clone());
    write_midi_file(&path, &written.score)?;
    let score = &mut written.score;
    let (bars, notes, seconds) = (score.bars().count(), score.note_count(), score.duration().0);
    // A channel holds one note of a pitch at a time, a player more: what is seen and heard is the
    // player.
    score.merge_parts_by_instrument();
    Ok(Listening { name, path, bars, notes, seconds, written })
}

fn render(piece: &Listening, bank: &SoundBank, folder: &Path) -> Result<()> {
    let Written { score, original, highlights, .. } = &piece.written;
    let file = |ending: &str| folder.join(format!("{}{ending}", piece.name));
    render_to_wav(score, bank, &RenderOptions::default(), file(".wav"), BitDepth::default())?;
    let wide = RollOptions { theme: Theme::Auto, highlights: highlights.clone(), ..RollOptions::default() };
    let rolls = |score: &Score, suffix: &str| -> Result<()> {
        files::write(&file(&format!("{suffix}.svg")), piano_roll(score, &wide).as_bytes())?;
        let narrow = RollOptions { width: NARROW, ..wide.clone() };
        files::write(&file(&format!("{suffix}-narrow.svg")), piano_roll(score, &narrow).as_bytes())
    };
    rolls(score, "")?;
    if let Some(original) = original {
        rolls(original, "-original")?;
    }
    let light = RollOptions { theme: Theme::Light, ..wide.clone() };
    let png = svg_to_png(&piano_roll(score, &light), PNG_SCALE);
    files::write(&file(".png"), &png.with_context(|| format!("the picture of {}", piece.name))?)
}
