//! Batches for evaluation: every song of a split once, unchanged.

use super::lane::{Reading, targets_of};
use super::{BatchError, SegmentBatch};
use crate::{Corpus, Split, Value};
use std::borrow::Cow;

/// An iterator over a split. Long songs come first, so that the lanes end at about the same time; lanes without a
/// song left have length 0.
#[derive(Debug)]
pub struct EvaluationBatches<'a> {
    corpus: &'a Corpus,
    segment: usize,
    fields: usize,
    /// Songs to come, the next one last.
    queue: Vec<usize>,
    lanes: Vec<Option<Reading<Cow<'a, [Value]>>>>,
}

impl<'a> EvaluationBatches<'a> {
    /// Batches over the songs of `split`.
    ///
    /// # Errors
    /// [`BatchError::Empty`] if there are none, [`BatchError::Options`] for no lanes or no events.
    pub fn new(corpus: &'a Corpus, split: Split, lanes: usize, segment: usize) -> Result<Self, BatchError> {
        let batches = Self::of_songs(corpus, corpus.split(split), lanes, segment)?;
        if batches.queue.is_empty() { Err(BatchError::Empty(split)) } else { Ok(batches) }
    }

    /// Batches over `songs`, each once; possibly none.
    ///
    /// # Errors
    /// [`BatchError::Options`] for no lanes, no events, or a song that the corpus does not have.
    pub fn of_songs(corpus: &'a Corpus, songs: Vec<usize>, lanes: usize, segment: usize) -> Result<Self, BatchError> {
        if lanes == 0 || segment == 0 {
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
        Ok(Self { corpus, segment, fields, queue, lanes: (0..lanes).map(|_| None).collect() })
    }

    /// The targets still to come.
    pub fn targets_left(&self) -> usize {
        let events = |song: &usize| targets_of(self.corpus.songs()[*song].events);
        let reading = |lane: &Reading<_>| events(&lane.song) - lane.position;
        self.queue.iter().map(events).sum::<usize>() + self.lanes.iter().flatten().map(reading).sum::<usize>()
    }
}

impl Iterator for EvaluationBatches<'_> {
    type Item = SegmentBatch;

    fn next(&mut self) -> Option<SegmentBatch> {
        for lane in &mut self.lanes {
            if lane.is_none()
                && let Some(song) = self.queue.pop()
            {
                *lane = Some(Reading { song, position: 0, values: self.corpus.values(song) });
            }
        }
        if self.lanes.iter().all(Option::is_none) {
            return None;
        }
        let mut batch = SegmentBatch::empty(self.lanes.len(), self.segment, self.fields);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if lane.as_mut().is_some_and(|reading| reading.write(&mut batch, index)) {
                *lane = None;
            }
        }
        Some(batch)
    }
}
