//! A piece of 100,000 notes in one go (10,000 without optimisation), from a trained model: nothing
//! in the way there may be quadratic.

use crate::common::{events, prime};
use leitmotif_compose::{Length, Request, generate};
use leitmotif_events::Header;
use leitmotif_model::{MarkovBuilder, ModelConfig, ModelDescription, ModelKind};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const NOTES: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };

#[test]
fn a_hundred_thousand_notes_in_one_go() {
    let representation = events();
    let model = ModelConfig { kind: ModelKind::Markov, order: 1, ..ModelConfig::default() };
    let description = ModelDescription::new(model, representation.vocabulary().sizes()).unwrap();
    let mut builder = MarkovBuilder::new(&description);
    let (sequence, _) = representation.encode(&prime(), &Header::default());
    builder.add_piece(sequence.values()).unwrap();
    let model = builder.finish();
    let request = Request { length: Length::Notes(NOTES), most_notes_in_bar: 40, ..Request::default() };
    let (began, halves) = (Instant::now(), Mutex::new(Vec::new()));
    let note = |progress: leitmotif_compose::PieceProgress| {
        let mut halves = halves.lock().unwrap();
        if halves.len() < 2 && progress.notes >= NOTES / 2 * (halves.len() + 1) {
            halves.push(began.elapsed().as_secs_f64());
        }
    };
    let piece = generate(&model, &*representation, &request, 0, &note, &AtomicBool::new(false)).unwrap();
    assert_eq!(piece.report.notes, NOTES);
    let halves = halves.into_inner().unwrap();
    assert!(halves[1] - halves[0] < 3.0 * halves[0] + 1.0, "the second half took longer: {halves:?}");
}
