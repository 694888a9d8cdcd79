//! What is drawn as training songs have it: ensembles and limits of parts.

use crate::common::{BASS, DRUMS, FLUTE, Hashing, PIANO, compose, events, observed, prime};
use leitmotif_compose::{Constraints, Length, Prime, Request, generate};
use leitmotif_events::Header;
use leitmotif_score::{Instrument, Score};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
fn requests_take_precedence_over_what_songs_have() {
    let header = Header { genre: Some("rock".to_owned()), instruments: vec![BASS] };
    let asked = Request { header, tempo: Some(99.0), meter: Some((7, 8)), ..request(1) };
    let piece = compose(&*events(), 5.0, &asked).unwrap();
    assert_eq!(piece.score.instruments(), [BASS]);
    assert_eq!((piece.score.meters[0].numerator, piece.score.meters[0].denominator), (7, 8));
    assert!((piece.score.tempos[0].quarters_per_minute() - 99.0).abs() < 0.01);
    // An instrument that no song has may play anything.
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
fn songs_that_the_vocabulary_cannot_express_are_passed_over() {
    let mut mixed = observed();
    mixed.ensembles[0].genre = Some("polka".to_owned());
    let mut strange = mixed.ensembles[1].clone();
    strange.meter = (255, 128);
    mixed.ensembles.push(strange);
    for seed in 0..6 {
        let asked = Request { observed: Some(Arc::new(mixed.clone())), ..request(seed) };
        let piece = compose(&*events(), 5.0, &asked).unwrap();
        assert_eq!((piece.score.meters[0].numerator, piece.score.meters[0].denominator), (3, 4));
    }
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
fn instruments_that_rest_in_a_prime_may_enter() {
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

#[test]
fn a_trace_records_how_every_event_was_drawn() {
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
