//! From songs to an index, one after another.

use super::line::{Line, LineNote, grid_step, lines};
use super::suffixes::{SEPARATOR, Suffixes};
use super::{OriginalityIndex, Player};
use crate::bars::MAX_BARS;
use leitmotif_score::{Bars, Score, Ticks};
use std::collections::BTreeSet;

/// The most notes of an index: its memory is then 12 GiB, nearly twice that while it is built.
pub const MAX_INDEX_NOTES: usize = 1 << 30;

/// Why there is no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginalityError {
    /// The songs are too many.
    #[error("the songs have more than {most} notes; index fewer of them")]
    TooManyNotes {
        /// [`MAX_INDEX_NOTES`].
        most: usize,
    },
}

/// The notes of a player in a song.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Where they begin in the text.
    pub start: u32,
    /// The song's number.
    pub song: u32,
    pub player: Player,
}

/// Takes songs, and makes an index of them: 12 bytes a note, 22 while it is made.
#[derive(Debug, Clone, Default)]
pub struct OriginalityBuilder {
    /// The tokens of all lines, each line followed by [`SEPARATOR`].
    text: Vec<u32>,
    /// The bar of each note, from 0.
    bars: Vec<u32>,
    blocks: Vec<Block>,
    songs: Vec<String>,
}

impl OriginalityBuilder {
    /// Adds a song.
    ///
    /// # Errors
    /// [`OriginalityError::TooManyNotes`] beyond [`MAX_INDEX_NOTES`]; the song is then left out.
    pub fn add(&mut self, name: impl Into<String>, score: &Score) -> Result<(), OriginalityError> {
        let lines = lines(score);
        let notes: usize = lines.iter().map(|line| line.notes().len()).sum();
        if notes > MAX_INDEX_NOTES - self.text.len() {
            return Err(OriginalityError::TooManyNotes { most: MAX_INDEX_NOTES });
        }
        let bar_lines = bar_lines(score, &lines);
        for line in &lines {
            self.blocks.push(Block {
                start: self.text.len() as u32,
                song: self.songs.len() as u32,
                player: line.player(),
            });
            self.text.extend(line.tokens().chain([SEPARATOR]));
            self.bars.extend(line.notes().iter().map(|note| bar_of(&bar_lines, *note) as u32));
        }
        self.songs.push(name.into());
        Ok(())
    }

    /// The index of all songs that were added. The time is linear in their notes.
    pub fn finish(self) -> OriginalityIndex {
        let Self { mut text, mut bars, blocks, songs } = self;
        bars.shrink_to_fit();
        let alphabet: Vec<u32> = text.iter().copied().collect::<BTreeSet<u32>>().into_iter().collect();
        // The separator is the smallest of them, and so it stays.
        for symbol in &mut text {
            *symbol = alphabet.partition_point(|other| *other < *symbol) as u32;
        }
        let suffixes = Suffixes::new(text, alphabet.len().saturating_sub(1) as u32);
        OriginalityIndex { suffixes, alphabet, bars, blocks, songs }
    }
}

/// The steps at which the bars of a score begin, up to the last of its notes, at most [`MAX_BARS`].
pub(super) fn bar_lines(score: &Score, lines: &[Line]) -> Vec<u64> {
    let last = lines.iter().filter_map(|line| line.notes().last()).map(|note| note.step).max();
    let Some(last) = last else { return Vec::new() };
    let step = |ticks: Ticks| grid_step(ticks, score.resolution);
    let all = Bars::new(score.resolution, &score.meters, Ticks(u64::MAX));
    all.take(MAX_BARS).map(|bar| step(bar.start)).take_while(|start| *start <= last).collect()
}

/// The bar in which a note begins, from 0.
pub(super) fn bar_of(bar_lines: &[u64], note: LineNote) -> usize {
    bar_lines.partition_point(|start| *start <= note.step).saturating_sub(1)
}
