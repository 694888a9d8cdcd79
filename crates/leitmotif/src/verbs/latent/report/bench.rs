//! What every section works with: the model, the songs, and a way to do the same with all of them.

use super::Options;
use super::dice::Dice;
use super::songs::Song;
use crate::console::Console;
use crate::interrupt;
use crate::model::Opened;
use crate::progress::Progress;
use anyhow::Result;
use leitmotif_compose::latent::{Rewriter, Rewritten, Task};
use leitmotif_compose::{FieldSampling, Request, Sampling};
use leitmotif_model::LatentSpace;
use rayon::prelude::*;

/// A model, songs that it has not seen, and how both are looked at.
pub struct Bench<'a> {
    /// The model.
    pub opened: &'a Opened,
    /// Its latents.
    pub space: &'a LatentSpace,
    /// The songs.
    pub songs: &'a [Song],
    /// How.
    pub options: &'a Options,
    /// Who hears of progress.
    pub console: &'a Console,
}

impl Bench<'_> {
    /// The seed of intervals.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The chance of one number of a section.
    pub fn dice(&self, section: u64, number: usize) -> Dice {
        Dice::of(self.options.seed, section, number)
    }

    /// How notes are drawn, with a seed of its own.
    pub fn request(&self, seed: u64) -> Request {
        let Options { temperature, top_p, .. } = *self.options;
        let sampling = Sampling::new(FieldSampling { temperature, top_p, ..FieldSampling::default() });
        Request { sampling, seed, ..self.opened.request() }
    }

    /// Who rewrites.
    pub fn rewriter<'r>(&'r self, request: &'r Request, drafts: usize) -> Rewriter<'r> {
        let (model, representation) = (&*self.opened.model, &*self.opened.representation);
        Rewriter { model, representation, request, drafts, cancel: interrupt::flag() }
    }

    /// A song filled as its tasks say.
    pub fn fill(&self, song: &Song, tasks: &[Task], seed: u64, progress: &Progress<'_>) -> Result<Rewritten> {
        self.fill_by(self.options.drafts, song, tasks, seed, progress)
    }

    /// [`Self::fill`] with so many drafts of each bar.
    pub fn fill_by(
        &self,
        drafts: usize,
        song: &Song,
        tasks: &[Task],
        seed: u64,
        progress: &Progress<'_>,
    ) -> Result<Rewritten> {
        let request = self.request(seed);
        Ok(self.rewriter(&request, drafts).fill(&song.source, tasks, &[], 0, &|_, _| progress.advance(1))?)
    }

    /// Bars of all songs.
    pub fn bars(&self) -> usize {
        self.songs.iter().map(|song| song.source.bars.len()).sum()
    }

    /// Does `work` with each number below `count`, on all threads; the results are in order. Its progress counts to
    /// `bars` bars.
    pub fn each<T: Send>(
        &self,
        label: &str,
        count: usize,
        bars: usize,
        work: impl Fn(usize, &Progress<'_>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let progress = Progress::new(self.console, label, "bars", bars as u64);
        (0..count).into_par_iter().with_max_len(1).map(|number| work(number, &progress)).collect()
    }

    /// Fails once it is interrupted.
    pub fn go_on(&self) -> Result<()> {
        if interrupt::asked() { Err(leitmotif_compose::ComposeError::Cancelled.into()) } else { Ok(()) }
    }
}
