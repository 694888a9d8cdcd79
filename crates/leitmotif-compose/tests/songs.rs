//! What is drawn as training songs have it: ensembles, limits of parts, bars that repeat, endings.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Hashing, compose, events, prime};
use leitmotif_compose::{Constraints, FieldSampling, Length, Piece, Prime, Request, Sampling, generate};
use leitmotif_data::{Ensemble, EnsemblePart, Header, OBSERVED_FORMAT, Observed, ObservedPart, Representation};
use leitmotif_model::{Ensemble as Batch, FieldDecoding, Model, ModelConfig, ModelDescription};
use leitmotif_score::{Instrument, Score};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const PIANO: Instrument = Instrument::Program(0);
const BASS: Instrument = Instrument::Program(33);
const FLUTE: Instrument = Instrument::Program(73);
const DRUMS: Instrument = Instrument::Drums(0);

fn song(genre: &str, instruments: &[Instrument], tempo: f64, meter: (u8, u8)) -> Ensemble {
    let part = |&instrument| EnsemblePart { instrument, enters: 0, plays: 16, rests: 1 };
    Ensemble {
        genre: Some(genre.to_owned()),
        tempo,
        meter,
        bars: 16,
        repeats: 0,
        repeats_in_a_row: 0,
        parts: instruments.iter().map(part).collect(),
    }
}

fn observed() -> Observed {
    let part = |instrument, pitches: &[u8], widest, chord| ObservedPart {
        instrument,
        pitches: pitches.to_vec(),
        widest,
        chord,
    };
    let representation = events();
    let all = representation.vocabulary().sizes().into_iter().map(|size| (0..size as u16).collect());
    Observed {
        format: OBSERVED_FORMAT,
        values: all.collect(),
        parts: vec![
            part(PIANO, &[48, 84], 24, 3),
            part(BASS, &[28, 40], 12, 1),
            part(FLUTE, &[72, 90], 9, 1),
            part(DRUMS, &[36, 38, 42], 6, 2),
        ],
        ensembles: vec![
            song("metal", &[PIANO, BASS, DRUMS], 120.0, (4, 4)),
            song("rock", &[FLUTE, PIANO], 84.852_813_742_385_7, (3, 4)),
        ],
    }
}

fn request(seed: u64) -> Request {
    Request {
        observed: Some(Arc::new(observed())),
        length: Length::Bars(6),
        most_notes_in_bar: 40,
        seed,
        ..Request::default()
    }
}

#[test]
fn what_is_left_open_is_as_in_one_of_the_songs() {
    let representation = events();
    let model = Hashing::new(&*representation, 5.0);
    let cancel = AtomicBool::new(false);
    let mut found = BTreeSet::new();
    for piece in 0..16 {
        let made = generate(&model, &*representation, &request(3), piece, &|_| (), &cancel).unwrap();
        let score = &made.score;
        let meters: Vec<_> = score.meters.iter().map(|meter| (meter.numerator, meter.denominator)).collect();
        let header = representation.describe(made.sequence.event(1));
        let (genre, players, tempo) = match meters.as_slice() {
            [(4, 4)] => ("genre metal", vec![PIANO, BASS, DRUMS], 120.0),
            [(3, 4)] => ("genre rock", vec![PIANO, FLUTE], 84.852_813_742_385_7),
            other => panic!("{other:?} is no song's metre"),
        };
        assert_eq!(header, genre);
        assert!(score.instruments().iter().all(|one| players.contains(one)), "{:?}", score.instruments());
        assert_eq!(score.tempos.len(), 1);
        assert!((score.tempos[0].quarters_per_minute() - tempo).abs() < 0.01);
        let again = generate(&model, &*representation, &request(3), piece, &|_| (), &cancel).unwrap();
        assert_eq!(again.score, made.score);
        found.insert(genre);
    }
    assert_eq!(found.len(), 2, "sixteen pieces have one ensemble only");
}

#[test]
fn what_is_asked_for_goes_before_what_songs_have() {
    let header = Header { genre: Some("rock".to_owned()), instruments: vec![BASS] };
    let asked = Request { header, tempo: Some(99.0), meter: Some((7, 8)), ..request(1) };
    let piece = compose(&*events(), 5.0, &asked).unwrap();
    assert_eq!(piece.score.instruments(), [BASS]);
    assert_eq!((piece.score.meters[0].numerator, piece.score.meters[0].denominator), (7, 8));
    assert!((piece.score.tempos[0].quarters_per_minute() - 99.0).abs() < 0.01);
    // An instrument that no song has may play whatever it likes.
    let unknown = Request { header: Header { genre: None, instruments: vec![Instrument::Program(56)] }, ..request(1) };
    assert_eq!(compose(&*events(), 5.0, &unknown).unwrap().score.instruments(), [Instrument::Program(56)]);
    let allowed = Constraints { instruments: vec![FLUTE], ..Constraints::default() };
    let piece = compose(&*events(), 5.0, &Request { constraints: allowed, ..request(2) }).unwrap();
    assert_eq!(piece.score.instruments(), [FLUTE]);
}

/// The most notes that a part begins at once, and the range of its pitches.
fn reach(score: &Score, instrument: Instrument) -> (usize, u8) {
    let notes: Vec<_> =
        score.parts.iter().filter(|part| part.instrument == instrument).flat_map(|p| &p.notes).collect();
    let mut chords: BTreeMap<u64, BTreeSet<u8>> = BTreeMap::new();
    for note in &notes {
        chords.entry(note.onset.0).or_default().insert(note.pitch);
    }
    let (low, high) = (notes.iter().map(|note| note.pitch).min(), notes.iter().map(|note| note.pitch).max());
    (chords.values().map(BTreeSet::len).max().unwrap_or(0), high.unwrap_or(0) - low.unwrap_or(0))
}

#[test]
fn nothing_is_drawn_that_no_song_has() {
    let observed = observed();
    let mut widest = 0;
    for seed in 0..12 {
        let piece = compose(&*events(), 5.0, &request(seed)).unwrap();
        for part in &piece.score.parts {
            let limits = observed.part(part.instrument).unwrap();
            let (low, high) = (limits.pitches[0], limits.pitches[limits.pitches.len() - 1]);
            for note in &part.notes {
                let seen = match part.instrument.is_drums() {
                    true => limits.pitches.contains(&note.pitch),
                    false => (low..=high).contains(&note.pitch),
                };
                assert!(seen, "{} plays {}", part.instrument.name(), note.pitch);
            }
            let (chord, range) = reach(&piece.score, part.instrument);
            assert!(chord <= limits.chord, "{}: a chord of {chord}", part.instrument.name());
            if !part.instrument.is_drums() {
                assert!(range <= limits.widest, "{}: {range} semitones", part.instrument.name());
            }
            widest = widest.max(range);
        }
    }
    assert!(widest >= 9, "the limits are never reached, so nothing was shown");
}

#[test]
fn a_piece_has_one_meter_and_the_ensemble_that_its_header_names() {
    let representation = events();
    for seed in 0..8 {
        let open = Request { length: Length::Bars(5), most_notes_in_bar: 30, seed, ..Request::default() };
        let piece = compose(&*representation, 3.0, &open).unwrap();
        assert_eq!(piece.score.meters.len(), 1);
        let names: Vec<String> = piece.sequence.events().map(|event| representation.describe(event)).collect();
        let named: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("with ")).collect();
        let played: BTreeSet<&str> =
            names.iter().filter(|name| name.starts_with("note")).map(|name| player(name)).collect();
        if !named.is_empty() {
            assert!(played.iter().all(|one| named.contains(one)), "{played:?} of {named:?}");
        }
    }
}

fn player(note: &str) -> &str {
    note.split(' ').nth(2).unwrap()
}

#[test]
fn whoever_rests_in_the_bars_of_a_prime_may_enter() {
    let representation = events();
    let mut score = prime();
    // The flute plays from the third bar on; two bars are continued.
    score.parts[0].notes.retain(|note| note.onset.0 >= 606);
    let flute = score.parts[0].instrument;
    let entered = (0..12).filter(|&seed| {
        let prime = Prime { score: score.clone(), bars: Some(2) };
        let asked =
            Request { prime: Some(prime), length: Length::Bars(24), most_notes_in_bar: 30, seed, ..Request::default() };
        let piece = compose(&*representation, 4.0, &asked).unwrap();
        assert!(piece.score.instruments().iter().all(|one| score.instruments().contains(one)));
        piece.score.instruments().contains(&flute)
    });
    let entered = entered.count();
    assert!(entered >= 6, "in {entered} of 12 pieces");
}

/// Writes the same bar again and again, nearly always: its logits depend on what the bar has so
/// far.
struct Looping {
    inner: Hashing,
    bars: std::ops::Range<u16>,
}

struct LoopingBatch<'a> {
    inner: Box<dyn Batch + 'a>,
    bars: std::ops::Range<u16>,
    lanes: usize,
}

impl Model for Looping {
    fn description(&self) -> &ModelDescription {
        self.inner.description()
    }

    fn ensemble(&self, lanes: usize) -> Box<dyn Batch + '_> {
        // One more lane stays at the beginning, to go back to.
        Box::new(LoopingBatch { inner: self.inner.ensemble(lanes + 1), bars: self.bars.clone(), lanes })
    }

    fn lane_bytes(&self) -> usize {
        self.inner.lane_bytes()
    }
}

impl Batch for LoopingBatch<'_> {
    fn push(&mut self, lanes: &[usize], events: &[u16]) {
        let fields = events.len() / lanes.len().max(1);
        for (&lane, event) in lanes.iter().zip(events.chunks_exact(fields.max(1))) {
            if self.bars.contains(&event[0]) {
                self.inner.copy(self.lanes, lane);
            }
            self.inner.push(&[lane], event);
        }
    }

    fn logits(&mut self, lanes: &[usize], earlier: &[u16], field: usize, logits: &mut [f32]) {
        self.inner.logits(lanes, earlier, field, logits);
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.inner.copy(from, to);
    }
}

fn looping(representation: &dyn Representation) -> Looping {
    let kinds = &representation.vocabulary().fields[0].values;
    let bars: Vec<u16> =
        (0..).zip(kinds).filter(|(_, kind)| kind.starts_with("bar ")).map(|(value, _)| value).collect();
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
    for seed in 0..6 {
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

    fn ensemble(&self, lanes: usize) -> Box<dyn Batch + '_> {
        Box::new(ClosingBatch { sizes: self.description.sizes.clone(), high: vec![false; lanes] })
    }

    fn lane_bytes(&self) -> usize {
        1
    }
}

impl Batch for ClosingBatch {
    fn push(&mut self, lanes: &[usize], events: &[u16]) {
        for (&lane, event) in lanes.iter().zip(events.chunks_exact(self.sizes.len())) {
            self.high[lane] = event[0] == 3 && event[3] == 73;
        }
    }

    fn logits(&mut self, lanes: &[usize], _earlier: &[u16], field: usize, logits: &mut [f32]) {
        for (&lane, logits) in lanes.iter().zip(logits.chunks_exact_mut(self.sizes[field])) {
            logits.fill(-8.0);
            match field {
                // After a high note the end is as likely as another bar, else next to impossible.
                0 => {
                    logits[3] = 1.0;
                    logits[1] = if self.high[lane] { 3.0 } else { -9.0 };
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

#[test]
fn a_trace_says_how_every_event_was_drawn() {
    let representation = events();
    let traced = Request { trace: true, ..request(5) };
    let piece = compose(&*representation, 5.0, &traced).unwrap();
    let opening = piece.sequence.len() - piece.trace.len();
    assert_eq!(piece.trace.len(), piece.report.events);
    for (index, event) in piece.trace.iter().enumerate() {
        let values: Vec<u16> = event.fields.iter().map(|field| field.value).collect();
        assert_eq!(values, piece.sequence.event(opening + index), "event {index}");
        let known = event.fields.iter().filter_map(|field| field.probability);
        assert!(known.into_iter().all(|probability| (0.0..=1.0).contains(&probability)));
        assert_eq!(event.draws, 1 + event.refused.values().sum::<usize>());
    }
    assert!(piece.trace.iter().any(|event| event.draws > 1), "nothing was ever refused");
    let plain = compose(&*representation, 5.0, &request(5)).unwrap();
    assert!(plain.trace.is_empty() && plain.score == piece.score, "tracing changes nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_part_never_strikes_a_pitch_twice_at_once(seed: u64, scale in 1f32..30.0, known: bool, named: bool) {
        let observed = known.then(|| Arc::new(observed()));
        let instruments = if named { vec![PIANO, DRUMS] } else { Vec::new() };
        let header = Header { genre: None, instruments };
        let request = Request {
            length: Length::Bars(3), most_notes_in_bar: 60, observed, header, seed, ..Request::default()
        };
        let piece = compose(&*events(), scale, &request).unwrap();
        prop_assert_eq!(piece.report.notes, piece.score.note_count());
        let mut struck = BTreeSet::new();
        for part in &piece.score.parts {
            for note in &part.notes {
                prop_assert!(struck.insert((part.instrument, note.onset, note.pitch)), "{:?}", note);
            }
        }
    }
}
