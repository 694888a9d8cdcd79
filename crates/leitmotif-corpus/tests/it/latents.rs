//! What a model with latents is conditioned on for a segment's bars, over a small corpus.

use crate::common::{self, attributes, corpus};
use leitmotif_corpus::{
    AugmentOptions, BatchError, BatchOptions, BatchState, Corpus, Cuts, EvaluationBatches, LatentOptions, SegmentBatch,
    Split, TrainingBatches, estimate_cuts,
};
use leitmotif_events::{AttributeError, MAX_GROUP_EVENTS, RepresentationConfig, SegmentBars, Value, attribute_values};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Latents of so many bars, with attributes of which one never applies in some songs and none has
/// the classes of another.
fn latents(bars_per_latent: usize, attribute_dropout: f64) -> LatentOptions {
    let attributes = attributes(&["density", "rhythm:drums", "register"]);
    let attributes = estimate_cuts(&corpus(), &attributes, Cuts::Corpus, 5).unwrap();
    LatentOptions { bars_per_latent, attributes, attribute_dropout }
}

fn with(latents: LatentOptions, options: BatchOptions) -> BatchOptions {
    BatchOptions { latents: Some(latents), ..options }
}

fn training(corpus: &Arc<Corpus>, options: &BatchOptions) -> TrainingBatches {
    TrainingBatches::new(Arc::clone(corpus), options.clone()).unwrap()
}

/// A song as the corpus has it.
struct Song {
    values: Vec<Value>,
    bars: Vec<Range<usize>>,
    /// Of each bar, each attribute's.
    classes: Vec<Vec<u16>>,
}

/// One reading of a song in a stream.
struct Reading {
    song: usize,
    position: usize,
    /// Key and shares so far of each group that was met.
    groups: BTreeMap<usize, (u64, f64)>,
    is_whole: bool,
}

/// Follows the streams of batches, and compares the data on bars with the corpus.
struct Reader<'a> {
    corpus: &'a Corpus,
    options: LatentOptions,
    songs: BTreeMap<usize, Song>,
    streams: BTreeMap<usize, usize>,
    readings: Vec<Reading>,
    /// The classes in the batch and in the corpus, of every bar in every segment.
    classes: Vec<(usize, Vec<u16>, Vec<u16>)>,
}

impl<'a> Reader<'a> {
    fn new(corpus: &'a Corpus, options: LatentOptions) -> Self {
        let (songs, streams) = (BTreeMap::new(), BTreeMap::new());
        Self { corpus, options, songs, streams, readings: Vec::new(), classes: Vec::new() }
    }

    fn song(&mut self, song: usize) -> &Song {
        let (corpus, options) = (self.corpus, &self.options);
        self.songs.entry(song).or_insert_with(|| {
            let (representation, sequence) = (corpus.representation(), corpus.sequence(song));
            let attributes: Vec<_> = options.attributes.iter().map(|scale| scale.attribute.clone()).collect();
            let values = attribute_values(&attributes, &*representation, &sequence).unwrap();
            let classes = |bar: Vec<Option<f32>>| {
                bar.iter().zip(&options.attributes).map(|(value, scale)| scale.class(*value)).collect()
            };
            Song {
                values: corpus.values(song).into_owned(),
                bars: representation.bars(&sequence).unwrap(),
                classes: values.into_iter().map(classes).collect(),
            }
        })
    }

    fn see(&mut self, batch: &SegmentBatch) {
        let known = batch.bars.as_ref().unwrap();
        check_shapes(batch, known, self.options.attributes.len());
        let mut bars_met = BTreeSet::new();
        for stream in 0..batch.streams {
            let given = &known.of_input[stream * batch.segment..(stream + 1) * batch.segment];
            assert!(given[batch.lengths[stream]..].iter().all(|bar| *bar == -1), "padding lies in no bar");
            let Some(song) = batch.songs[stream] else { continue };
            if batch.starts[stream] {
                self.streams.insert(stream, self.readings.len());
                self.readings.push(Reading { song, position: 0, groups: BTreeMap::new(), is_whole: false });
            }
            self.see_lane(batch, known, stream, &mut bars_met);
        }
        assert_eq!(bars_met.len(), known.group_of_bar.len(), "every bar has an input");
    }

    fn see_lane(&mut self, batch: &SegmentBatch, known: &SegmentBars, stream: usize, bars_met: &mut BTreeSet<i32>) {
        let (k, per, attributes) = (batch.fields, self.options.bars_per_latent, self.options.attributes.len());
        let reading = self.streams[&stream];
        let (song, from) = (self.readings[reading].song, self.readings[reading].position);
        let mut met = BTreeMap::new();
        for index in 0..batch.lengths[stream] {
            let place = from + index;
            let song = self.song(song);
            assert_eq!(batch.input(stream, index), &song.values[place * k..(place + 1) * k]);
            let bar = known.of_input[stream * batch.segment + index];
            let number = song.bars.iter().position(|bar| bar.contains(&place));
            assert_eq!(number.is_some(), bar >= 0, "event {place}");
            if let Some(number) = number {
                assert_eq!(*met.entry(number).or_insert(bar), bar, "a bar stands once in a segment");
            }
        }
        let mut shares = BTreeMap::new();
        for (number, bar) in met {
            assert!(bars_met.insert(bar), "each bar of each stream has its own number");
            let bar = bar as usize;
            let group = known.group_of_bar[bar] as usize;
            let song = self.song(song);
            let bars = &song.bars[number / per * per..song.bars.len().min((number / per + 1) * per)];
            let whole: Vec<Value> =
                bars.iter().flat_map(|bar| song.values[bar.start * k..bar.end * k].to_vec()).collect();
            let places = bars.iter().enumerate().flat_map(|(place, bar)| vec![place as i32; bar.len()]);
            let events = known.offsets[group]..known.offsets[group + 1];
            let cut = (whole.len() / k).min(MAX_GROUP_EVENTS);
            assert_eq!(known.events[events.start * k..events.end * k], whole[..cut * k], "the whole group's events");
            assert_eq!(known.places[events], places.take(cut).collect::<Vec<_>>());
            let (given, true_ones) =
                (&known.classes[bar * attributes..(bar + 1) * attributes], song.classes[number].clone());
            self.classes.push((reading, given.to_vec(), true_ones));
            shares.insert(number / per, (known.keys[group], known.shares[group]));
        }
        let reading = &mut self.readings[reading];
        for (group, (key, share)) in shares {
            let known = reading.groups.entry(group).or_insert((key, 0.0));
            assert!(known.0 == key && share > 0.0 && share <= 1.0);
            known.1 += f64::from(share);
        }
        reading.position += batch.lengths[stream];
        reading.is_whole = (reading.position + 1) * k == self.songs[&song].values.len();
    }

    /// What must hold once all readings that are whole have been seen.
    fn finish(&self) -> usize {
        let keys = self.readings.iter().flat_map(|reading| reading.groups.values().map(|group| group.0));
        let distinct: BTreeSet<u64> = keys.clone().collect();
        assert_eq!(distinct.len(), keys.count(), "groups, songs and epochs have noise of their own");
        let whole = self.readings.iter().filter(|reading| reading.is_whole);
        for reading in whole.clone() {
            let bars = self.songs[&reading.song].bars.len();
            assert_eq!(reading.groups.len(), bars.div_ceil(self.options.bars_per_latent));
            assert!(reading.groups.values().all(|(_, share)| (share - 1.0).abs() < 1e-5), "{:?}", reading.groups);
        }
        whole.count()
    }
}

fn check_shapes(batch: &SegmentBatch, known: &SegmentBars, attributes: usize) {
    let (bars, groups) = (known.group_of_bar.len(), known.keys.len());
    assert_eq!(known.of_input.len(), batch.streams * batch.segment);
    assert_eq!(known.classes.len(), bars * attributes);
    assert_eq!((known.shares.len(), known.offsets.len()), (groups, groups + 1));
    assert_eq!(known.events.len(), known.places.len() * batch.fields);
    assert_eq!((known.offsets[0], known.offsets[groups]), (0, known.places.len()));
    assert!(known.offsets.is_sorted_by(|a, b| a < b), "no group is empty");
    assert!(known.of_input.iter().all(|bar| (-1..bars as i32).contains(bar)));
    let mut used: Vec<i32> = known.group_of_bar.clone();
    used.dedup();
    assert_eq!(used, (0..groups as i32).collect::<Vec<_>>(), "groups in their order, each of a bar at least");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn training_batches_give_each_event_its_bar_and_each_bar_its_group(
        streams in 1_usize..5, segment in 1_usize..90, seed in 0_u64..100, per in prop_oneof![Just(1_usize), Just(3)]
    ) {
        let (corpus, latents) = (corpus(), latents(per, 0.0));
        let options = with(latents.clone(), BatchOptions { streams, segment, seed, ..BatchOptions::default() });
        let mut batches = training(&corpus, &options);
        let mut reader = Reader::new(&corpus, latents);
        while batches.epochs() < 2.5 {
            reader.see(&batches.next_batch());
        }
        prop_assert!(reader.finish() >= 2 * batches.songs().len());
        prop_assert!(reader.classes.iter().all(|(_, given, true_ones)| given == true_ones));
    }

    #[test]
    fn evaluation_batches_give_the_same_for_every_split(
        streams in 1_usize..5, segment in 1_usize..90, per in prop_oneof![Just(1_usize), Just(3)]
    ) {
        let (corpus, latents) = (corpus(), latents(per, 0.7));
        let mut keys = Vec::new();
        for _ in 0..2 {
            let mut reader = Reader::new(&corpus, latents.clone());
            for split in Split::ALL {
                let batches = EvaluationBatches::new(&corpus, split, streams, segment).unwrap();
                batches.with_latents(latents.clone()).unwrap().for_each(|batch| reader.see(&batch));
            }
            prop_assert_eq!(reader.finish(), corpus.songs().len());
            prop_assert!(reader.classes.iter().all(|(_, given, true_ones)| given == true_ones), "nothing is left open");
            let of_songs: BTreeMap<usize, Vec<u64>> = reader.readings.iter()
                .map(|reading| (reading.song, reading.groups.values().map(|group| group.0).collect()))
                .collect();
            keys.push(of_songs);
        }
        prop_assert_eq!(&keys[0], &keys[1], "the same noise each time");
    }

    #[test]
    fn resuming_goes_on_to_the_byte_with_latents(
        streams in 1_usize..5, segment in 1_usize..120, before in 0_usize..60, seed in 0_u64..100
    ) {
        let augment = AugmentOptions { transpose: 5, tempo_octaves: 0.3, velocity: 9 };
        let options = BatchOptions { streams, segment, seed, header_dropout: 0.5, augment, ..BatchOptions::default() };
        let options = with(latents(2, 0.4), options);
        let mut straight = training(&corpus(), &options);
        (0..before).for_each(|_| drop(straight.next_batch()));
        let state: BatchState = serde_json::from_str(&serde_json::to_string(&straight.state()).unwrap()).unwrap();
        let mut resumed = training(&corpus(), &options);
        (0..before / 3).for_each(|_| drop(resumed.next_batch()));
        resumed.restore(&state).unwrap();
        for _ in 0..20 {
            prop_assert_eq!(straight.next_batch(), resumed.next_batch());
        }
    }
}

/// The bars of a varied song are those of the song as it is read, not as the corpus has it.
#[test]
fn groups_hold_the_events_that_are_read() {
    let augment = AugmentOptions { transpose: 6, tempo_octaves: 0.2, velocity: 10 };
    let options = BatchOptions { streams: 2, segment: 2048, header_dropout: 0.5, augment, ..BatchOptions::default() };
    let (corpus, mut classes) = (corpus(), BTreeMap::<usize, BTreeSet<Vec<u16>>>::new());
    let mut batches = training(&corpus, &with(latents(3, 0.0), options));
    let k = corpus.vocabulary().fields.len();
    while batches.epochs() < 4.0 {
        let batch = batches.next_batch();
        let bars = batch.bars.as_ref().unwrap();
        let mut read = vec![Vec::new(); bars.keys.len()];
        for (input, &bar) in bars.of_input.iter().enumerate().filter(|(_, bar)| **bar >= 0) {
            let group = bars.group_of_bar[bar as usize] as usize;
            read[group].extend_from_slice(&batch.inputs[input * k..(input + 1) * k]);
            let song = batch.songs[input / batch.segment].unwrap();
            classes.entry(song).or_default().insert(bars.classes[bar as usize * 3..][..3].to_vec());
        }
        for (read, events) in read.iter().zip(bars.offsets.windows(2)) {
            assert_eq!(read, &bars.events[events[0] * k..events[1] * k]);
        }
        assert!(bars.shares.iter().all(|share| *share == 1.0));
    }
    let registers = |classes: &BTreeSet<Vec<u16>>| classes.iter().map(|bar| bar[2]).collect::<BTreeSet<u16>>().len();
    assert!(classes.values().any(|classes| registers(classes) > 3), "transposition moves the register's class");
}

/// A corpus of one song in each split that is far longer than an encoder's room.
#[test]
fn groups_are_cut_where_the_room_of_an_encoder_ends() {
    let dir = tempfile::tempdir().unwrap();
    for seed in 0..8 {
        common::write(&dir.path().join(format!("in/{seed}.mid")), &common::song(seed, 480));
    }
    let options = common::options(&dir.path().join("in"), &dir.path().join("out"));
    common::prepared(&options);
    let corpus = Corpus::open(dir.path().join("out")).unwrap();
    let latents = LatentOptions { bars_per_latent: 100, ..latents(1, 0.0) };
    let mut reader = Reader::new(&corpus, latents.clone());
    let mut longest = 0;
    let songs: Vec<usize> = (0..corpus.songs().len()).collect();
    let batches = EvaluationBatches::of_songs(&corpus, songs, 3, 700).unwrap();
    for batch in batches.with_latents(latents).unwrap() {
        let known = batch.bars.as_ref().unwrap();
        longest = known.offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0).max(longest);
        reader.see(&batch);
    }
    assert_eq!(longest, MAX_GROUP_EVENTS);
    assert_eq!(reader.finish(), corpus.songs().len());
}

#[test]
fn attributes_are_left_open_as_often_as_set() {
    const DROP: f64 = 0.3;
    let corpus = corpus();
    let see = |drop: f64, epochs: f64| {
        let options = with(latents(1, drop), BatchOptions { streams: 4, segment: 300, ..BatchOptions::default() });
        let mut batches = training(&corpus, &options);
        let mut reader = Reader::new(&corpus, latents(1, drop));
        while batches.epochs() < epochs {
            reader.see(&batches.next_batch());
        }
        reader
    };
    assert!(see(1.0, 1.0).classes.iter().all(|(_, given, _)| given.iter().all(|class| *class == 0)));

    let reader = see(DROP, 60.0);
    let (mut open, mut all) = (0.0, 0.0);
    // Of each reading and attribute, whether all bars are open.
    let mut whole = BTreeMap::<(usize, usize), bool>::new();
    for (reading, given, true_ones) in &reader.classes {
        for (attribute, (&given, &true_one)) in given.iter().zip(true_ones).enumerate().filter(|(_, pair)| *pair.1 != 0)
        {
            assert!(given == 0 || given == true_one);
            (open, all) = (open + f64::from(u8::from(given == 0)), all + 1.0);
            *whole.entry((*reading, attribute)).or_insert(true) &= given == 0;
        }
    }
    let songs = whole.values().filter(|open| **open).count() as f64 / whole.len() as f64;
    assert!((songs - DROP).abs() < 0.03, "left open in {songs} of the songs");
    let expected = DROP + (1.0 - DROP) * DROP / 2.0;
    assert!((open / all - expected).abs() < 0.03, "left open in {} of the bars, not {expected}", open / all);
}

/// Runs that began before there were latents go on: the fingerprint in their checkpoints is of
/// these words.
#[test]
fn without_latents_the_fingerprint_is_what_it_was() {
    #[derive(Debug)]
    #[allow(dead_code)]
    struct BatchOptions {
        lanes: usize,
        segment: usize,
        seed: u64,
        shuffle: bool,
        header_drop: f64,
        augment: AugmentOptions,
    }
    let augment = AugmentOptions { transpose: 5, tempo_octaves: 0.1, velocity: 8 };
    let old = BatchOptions { lanes: 3, segment: 70, seed: 9, shuffle: true, header_drop: 0.2, augment };
    let text = "BatchOptions { lanes: 3, segment: 70, seed: 9, shuffle: true, header_drop: 0.2, \
                augment: AugmentOptions { transpose: 5, tempo_octaves: 0.1, velocity: 8 } }";
    assert_eq!(format!("{old:?}"), text);
    let corpus = corpus();
    let mut hasher = blake3::Hasher::new();
    hasher.update(corpus.fingerprint().as_bytes());
    for song in corpus.split(Split::Train) {
        hasher.update(&(song as u64).to_le_bytes());
    }
    hasher.update(text.as_bytes());
    let options = leitmotif_corpus::BatchOptions {
        streams: 3,
        segment: 70,
        seed: 9,
        shuffle: true,
        header_dropout: 0.2,
        augment,
        latents: None,
        ..leitmotif_corpus::BatchOptions::default()
    };
    let batches = training(&corpus, &options);
    assert_eq!(batches.state().data, hasher.finalize().to_hex().to_string());

    // With latents, everything about them counts.
    let mut seen = BTreeSet::from([batches.state().data]);
    for latents in
        [latents(1, 0.1), latents(3, 0.1), latents(1, 0.2), LatentOptions { attributes: Vec::new(), ..latents(1, 0.1) }]
    {
        let mut other = training(&corpus, &with(latents, options.clone()));
        assert!(seen.insert(other.state().data));
        assert!(matches!(other.restore(&batches.state()), Err(BatchError::State(_))));
    }
}

#[test]
fn a_representation_without_bars_is_refused_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    common::collection(&dir.path().join("in"));
    let mut options = common::options(&dir.path().join("in"), &dir.path().join("out"));
    options.representation = RepresentationConfig::Notes;
    common::prepared(&options);
    let notes = Arc::new(Corpus::open(dir.path().join("out")).unwrap());
    let latents = LatentOptions { attributes: Vec::new(), ..latents(1, 0.0) };
    let trained = TrainingBatches::new(Arc::clone(&notes), with(latents.clone(), BatchOptions::default())).unwrap_err();
    let judged = EvaluationBatches::new(&notes, Split::Valid, 1, 9).unwrap().with_latents(latents).unwrap_err();
    for error in [trained, judged] {
        assert!(matches!(error, BatchError::Options(_)), "{error}");
        assert!(error.to_string().contains("--representation events"), "{error}");
    }
    let error = estimate_cuts(&notes, &attributes(&["density"]), Cuts::Corpus, 4).unwrap_err();
    assert!(matches!(error, AttributeError::Bars) && error.to_string().contains("--representation events"), "{error}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for wrong in [
        LatentOptions { bars_per_latent: 0, ..latents(1, 0.0) },
        latents(1, 1.1),
        latents(1, -0.1),
        latents(1, f64::NAN),
    ] {
        let options = with(wrong.clone(), BatchOptions::default());
        assert!(matches!(TrainingBatches::new(corpus(), options), Err(BatchError::Options(_))), "{wrong:?}");
        let corpus = corpus();
        let batches = EvaluationBatches::new(&corpus, Split::Valid, 1, 9).unwrap();
        assert!(matches!(batches.with_latents(wrong.clone()), Err(BatchError::Options(_))), "{wrong:?}");
    }
}
