//! Training steps on demand, for timing beside other programs:
//! `cargo run --release -p leitmotif-train --example pace -- CORPUS PRESET [key=value...]`.
//!
//! All songs of the training split are read as one long stream, cut into equal streams, so that
//! memories fill and stay full. With `compact` as first setting, only the field values that occur
//! are counted (of a one-field representation). For each line `N` on the standard input it trains
//! `N` steps and prints the seconds they took, the events trained on, and the mean nats per event
//! as a line of JSON.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use leitmotif_corpus::{Corpus, SegmentBatch, Split};
use leitmotif_events::Value;
use leitmotif_model::ModelDescription;
use leitmotif_network::LatentObjective;
use leitmotif_train::{Learner, Override, Preset, RunConfig, Timings};
use std::collections::BTreeSet;
use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let usage = "usage: pace CORPUS PRESET [compact] [key=value...]";
    let corpus = Corpus::open(arguments.next().ok_or(usage)?)?;
    let preset: Preset = arguments.next().ok_or(usage)?.parse()?;
    let compact = arguments.next_if(|argument| argument == "compact").is_some();
    let mut overrides = arguments.map(|text| text.parse()).collect::<Result<Vec<Override>, _>>()?;
    overrides.push("train.steps=1".parse()?);
    let config = RunConfig::layered(preset.config(), None, &overrides)?;
    if config.model.bars_per_latent() > 0 {
        return Err("one long stream has no bars to encode: choose a preset without latents".into());
    }

    let mut sizes = corpus.vocabulary().sizes();
    let mut events: Vec<Value> = Vec::new();
    for song in corpus.split(Split::Train) {
        events.extend_from_slice(&corpus.values(song));
    }
    if compact {
        let seen: Vec<Value> = events.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        events.iter_mut().for_each(|event| *event = seen.partition_point(|value| value < event) as Value);
        sizes = vec![seen.len()];
    }
    let mut data = Stream::new(events, sizes.len(), config.train.batch_size, config.model.segment);
    let mut learner = Learner::new(&ModelDescription::new(config.model.clone(), sizes)?, &config)?;
    eprintln!("{} parameters, {} events a step", learner.network().size(), data.streams * data.segment);
    let mut timings = Timings::default();
    let mut seed = 0;
    for line in std::io::stdin().lock().lines() {
        let steps: u64 = line?.trim().parse()?;
        let (start, mut nats, mut events) = (Instant::now(), 0.0, 0);
        for _ in 0..steps {
            seed += 1;
            let metrics = learner.train_step(&data.next_batch(), seed, LatentObjective::default(), &mut timings);
            let metrics = metrics.ok_or("the loss is not finite")?;
            learner.apply(seed, config.train.learning_rate, &mut timings);
            nats += metrics.nll();
            events += metrics.events;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{{\"seconds\": {seconds}, \"events\": {events}, \"nats\": {}}}", nats / events.max(1) as f64);
    }
    eprintln!("{timings:?}");
    Ok(())
}

/// Events cut into streams of one length.
struct Stream {
    events: Vec<Value>,
    fields: usize,
    streams: usize,
    segment: usize,
    /// The next event of every stream.
    place: usize,
}

impl Stream {
    fn new(events: Vec<Value>, fields: usize, streams: usize, segment: usize) -> Self {
        Self { events, fields, streams, segment, place: 0 }
    }

    fn next_batch(&mut self) -> SegmentBatch {
        let Self { fields, streams, segment, .. } = *self;
        let stream = self.events.len() / fields / streams;
        let begins = self.place == 0;
        let mut batch = SegmentBatch {
            streams,
            segment,
            fields,
            inputs: Vec::with_capacity(streams * segment * fields),
            targets: Vec::with_capacity(streams * segment * fields),
            determined: Vec::new(),
            lengths: vec![segment; streams],
            starts: vec![begins; streams],
            songs: vec![None; streams],
            bars: None,
        };
        for number in 0..streams {
            let from = (number * stream + self.place) * fields;
            batch.inputs.extend_from_slice(&self.events[from..][..segment * fields]);
            batch.targets.extend_from_slice(&self.events[from + fields..][..segment * fields]);
        }
        self.place += segment;
        // Going round is no new song: memories stay full.
        if self.place + segment >= stream {
            self.place = 1;
        }
        batch
    }
}
