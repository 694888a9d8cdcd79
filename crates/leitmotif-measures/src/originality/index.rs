//! The training songs, indexed to find what a piece has in common with them.

use super::builder::{Block, OriginalityBuilder, OriginalityError, bar_lines, bar_of};
use super::line::{Line, Player, lines};
use super::report::{NGRAMS, OriginalityReport, Passage};
use super::suffixes::{SEPARATOR, Suffixes};
use leitmotif_score::Score;
use std::borrow::Borrow;

/// A symbol that no song has.
const UNKNOWN: u32 = u32::MAX;

/// An index of training songs. It holds 12 bytes a note, and depends on the songs and their order
/// alone.
#[derive(Debug, Clone)]
pub struct OriginalityIndex {
    /// For each note of each line its token with the next one as a number of the alphabet; the last
    /// note of a line has [`SEPARATOR`].
    pub(super) suffixes: Suffixes,
    /// All tokens, ascending, after the separator.
    pub(super) alphabet: Vec<u32>,
    /// The bar of each note, from 0.
    pub(super) bars: Vec<u32>,
    /// The lines, by their start.
    pub(super) blocks: Vec<Block>,
    pub(super) songs: Vec<String>,
}

/// A run of a piece: so many notes from a note of a line on.
#[derive(Clone, Copy)]
struct Run<'a> {
    notes: usize,
    line: &'a Line,
    symbols: &'a [u32],
    at: usize,
}

impl OriginalityIndex {
    /// The index of songs, each with its name.
    ///
    /// # Errors
    /// [`OriginalityError`] if they have too many notes.
    pub fn build<N: Into<String>, S: Borrow<Score>>(
        songs: impl IntoIterator<Item = (N, S)>,
    ) -> Result<Self, OriginalityError> {
        let mut builder = OriginalityBuilder::default();
        songs.into_iter().try_for_each(|(name, score)| builder.add(name, score.borrow()))?;
        Ok(builder.finish())
    }

    /// How many songs it holds.
    pub fn songs(&self) -> usize {
        self.songs.len()
    }

    /// How many notes they have (those of a player that sound together on one pitch count once).
    pub fn notes(&self) -> usize {
        self.bars.len()
    }

    /// What a piece has in common with the songs. For a piece of m notes and songs of n it takes
    /// about m log n steps; where it repeats itself at length as they do, more.
    pub fn report(&self, score: &Score) -> OriginalityReport {
        let lines = lines(score);
        let symbols: Vec<Vec<u32>> = lines.iter().map(|line| self.symbols(line.tokens()).collect()).collect();
        let (mut pitched, mut drums): (Option<Run<'_>>, Option<Run<'_>>) = (None, None);
        let mut found = NGRAMS.map(|n| (n, 0, 0));
        for (line, symbols) in lines.iter().zip(&symbols) {
            let longest = if line.player().is_drums() { &mut drums } else { &mut pitched };
            let any = usize::from(self.first_of(line.player()).is_some());
            longest.get_or_insert(Run { notes: any, line, symbols, at: 0 });
            for at in 0..symbols.len() {
                let common = self.suffixes.longest(&symbols[at..]);
                if common > 0 && longest.is_none_or(|longest| common + 1 > longest.notes) {
                    *longest = Some(Run { notes: common + 1, line, symbols, at });
                }
                for (n, ngrams, in_songs) in &mut found {
                    *ngrams += usize::from(at + *n <= line.notes().len());
                    *in_songs += usize::from(common + 1 >= *n);
                }
            }
        }
        let bars = bar_lines(score, &lines);
        let passage = |run: Option<Run<'_>>| run.and_then(|run| self.passage(run, &bars));
        let longest = match (pitched, drums) {
            (Some(pitched), Some(drums)) if drums.notes > pitched.notes => Some(drums),
            (pitched, drums) => pitched.or(drums),
        };
        let share = |(n, all, some): (usize, usize, usize)| (n, (all > 0).then(|| some as f64 / all as f64));
        OriginalityReport {
            notes: lines.iter().map(|line| line.notes().len()).sum(),
            longest_run: longest.map(|run| run.notes),
            pitched_run: pitched.map(|run| run.notes),
            drum_run: drums.map(|run| run.notes),
            overlap: found.map(share).into_iter().collect(),
            nearest: passage(longest),
            nearest_pitched: passage(pitched),
            nearest_drums: passage(drums),
        }
    }

    /// The numbers of tokens in the alphabet.
    pub(super) fn symbols(&self, tokens: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
        tokens.map(|token| self.symbol(token))
    }

    /// The number of a token in the alphabet.
    pub(super) fn symbol(&self, token: u32) -> u32 {
        match self.alphabet.binary_search(&token) {
            Ok(number) => number as u32,
            Err(_) => UNKNOWN,
        }
    }

    /// Where a run stands in the songs: in the first of them, and there at the first place.
    fn passage(&self, run: Run<'_>, piece_bars: &[u64]) -> Option<Passage> {
        let Run { notes, line, symbols, at } = run;
        let length = notes.checked_sub(1)?;
        let position = match length {
            0 => self.first_of(line.player())?,
            _ => self.suffixes.first(self.suffixes.places(&symbols[at..at + length]))?,
        };
        let block = self.blocks.partition_point(|block| block.start as usize <= position).checked_sub(1)?;
        let Block { song, player, .. } = *self.blocks.get(block)?;
        Some(Passage {
            notes,
            song: self.songs[song as usize].clone(),
            instrument: player.name(),
            bar: self.bars[position] as usize + 1,
            piece_instrument: line.player().name(),
            piece_bar: bar_of(piece_bars, line.notes()[at]) + 1,
        })
    }

    /// The first note of the songs that a note of this player could be.
    fn first_of(&self, player: Player) -> Option<usize> {
        let same = |block: &&Block| block.player.is_drums() == player.is_drums();
        self.blocks.iter().find(same).map(|block| block.start as usize)
    }
}

const _: () = assert!(SEPARATOR == 0, "the alphabet's first number is the separator's");
