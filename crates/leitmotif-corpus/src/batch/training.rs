//! Batches for training: endless, shuffled by epoch, resumable to the byte.
//!
//! An epoch is an order of all training songs. A stream whose song has ended takes the next song of
//! the order, so every song is read exactly once per epoch (but where genres are balanced, which
//! reads songs of rare ones several times, each time varied anew); when the order is used up, the
//! next epoch's begins, while other streams may still be reading songs of the last one. All
//! randomness comes from `(seed, epoch)` for the order and from `(seed, variation, song)` for a
//! song's variation, never from a running generator: the state is a few numbers.
//!
//! Several processes can share the streams ([`TrainingBatches::with_own`]): each reads the songs of
//! its own streams and follows where the others' stand, so that every song is handed out as it
//! would be in one process, and the state is the same in all of them.

use super::balance::{drawn, readings};
use super::bars::{LatentOptions, SongBars};
use super::stream::{Reading, targets_of};
use super::{BatchError, BatchOptions, SegmentBatch};
use crate::{Corpus, Split};
use leitmotif_events::{Sequence, Value};
use leitmotif_hash::number;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// The bits of a variation that hold the epoch.
const EPOCH_BITS: u32 = 40;

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamState {
    /// The song, by its index in the corpus.
    pub song: usize,
    /// How it is varied: the epoch in whose order it came, and above 40 bits the number of
    /// its reading in that epoch.
    #[serde(rename = "epoch")]
    pub variation: u64,
    /// The next event to read.
    pub position: usize,
}

/// A position in endless training batches: what a checkpoint saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchState {
    /// Fingerprint of the corpus and the options.
    pub data: String,
    /// The epoch whose songs are being handed out.
    pub epoch: u64,
    /// How many of its songs have been handed out.
    pub next: usize,
    /// Targets read since the beginning.
    pub targets: u64,
    /// Batches made since the beginning.
    pub batches: u64,
    /// The streams; `None` before a stream's first song and between songs.
    #[serde(alias = "lanes")]
    pub streams: Vec<Option<StreamState>>,
}

/// Endless batches over the training split.
#[derive(Debug)]
pub struct TrainingBatches {
    corpus: Arc<Corpus>,
    options: BatchOptions,
    data: String,
    fields: usize,
    songs: Vec<usize>,
    /// How often an epoch reads each of the songs, where genres are balanced.
    readings: Option<Vec<f64>>,
    targets_per_epoch: u64,
    epoch: u64,
    /// Songs, and the number of each reading.
    order: Vec<(usize, u64)>,
    next: usize,
    targets: u64,
    batches: u64,
    streams: Vec<Option<StreamState>>,
    /// The streams that are read here.
    own: Range<usize>,
    /// Their songs.
    open: Vec<Option<Reading<Vec<Value>>>>,
}

impl TrainingBatches {
    /// Batches over the training split, from its beginning.
    ///
    /// # Errors
    /// [`BatchError::Empty`] without training songs, [`BatchError::Options`] for settings that make
    /// no sense.
    pub fn new(corpus: Arc<Corpus>, options: BatchOptions) -> Result<Self, BatchError> {
        let songs = corpus.split(Split::Train);
        Self::of_songs(corpus, songs, options)
    }

    /// Batches over some songs of the corpus (a subset by genre, say), whatever their split.
    ///
    /// # Errors
    /// As [`Self::new`], and [`BatchError::Options`] for a song that the corpus does not have.
    pub fn of_songs(corpus: Arc<Corpus>, songs: Vec<usize>, options: BatchOptions) -> Result<Self, BatchError> {
        options.check()?;
        if let Some(latents) = &options.latents {
            latents.check(&*corpus.representation())?;
        }
        let records = corpus.songs();
        if let Some(song) = songs.iter().find(|song| **song >= records.len()) {
            return Err(BatchError::Options(format!("the corpus has {} songs, none is number {song}", records.len())));
        }
        let mut songs = songs;
        songs.retain(|song| targets_of(records[*song].events) > 0);
        if songs.is_empty() {
            return Err(BatchError::Empty(Split::Train));
        }
        let readings = (options.balance > 0.0).then(|| readings(&corpus, &songs, options.balance));
        let targets = |index: usize| targets_of(records[songs[index]].events) as f64;
        let mean = |index: usize| readings.as_ref().map_or(1.0, |readings| readings[index]);
        let targets_per_epoch = (0..songs.len()).map(|index| targets(index) * mean(index)).sum::<f64>().round() as u64;
        let data = data_fingerprint(&corpus, &songs, &options);
        let fields = corpus.vocabulary().fields.len();
        let streams = vec![None; options.streams];
        let (own, open) = (0..options.streams, (0..options.streams).map(|_| None).collect());
        let mut batches = Self {
            corpus,
            options,
            data,
            fields,
            songs,
            readings,
            targets_per_epoch,
            epoch: 0,
            order: Vec::new(),
            next: 0,
            targets: 0,
            batches: 0,
            streams,
            own,
            open,
        };
        batches.order = batches.order_of(0);
        Ok(batches)
    }

    /// The same batches, of which only the streams `own` are read here; other processes read the
    /// others. For a position at the beginning.
    ///
    /// # Errors
    /// [`BatchError::Options`] if there are no such streams.
    pub fn with_own(self, own: Range<usize>) -> Result<Self, BatchError> {
        if own.is_empty() || own.end > self.streams.len() {
            let (first, end, all) = (own.start, own.end, self.streams.len());
            return Err(BatchError::Options(format!("{all} streams have none from {first} to {end}")));
        }
        let open = own.clone().map(|_| None).collect();
        Ok(Self { own, open, ..self })
    }

    /// The next batch. Every stream always has a song.
    pub fn next_batch(&mut self) -> SegmentBatch {
        self.next_shared_batch(&|_| ())
    }

    /// The next batch's part of the streams that are read here. `sum` adds numbers up over all
    /// processes, in place: from it each learns whose songs have ended.
    pub fn next_shared_batch(&mut self, sum: &dyn Fn(&mut [f64])) -> SegmentBatch {
        let mut batch = SegmentBatch::empty(self.own.len(), self.options.segment, self.fields);
        if self.options.latents.is_some() {
            batch = batch.with_bars();
        }
        // Whether each stream's song is over, and the targets of all.
        let mut shared = vec![0.0; self.streams.len()];
        for (index, ends) in shared.iter_mut().enumerate() {
            let stream = self.streams[index].unwrap_or_else(|| self.next_song());
            self.streams[index] = Some(stream);
            if let Some(place) = self.own.contains(&index).then(|| index - self.own.start) {
                let mut reading = self.open[place].take().unwrap_or_else(|| self.read(stream));
                let is_over = reading.write(&mut batch, place);
                *ends = f64::from(u8::from(is_over));
                self.open[place] = (!is_over).then_some(reading);
            }
        }
        shared.push(batch.targets_that_count() as f64);
        sum(&mut shared);
        for (stream, ends) in self.streams.iter_mut().zip(&shared) {
            let next = |stream: StreamState| StreamState { position: stream.position + self.options.segment, ..stream };
            *stream = stream.map(next).filter(|_| *ends == 0.0);
        }
        self.targets += shared[self.streams.len()] as u64;
        self.batches += 1;
        batch
    }

    /// The epoch whose songs are being handed out, from 0.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Epochs read so far, with the fraction of the current one: targets read over targets per
    /// epoch.
    pub fn epochs(&self) -> f64 {
        self.targets as f64 / self.targets_per_epoch as f64
    }

    /// Targets in one epoch.
    pub fn targets_per_epoch(&self) -> u64 {
        self.targets_per_epoch
    }

    /// The songs of an epoch.
    pub fn songs(&self) -> &[usize] {
        &self.songs
    }

    /// The settings.
    pub fn options(&self) -> &BatchOptions {
        &self.options
    }

    /// The current position.
    pub fn state(&self) -> BatchState {
        BatchState {
            data: self.data.clone(),
            epoch: self.epoch,
            next: self.next,
            targets: self.targets,
            batches: self.batches,
            streams: self.streams.clone(),
        }
    }

    /// Goes to a saved position: the batches that follow are byte for byte those that followed it
    /// then.
    ///
    /// # Errors
    /// [`BatchError::State`] if it was saved with another corpus, other songs or other options;
    /// nothing changes then.
    pub fn restore(&mut self, state: &BatchState) -> Result<(), BatchError> {
        let wrong = |reason: String| Err(BatchError::State(reason));
        if state.data != self.data {
            return wrong("it was saved with another corpus or other batch settings".to_owned());
        }
        let order = self.order_of(state.epoch);
        if state.streams.len() != self.streams.len() || state.next > order.len() {
            return wrong("its numbers of lanes or songs are not these".to_owned());
        }
        let mut open = Vec::with_capacity(self.own.len());
        for (index, saved) in state.streams.iter().enumerate() {
            if let Some(saved) = saved.filter(|saved| !self.songs.contains(&saved.song)) {
                return wrong(format!("song {} is not among the training songs", saved.song));
            }
            if self.own.contains(&index) {
                let reading = saved.map(|saved| self.read(saved));
                let ends = |reading: &Reading<Vec<Value>>| targets_of(reading.values.len() / self.fields);
                if let Some(reading) = reading.as_ref().filter(|reading| reading.position >= ends(reading)) {
                    return wrong(format!("song {} ends before event {}", reading.song, reading.position));
                }
                open.push(reading);
            }
        }
        self.order = order;
        (self.streams, self.open) = (state.streams.clone(), open);
        (self.epoch, self.next) = (state.epoch, state.next);
        (self.targets, self.batches) = (state.targets, state.batches);
        Ok(())
    }

    fn next_song(&mut self) -> StreamState {
        if self.next == self.order.len() {
            self.epoch += 1;
            self.next = 0;
            self.order = self.order_of(self.epoch);
        }
        self.next += 1;
        let (song, reading) = self.order[self.next - 1];
        StreamState { song, variation: self.epoch | reading << EPOCH_BITS, position: 0 }
    }

    fn order_of(&self, epoch: u64) -> Vec<(usize, u64)> {
        let mut order = match &self.readings {
            Some(readings) => drawn(&self.songs, readings, &mut generator("readings", self.options.seed, epoch, 0)),
            None => self.songs.iter().map(|song| (*song, 0)).collect(),
        };
        if self.options.shuffle {
            order.shuffle(&mut generator("order", self.options.seed, epoch, 0));
        }
        order
    }

    /// The song as the model reads it in that variation, from that position.
    fn read(&self, StreamState { song, variation, position }: StreamState) -> Reading<Vec<Value>> {
        let BatchOptions { seed, header_dropout, augment, tasks, .. } = self.options;
        let (mut values, mut determined) = (None, Vec::new());
        if header_dropout > 0.0 || !augment.is_none() || !tasks.is_none() {
            let mut rng = generator("song", seed, variation, song as u64);
            let representation = self.corpus.representation();
            let mut sequence = self.corpus.sequence(song);
            if !augment.is_none() {
                sequence = representation.augment(&sequence, &augment.draw(&mut rng));
            }
            if header_dropout > 0.0 {
                sequence = representation.drop_header(&sequence, header_dropout, &mut rng);
            }
            if !tasks.is_none() {
                sequence = representation.draw_tasks(&sequence, &tasks, &mut rng);
                determined = representation.determined(&sequence);
            }
            values = Some(sequence.values().to_vec());
        }
        let values = values.unwrap_or_else(|| self.corpus.values(song).into_owned());
        let bars = self.options.latents.as_ref().and_then(|latents| {
            let sequence = Sequence::from_values(self.fields, values.clone())?;
            let key = number(number(seed, variation), song as u64);
            let mut drops = generator("attributes", seed, variation, song as u64);
            Some(SongBars::of(latents, &*self.corpus.representation(), &sequence, key, Some(&mut drops)))
        });
        Reading { song, position, values, determined, bars }
    }
}

/// A generator for one purpose, the same wherever it is made.
fn generator(purpose: &str, seed: u64, variation: u64, song: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(purpose.as_bytes());
    for number in [seed, variation, song] {
        hasher.update(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

fn data_fingerprint(corpus: &Corpus, songs: &[usize], options: &BatchOptions) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(corpus.fingerprint().as_bytes());
    for song in songs {
        hasher.update(&(*song as u64).to_le_bytes());
    }
    // Saved positions hold a hash of exactly these words.
    let BatchOptions { streams, segment, seed, shuffle, balance, header_dropout, augment, tasks, latents } = options;
    let mut text =
        format!("BatchOptions {{ lanes: {streams:?}, segment: {segment:?}, seed: {seed:?}, shuffle: {shuffle:?}, ");
    text += &format!("header_drop: {header_dropout:?}, augment: {augment:?} }}");
    if !tasks.is_none() {
        text += &format!("{tasks:?}");
    }
    if *balance > 0.0 {
        text += &format!("balance: {balance:?}");
    }
    if let Some(latents) = latents {
        let LatentOptions { bars_per_latent, attributes, attribute_dropout } = latents;
        text += &format!("LatentOptions {{ bars_per_latent: {bars_per_latent:?}, attributes: {attributes:?}, ");
        text += &format!("attribute_drop: {attribute_dropout:?} }}");
    }
    hasher.update(text.as_bytes());
    hasher.finalize().to_hex().to_string()
}
