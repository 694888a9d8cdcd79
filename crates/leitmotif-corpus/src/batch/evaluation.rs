//! Batches for evaluation: every song of a split once, unchanged.

use super::bars::SongBars;
use super::stream::{Reading, targets_of};
use super::{BatchError, LatentOptions, SegmentBatch};
use crate::{Corpus, Split};
use leitmotif_events::Value;
use std::borrow::Cow;

/// Names the noise of evaluation.
const EVALUATION: u64 = 0x6576_616C;

/// An iterator over a split. Long songs come first, so that the streams end at about the same time;
/// streams without a song left have length 0.
#[derive(Debug)]
pub struct EvaluationBatches<'a> {
    corpus: &'a Corpus,
    segment: usize,
    fields: usize,
    /// Songs to come, the next one last.
    queue: Vec<usize>,
    streams: Vec<Option<Reading<Cow<'a, [Value]>>>>,
    latents: Option<LatentOptions>,
}

impl<'a> EvaluationBatches<'a> {
    /// Batches over the songs of `split`.
    ///
    /// # Errors
    /// [`BatchError::Empty`] if there are none, [`BatchError::Options`] for no streams or no
    /// events.
    pub fn new(corpus: &'a Corpus, split: Split, streams: usize, segment: usize) -> Result<Self, BatchError> {
        let batches = Self::of_songs(corpus, corpus.split(split), streams, segment)?;
        if batches.queue.is_empty() { Err(BatchError::Empty(split)) } else { Ok(batches) }
    }

    /// Batches over `songs`, each once; possibly none.
    ///
    /// # Errors
    /// [`BatchError::Options`] for no streams, no events, or a song that the corpus does not have.
    pub fn of_songs(corpus: &'a Corpus, songs: Vec<usize>, streams: usize, segment: usize) -> Result<Self, BatchError> {
        if streams == 0 || segment == 0 {
            return Err(BatchError::Options("a batch needs at least one lane and one event".to_owned()));
        }
        let records = corpus.songs();
        if let Some(song) = songs.iter().find(|song| **song >= records.len()) {
            return Err(BatchError::Options(format!("the corpus has {} songs, none is number {song}", records.len())));
        }
        let mut queue = songs;
        queue.retain(|song| targets_of(records[*song].events) > 0);
        queue.sort_by_key(|song| (records[*song].events, std::cmp::Reverse(*song)));
        let fields = corpus.vocabulary().fields.len();
        Ok(Self { corpus, segment, fields, queue, streams: (0..streams).map(|_| None).collect(), latents: None })
    }

    /// The same batches with the bars that their segments lie in. A song's latents have the same
    /// noise each time.
    ///
    /// # Errors
    /// [`BatchError::Options`] for options that make no sense, or a corpus whose representation has
    /// no bars.
    pub fn with_latents(mut self, options: LatentOptions) -> Result<Self, BatchError> {
        options.check(&*self.corpus.representation())?;
        self.latents = Some(options);
        Ok(self)
    }

    fn read(&self, song: usize) -> Reading<Cow<'a, [Value]>> {
        let bars = self.latents.as_ref().map(|options| {
            let representation = self.corpus.representation();
            SongBars::of(
                options,
                &*representation,
                &self.corpus.sequence(song),
                leitmotif_hash::number(EVALUATION, song as u64),
                None,
            )
        });
        Reading { song, position: 0, values: self.corpus.values(song), determined: Vec::new(), bars }
    }

    /// The targets still to come.
    pub fn targets_left(&self) -> usize {
        let events = |song: &usize| targets_of(self.corpus.songs()[*song].events);
        let reading = |stream: &Reading<_>| events(&stream.song) - stream.position;
        self.queue.iter().map(events).sum::<usize>() + self.streams.iter().flatten().map(reading).sum::<usize>()
    }
}

impl Iterator for EvaluationBatches<'_> {
    type Item = SegmentBatch;

    fn next(&mut self) -> Option<SegmentBatch> {
        for stream in 0..self.streams.len() {
            if self.streams[stream].is_none()
                && let Some(song) = self.queue.pop()
            {
                self.streams[stream] = Some(self.read(song));
            }
        }
        if self.streams.iter().all(Option::is_none) {
            return None;
        }
        let mut batch = SegmentBatch::empty(self.streams.len(), self.segment, self.fields);
        if self.latents.is_some() {
            batch = batch.with_bars();
        }
        for (index, stream) in self.streams.iter_mut().enumerate() {
            if stream.as_mut().is_some_and(|reading| reading.write(&mut batch, index)) {
                *stream = None;
            }
        }
        Some(batch)
    }
}
