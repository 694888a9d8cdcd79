//! The `events` representation as a whole: encoding, decoding, the grammar, and how they agree.

use crate::arbitrary;
use leitmotif_events::{
    Augmentation, Header, MAX_SILENT_BARS, Representation, RepresentationConfig, Sequence, Value, build,
    check_round_trip, load,
};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

fn events(grid: u16) -> Arc<dyn Representation> {
    build(&RepresentationConfig::Events { grid, genres: vec!["metal".to_owned(), "rock".to_owned()] }).unwrap()
}

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 100 }
}

fn part(instrument: Instrument, notes: Vec<Note>) -> Part {
    Part { name: String::new(), instrument, notes }
}

fn described(representation: &dyn Representation, sequence: &Sequence) -> Vec<String> {
    sequence.events().map(|event| representation.describe(event)).collect()
}

fn accepts(representation: &dyn Representation, sequence: &Sequence) {
    let mut grammar = representation.grammar();
    let sizes = representation.vocabulary().sizes();
    for (index, event) in sequence.events().enumerate() {
        for (field, value) in event.iter().enumerate() {
            let mut allowed = vec![false; sizes[field]];
            grammar.allowed(&event[..field], field, &mut allowed);
            let text = representation.describe(event);
            assert!(allowed[usize::from(*value)], "field {field} of event {index} ({text}) is not allowed");
        }
        grammar.accept(event).unwrap();
    }
    assert!(grammar.is_finished());
}

#[test]
fn a_small_score_has_the_expected_events() {
    let events = events(12);
    let mut score = Score {
        parts: vec![
            part(Instrument::Drums(8), vec![note(0, 36, 80), note(960, 38, 80)]),
            part(Instrument::Program(30), vec![note(0, 40, 480), note(1920, 43, 960)]),
        ],
        ..Score::default()
    };
    score.normalise();
    let header = Header { genre: Some("metal".to_owned()), instruments: Vec::new() };
    let (sequence, report) = events.encode(&score, &header);
    assert_eq!(
        described(&*events, &sequence),
        [
            "start",
            "genre metal",
            "with distortion-guitar",
            "with drums",
            "bar 4/4",
            "tempo 120.0 0",
            "note 0 distortion-guitar E2 1/4 v102",
            "note 0 drums drum 36 1/24 v102",
            "note 24 drums drum 38 1/24 v102",
            "bar 4/4",
            "note 0 distortion-guitar G2 1/2 v102",
            "end",
        ]
    );
    assert_eq!((report.notes, report.kept, report.bars), (4, 4, 2));
    accepts(&*events, &sequence);
}

#[test]
fn a_pitch_that_is_still_held_is_struck_in_a_second_part() {
    let events = events(12);
    let notes = vec![note(0, 50, 480), note(240, 50, 480)];
    let parts = notes.into_iter().map(|note| part(Instrument::Program(29), vec![note])).collect();
    let (sequence, _) = events.encode(&Score { parts, ..Score::default() }, &Header::default());
    let decoded = events.decode(&sequence).unwrap();
    let names: Vec<&str> = decoded.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["Overdriven Guitar", "Overdriven Guitar 2"]);
    assert_eq!(decoded.note_count(), 2);
}

#[test]
fn an_instrument_strikes_a_pitch_once_with_its_longest_note() {
    let events = events(12);
    let guitar = |duration| part(Instrument::Program(29), vec![note(0, 50, duration), note(480, 52, 240)]);
    let score = Score { parts: vec![guitar(240), guitar(480), guitar(120)], ..Score::default() };
    let (sequence, report) = events.encode(&score, &Header::default());
    assert_eq!((report.notes, report.kept), (6, 2));
    assert_eq!(report.lost["doubled by a longer note of its instrument"], 4);
    let decoded = events.decode(&sequence).unwrap();
    let lengths: Vec<u64> = decoded.parts[0].notes.iter().map(|note| note.duration.0).collect();
    assert_eq!((decoded.parts.len(), lengths), (1, vec![480, 240]));
    let doubled: Vec<_> = sequence.events().filter(|event| events.is_note(event)).collect();
    let mut grammar = events.grammar();
    let upto = sequence.events().position(|event| event == doubled[0]).unwrap();
    sequence.events().take(upto + 1).for_each(|event| grammar.accept(event).unwrap());
    let mut again = doubled[0].to_vec();
    again[5] += 1;
    let refused = grammar.accept(&again).unwrap_err().to_string();
    assert!(refused.contains("doubles another"), "{refused}");
}

#[test]
fn long_silence_is_shortened_and_reported() {
    let events = events(12);
    let far = 1_000_000 * 1920;
    for meter in [(4, 4), (12, 4), (5, 32)] {
        let meter = leitmotif_score::Meter { at: Ticks(0), numerator: meter.0, denominator: meter.1 };
        let near = 10_000 * 480;
        let notes = vec![note(0, 60, 480), note(near, 62, 480), note(far, 64, 480)];
        let score = Score { parts: vec![part(Instrument::Program(0), notes)], meters: vec![meter], ..Score::default() };
        let (sequence, report) = events.encode(&score, &Header::default());
        assert_eq!((report.notes, report.kept, report.bars), (3, 1, MAX_SILENT_BARS + 2));
        assert_eq!(report.lost.values().sum::<usize>(), 2);
        accepts(&*events, &sequence);
    }
}

#[test]
fn clocks_at_their_limits_are_survived() {
    let events = events(12);
    for (resolution, numerator, denominator) in [(1, 255, 1), (u16::MAX, 1, 128), (1, 1, 128), (480, 0, 3)] {
        let resolution = leitmotif_score::Resolution::new(resolution).unwrap();
        let late = resolution.ticks_per_quarter() * (leitmotif_events::MAX_QUARTERS - 1);
        let mut notes = vec![note(0, 60, u64::MAX), note(late, 62, 1), note(u64::MAX, 64, u64::MAX)];
        notes[0].velocity = 0;
        let score = Score {
            resolution,
            parts: vec![part(Instrument::Program(255), notes)],
            meters: vec![
                leitmotif_score::Meter { at: Ticks(0), numerator, denominator },
                leitmotif_score::Meter { at: Ticks(u64::MAX), numerator, denominator },
            ],
            tempos: vec![leitmotif_score::Tempo { at: Ticks(u64::MAX), micros_per_quarter: 0 }],
            ..Score::default()
        };
        let (sequence, report) = events.encode(&score, &Header::default());
        assert_eq!((report.notes, report.kept), (3, 0));
        assert_eq!(report.lost.values().sum::<usize>(), 3, "{:?}", report.lost);
        accepts(&*events, &sequence);
        assert_eq!(events.encode(&events.decode(&sequence).unwrap(), &Header::default()).0, sequence);
    }
}

#[test]
fn an_unknown_genre_is_refused_with_those_known() {
    let events = events(12);
    let header = Header { genre: Some("polka".to_owned()), instruments: Vec::new() };
    let message = events.opening(&header).unwrap_err().to_string();
    assert!(message.contains("polka") && message.contains("metal, rock"), "{message}");
}

#[test]
fn openings_are_grammatical() {
    let events = events(12);
    let instruments = vec![Instrument::Drums(3), Instrument::Program(33), Instrument::Program(0), Instrument::Drums(0)];
    let opening = events.opening(&Header { genre: Some("rock".to_owned()), instruments }).unwrap();
    assert_eq!(
        described(&*events, &opening),
        ["start", "genre rock", "with acoustic-grand-piano", "with electric-bass-finger", "with drums"]
    );
    let mut grammar = events.grammar();
    assert!(opening.events().all(|event| grammar.accept(event).is_ok()));
}

#[test]
fn a_vocabulary_is_loaded_only_if_it_is_this_version() {
    for grid in [1, 12, 24, 48] {
        let stored = events(grid).vocabulary().clone();
        assert_eq!(load(&stored).unwrap().vocabulary(), &stored);
        let mut other = stored.clone();
        other.fields[0].values.pop();
        assert!(load(&other).is_err());
        let mut later = stored;
        later.version += 1;
        assert!(load(&later).unwrap_err().to_string().contains("prepare the corpus again"));
    }
}

/// Raise the version of the representation when this changes: stored corpora and models read
/// differently then.
#[test]
fn the_vocabulary_is_frozen() {
    let hashes = [12, 24].map(|grid| events(grid).vocabulary().fingerprint());
    assert_eq!(
        hashes,
        [
            "4af98b5c39cd84c4715efde3c1d9f459cc646a1b50981d1ed460ca1c7b960016",
            "364c9b2b06dca0dcca69d06d52cad3bf0da42d31dc77f856eaed2aa3b42ac4ea"
        ]
    );
}

#[test]
fn decoding_refuses_what_has_no_meaning() {
    let events = events(12);
    let piece = |texts: &[&[Value]]| {
        let mut sequence = Sequence::new(6);
        texts.iter().for_each(|event| sequence.push(event));
        events.decode(&sequence).map_err(|error| error.to_string())
    };
    let kinds = &events.vocabulary().fields[0].values;
    let bar = kinds.iter().position(|kind| kind == "bar 2/4").unwrap() as Value;
    let (start, end) = ([0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]);
    let bar = [bar, 0, 0, 0, 0, 0];
    let note = [3, 1, 1, 61, 3, 20];
    assert!(piece(&[&bar, &note]).is_ok(), "start and end may be missing");
    assert!(piece(&[&start, &note]).unwrap_err().contains("event 1: it stands before the first bar"));
    assert!(piece(&[&start, &bar, &[3, 25, 1, 61, 3, 20]]).unwrap_err().contains("beyond a bar"));
    assert!(piece(&[&bar, &[3, 1, 1, 200, 3, 20]]).unwrap_err().contains("drum sounds"));
    assert!(piece(&[&bar, &[3, 1, 1, 61, 0, 20]]).unwrap_err().contains("missing"));
    assert!(piece(&[&bar, &[1, 1, 0, 0, 0, 0]]).unwrap_err().contains("does not apply"));
    assert!(piece(&[&[60_000, 0, 0, 0, 0, 0]]).unwrap_err().contains("not in the vocabulary"));
    assert!(piece(&[&bar, &end, &bar]).unwrap_err().contains("has ended"));
}

/// A random walk through the grammar. Dense walks stay at one position and on few pitches, so that
/// they meet the limits.
fn walk(representation: &dyn Representation, events: usize, dense: bool, rng: &mut ChaCha8Rng) -> Sequence {
    let sizes = representation.vocabulary().sizes();
    let mut grammar = representation.grammar();
    let mut sequence = Sequence::new(sizes.len());
    while !grammar.is_finished() {
        let mut event: Vec<Value> = Vec::new();
        for (field, size) in sizes.iter().enumerate() {
            let mut allowed = vec![false; *size];
            grammar.allowed(&event, field, &mut allowed);
            let choices: Vec<usize> = (0..*size).filter(|value| allowed[*value]).collect();
            assert!(!choices.is_empty(), "no value for field {field} after {event:?}");
            let longest = sequence.len() >= events;
            let choice = match field {
                0 if longest && choices.contains(&1) => 1,
                // Ends and bars are many or final: notes are what fills a piece.
                0 if choices.contains(&3) && rng.random_bool(0.8) => 3,
                0 if choices.len() > 1 => {
                    let others: Vec<usize> = choices.iter().copied().filter(|kind| *kind != 1).collect();
                    others[rng.random_range(0..others.len())]
                }
                3..=5 if dense => choices[rng.random_range(0..choices.len().min(2))],
                1 | 2 if dense && rng.random_bool(0.98) => choices[0],
                _ => choices[rng.random_range(0..choices.len())],
            };
            event.push(choice as Value);
        }
        grammar.accept(&event).unwrap();
        sequence.push(&event);
    }
    sequence
}

#[test]
fn random_walks_never_end_dead_and_are_pieces() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (grid, dense) in [(12, false), (12, true), (1, true), (7, false), (48, false), (2, true)] {
        let events = events(grid);
        for _ in 0..3 {
            let sequence = walk(&*events, 2500, dense, &mut rng);
            let score = events.decode(&sequence).unwrap();
            let mut grammar = events.grammar();
            let (mut bars, mut last_note) = (0, 0);
            for event in sequence.events() {
                grammar.accept(event).unwrap();
                bars += usize::from(events.describe(event).starts_with("bar"));
                if events.is_note(event) {
                    last_note = bars;
                }
            }
            assert_eq!(grammar.bars(), bars);
            assert_eq!(grammar.notes(), score.note_count());
            for part in &score.parts {
                for pitch in 0..128 {
                    let notes: Vec<&Note> = part.notes.iter().filter(|note| note.pitch == pitch).collect();
                    assert!(notes.windows(2).all(|pair| pair[0].end() <= pair[1].onset), "overlap in {}", part.name);
                }
            }
            // What differs from a canonical sequence: the header, and silent bars at the end.
            let (again, report) = events.encode(&score, &Header::default());
            assert_eq!((report.kept, report.rewritten_bars), (score.note_count(), 0));
            let body = |sequence: &Sequence| -> Vec<Vec<Value>> {
                let all = sequence.events().map(<[Value]>::to_vec);
                let mut bars = 0;
                let upto = all.skip_while(|event| !events.describe(event).starts_with("bar")).take_while(|event| {
                    bars += usize::from(events.describe(event).starts_with("bar"));
                    bars <= last_note && event[0] != 1
                });
                upto.collect()
            };
            assert_eq!(body(&again), body(&sequence));
        }
    }
}

#[test]
fn the_grammar_counts_the_time() {
    let events = events(12);
    let mut score =
        Score { parts: vec![part(Instrument::Program(0), vec![note(5 * 480, 60, 480)])], ..Score::default() };
    score.tempos = vec![
        leitmotif_score::Tempo { at: Ticks(0), micros_per_quarter: 500_000 },
        leitmotif_score::Tempo { at: Ticks(960), micros_per_quarter: 1_000_000 },
    ];
    let (sequence, _) = events.encode(&score, &Header::default());
    let mut grammar = events.grammar();
    let mut seconds = Vec::new();
    for event in sequence.events() {
        grammar.accept(event).unwrap();
        seconds.push(grammar.seconds());
    }
    // start, with, bar, tempo, tempo, bar, note, end
    assert_eq!(seconds, [0.0, 0.0, 0.0, 0.0, 1.0, 3.0, 4.0, 7.0]);
    assert_eq!((grammar.bars(), grammar.notes()), (2, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn decoding_and_encoding_again_gives_the_same_events(score in arbitrary::score(), grid in prop_oneof![Just(12u16), 1u16..=48]) {
        let events = events(grid);
        let header = Header { genre: Some("metal".to_owned()), instruments: Vec::new() };
        let (sequence, report) = events.encode(&score, &header);
        accepts(&*events, &sequence);
        prop_assert_eq!(report.notes, score.note_count());
        prop_assert_eq!(report.kept + report.lost.values().sum::<usize>(), report.notes);
        let decoded = events.decode(&sequence).unwrap();
        let mut normal = decoded.clone();
        normal.normalise();
        prop_assert_eq!(&normal, &decoded);
        let (again, report) = events.encode(&decoded, &header);
        prop_assert_eq!(described(&*events, &again), described(&*events, &sequence));
        prop_assert_eq!(report.kept, report.notes);
    }

    #[test]
    fn what_the_encoder_keeps_is_found_in_the_decoded_score(score in arbitrary::score(), grid in 1u16..=48) {
        let events = events(grid);
        let (_, report) = events.encode(&score, &Header::default());
        let checked = check_round_trip(&score, &*events).unwrap();
        prop_assert_eq!(checked.notes, score.note_count());
        prop_assert_eq!(checked.kept + checked.lost.values().sum::<usize>(), checked.notes);
        prop_assert!(checked.kept * 50 >= report.kept * 49, "{:?} but {:?}", report, checked);
    }

    #[test]
    fn augmented_sequences_are_grammatical(score in arbitrary::score(), semitones in -30i8..30, tempo_octaves in -1.0f32..1.0, velocity in -128i8..=127, seed: u64) {
        let events = events(12);
        let (sequence, _) = events.encode(&score, &Header::default());
        let augmented = events.augment(&sequence, &Augmentation { semitones, tempo_octaves, velocity });
        prop_assert_eq!(augmented.len(), sequence.len());
        accepts(&*events, &augmented);
        let dropped = events.drop_header(&sequence, 0.5, &mut ChaCha8Rng::seed_from_u64(seed));
        accepts(&*events, &dropped);
        let moved: Option<Vec<_>> = sequence.events().map(|event| events.transposed(event, semitones)).collect();
        let keyed = events.augment(&sequence, &Augmentation { semitones, ..Augmentation::default() });
        match moved {
            Some(moved) => {
                prop_assert!(keyed.events().eq(moved.iter().map(Vec::as_slice)));
                let back = moved.iter().map(|event| events.transposed(event, -semitones));
                prop_assert!(back.zip(sequence.events()).all(|(back, event)| back.as_deref() == Some(event)));
            }
            None => prop_assert_eq!(&keyed, &sequence),
        }
        let none = events.augment(&sequence, &Augmentation::default());
        prop_assert_eq!(none, sequence);
    }
}
