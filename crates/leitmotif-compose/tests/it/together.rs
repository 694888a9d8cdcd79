//! Pieces composed together are what each is alone.

use crate::common::{Hashing, events, notes, prime};
use crate::networks;
use leitmotif_compose::{ComposeError, Length, Piece, PieceProgress, Prime, Request, generate, generate_many};
use leitmotif_events::{Header, Representation};
use leitmotif_model::{MarkovBuilder, Model, ModelConfig, ModelDescription, ModelKind};
use leitmotif_score::Instrument;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

fn small() -> ModelConfig {
    ModelConfig {
        d_model: 32,
        layers: 2,
        heads: 2,
        d_ff: 48,
        d_field: 24,
        segment: 24,
        memory: 16,
        compressed: 8,
        ..ModelConfig::default()
    }
}

/// One of each family.
fn models(representation: &dyn Representation) -> Vec<Box<dyn Model>> {
    let sizes = representation.vocabulary().sizes();
    let markov = ModelConfig { kind: ModelKind::Markov, ..small() };
    let mut markov = MarkovBuilder::new(&ModelDescription::new(markov, sizes.clone()).unwrap());
    let (song, _) = representation.encode(&prime(), &Header::default());
    markov.add_piece(&song.events().flatten().copied().collect::<Vec<_>>()).unwrap();
    vec![
        Box::new(Hashing::new(representation, 5.0)),
        Box::new(networks::network(ModelConfig { copy_features: true, ..small() }, &sizes)),
        Box::new(networks::network(ModelConfig { kind: ModelKind::Lstm, ..small() }, &sizes)),
        Box::new(markov.finish()),
    ]
}

fn same(a: &Piece, b: &Piece) -> bool {
    (&a.score, &a.report, &a.sequence) == (&b.score, &b.report, &b.sequence)
}

/// Composes `count` pieces on different numbers of threads and each alone.
fn compare(model: &dyn Model, representation: &dyn Representation, request: &Request, count: u64) {
    let never = AtomicBool::new(false);
    let alone: Vec<Piece> =
        (0..count).map(|piece| generate(model, representation, request, piece, &|_| {}, &never).unwrap()).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let together = pool.install(|| generate_many(model, representation, request, count, &|_| {}, &never)).unwrap();
        assert_eq!(together.len(), alone.len());
        for (number, (together, alone)) in together.iter().zip(&alone).enumerate() {
            assert!(same(together, alone), "piece {number} of {count} on {threads} threads");
        }
    }
}

#[test]
fn a_piece_is_the_same_alone_and_among_others() {
    let representation = events();
    let header = Header { genre: None, instruments: vec![Instrument::Program(33), Instrument::Drums(0)] };
    let requests = [
        Request { length: Length::Notes(60), seed: 3, header, ..Request::default() },
        Request { length: Length::Open { most_bars: 3 }, most_notes_in_bar: 20, ..Request::default() },
        Request {
            prime: Some(Prime { score: prime(), bars: None }),
            length: Length::Bars(2),
            most_notes_in_bar: 20,
            ..Request::default()
        },
        Request { grammar: false, length: Length::Bars(2), most_notes_in_bar: 20, ..Request::default() },
    ];
    for model in models(&*representation) {
        requests.iter().for_each(|request| compare(&*model, &*representation, request, 6));
    }
    let representation = notes();
    let request = Request { length: Length::Notes(40), ..Request::default() };
    models(&*representation).iter().for_each(|model| compare(&**model, &*representation, &request, 3));
}

#[test]
fn many_groups_keep_the_order() {
    let representation = events();
    let model = networks::network(small(), &representation.vocabulary().sizes());
    compare(&model, &*representation, &Request { length: Length::Notes(5), ..Request::default() }, 37);
    compare(&model, &*representation, &Request { length: Length::Notes(5), ..Request::default() }, 0);
}

#[test]
fn each_piece_reports_its_progress() {
    let representation = events();
    let model = Hashing::new(&*representation, 5.0);
    let request = Request { length: Length::Notes(300), ..Request::default() };
    let reported: Mutex<Vec<PieceProgress>> = Mutex::default();
    let progress = |progress| reported.lock().unwrap().push(progress);
    let pieces = generate_many(&model, &*representation, &request, 3, &progress, &AtomicBool::new(false)).unwrap();
    let reported = reported.into_inner().unwrap();
    for piece in &pieces {
        let own: Vec<&PieceProgress> =
            reported.iter().filter(|progress| progress.piece == piece.report.piece).collect();
        assert_eq!(own.len(), (piece.report.events - 1) / 64 + 1);
        assert!(own.windows(2).all(|pair| pair[0].done <= pair[1].done && pair[0].notes <= pair[1].notes));
        assert!(own[..own.len() - 1].iter().all(|progress| progress.done < 1.0));
        assert_eq!((own[own.len() - 1].done, own[own.len() - 1].notes), (1.0, 300));
    }
}

#[test]
fn a_group_can_be_stopped() {
    let representation = events();
    let model = Hashing::new(&*representation, 5.0);
    let request = Request { length: Length::Notes(5000), ..Request::default() };
    let (cancel, calls) = (AtomicBool::new(false), AtomicBool::new(false));
    let progress = |progress: PieceProgress| {
        calls.store(true, Ordering::Relaxed);
        cancel.fetch_or(progress.notes > 100, Ordering::Relaxed);
    };
    let stopped = generate_many(&model, &*representation, &request, 3, &progress, &cancel);
    assert!(matches!(stopped, Err(ComposeError::Cancelled)) && calls.load(Ordering::Relaxed));
}

#[test]
fn a_refusal_is_the_same_for_one_and_many() {
    let representation = events();
    let model = Hashing::new(&*representation, 5.0);
    let header = Header { genre: None, instruments: vec![Instrument::Program(0), Instrument::Program(33)] };
    let request = Request { header, length: Length::Notes(1), ..Request::default() };
    let never = AtomicBool::new(false);
    let one = generate(&model, &*representation, &request, 0, &|_| {}, &never).unwrap_err();
    let many = generate_many(&model, &*representation, &request, 4, &|_| {}, &never).unwrap_err();
    assert!(one.to_string().contains("too few"));
    assert_eq!(one.to_string(), many.to_string());
}
