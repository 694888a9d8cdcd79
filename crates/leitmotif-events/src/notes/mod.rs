//! The `notes` representation: the original study's vocabulary, one token an event.
//!
//! A part becomes the list of its onsets. A single note is its name with octave (`C#4`, always with
//! sharps); several notes at once are a chord, named by the normal order of their pitch classes
//! (`4.7.11`); rhythm, duration, velocity, instrument and the chord's octave are not kept. Parts
//! follow one another, a `part` token between them. Onsets are first moved to the nearest sixteenth
//! or triplet eighth, as music21's MIDI reader does by default. The vocabulary is complete (all
//! pitches, all sets of pitch classes), so nothing is ever unknown.
//!
//! Decoding sets the tokens half a beat apart, one part after another, chords in the octave above
//! middle C, all on the piano. A chord of a single pitch class (an octave doubling) becomes that
//! pitch class in two octaves, so that it is a chord again when encoded.
//!
//! Drum parts are left out: read as music they would be notes of arbitrary pitch. The header is
//! not part of the vocabulary.

mod normal_order;
mod tokens;

mod grammar;

use crate::event::EventVocabulary;
use crate::roll::PIANO;
use crate::{
    EncodeReport, Grammar, Header, Representation, RepresentationConfig, RepresentationError, Sequence, Value,
    Vocabulary,
};
use leitmotif_score::{Note, Part, Resolution, Score, Ticks};
use rand_chacha::ChaCha8Rng;
use tokens::Token;

/// The version of the meaning of the tokens.
pub(crate) const VERSION: u32 = 1;
/// The velocity of every decoded note.
const VELOCITY: u8 = 64;
/// Middle C, from which chords are built upwards.
const MIDDLE_C: u8 = 60;
/// Tokens in a beat.
pub(crate) const TOKENS_PER_QUARTER: u64 = 2;
/// Cause of loss: the part is a drum kit.
const DRUMS: &str = "drums";
/// Cause of loss: the chord has another note of this pitch class.
const DOUBLED: &str = "doubled pitch class in a chord";

/// The `notes` representation with its vocabulary.
#[derive(Debug)]
pub(crate) struct Notes {
    vocabulary: Vocabulary,
    events: EventVocabulary,
}

impl Notes {
    pub fn new() -> Self {
        let fields = vec![tokens::field()];
        let vocabulary = Vocabulary { version: VERSION, settings: RepresentationConfig::Notes, fields };
        let events = EventVocabulary::without_notes(&vocabulary, tokens::START, tokens::END);
        Self { vocabulary, events }
    }
}

/// The onset moved to the nearest sixteenth or triplet eighth, in twelfths of a quarter; the
/// earlier of two equally near.
fn quantised(onset: Ticks, resolution: Resolution) -> u128 {
    let (ticks, quarter) = (u128::from(onset.0) * 12, u128::from(resolution.ticks_per_quarter()));
    let start = ticks / (12 * quarter) * 12;
    let points = [0, 3, 4, 6, 8, 9, 12].map(|point| start + point);
    points.into_iter().min_by_key(|point| (point * quarter).abs_diff(ticks)).unwrap_or(start)
}

/// The tokens of one part.
fn part_tokens(part: &Part, resolution: Resolution, report: &mut EncodeReport) -> Vec<Token> {
    let mut notes: Vec<(u128, u8)> =
        part.notes.iter().map(|note| (quantised(note.onset, resolution), note.pitch.min(127))).collect();
    notes.sort_unstable();
    let together = notes.chunk_by(|a, b| a.0 == b.0);
    let token = |notes: &[(u128, u8)]| {
        let first = notes[0].1;
        if notes.iter().all(|(_, pitch)| *pitch == first) {
            return (Token::Note(first), 1);
        }
        let set = notes.iter().fold(0, |set, (_, pitch)| set | 1 << (pitch % 12));
        (Token::Chord(set), set.count_ones() as usize)
    };
    let tokens = together.map(|notes| {
        let (token, held) = token(notes);
        report.kept += held;
        if notes.len() > held {
            *report.lost.entry(DOUBLED.to_owned()).or_default() += notes.len() - held;
        }
        token
    });
    tokens.collect()
}

/// The notes of one token that begins at `onset` and lasts `duration`.
fn token_notes(token: Token, onset: Ticks, duration: Ticks) -> Vec<Note> {
    let pitches: Vec<u8> = match token {
        Token::Note(pitch) => vec![pitch],
        Token::Chord(set) if set.is_power_of_two() => {
            let pitch = MIDDLE_C + set.trailing_zeros() as u8;
            vec![pitch, pitch + 12]
        }
        Token::Chord(set) => (0..12).filter(|class| set >> class & 1 == 1).map(|class| MIDDLE_C + class).collect(),
        _ => Vec::new(),
    };
    pitches.into_iter().map(|pitch| Note { onset, pitch, duration, velocity: VELOCITY }).collect()
}

impl Representation for Notes {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn encode(&self, score: &Score, _header: &Header) -> (Sequence, EncodeReport) {
        let mut report = EncodeReport { notes: score.note_count(), ..EncodeReport::default() };
        let mut sequence = Sequence::new(1);
        sequence.push(&[tokens::START]);
        for part in score.parts.iter().filter(|part| !part.notes.is_empty()) {
            if part.instrument.is_drums() {
                *report.lost.entry(DRUMS.to_owned()).or_default() += part.notes.len();
                continue;
            }
            if sequence.len() > 1 {
                sequence.push(&[tokens::PART]);
            }
            for token in part_tokens(part, score.resolution, &mut report) {
                sequence.push(&[token.value()]);
            }
        }
        sequence.push(&[tokens::END]);
        (sequence, report)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        let resolution = Resolution::DEFAULT;
        let length = Ticks(resolution.ticks_per_quarter() / TOKENS_PER_QUARTER);
        let new_part = |number: usize| Part { name: format!("Part {number}"), instrument: PIANO, notes: Vec::new() };
        let (mut parts, mut now, mut ended) = (vec![new_part(1)], Ticks(0), false);
        for (index, event) in sequence.events().enumerate() {
            let fail = |reason: String| RepresentationError::Event { index, reason };
            let token = Token::parse(event).map_err(fail)?;
            match token {
                _ if ended => return Err(fail("the piece has ended".to_owned())),
                Token::Start if index > 0 => return Err(fail("a start within the piece".to_owned())),
                Token::Start => {}
                Token::End => ended = true,
                Token::Part => parts.push(new_part(parts.len() + 1)),
                Token::Note(_) | Token::Chord(_) => {
                    if let Some(part) = parts.last_mut() {
                        part.notes.extend(token_notes(token, now, length));
                    }
                    now += length;
                }
            }
        }
        parts.retain(|part| !part.notes.is_empty());
        Ok(Score { resolution, parts, ..Score::default() })
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(grammar::NotesGrammar::default())
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        if let Some(genre) = &header.genre {
            let reason = format!("the notes representation names no genres, so not {genre:?} either");
            return Err(RepresentationError::Settings(reason));
        }
        if let Some(other) = header.instruments.iter().find(|instrument| **instrument != PIANO) {
            let reason = format!("the notes representation has no {}: it knows {}", other.name(), PIANO.name());
            return Err(RepresentationError::Settings(reason));
        }
        let mut sequence = Sequence::new(1);
        sequence.push(&[tokens::START]);
        Ok(sequence)
    }

    fn drop_header(&self, sequence: &Sequence, _drop: f64, _rng: &mut ChaCha8Rng) -> Sequence {
        sequence.clone()
    }

    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>> {
        Some(vec![Token::parse(event).ok()?.transposed(semitones.into())?.value()])
    }

    fn is_note(&self, event: &[Value]) -> bool {
        Token::parse(event).is_ok_and(Token::sounds)
    }
}
