//! Copies are kept as short as requested, by the measure that evaluates the finished piece.

use crate::common::{self, Hashing, notes};
use leitmotif_compose::{
    AvoidCopies, ComposeError, Constraints, FieldSampling, Length, Piece, PitchRange, Prime, Request, Sampling,
    generate, generate_many,
};
use leitmotif_events::{Header, Representation, RepresentationConfig};
use leitmotif_measures::OriginalityIndex;
use leitmotif_measures::originality::{Line, grid_step, lines};
use leitmotif_model::{Markov, MarkovBuilder, Model, ModelConfig, ModelDescription, ModelKind};
use leitmotif_score::{Instrument, InstrumentSelection, Note, Part, Resolution, Score, Ticks};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const INSTRUMENTS: [Instrument; 3] = [Instrument::Program(0), Instrument::Program(33), Instrument::Drums(0)];
/// A run that a model writes only if it has memorised the songs.
const LONG: usize = 24;

/// A song for three players, 24 bars: chords with a melody, a bass and drums that vary.
fn song(number: u64) -> Score {
    let (mut piano, mut bass, mut drums) = (Vec::new(), Vec::new(), Vec::new());
    let note = |at: u64, pitch: u64| Note { onset: Ticks(at), pitch: pitch as u8, duration: Ticks(20), velocity: 80 };
    for bar in 0..24 {
        let (start, root) = (bar * 96, (bar * bar * (3 + number) + number * 5) % 12);
        for beat in 0..4 {
            let (at, place) = (start + beat * 24, bar * 4 + beat);
            piano.push(note(at, 72 + (place * place * (7 + number) + place) % 13));
            piano.push(note(at + 6 * (place * 5 % 4), 60 + (root + beat) % 12));
            bass.push(note(at + 8 * (bar % 2), 36 + (root + 7 * (beat % 2)) % 12));
            drums.push(note(at, 36 + 2 * (place * (1 + number) % 3)));
            drums.push(note(at + 12, 42 + 4 * (place * place % 2)));
        }
        for third in [0, 4, 7] {
            piano.push(note(start, 48 + (root + third) % 12));
        }
    }
    let parts = INSTRUMENTS.iter().zip([piano, bass, drums]);
    let part = |(&instrument, notes)| Part { name: String::new(), instrument, notes };
    let resolution = Resolution::new(24).unwrap();
    let mut score = Score { resolution, parts: parts.map(part).collect(), ..Score::default() };
    score.normalise();
    score
}

struct Workshop {
    representation: Arc<dyn Representation>,
    model: Markov,
    index: Arc<OriginalityIndex>,
}

/// A model that has memorised two songs, on a grid.
fn workshop(grid: u16) -> Workshop {
    let settings = RepresentationConfig::Events { grid, genres: Vec::new() };
    let representation = leitmotif_events::build(&settings).unwrap();
    let config = ModelConfig { kind: ModelKind::Markov, order: 6, ..ModelConfig::default() };
    let description = ModelDescription::new(config, representation.vocabulary().sizes()).unwrap();
    let mut builder = MarkovBuilder::new(&description);
    let mut songs = Vec::new();
    for number in 0..2 {
        let (sequence, _) = representation.encode(&song(number), &Header::default());
        // Trained on it several times, the model memorises it.
        for _ in 0..3 {
            builder.add_piece(sequence.values()).unwrap();
        }
        songs.push((format!("song {number}"), representation.decode(&sequence).unwrap()));
    }
    let index = Arc::new(OriginalityIndex::build(songs).unwrap());
    Workshop { representation, model: builder.finish(), index }
}

impl Workshop {
    fn request(&self, most: Option<usize>, seed: u64) -> Request {
        let avoid = |most| AvoidCopies { index: self.index.clone(), most, corpus: Some("two songs".into()) };
        Request {
            length: Length::Bars(12),
            header: Header { genre: None, instruments: INSTRUMENTS.to_vec() },
            sampling: Sampling::new(FieldSampling { top_p: 0.9, ..FieldSampling::default() }),
            avoid: most.map(avoid),
            seed,
            ..Request::default()
        }
    }

    fn compose(&self, request: &Request) -> Piece {
        self.compose_with(&self.model, request)
    }

    fn compose_with(&self, model: &dyn Model, request: &Request) -> Piece {
        let piece = generate(model, &*self.representation, request, 0, &|_| {}, &AtomicBool::new(false)).unwrap();
        let mut grammar = self.representation.grammar();
        piece.sequence.events().for_each(|event| grammar.accept(event).unwrap());
        assert!(grammar.is_finished());
        piece
    }

    fn longest(&self, score: &Score) -> usize {
        self.index.report(score).longest_run.unwrap()
    }
}

#[test]
fn no_run_is_longer_than_requested() {
    for grid in [4, 12, 16, 24] {
        let workshop = workshop(grid);
        let free = (0..4).map(|seed| workshop.longest(&workshop.compose(&workshop.request(None, seed)).score));
        let free: Vec<usize> = free.collect();
        assert!(
            free.iter().any(|longest| *longest > LONG),
            "grid {grid}: it does not know its songs by heart: {free:?}"
        );
        for seed in 0..4 {
            for most in [1, 2, 4, 8, 16] {
                let piece = workshop.compose(&workshop.request(Some(most), seed));
                let longest = workshop.longest(&piece.score);
                assert!(longest <= most, "grid {grid}: {longest} notes where {most} were allowed");
                assert!(piece.report.valid && piece.report.bars == 12 && piece.report.notes > 60, "{:?}", piece.report);
                assert_eq!(piece.score.instruments(), INSTRUMENTS);
            }
        }
    }
}

#[test]
fn what_is_far_from_the_songs_is_left_alone() {
    let workshop = workshop(12);
    let model = Hashing::new(&*workshop.representation, 3.0);
    let free = workshop.compose_with(&model, &Request { most_notes_in_bar: 30, ..workshop.request(None, 1) });
    let longest = workshop.longest(&free.score);
    let kept = workshop.compose_with(&model, &Request { most_notes_in_bar: 30, ..workshop.request(Some(longest), 1) });
    assert_eq!(free.score.parts, kept.score.parts);
}

#[test]
fn lengths_hold_and_the_grammar_may_be_left_out() {
    let workshop = workshop(12);
    for (length, grammar) in [
        (Length::Notes(150), true),
        (Length::Seconds(21.3), true),
        (Length::Open { most_bars: 9 }, true),
        (Length::Bars(6), false),
    ] {
        let piece = workshop.compose(&Request { length, grammar, ..workshop.request(Some(3), 5) });
        assert!(workshop.longest(&piece.score) <= 3, "{length:?}");
        assert!(!matches!(length, Length::Notes(_)) || piece.report.notes == 150, "{:?}", piece.report);
    }
}

#[test]
fn the_same_request_gives_the_same_pieces_whatever_the_threads() {
    let workshop = workshop(12);
    let request = workshop.request(Some(5), 3);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let cancel = AtomicBool::new(false);
        let made = || generate_many(&workshop.model, &*workshop.representation, &request, 4, &|_| {}, &cancel);
        pool.install(made).unwrap().into_iter().map(|piece| piece.score).collect::<Vec<_>>()
    };
    let once = run(1);
    assert_eq!(once, run(3));
    assert!(once[0].texts[0].contains(r#""avoid_copies":{"most":5,"corpus":"two songs"}"#), "{}", once[0].texts[0]);
}

/// The longest run in common that has a note of its own at `from` or later.
fn longest_of_new(index: &OriginalityIndex, piece: &Score, from: Ticks) -> usize {
    let first = grid_step(from, piece.resolution);
    let newest = |line: &Line| line.notes().iter().position(|note| note.step >= first);
    let ends = |line: &Line| newest(line).map_or(0..0, |new| new..line.notes().len());
    let run_to = |line: &Line, end: usize| {
        let run = |begin: usize| {
            let notes = line.notes()[begin..=end].iter().map(|note| Note {
                onset: Ticks(note.step),
                pitch: note.pitch,
                duration: Ticks(1),
                velocity: 1,
            });
            let instrument = piece.instruments().into_iter().find(|it| it.is_drums() == line.player().is_drums());
            let part = Part { name: String::new(), instrument: instrument.unwrap(), notes: notes.collect() };
            let only = Score { resolution: Resolution::new(12).unwrap(), parts: vec![part], ..Score::default() };
            index.report(&only).longest_run == Some(end - begin + 1)
        };
        (0..=end).rev().take_while(|&begin| run(begin)).count()
    };
    lines(piece).iter().flat_map(|line| ends(line).map(move |end| run_to(line, end))).max().unwrap()
}

#[test]
fn a_prime_is_context_and_stays_as_it_is() {
    let workshop = workshop(12);
    for (prime, bars) in [(song(0), 5), (song(1), 7), (common::prime(), 3)] {
        let own = prime.instruments();
        for most in [3, 6] {
            let request = Request {
                prime: Some(Prime { score: prime.clone(), bars: Some(bars) }),
                header: Header::default(),
                length: Length::Bars(6),
                ..workshop.request(Some(most), 2)
            };
            let piece = workshop.compose(&request);
            let cut = piece.score.bars().nth(bars).unwrap().start;
            let before = |score: &Score, at: Ticks| {
                let early = |part: &Part| part.notes.iter().filter(|note| note.onset < at).count();
                score.parts.iter().map(early).sum::<usize>()
            };
            assert_eq!(before(&piece.score, cut), before(&prime, prime.bars().nth(bars).unwrap().start));
            let longest = longest_of_new(&workshop.index, &piece.score, cut);
            assert!(longest <= most, "{longest} notes where {most} were allowed, after {own:?}");
            let free = workshop.compose(&Request { avoid: None, ..request });
            let knows = own == INSTRUMENTS;
            assert!(!knows || longest_of_new(&workshop.index, &free.score, cut) > LONG, "it would have gone on");
        }
    }
}

#[test]
fn where_every_pitch_is_a_copy_no_note_is_written() {
    // Each player has one pitch, and a song has that pitch again after every step that a bar has
    // room for.
    let workshop = workshop(2);
    let mut notes = Vec::new();
    let mut now = 0;
    for step in (0..=96).step_by(6) {
        now += step;
        notes.push(Note { onset: Ticks(now), pitch: 60, duration: Ticks(1), velocity: 90 });
    }
    let part = |instrument, notes| Part { name: String::new(), instrument, notes };
    let resolution = Resolution::new(12).unwrap();
    let parts = vec![part(Instrument::Program(0), notes)];
    let index = OriginalityIndex::build([("all", Score { resolution, parts, ..Score::default() })]).unwrap();
    let ranges = vec![PitchRange { instruments: InstrumentSelection::parse("piano").unwrap(), low: 60, high: 60 }];
    for (length, seed) in [(Length::Bars(4), 1), (Length::Notes(9), 2), (Length::Seconds(9.0), 3)] {
        let request = Request {
            length,
            header: Header { genre: None, instruments: vec![Instrument::Program(0)] },
            constraints: Constraints { ranges: ranges.clone(), ..Constraints::default() },
            avoid: Some(AvoidCopies { index: Arc::new(index.clone()), most: 1, corpus: None }),
            ..workshop.request(None, seed)
        };
        let piece = workshop.compose(&request);
        let line = &lines(&piece.score)[0];
        assert_eq!(line.notes().len(), 1, "the first note alone is free, {length:?}: {:?}", line.notes());
    }
}

#[test]
fn what_cannot_be_avoided_is_refused_with_its_reason() {
    let workshop = workshop(12);
    let refused = |representation: &dyn Representation, request: &Request| -> ComposeError {
        let model = Hashing::new(representation, 1.0);
        generate(&model, representation, request, 0, &|_| {}, &AtomicBool::new(false)).unwrap_err()
    };
    let study = Request { header: Header::default(), length: Length::Notes(9), ..workshop.request(Some(4), 0) };
    assert!(refused(&*notes(), &study).to_string().contains("rhythm"));
    let none = refused(&*workshop.representation, &workshop.request(Some(0), 0));
    assert!(none.to_string().contains("avoid_copies = 0"), "{none}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_holds_with_every_other_option(
        seed in any::<u64>(), most in 2usize..10, bars in 1usize..10, temperature in 0.0f64..1.5, low in 40u8..64,
    ) {
        let workshop = workshop(12);
        let range = PitchRange { instruments: InstrumentSelection::parse("piano").unwrap(), low, high: low + 24 };
        let request = Request {
            length: Length::Bars(bars),
            sampling: Sampling::new(FieldSampling { temperature, ..FieldSampling::default() }),
            constraints: Constraints { ranges: vec![range], ..Constraints::default() },
            meter: Some((3, 4)),
            ..workshop.request(Some(most), seed)
        };
        let piece = workshop.compose(&request);
        prop_assert!(workshop.longest(&piece.score) <= most);
        prop_assert_eq!(piece.report.bars, bars);
    }
}
