//! What holds for every composed piece, whatever the model predicts.

use crate::common::{Hashing, compose, events, notes, prime};
use leitmotif_compose::{
    ComposeError, Constraints, FieldSampling, Filter, Key, Length, PitchRange, Place, Prime, Request, Sampling, Scale,
    generate, generate_many,
};
use leitmotif_events::Header;
use leitmotif_score::{Instrument, InstrumentSelection, Quarters, Score, Tempo, Ticks};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const BASS: Instrument = Instrument::Program(33);
const PIANO: Instrument = Instrument::Program(0);
const FLUTE: Instrument = Instrument::Program(73);
const DRUMS: Instrument = Instrument::Drums(0);

fn with(instruments: &[Instrument]) -> Header {
    Header { genre: None, instruments: instruments.to_vec() }
}

/// The bar in which the last note begins, counted from 1, and whether a note ends beyond bar
/// `bars`.
fn bars_of(score: &Score) -> (usize, bool) {
    let last = score.parts.iter().flat_map(|part| &part.notes).map(|note| note.onset).max().unwrap();
    let bars = leitmotif_score::Bars::new(score.resolution, &score.meters, last + Ticks(1));
    let bars: Vec<_> = bars.collect();
    (bars.len(), score.end() > bars[bars.len() - 1].end())
}

#[test]
fn bars_are_exact_and_the_instruments_play() {
    let representation = events();
    for seed in 0..6 {
        for (count, instruments) in [(1, vec![BASS, PIANO, DRUMS]), (2, vec![PIANO]), (16, vec![FLUTE, BASS, DRUMS])] {
            let request = Request {
                length: Length::Bars(count),
                header: with(&instruments),
                seed,
                most_notes_in_bar: 30,
                ..Request::default()
            };
            let piece = compose(&*representation, 6.0, &request).unwrap();
            assert_eq!(bars_of(&piece.score), (count, false));
            assert_eq!(piece.report.bars, count);
            assert!(piece.report.valid);
            let mut wanted = instruments;
            wanted.sort();
            assert_eq!(piece.score.instruments(), wanted);
        }
    }
}

#[test]
fn notes_and_seconds_are_exact() {
    let representation = events();
    for seed in 0..6 {
        for count in [3, 57] {
            let header = with(&[BASS, PIANO, DRUMS]);
            let length = Length::Notes(count);
            let request = Request { length, header, seed, ..Request::default() };
            let piece = compose(&*representation, 6.0, &request).unwrap();
            assert_eq!((piece.report.notes, piece.score.instruments().len()), (count, 3));
        }
        for seconds in [0.8, 33.0, 75.0] {
            let request = Request {
                length: Length::Seconds(seconds),
                header: with(&[FLUTE, DRUMS]),
                seed,
                most_notes_in_bar: 12,
                tempo: Some(133.7 - 5.0 * seed as f64),
                most_silent_bars: 1,
                meter: Some((4, 4)),
                ..Request::default()
            };
            let piece = compose(&*representation, 6.0, &request).unwrap();
            assert!(piece.report.seconds <= seconds + 0.01, "{} of {seconds}", piece.report.seconds);
            assert!(piece.report.seconds > seconds - 6.0, "{} of {seconds}", piece.report.seconds);
            assert_eq!(piece.score.instruments(), [FLUTE, DRUMS]);
        }
    }
}

#[test]
fn tempo_and_meter_are_kept_exactly() {
    let representation = events();
    let request = Request { tempo: Some(101.3), meter: Some((7, 8)), length: Length::Bars(5), ..Request::default() };
    let piece = compose(&*representation, 4.0, &request).unwrap();
    assert_eq!(piece.score.tempos, [Tempo::from_quarters_per_minute(Ticks(0), 101.3)]);
    let meters: Vec<_> =
        piece.score.meters.iter().map(|meter| (meter.at, meter.numerator, meter.denominator)).collect();
    assert_eq!(meters, [(Ticks(0), 7, 8)]);
    assert!(piece.score.end() <= piece.score.resolution.ticks(Quarters(17.5)));
}

#[test]
fn an_open_end_comes_within_its_cap() {
    let request = Request { length: Length::Open { most_bars: 6 }, seed: 4, ..Request::default() };
    let piece = compose(&*events(), 8.0, &request).unwrap();
    assert!((1..=6).contains(&piece.report.bars) && piece.report.valid);
    let piece = compose(&*notes(), 8.0, &request).unwrap();
    assert!(piece.report.valid && piece.report.bars <= 6);
}

#[test]
fn the_same_request_gives_the_same_pieces_whatever_the_threads() {
    let representation = events();
    let model = Hashing::new(&*representation, 5.0);
    let request = Request { length: Length::Bars(4), seed: 9, most_notes_in_bar: 40, ..Request::default() };
    let cancel = AtomicBool::new(false);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let pieces = pool.install(|| generate_many(&model, &*representation, &request, 5, &|_| {}, &cancel));
        pieces.unwrap().into_iter().map(|piece| (piece.score, piece.report)).collect::<Vec<_>>()
    };
    let once = run(1);
    assert_eq!(once, run(4));
    let alone = generate(&model, &*representation, &request, 3, &|_| {}, &cancel).unwrap();
    assert_eq!(once[3].0, alone.score);
    assert!((1..5).all(|other| once[other].0.parts != once[0].0.parts));
}

#[test]
fn a_prime_stands_unchanged_at_the_start() {
    let representation = events();
    let original = prime();
    for bars in [None, Some(1), Some(2), Some(3)] {
        let request = Request {
            prime: Some(Prime { score: original.clone(), bars }),
            length: Length::Bars(3),
            most_notes_in_bar: 25,
            ..Request::default()
        };
        let piece = compose(&*representation, 5.0, &request).unwrap();
        let kept = bars.unwrap_or(4);
        assert_eq!((piece.report.prime_bars, piece.report.bars), (kept, kept + 3));
        let score = &piece.score;
        assert_eq!(score.resolution, original.resolution);
        let cut = Ticks(303 * kept as u64);
        for (before, part) in original.parts.iter().zip(&score.parts) {
            assert_eq!((&before.name, before.instrument), (&part.name, part.instrument));
            let first = |notes: &[leitmotif_score::Note]| {
                notes.iter().filter(|note| note.onset < cut).copied().collect::<Vec<_>>()
            };
            assert_eq!(first(&before.notes), first(&part.notes));
        }
        assert!(score.parts.iter().any(|part| part.notes.iter().any(|note| note.onset >= cut)), "nothing was added");
        assert!(score.instruments().iter().all(|it| original.instruments().contains(it)));
        assert_eq!((&score.tempos, &score.meters), (&original.tempos, &original.meters));
        assert_eq!(bars_of(score).0, kept + 3);
        // Nothing strikes a pitch that its part still holds.
        for part in &score.parts {
            for (index, held) in part.notes.iter().enumerate().filter(|(_, note)| note.onset < cut && note.end() > cut)
            {
                let again = part.notes[index + 1..].iter().filter(|note| note.onset >= cut && note.pitch == held.pitch);
                assert!(again.into_iter().all(|note| note.onset >= held.end()));
            }
        }
    }
}

#[test]
fn a_prime_may_go_on_in_another_tempo_and_meter_with_other_instruments() {
    let request = Request {
        prime: Some(Prime { score: prime(), bars: Some(2) }),
        tempo: Some(150.0),
        meter: Some((4, 4)),
        header: with(&[PIANO]),
        length: Length::Bars(4),
        ..Request::default()
    };
    let score = compose(&*events(), 5.0, &request).unwrap().score;
    let tempos: Vec<_> = score.tempos.iter().map(|tempo| (tempo.at.0, tempo.quarters_per_minute().round())).collect();
    assert_eq!(tempos, [(0, 97.0), (606, 150.0)]);
    assert_eq!(score.meters.iter().map(|meter| (meter.at.0, meter.numerator)).collect::<Vec<_>>(), [(0, 3), (606, 4)]);
    let after = score.parts.iter().filter(|part| part.notes.iter().any(|note| note.onset.0 >= 606));
    assert!(after.clone().count() > 0 && after.into_iter().all(|part| part.instrument == PIANO));
}

#[test]
fn a_prime_of_notes_goes_on() {
    let request = Request {
        prime: Some(Prime { score: prime(), bars: Some(2) }),
        length: Length::Notes(20),
        ..Request::default()
    };
    let piece = compose(&*notes(), 5.0, &request).unwrap();
    assert_eq!(piece.score.parts[0].notes[..6], prime().parts[0].notes[..6]);
    assert!(piece.score.parts.iter().flat_map(|part| &part.notes).filter(|note| note.onset.0 >= 606).count() >= 20);
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let refused = |representation: &dyn leitmotif_events::Representation, request: Request| {
        compose(representation, 1.0, &request).unwrap_err().to_string()
    };
    let key = Constraints { key: Some(Key { tonic: 0, scale: Scale::MAJOR }), ..Constraints::default() };
    let (events, notes) = (events(), notes());
    let constrained = || Request { constraints: key.clone(), ..Request::default() };
    assert!(refused(&*notes, constrained()).contains("no instruments"));
    assert!(refused(&*notes, Request { meter: Some((3, 4)), ..Request::default() }).contains("meter"));
    assert!(refused(&*events, Request { meter: Some((19, 4)), ..Request::default() }).contains("4/4"));
    let genre = Header { genre: Some("polka".into()), instruments: vec![] };
    assert!(refused(&*events, Request { header: genre, ..Request::default() }).contains("rock"));
    assert!(refused(&*events, Request { length: Length::Bars(0), ..Request::default() }).contains("bars"));
    assert!(refused(&*events, Request { tempo: Some(f64::NAN), ..Request::default() }).contains("tempo"));
    let sampling = Sampling::new(FieldSampling { top_p: 0.0, ..FieldSampling::default() });
    assert!(refused(&*events, Request { sampling, ..Request::default() }).contains("top_p"));
    let barred = Constraints { instruments: vec![PIANO], ..Constraints::default() };
    let request = Request { header: with(&[BASS]), constraints: barred, ..Request::default() };
    assert!(refused(&*events, request).contains("electric-bass-finger"));
    let two = Request { header: with(&[BASS, PIANO]), length: Length::Notes(1), ..Request::default() };
    assert!(refused(&*events, two).contains("too few"));
    let range = PitchRange { instruments: InstrumentSelection::parse("bass").unwrap(), low: 61, high: 61 };
    let constraints = Constraints { ranges: vec![range], ..key.clone() };
    let none = Request { header: with(&[BASS]), constraints, ..Request::default() };
    assert!(refused(&*events, none).contains("no pitch"));
    let silence = Prime { score: Score::default(), bars: None };
    assert!(refused(&*events, Request { prime: Some(silence), ..Request::default() }).contains("no notes"));
    let other = Hashing::new(&*notes, 1.0);
    let stop = AtomicBool::new(true);
    let mismatch = generate(&other, &*events, &Request::default(), 0, &|_| {}, &stop);
    assert!(matches!(mismatch, Err(ComposeError::Mismatch { .. })));
    let stopped = generate(&other, &*notes, &Request::default(), 0, &|_| {}, &stop);
    assert!(matches!(stopped, Err(ComposeError::Cancelled)));
}

#[test]
fn without_the_grammar_the_damage_is_counted_and_the_piece_still_valid() {
    let representation = events();
    let request = Request { grammar: false, length: Length::Bars(4), ..Request::default() };
    let piece = compose(&*representation, 3.0, &request).unwrap();
    assert!(piece.report.invalid_events > 0 && !piece.report.valid);
    let mut grammar = representation.grammar();
    piece.sequence.events().for_each(|event| grammar.accept(event).unwrap());
    assert!(grammar.is_finished());
}

#[test]
fn the_text_records_how_it_was_made() {
    let request = Request { model: Some("abc123".into()), seed: 77, length: Length::Bars(2), ..Request::default() };
    let score = compose(&*events(), 3.0, &request).unwrap().score;
    for part in ["\"model\":\"abc123\"", "\"seed\":77", "\"bars\":2", "\"temperature\":1.0"] {
        assert!(score.texts[0].contains(part), "{part} is not in {}", score.texts[0]);
    }
}

#[test]
fn a_filter_changes_the_piece() {
    struct Only(u16);
    impl Filter for Only {
        fn apply(&self, place: &Place<'_>, logits: &mut [f32]) {
            if place.field == 2 {
                logits[usize::from(self.0)] += 1000.0;
            }
        }
    }
    let request = Request { filters: vec![Arc::new(Only(41))], length: Length::Bars(3), ..Request::default() };
    let score = compose(&*events(), 3.0, &request).unwrap().score;
    assert_eq!(score.instruments(), [Instrument::Program(40)]);
}

#[test]
fn a_crowded_corner_never_gets_stuck() {
    // One pitch, one instrument, every note as long as a bar can be: soon no voice is free.
    let range = PitchRange { instruments: InstrumentSelection::parse("piano").unwrap(), low: 60, high: 60 };
    let constraints = Constraints { ranges: vec![range], instruments: vec![PIANO], ..Constraints::default() };
    struct Long;
    impl Filter for Long {
        fn apply(&self, place: &Place<'_>, logits: &mut [f32]) {
            let last = logits.len() - 1;
            logits[last] += if place.field == 4 { 1000.0 } else { 0.0 };
        }
    }
    for length in [Length::Bars(12), Length::Notes(40), Length::Seconds(20.0)] {
        let constraints = constraints.clone();
        let request = Request { constraints, filters: vec![Arc::new(Long)], length, ..Request::default() };
        let piece = compose(&*events(), 3.0, &request).unwrap();
        let pitches = piece.score.parts.iter().flat_map(|part| &part.notes).map(|note| note.pitch);
        assert!(pitches.into_iter().all(|pitch| pitch == 60));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn constraints_hold(
        seed in any::<u64>(), scale in 0usize..15, tonic in 0u8..12, low in 20u8..70, span in 11u8..40, strict in 0f32..12.0,
        bars in 1usize..6, top_p in 0.2f64..1.0,
    ) {
        let scale = Scale::all().nth(scale).unwrap();
        let key = Key { tonic, scale };
        let high = low + span;
        let ranges = vec![PitchRange { instruments: InstrumentSelection::parse("bass").unwrap(), low, high }];
        let request = Request {
            header: with(&[BASS, PIANO, DRUMS]),
            constraints: Constraints { key: Some(key), ranges, instruments: vec![PIANO, BASS, FLUTE, DRUMS] },
            sampling: Sampling::new(FieldSampling { top_p, ..FieldSampling::default() }),
            length: Length::Bars(bars),
            most_notes_in_bar: 40,
            seed,
            ..Request::default()
        };
        let piece = compose(&*events(), strict, &request).unwrap();
        prop_assert!(piece.report.valid);
        prop_assert_eq!(bars_of(&piece.score), (bars, false));
        prop_assert_eq!(piece.score.instruments(), vec![PIANO, BASS, DRUMS]);
        for part in &piece.score.parts {
            for note in &part.notes {
                prop_assert!(part.instrument.is_drums() || key.contains(note.pitch));
                prop_assert!(part.instrument != BASS || (low..=high).contains(&note.pitch));
            }
        }
    }
}
