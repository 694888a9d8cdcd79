//! What every section works with: the model, the songs, and a way to do the same with all of them.

use super::error::LatentsError;
use super::rng::SeededRng;
use super::settings::{LatentsEvent, Settings, Subject};
use super::songs::Song;
use leitmotif_compose::latent::{FilledBars, LatentEditor, Task};
use leitmotif_compose::{ComposeError, FieldSampling, Request, Sampling};
use leitmotif_model::LatentSpace;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A model, held-out songs, and the settings of the measurements.
pub struct Experiment<'a> {
    /// The model, its representation and its corpus.
    pub subject: &'a Subject<'a>,
    /// Its latents.
    pub space: &'a LatentSpace,
    /// The songs.
    pub songs: &'a [Song],
    /// How.
    pub settings: &'a Settings,
    /// Called with the progress.
    pub observer: &'a (dyn Fn(LatentsEvent<'_>) + Sync),
    /// Stops the work once it is raised.
    pub cancel: &'a AtomicBool,
}

/// Counts bars.
pub struct Counter<'a>(&'a (dyn Fn(LatentsEvent<'_>) + Sync));

impl Counter<'_> {
    /// So many more bars are done.
    pub fn advance(&self, bars: u64) {
        (self.0)(LatentsEvent::Advanced(bars));
    }
}

impl Experiment<'_> {
    /// The seed of intervals.
    pub fn seed(&self) -> u64 {
        self.settings.seed
    }

    /// The generator of one number of a section.
    pub fn rng(&self, section: u64, number: usize) -> SeededRng {
        SeededRng::of(self.settings.seed, section, number)
    }

    /// How notes are drawn, with a seed of its own.
    pub fn request(&self, seed: u64) -> Request {
        let Settings { temperature, top_p, .. } = *self.settings;
        let sampling = Sampling::new(FieldSampling { temperature, top_p, ..FieldSampling::default() });
        Request { sampling, seed, ..self.subject.request.clone() }
    }

    /// Who rewrites.
    pub fn editor<'r>(&'r self, request: &'r Request, candidates: usize) -> LatentEditor<'r> {
        let Subject { model, representation, .. } = *self.subject;
        LatentEditor { model, representation, request, candidates, cancel: self.cancel }
    }

    /// A song filled by its tasks.
    pub fn fill(
        &self,
        song: &Song,
        tasks: &[Task],
        seed: u64,
        progress: &Counter<'_>,
    ) -> Result<FilledBars, LatentsError> {
        self.fill_by(self.settings.candidates, song, tasks, seed, progress)
    }

    /// [`Self::fill`] with so many candidates of each bar.
    pub fn fill_by(
        &self,
        candidates: usize,
        song: &Song,
        tasks: &[Task],
        seed: u64,
        progress: &Counter<'_>,
    ) -> Result<FilledBars, LatentsError> {
        let request = self.request(seed);
        Ok(self.editor(&request, candidates).fill(&song.source, tasks, &[], 0, &|_, _| progress.advance(1))?)
    }

    /// Bars of all songs.
    pub fn bars(&self) -> usize {
        self.songs.iter().map(|song| song.source.bars.len()).sum()
    }

    /// Does `work` with each number below `count`, on all threads; the results are in order. Its
    /// progress counts to `bars` bars.
    pub fn each<T: Send>(
        &self,
        label: &str,
        count: usize,
        bars: usize,
        work: impl Fn(usize, &Counter<'_>) -> Result<T, LatentsError> + Sync,
    ) -> Result<Vec<T>, LatentsError> {
        (self.observer)(LatentsEvent::Began { label, bars: bars as u64 });
        let counter = Counter(self.observer);
        let done = (0..count).into_par_iter().with_max_len(1).map(|number| work(number, &counter)).collect();
        (self.observer)(LatentsEvent::Ended);
        done
    }

    /// Fails once it is interrupted.
    pub fn go_on(&self) -> Result<(), LatentsError> {
        if self.cancel.load(Ordering::Relaxed) { Err(ComposeError::Cancelled.into()) } else { Ok(()) }
    }
}
