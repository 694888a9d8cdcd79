//! Batches over a small corpus: what is read, in which order, and exact resumption.

use crate::common::{collection, corpus, options, prepared};
use leitmotif_corpus::prepare::PrepareOptions;
use leitmotif_corpus::{
    AugmentOptions, BatchError, BatchOptions, BatchState, Corpus, EvaluationBatches, SegmentBatch, Split,
    TrainingBatches, export,
};
use leitmotif_events::{RepresentationConfig, Sequence, Tasks, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, Mutex};

fn training(options: &BatchOptions) -> TrainingBatches {
    TrainingBatches::new(corpus(), options.clone()).unwrap()
}

/// What each stream has read of the song that it is in.
#[derive(Default)]
struct Readers {
    streams: BTreeMap<usize, (usize, Vec<Value>)>,
    /// Songs in the order in which they began, and songs read to their end.
    begun: Vec<usize>,
    targets: usize,
}

impl Readers {
    /// Checks a batch's shape, and that each stream goes on where it stopped; collects what it
    /// reads.
    fn see(&mut self, batch: &SegmentBatch) {
        let width = batch.segment * batch.fields;
        assert_eq!((batch.inputs.len(), batch.targets.len()), (batch.streams * width, batch.streams * width));
        for stream in 0..batch.streams {
            let count = batch.lengths[stream];
            let padding = stream * width + count * batch.fields..(stream + 1) * width;
            assert!(batch.inputs[padding.clone()].iter().chain(&batch.targets[padding]).all(|value| *value == 0));
            let Some(song) = batch.songs[stream] else {
                assert!(count == 0 && !batch.starts[stream]);
                continue;
            };
            if batch.starts[stream] {
                self.begun.push(song);
                self.streams.insert(stream, (song, batch.input(stream, 0).to_vec()));
            }
            let (reading, read) = self.streams.get_mut(&stream).unwrap();
            assert_eq!(*reading, song, "a lane changes its song only at a start");
            for index in 0..count {
                assert_eq!(
                    batch.input(stream, index),
                    &read[read.len() - batch.fields..],
                    "each target is the next input"
                );
                read.extend_from_slice(batch.target(stream, index));
            }
            self.targets += count;
        }
    }
}

fn evaluate(split: Split, streams: usize, segment: usize) -> (Readers, BTreeMap<usize, Vec<Value>>) {
    let corpus = corpus();
    let mut readers = Readers::default();
    let mut read = BTreeMap::new();
    for batch in EvaluationBatches::new(&corpus, split, streams, segment).unwrap() {
        assert!(batch.targets_that_count() > 0);
        readers.see(&batch);
        read.extend(readers.streams.values().cloned());
    }
    (readers, read)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn evaluation_reads_every_event_of_the_split_once(streams in 1_usize..9, segment in 1_usize..200) {
        let corpus = corpus();
        for split in Split::ALL {
            let (readers, read) = evaluate(split, streams, segment);
            let mut begun = readers.begun.clone();
            begun.sort_unstable();
            prop_assert_eq!(begun, corpus.split(split));
            for (song, values) in read {
                prop_assert_eq!(values.as_slice(), &*corpus.values(song));
            }
            let expected: usize = corpus.split(split).iter().map(|song| corpus.songs()[*song].events - 1).sum();
            prop_assert_eq!(readers.targets, expected);
        }
    }

    #[test]
    fn training_reads_every_song_once_an_epoch(streams in 1_usize..9, segment in 1_usize..200, seed in 0_u64..1000, shuffle: bool) {
        let options = BatchOptions { streams, segment, seed, shuffle, ..BatchOptions::default() };
        let mut batches = training(&options);
        let count = batches.songs().len();
        let mut readers = Readers::default();
        while readers.begun.len() < 3 * count {
            readers.see(&batches.next_batch());
        }
        prop_assert!((batches.epochs() * batches.targets_per_epoch() as f64).round() as usize == readers.targets);
        let orders: Vec<&[usize]> = readers.begun.chunks_exact(count).take(3).collect();
        for order in &orders {
            let mut sorted = order.to_vec();
            sorted.sort_unstable();
            prop_assert_eq!(&sorted, &corpus().split(Split::Train));
        }
        prop_assert_eq!(shuffle, orders[0] != orders[1]);
    }

    #[test]
    fn resuming_goes_on_to_the_byte(streams in 1_usize..6, segment in 1_usize..120, before in 0_usize..80, seed in 0_u64..100, balanced: bool) {
        let balance = if balanced { 0.7 } else { 0.0 };
        let augment = AugmentOptions { transpose: 5, tempo_octaves: 0.3, velocity: 9 };
        let options = BatchOptions { streams, segment, seed, shuffle: true, balance, header_dropout: 0.5, augment, tasks: leitmotif_events::Tasks::default(), latents: None };
        let mut straight = training(&options);
        (0..before).for_each(|_| drop(straight.next_batch()));
        let saved = serde_json::to_string(&straight.state()).unwrap();
        let state: BatchState = serde_json::from_str(&saved).unwrap();
        let mut resumed = training(&options);
        (0..before / 3).for_each(|_| drop(resumed.next_batch()));
        resumed.restore(&state).unwrap();
        for _ in 0..30 {
            prop_assert_eq!(straight.next_batch(), resumed.next_batch());
        }
        prop_assert_eq!(straight.state(), resumed.state());
    }
}

#[test]
fn balance_evens_out_genres_and_varies_each_reading() {
    let corpus = corpus();
    let events = |balance: f64| {
        let augment = AugmentOptions { transpose: 6, ..AugmentOptions::default() };
        let options = BatchOptions { streams: 1, segment: 1 << 16, balance, augment, ..BatchOptions::default() };
        let mut batches = training(&options);
        let mut genres: BTreeMap<Option<&str>, f64> = BTreeMap::new();
        let mut readings: BTreeMap<(u64, usize), Vec<Vec<Value>>> = BTreeMap::new();
        while batches.epochs() < 60.0 {
            let batch = batches.next_batch();
            let song = batch.songs[0].unwrap();
            *genres.entry(corpus.songs()[song].genre.as_deref()).or_default() += batch.lengths[0] as f64;
            readings.entry((batches.epoch(), song)).or_default().push(batch.targets);
        }
        let several = readings.values().filter(|readings| readings.len() > 1).count();
        let differ = readings.values().filter(|readings| readings.iter().any(|it| *it != readings[0])).count();
        assert_eq!(several > 0, balance > 0.0);
        assert!(several < 2 * differ || several == 0, "{differ} of {several} vary");
        let all: f64 = genres.values().sum();
        genres.into_values().map(|events| events / all).collect::<Vec<f64>>()
    };
    let (before, half, even) = (events(0.0), events(0.5), events(1.0));
    assert!(before.len() > 1 && before.iter().any(|share| (share * before.len() as f64 - 1.0).abs() > 0.1));
    let roots: f64 = before.iter().map(|share| share.sqrt()).sum();
    for (index, share) in before.iter().enumerate() {
        assert!((half[index] - share.sqrt() / roots).abs() < 0.02, "{before:?} {half:?}");
        assert!((even[index] - 1.0 / before.len() as f64).abs() < 0.02, "{before:?} {even:?}");
    }
}

#[test]
fn augmentation_changes_songs_by_epoch_and_nothing_else() {
    let corpus = corpus();
    let augment = AugmentOptions { transpose: 6, tempo_octaves: 0.0, velocity: 0 };
    let options = BatchOptions { streams: 2, segment: 4096, augment, ..BatchOptions::default() };
    let mut batches = training(&options);
    let count = batches.songs().len();
    let mut versions: BTreeMap<usize, Vec<Vec<Value>>> = BTreeMap::new();
    for _ in 0..count {
        let batch = batches.next_batch();
        for stream in 0..2 {
            let values = batch.targets[stream * 4096 * batch.fields..][..batch.lengths[stream] * batch.fields].to_vec();
            versions.entry(batch.songs[stream].unwrap()).or_default().push(values);
        }
    }
    let changed = versions.values().filter(|versions| versions[0] != versions[1]).count();
    assert!(changed * 10 > count * 7, "two epochs differ for most songs: {changed} of {count}");
    for (song, versions) in versions {
        assert!(
            versions.iter().all(|values| values.len() == corpus.values(song).len() - corpus.vocabulary().fields.len())
        );
    }
}

#[test]
fn a_position_of_other_data_is_refused_and_changes_nothing() {
    let options = BatchOptions { streams: 3, segment: 50, ..BatchOptions::default() };
    let mut batches = training(&options);
    (0..10).for_each(|_| drop(batches.next_batch()));
    let before = batches.state();
    let other = training(&BatchOptions { seed: 1, ..options }).state();
    assert!(matches!(batches.restore(&other), Err(BatchError::State(_))));
    let mut broken = before.clone();
    broken.streams.iter_mut().flatten().for_each(|stream| stream.position = usize::MAX);
    assert!(matches!(batches.restore(&broken), Err(BatchError::State(_))));
    broken.streams.iter_mut().flatten().for_each(|stream| (stream.song, stream.position) = (usize::MAX, 0));
    assert!(matches!(batches.restore(&broken), Err(BatchError::State(_))));
    broken.streams.pop();
    assert!(matches!(batches.restore(&broken), Err(BatchError::State(_))));
    assert_eq!(batches.state(), before);
    assert!(matches!(
        TrainingBatches::of_songs(corpus(), Vec::new(), BatchOptions::default()),
        Err(BatchError::Empty(_))
    ));
    assert!(TrainingBatches::of_songs(corpus(), vec![10_000], BatchOptions::default()).is_err());
    assert!(EvaluationBatches::new(&corpus(), Split::Test, 0, 5).is_err());
}

#[test]
fn the_export_holds_the_same_sequences() {
    let corpus = corpus();
    let dir = tempfile::tempdir().unwrap();
    for split in Split::ALL {
        let path = export(&corpus, split, &dir.path().join("json")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let songs = corpus.split(split);
        assert_eq!(text.lines().count(), songs.len());
        for (song, line) in songs.into_iter().zip(text.lines()) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let values: Vec<Vec<Value>> = serde_json::from_value(line["values"].clone()).unwrap();
            assert_eq!(values.concat(), *corpus.values(song));
            assert_eq!(line["id"], corpus.songs()[song].id);
            assert_eq!(line["fields"].as_array().unwrap().len(), corpus.vocabulary().fields.len());
            let described = corpus.representation().describe(&values[values.len() / 2]);
            assert_eq!(line["text"][values.len() / 2], described);
        }
    }
}

#[test]
fn batches_say_which_fields_are_given() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    collection(&input);
    let config = RepresentationConfig::Cells { grid: 12, genres: Vec::new(), references: true };
    prepared(&PrepareOptions { representation: config, ..options(&input, &output) });
    let corpus = Arc::new(Corpus::open(output).unwrap());
    let tasks = Tasks { holes: 1.0, chords: 0.0 };
    let options = BatchOptions { streams: 3, segment: 70, tasks, ..BatchOptions::default() };
    let mut batches = TrainingBatches::new(corpus.clone(), options).unwrap();
    let mut songs: Vec<(Vec<Value>, Vec<bool>)> = vec![Default::default(); 3];
    let (mut seen, mut given) = (0, 0);
    while seen < 20 {
        let batch = batches.next_batch();
        for (stream, (values, determined)) in songs.iter_mut().enumerate() {
            if batch.starts[stream] {
                *values = batch.input(stream, 0).to_vec();
                *determined = vec![false; batch.fields];
            }
            let at = stream * batch.segment * batch.fields;
            let count = batch.lengths[stream] * batch.fields;
            values.extend_from_slice(&batch.targets[at..at + count]);
            determined.extend((at..at + count).map(|index| batch.determined.get(index).is_some_and(|it| *it)));
            // A song's last segment is not full, or ends with its last event.
            let sequence = Sequence::from_values(batch.fields, values.clone()).unwrap();
            if corpus.representation().decode(&sequence).is_ok() {
                assert_eq!(*determined, corpus.representation().determined(&sequence));
                (seen, given) = (seen + 1, given + determined.iter().filter(|it| **it).count());
            }
        }
    }
    assert!(given > 100, "{given}");
}

/// The parts of `size` processes, which are threads here, of `count` batches from a position.
fn parts(size: usize, options: &BatchOptions, from: Option<&BatchState>, count: usize) -> Vec<Vec<SegmentBatch>> {
    let (barrier, shared) = (Barrier::new(size), Mutex::new(Vec::new()));
    let sum = |numbers: &mut [f64]| {
        {
            let mut shared = shared.lock().unwrap();
            shared.resize(numbers.len(), 0.0);
            shared.iter_mut().zip(&*numbers).for_each(|(sum, number)| *sum += number);
        }
        barrier.wait();
        numbers.copy_from_slice(&shared.lock().unwrap());
        if barrier.wait().is_leader() {
            shared.lock().unwrap().clear();
        }
        barrier.wait();
    };
    let read = |rank: usize| {
        let own = rank * options.streams / size..(rank + 1) * options.streams / size;
        let mut batches = training(options).with_own(own).unwrap();
        from.iter().for_each(|state| batches.restore(state).unwrap());
        let read: Vec<SegmentBatch> = (0..count).map(|_| batches.next_shared_batch(&sum)).collect();
        (read, batches.state())
    };
    std::thread::scope(|scope| {
        let read = &read;
        let threads: Vec<_> = (0..size).map(|rank| scope.spawn(move || read(rank))).collect();
        let (parts, states): (Vec<_>, Vec<_>) = threads.into_iter().map(|thread| thread.join().unwrap()).unzip();
        let mut whole = training(options);
        from.iter().for_each(|state| whole.restore(state).unwrap());
        (0..count).for_each(|_| drop(whole.next_batch()));
        assert!(states.iter().all(|state| *state == whole.state()), "all know where all streams stand");
        parts
    })
}

#[test]
fn processes_that_share_streams_read_what_one_reads() {
    const COUNT: usize = 60;
    let augment = AugmentOptions { transpose: 3, ..AugmentOptions::default() };
    let options = BatchOptions { streams: 5, segment: 16, header_dropout: 0.5, augment, ..BatchOptions::default() };
    let mut whole = training(&options);
    let half = {
        let mut batches = training(&options);
        (0..COUNT / 2).for_each(|_| drop(batches.next_batch()));
        batches.state()
    };
    let expected: Vec<SegmentBatch> = (0..COUNT).map(|_| whole.next_batch()).collect();
    assert!(whole.epoch() > 0, "songs are handed out again");
    for (size, from, expected) in [(2, None, &expected[..]), (3, Some(&half), &expected[COUNT / 2..])] {
        let parts = parts(size, &options, from, expected.len());
        for (index, whole) in expected.iter().enumerate() {
            let of = |values: &dyn Fn(&SegmentBatch) -> Vec<Value>| {
                parts.iter().flat_map(|part| values(&part[index])).collect::<Vec<Value>>()
            };
            assert_eq!(of(&|part| part.inputs.clone()), whole.inputs, "batch {index} of {size}");
            assert_eq!(of(&|part| part.targets.clone()), whole.targets);
            let songs: Vec<_> = parts.iter().flat_map(|part| part[index].songs.clone()).collect();
            assert_eq!(songs, whole.songs);
        }
    }
    for own in [5..6, 2..2] {
        assert!(matches!(training(&options).with_own(own), Err(BatchError::Options(_))));
    }
}
