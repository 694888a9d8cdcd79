//! Which bars a piece may have: not too many that repeat the one before, and a last one that may
//! well be the last.

use crate::common::{Hashing, PIANO, compose, events, observed};
use leitmotif_compose::{FieldSampling, Length, Piece, Request, Sampling, generate};
use leitmotif_events::{Coverage, EventKind, Header, Representation, step_of};
use leitmotif_model::{DecodingBatch as Batch, FieldDecoding, Model, ModelConfig, ModelDescription};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Writes the same bar again and again, nearly always: its logits depend on what the bar has so
/// far.
struct Looping {
    inner: Hashing,
    bars: std::ops::Range<u16>,
}

struct LoopingBatch<'a> {
    inner: Box<dyn Batch + 'a>,
    bars: std::ops::Range<u16>,
    streams: usize,
}

impl Model for Looping {
    fn description(&self) -> &ModelDescription {
        self.inner.description()
    }

    fn decoding_batch(&self, streams: usize) -> Box<dyn Batch + '_> {
        // One more stream stays at the beginning, to go back to.
        Box::new(LoopingBatch { inner: self.inner.decoding_batch(streams + 1), bars: self.bars.clone(), streams })
    }

    fn stream_bytes(&self) -> usize {
        self.inner.stream_bytes()
    }
}

impl Batch for LoopingBatch<'_> {
    fn push(&mut self, streams: &[usize], events: &[u16]) {
        let fields = events.len() / streams.len().max(1);
        for (&stream, event) in streams.iter().zip(events.chunks_exact(fields.max(1))) {
            if self.bars.contains(&event[0]) {
                self.inner.copy(self.streams, stream);
            }
            self.inner.push(&[stream], event);
        }
    }

    fn logits(&mut self, streams: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        self.inner.logits(streams, earlier, field, logits);
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.inner.copy(from, to);
    }
}

fn looping(representation: &dyn Representation) -> Looping {
    let kinds = (0..).zip(&representation.events().kinds);
    let bars: Vec<u16> = kinds.filter(|(_, kind)| kind.is_bar()).map(|(value, _)| value).collect();
    Looping { inner: Hashing::new(representation, 250.0), bars: bars[0]..bars[bars.len() - 1] + 1 }
}

/// Bars equal to the one before: the most in a row, and all.
fn repeats(piece: &Piece, representation: &dyn Representation) -> (usize, usize) {
    let bars = representation.bars(&piece.sequence).unwrap();
    let notes: Vec<Vec<&[u16]>> = bars
        .iter()
        .map(|bar| bar.clone().map(|index| piece.sequence.event(index)))
        .map(|bar| bar.filter(|event| representation.is_note(event)).map(|event| &event[1..4]).collect())
        .collect();
    let (mut row, mut most, mut all) = (0, 0, 0);
    for pair in notes.windows(2) {
        row = if pair[0] == pair[1] { row + 1 } else { 0 };
        (most, all) = (most.max(row), all + usize::from(row > 0));
    }
    (most, all)
}

#[test]
fn no_more_bars_repeat_than_may() {
    let representation = events();
    let model = looping(&*representation);
    let make = |request: &Request| generate(&model, &*representation, request, 0, &|_| (), &AtomicBool::new(false));
    let open = |most_equal_bars, seed| Request {
        length: Length::Bars(24),
        header: Header { genre: None, instruments: vec![PIANO] },
        meter: Some((4, 4)),
        tempo: Some(120.0),
        most_notes_in_bar: 6,
        sampling: Sampling::new(FieldSampling::default()),
        most_equal_bars,
        seed,
        ..Request::default()
    };
    let (mut looped, mut redrawn) = (0, 0);
    for seed in 0..12 {
        let free = make(&open(0, seed)).unwrap();
        looped = looped.max(repeats(&free, &*representation).0);
        assert_eq!(free.report.redrawn_bars, 1, "only the ending");
        let kept = make(&open(3, seed)).unwrap();
        assert!(repeats(&kept, &*representation).0 < 3, "{:?}", repeats(&kept, &*representation));
        redrawn += kept.report.redrawn_bars;
        // A song that never repeats, and one that always does.
        for (share, most) in [(0, 0), (16, usize::MAX)] {
            let mut songs = observed();
            for song in &mut songs.ensembles {
                (song.repeats, song.repeats_in_a_row) = (share, share);
            }
            songs.parts.clear();
            let piece = make(&Request { observed: Some(Arc::new(songs)), ..open(8, seed) }).unwrap();
            assert!(repeats(&piece, &*representation).1 <= most);
            assert!(share == 0 || piece.report.redrawn_bars == 1, "a style that loops is let alone");
        }
    }
    assert!(looped > 3 && redrawn > 0, "{looped} equal bars in a row: the model does not loop");
}

/// Bars between the first and the last in half of which nothing sounds.
fn half_empty(piece: &Piece, representation: &dyn Representation) -> usize {
    let events = representation.events();
    let fields = events.note_fields.unwrap();
    let (mut coverage, mut bars, mut found) = (Coverage::default(), 0, 0);
    for event in piece.sequence.events() {
        if let EventKind::Bar(meter) = events.kind(event) {
            found += usize::from(bars > 1 && coverage.is_half_empty());
            coverage.begin_bar(meter.steps);
            bars += 1;
        } else if events.kind(event) == EventKind::Note {
            let duration = events.durations[usize::from(event[fields.duration])];
            coverage.play(step_of(event[fields.position]).unwrap(), duration);
        }
    }
    found
}

#[test]
fn no_more_bars_are_half_empty_than_in_the_song() {
    let representation = events();
    let make = |seed, half_empty| {
        let mut songs = observed();
        songs.parts.clear();
        songs.ensembles.iter_mut().for_each(|song| song.half_empty = half_empty);
        let request = Request {
            length: Length::Bars(24),
            header: Header { genre: None, instruments: vec![PIANO] },
            meter: Some((4, 4)),
            tempo: Some(120.0),
            observed: Some(Arc::new(songs)),
            most_equal_bars: 0,
            seed,
            ..Request::default()
        };
        compose(&*representation, 1.0, &request).unwrap()
    };
    // Of a model that leaves most bars empty not all can be drawn again.
    let (mut found, mut redrawn) = ([0; 3], 0);
    for seed in 0..12 {
        let [uncounted, all, half, none] = [None, Some(16), Some(4), Some(0)].map(|most| make(seed, most));
        assert_eq!(all.sequence, uncounted.sequence, "a style of half-empty bars is let alone");
        for (found, piece) in found.iter_mut().zip([&uncounted, &half, &none]) {
            *found += half_empty(piece, &*representation);
        }
        redrawn += none.report.redrawn_bars - uncounted.report.redrawn_bars;
    }
    let [free, half, none] = found;
    assert!(none * 5 < free && none < half && half < free && redrawn > free, "{found:?}, {redrawn} drawn again");
}

/// Ends only after a high note: its logits for the end depend on the last event.
struct Closing {
    description: ModelDescription,
}

struct ClosingBatch {
    sizes: Vec<usize>,
    high: Vec<bool>,
}

impl Model for Closing {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn decoding_batch(&self, streams: usize) -> Box<dyn Batch + '_> {
        Box::new(ClosingBatch { sizes: self.description.sizes.clone(), high: vec![false; streams] })
    }

    fn stream_bytes(&self) -> usize {
        1
    }
}

impl Batch for ClosingBatch {
    fn push(&mut self, streams: &[usize], events: &[u16]) {
        for (&stream, event) in streams.iter().zip(events.chunks_exact(self.sizes.len())) {
            self.high[stream] = event[0] == 3 && event[3] == 73;
        }
    }

    fn logits(&mut self, streams: &[usize], _earlier: &[u16], field: usize, logits: &mut [f32]) {
        for (&stream, logits) in streams.iter().zip(logits.chunks_exact_mut(self.sizes[field])) {
            logits.fill(-8.0);
            match field {
                // After a high note the end is as likely as another bar, else next to impossible.
                0 => {
                    logits[3] = 1.0;
                    logits[1] = if self.high[stream] { 3.0 } else { -9.0 };
                    logits[4 + 97..].fill(0.0);
                }
                3 => (logits[61], logits[73]) = (0.0, -1.5),
                _ => logits.iter_mut().take(40).skip(1).for_each(|logit| *logit = 0.0),
            }
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.high[to] = self.high[from];
    }
}

#[test]
fn of_several_last_bars_one_is_taken_that_may_well_be_the_last() {
    let representation = events();
    let config = ModelConfig { fields: FieldDecoding::Independent, ..ModelConfig::default() };
    let description = ModelDescription::new(config, representation.vocabulary().sizes()).unwrap();
    let model = Closing { description };
    let high = |endings| {
        let ends = |seed: &u64| {
            let request = Request {
                length: Length::Bars(2),
                header: Header { genre: None, instruments: vec![PIANO] },
                meter: Some((4, 4)),
                tempo: Some(120.0),
                most_notes_in_bar: 5,
                endings,
                seed: *seed,
                ..Request::default()
            };
            let piece = generate(&model, &*representation, &request, 0, &|_| (), &AtomicBool::new(false)).unwrap();
            assert!(piece.report.valid && piece.report.redrawn_bars == endings - 1);
            assert_eq!(piece.report.bars, 2);
            piece.sequence.event(piece.sequence.len() - 2)[3] == 73
        };
        (0..60).filter(ends).count()
    };
    let (one, eight) = (high(1), high(8));
    assert!(eight > 2 * one && eight > 30, "{one} of 60 end high at the first try, {eight} with eight candidates");
}
