//! The representations of frames: `chorales`, `frames` and `rolls`.

use crate::arbitrary;
use leitmotif_events::{
    Augmentation, FrameEvent, Header, MAX_FRAMES, Representation, RepresentationConfig, Sequence, Value, build, load,
};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

fn chorales(grid: u16) -> Arc<dyn Representation> {
    build(&RepresentationConfig::Chorales { grid }).unwrap()
}

fn frames(grid: u16) -> Arc<dyn Representation> {
    build(&RepresentationConfig::Frames { grid }).unwrap()
}

fn rolls(grid: u16) -> Arc<dyn Representation> {
    build(&RepresentationConfig::Rolls { grid }).unwrap()
}

fn described(representation: &dyn Representation, sequence: &Sequence) -> Vec<String> {
    sequence.events().map(|event| representation.describe(event)).collect()
}

fn encode(representation: &dyn Representation, score: &Score) -> Sequence {
    representation.encode(score, &Header::default()).0
}

/// Notes as `(onset, pitch, duration)` in sixteenths.
fn part(name: &str, notes: &[(u64, u8, u64)]) -> Part {
    let note = |&(onset, pitch, duration): &(u64, u8, u64)| Note {
        onset: Ticks(onset * 120),
        pitch,
        duration: Ticks(duration * 120),
        velocity: 90,
    };
    Part { name: name.to_owned(), instrument: Instrument::Program(19), notes: notes.iter().map(note).collect() }
}

fn score(parts: Vec<Part>) -> Score {
    Score { parts, ..Score::default() }
}

/// Walks the grammar along a sequence: every field of every event is allowed.
fn accepts(representation: &dyn Representation, sequence: &Sequence) -> (usize, f64) {
    let mut grammar = representation.grammar();
    let sizes = representation.vocabulary().sizes();
    for event in sequence.events() {
        for (field, value) in event.iter().enumerate() {
            let mut allowed = vec![false; sizes[field]];
            grammar.allowed(&event[..field], field, &mut allowed);
            assert!(allowed[usize::from(*value)], "{}, field {field}", representation.describe(event));
        }
        grammar.accept(event).unwrap();
    }
    assert!(grammar.is_finished());
    (grammar.notes(), grammar.seconds())
}

#[test]
fn four_parts_are_four_voices() {
    let parts = vec![
        part("", &[(0, 72, 2), (2, 74, 1)]),
        part("", &[(0, 67, 3)]),
        part("", &[(1, 64, 2)]),
        part("", &[(0, 48, 1), (1, 48, 1)]),
    ];
    let chorales = chorales(4);
    let (sequence, report) = chorales.encode(&score(parts), &Header::default());
    let wanted = ["start", "step 0 C5 G4 rest C3", "step 1 C5 G4 E4 C3", "step 2 D5 G4 E4 rest", "end"];
    assert_eq!(described(&*chorales, &sequence), wanted);
    assert_eq!((report.notes, report.kept, report.lost["joined to the note before it"]), (6, 5, 1));
    let decoded = chorales.decode(&sequence).unwrap();
    let names: Vec<_> = decoded.parts.iter().map(|part| (part.name.as_str(), part.notes.len())).collect();
    assert_eq!(names, [("soprano", 2), ("alto", 1), ("tenor", 1), ("bass", 1)]);
    assert_eq!(accepts(&*chorales, &sequence), (5, 0.375));
}

#[test]
fn names_go_before_order_and_pitch_stands_in_for_voices() {
    let chorales = chorales(4);
    let frame = |parts: Vec<Part>| described(&*chorales, &encode(&*chorales, &score(parts)))[1].clone();
    let (low, high) = ([(0, 40, 1)], [(0, 80, 1)]);
    assert_eq!(frame(vec![part("Bass", &low), part("Alto ", &high)]), "step 0 rest G#5 rest E2");
    assert_eq!(frame(vec![part("", &low), part("", &high)]), "step 0 E2 G#5 rest rest");
    assert_eq!(frame(vec![part("", &[(0, 40, 1), (0, 60, 1), (0, 80, 1)])]), "step 0 G#5 C4 E2 rest");
    let five = [40, 50, 55, 60, 70].map(|pitch| part("", &[(0, pitch, 1)])).to_vec();
    assert_eq!(frame(five), "step 0 A#4 C4 G3 E2");
}

#[test]
fn a_piano_roll_ascends_within_each_frame() {
    let frames = frames(4);
    let parts = vec![part("", &[(0, 64, 1), (0, 60, 2)]), part("", &[(0, 60, 1), (3, 67, 1)])];
    let (sequence, report) = frames.encode(&score(parts), &Header::default());
    let wanted = ["start", "C4", "E4", "frame", "C4", "frame", "frame", "G4", "frame", "end"];
    assert_eq!(described(&*frames, &sequence), wanted);
    assert_eq!((report.kept, report.lost["joined to the note before it"]), (3, 1));
    assert_eq!(accepts(&*frames, &sequence), (3, 0.5));
    let closed = sequence.events().filter(|event| frames.frame_event(event) == FrameEvent::Closes).count();
    assert_eq!(closed, 4);
    let mut grammar = frames.grammar();
    [0, 63].iter().for_each(|value| grammar.accept(&[*value]).unwrap());
    assert!(grammar.accept(&[63]).is_err() && grammar.accept(&[1]).is_err(), "a pitch twice, an end within a frame");
}

#[test]
fn a_frame_records_for_every_key_whether_it_sounds() {
    let rolls = rolls(4);
    let parts = vec![part("", &[(0, 64, 1), (0, 60, 2), (1, 109, 1)]), part("", &[(0, 60, 1), (3, 21, 1), (3, 20, 9)])];
    let (sequence, report) = rolls.encode(&score(parts), &Header::default());
    assert_eq!(described(&*rolls, &sequence), ["start", "frame C4 E4", "frame C4", "frame", "frame A0", "end"]);
    assert_eq!((report.notes, report.kept, report.bars), (6, 3, 1));
    assert_eq!((report.lost["joined to the note before it"], report.lost["outside the piano's 88 keys"]), (1, 2));
    assert_eq!(accepts(&*rolls, &sequence), (3, 0.5));
    let frame = sequence.events().nth(1).unwrap();
    let sounding: Vec<usize> = (1..frame.len()).filter(|field| frame[*field] == 2).collect();
    assert_eq!((frame[0], sounding), (2, vec![60 - 20, 64 - 20]));
    assert!(frame[1..].iter().all(|value| [1, 2].contains(value)));
    let units = rolls.frames().unwrap();
    assert_eq!((units.fields, units.tokens), (1..89, 0), "the kind is no part of a frame's cost");
    let closed: Vec<bool> = sequence.events().map(|event| rolls.frame_event(event) == FrameEvent::Closes).collect();
    assert_eq!(closed, [false, true, true, true, true, false]);
}

/// Both spellings of a piano roll hold the same music, but for what a piano lacks.
#[test]
fn rolls_and_frames_are_the_same_music() {
    let score = score(vec![part("", &[(0, 64, 3), (0, 60, 2), (2, 62, 4)]), part("", &[(1, 60, 1), (5, 107, 1)])]);
    let [a, b] = [frames(4), rolls(4)].map(|it| it.decode(&encode(&*it, &score)).unwrap());
    assert_eq!(a, b);
}

#[test]
fn pieces_move_as_a_whole_or_not_at_all() {
    for (representation, highest) in [(chorales(4), 127), (frames(4), 127), (rolls(4), 108)] {
        let top = highest - 7;
        let sequence = encode(&*representation, &score(vec![part("", &[(0, top - 60, 1), (0, top, 1)])]));
        let moved = |semitones| {
            let moved = representation.augment(&sequence, &Augmentation { semitones, ..Augmentation::default() });
            representation
                .decode(&moved)
                .unwrap()
                .parts
                .iter()
                .flat_map(|part| &part.notes)
                .map(|note| note.pitch)
                .max()
        };
        let lowest = if highest == 108 { 21 } else { 0 };
        let down = (top - 60 - lowest) as i8;
        let wanted = [highest, lowest + 60, top, top].map(Some);
        assert_eq!([moved(7), moved(-down), moved(8), moved(-down - 1)], wanted, "{representation:?}");
    }
}

#[test]
fn headers_are_refused() {
    for representation in [chorales(4), frames(4), rolls(4)] {
        let genre = Header { genre: Some("rock".to_owned()), instruments: Vec::new() };
        assert!(representation.opening(&genre).is_err());
        let bass = Header { genre: None, instruments: vec![Instrument::Program(33)] };
        assert!(representation.opening(&bass).is_err());
        assert_eq!(described(&*representation, &representation.opening(&Header::default()).unwrap()), ["start"]);
    }
    assert!(build(&RepresentationConfig::Chorales { grid: 0 }).is_err());
    assert!(build(&RepresentationConfig::Frames { grid: 49 }).is_err());
    assert!(build(&RepresentationConfig::Rolls { grid: 0 }).is_err());
}

/// Raise the version of a representation when this changes: stored corpora and models read
/// differently then.
#[test]
fn the_vocabularies_are_frozen() {
    let frozen = [
        (chorales(4), vec![18, 130, 130, 130, 130], "f41155584ead5a1df347a9400448c0269436faf5b310c6af6190ccbe8e1c9b1f"),
        (frames(4), vec![131], "c6e19623d7aea5461f0c3d9ef14c2ebd09b3c5f9ed991fee79c1c83e938fc55b"),
        (rolls(4), vec![3; 89], "65479bb8be1c17c0359d185ff6a2326c371b1c03ebbd88d396c97867d9e6e6c7"),
    ];
    for (representation, sizes, fingerprint) in frozen {
        let vocabulary = representation.vocabulary();
        assert_eq!(vocabulary.sizes(), sizes);
        assert_eq!(vocabulary.fingerprint(), fingerprint);
        assert_eq!(load(vocabulary).unwrap().vocabulary(), vocabulary);
    }
}

#[test]
fn decoding_refuses_what_has_no_meaning() {
    let fails = |representation: &dyn Representation, fields: usize, values: &[Value]| {
        representation.decode(&Sequence::from_values(fields, values.to_vec()).unwrap()).unwrap_err().to_string()
    };
    assert!(fails(&*frames(4), 1, &[0, 131]).contains("event 1: value 131"));
    assert!(fails(&*frames(4), 1, &[0, 2, 1, 2]).contains("event 3: the piece has ended"));
    assert!(fails(&*frames(4), 1, &[0, 2, 0]).contains("event 2: a start"));
    assert!(fails(&*frames(4), 2, &[0, 0]).contains("fields"));
    assert!(fails(&*chorales(1), 5, &[0, 0, 0, 0, 0, 6, 1, 1, 1, 1]).contains("event 1: value 6"));
    assert!(fails(&*chorales(1), 5, &[2, 1, 0, 1, 1]).contains("event 0: a voice is missing"));
    assert!(fails(&*chorales(1), 4, &[2, 1, 1, 1]).contains("fields"));
    let roll = |kinds: &[(Value, Value)]| -> Vec<Value> {
        kinds.iter().flat_map(|&(kind, key)| std::iter::once(kind).chain([key; 88])).collect()
    };
    assert!(fails(&*rolls(1), 89, &roll(&[(0, 0), (2, 3)])).contains("event 1: value 3"));
    assert!(fails(&*rolls(1), 89, &roll(&[(0, 0), (2, 0)])).contains("event 1: a key is missing"));
    assert!(fails(&*rolls(1), 89, &roll(&[(0, 0), (1, 0), (2, 1)])).contains("event 2: the piece has ended"));
    assert!(fails(&*rolls(1), 2, &[0, 0]).contains("fields"));
}

/// A walk that takes any value that is allowed, the end with probability `end`.
fn walk(representation: &dyn Representation, end: f64, rng: &mut ChaCha8Rng) -> Sequence {
    let sizes = representation.vocabulary().sizes();
    let (mut grammar, mut sequence) = (representation.grammar(), Sequence::new(sizes.len()));
    while !grammar.is_finished() {
        let mut event: Vec<Value> = Vec::new();
        for (field, size) in sizes.iter().enumerate() {
            let mut allowed = vec![false; *size];
            grammar.allowed(&event, field, &mut allowed);
            let mut choices: Vec<Value> = (0..*size as Value).filter(|value| allowed[usize::from(*value)]).collect();
            if field == 0 && choices.len() > 1 && choices[0] == 1 {
                let ends = rng.random_bool(end);
                choices.retain(|value| (*value == 1) == ends);
            }
            event.push(choices[rng.random_range(0..choices.len())]);
        }
        grammar.accept(&event).unwrap();
        sequence.push(&event);
    }
    sequence
}

#[test]
fn random_walks_are_pieces_that_encode_to_themselves() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for representation in [chorales(1), chorales(4), frames(1), frames(6), rolls(1), rolls(6)] {
        for _ in 0..20 {
            let sequence = walk(&*representation, 0.05, &mut rng);
            let score = representation.decode(&sequence).unwrap();
            let (mut wanted, mut again) =
                (sequence.values().to_vec(), encode(&*representation, &score).values().to_vec());
            // Silence at the end is not kept.
            let fields = representation.vocabulary().fields.len();
            wanted.truncate(wanted.len() - fields);
            again.truncate(again.len() - fields);
            assert!(wanted.starts_with(&again));
            let silent = Sequence::from_values(fields, wanted[again.len()..].to_vec()).unwrap();
            assert!(silent.events().all(|event| !representation.is_note(event)));
        }
    }
}

proptest! {
    #[test]
    fn decoding_and_encoding_again_gives_the_same_events(score in arbitrary::score(), grid in 1u16..9) {
        for representation in [chorales(grid), frames(grid), rolls(grid)] {
            let (sequence, report) = representation.encode(&score, &Header::default());
            let (notes, _) = accepts(&*representation, &sequence);
            prop_assert_eq!(report.notes, score.note_count());
            prop_assert_eq!(report.kept + report.lost.values().sum::<usize>(), report.notes);
            let decoded = representation.decode(&sequence).unwrap();
            prop_assert_eq!(decoded.note_count(), notes);
            let (again, report) = representation.encode(&decoded, &Header::default());
            prop_assert_eq!(described(&*representation, &again), described(&*representation, &sequence));
            prop_assert_eq!(report.kept, notes);
        }
    }
}

#[test]
fn notes_beyond_the_longest_piece_are_lost_and_reported() {
    let score = score(vec![part("piano", &[(0, 60, 1), (MAX_FRAMES as u64 - 1, 62, 9), (MAX_FRAMES as u64, 64, 1)])]);
    for representation in [chorales(4), frames(4), rolls(4)] {
        let (sequence, report) = representation.encode(&score, &Header::default());
        assert_eq!((report.kept, report.lost.get("beyond the longest piece")), (2, Some(&1)));
        assert_eq!(representation.decode(&sequence).unwrap().note_count(), 2);
    }
}
