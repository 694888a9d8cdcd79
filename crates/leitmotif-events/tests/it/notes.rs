//! The `notes` representation: the study's tokens, and how they are read back.

use crate::arbitrary;
use leitmotif_events::{Augmentation, Header, Representation, RepresentationConfig, Sequence, Value, build, load};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, LazyLock};

fn tokens() -> Arc<dyn Representation> {
    static TOKENS: LazyLock<Arc<dyn Representation>> = LazyLock::new(|| build(&RepresentationConfig::Notes).unwrap());
    TOKENS.clone()
}

fn encode(score: &Score) -> Sequence {
    tokens().encode(score, &Header::default()).0
}

fn described(sequence: &Sequence) -> Vec<String> {
    let tokens = tokens();
    sequence.events().map(|event| tokens.describe(event)).collect()
}

fn part(instrument: Instrument, notes: &[(u64, u8)]) -> Part {
    let note = |&(onset, pitch)| Note { onset: Ticks(onset), pitch, duration: Ticks(100), velocity: 90 };
    Part { name: String::new(), instrument, notes: notes.iter().map(note).collect() }
}

fn accepts(sequence: &Sequence) {
    let tokens = tokens();
    let mut grammar = tokens.grammar();
    for event in sequence.events() {
        let mut allowed = vec![false; tokens.vocabulary().sizes()[0]];
        grammar.allowed(&[], 0, &mut allowed);
        assert!(allowed[usize::from(event[0])], "{}", tokens.describe(event));
        grammar.accept(event).unwrap();
    }
    assert!(grammar.is_finished());
}

#[test]
fn parts_follow_one_another_without_drums() {
    let score = Score {
        parts: vec![
            part(Instrument::Program(0), &[(0, 64), (2, 67), (1, 71), (480, 61), (960, 48), (960, 60)]),
            part(Instrument::Drums(0), &[(0, 36)]),
            part(Instrument::Program(5), &[]),
            part(Instrument::Program(33), &[(0, 40), (0, 40)]),
        ],
        ..Score::default()
    };
    let (sequence, report) = tokens().encode(&score, &Header::default());
    assert_eq!(described(&sequence), ["start", "4.7.11", "C#4", "0", "part", "E2", "end"]);
    assert_eq!((report.notes, report.kept), (9, 6));
    assert_eq!(report.lost["drums"], 1);
    assert_eq!(report.lost["doubled pitch class in a chord"], 2);
    let decoded = tokens().decode(&sequence).unwrap();
    let onsets: Vec<(u64, u8)> =
        decoded.parts.iter().flat_map(|part| &part.notes).map(|note| (note.onset.0, note.pitch)).collect();
    assert_eq!(onsets, [(0, 64), (0, 67), (0, 71), (240, 61), (480, 60), (480, 72), (720, 40)]);
    assert!(decoded.parts.iter().all(|part| part.instrument == Instrument::Program(0)));
}

#[test]
fn chords_move_with_their_notes() {
    let score =
        Score { parts: vec![part(Instrument::Program(0), &[(0, 60), (0, 64), (480, 120)])], ..Score::default() };
    let sequence = encode(&score);
    let up =
        |semitones| described(&tokens().augment(&sequence, &Augmentation { semitones, ..Augmentation::default() }));
    assert_eq!(up(0), ["start", "0.4", "C9", "end"]);
    assert_eq!(up(-3), ["start", "9.1", "A8", "end"]);
    assert_eq!(up(8), ["start", "0.4", "C9", "end"], "a shift beyond the range is not made");
}

#[test]
fn headers_are_refused() {
    let genre = Header { genre: Some("rock".to_owned()), instruments: Vec::new() };
    assert!(tokens().opening(&genre).is_err());
    let bass = Header { genre: None, instruments: vec![Instrument::Program(33)] };
    assert!(tokens().opening(&bass).unwrap_err().to_string().contains("electric-bass-finger"));
    assert_eq!(described(&tokens().opening(&Header::default()).unwrap()), ["start"]);
}

/// Raise the version of the representation when this changes: stored corpora and models read
/// differently then.
#[test]
fn the_vocabulary_is_frozen() {
    let vocabulary = tokens().vocabulary().clone();
    assert_eq!(vocabulary.sizes(), [4226]);
    assert_eq!(vocabulary.fingerprint(), "7ee1ee484ddd56f07ea8ee732535d0771ae47a3ff9638c60d804db14f745bb97");
    assert_eq!(load(&vocabulary).unwrap().vocabulary(), &vocabulary);
}

#[test]
fn decoding_refuses_what_has_no_meaning() {
    let fails = |values: &[Value]| {
        tokens().decode(&Sequence::from_values(1, values.to_vec()).unwrap()).unwrap_err().to_string()
    };
    assert!(fails(&[0, 4226]).contains("event 1: value 4226"));
    assert!(fails(&[0, 60, 1, 60]).contains("event 3: the piece has ended"));
    assert!(fails(&[0, 60, 0]).contains("event 2: a start"));
    let pairs = Sequence::from_values(2, vec![0, 0]).unwrap();
    assert!(tokens().decode(&pairs).is_err());
}

#[test]
fn random_walks_are_pieces_that_encode_to_themselves() {
    let (tokens, mut rng) = (tokens(), ChaCha8Rng::seed_from_u64(3));
    for _ in 0..20 {
        let (mut grammar, mut sequence) = (tokens.grammar(), Sequence::new(1));
        while !grammar.is_finished() {
            let mut allowed = vec![false; 4226];
            grammar.allowed(&[], 0, &mut allowed);
            let choices: Vec<Value> = (0..4226u16).filter(|value| allowed[usize::from(*value)]).collect();
            let special: Vec<Value> = choices.iter().copied().filter(|value| *value < 3).collect();
            let often = !special.is_empty() && rng.random_bool(0.02) || choices.len() == special.len();
            let from = if often { &special } else { &choices };
            let value = from[rng.random_range(0..from.len())];
            grammar.accept(&[value]).unwrap();
            sequence.push(&[value]);
        }
        let score = tokens.decode(&sequence).unwrap();
        assert_eq!(described(&encode(&score)), described(&sequence));
        assert!((score.duration().0 - grammar.seconds()).abs() < 1e-6);
    }
}

proptest! {
    #[test]
    fn decoding_and_encoding_again_gives_the_same_tokens(score in arbitrary::score()) {
        let (sequence, report) = tokens().encode(&score, &Header::default());
        accepts(&sequence);
        prop_assert_eq!(report.kept + report.lost.values().sum::<usize>(), score.note_count());
        let decoded = tokens().decode(&sequence).unwrap();
        prop_assert_eq!(described(&encode(&decoded)), described(&sequence));
    }
}
