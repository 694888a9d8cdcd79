//! Pieces of the representations of frames.

use crate::common::{chorales, compose, frames, prime, rolls};
use leitmotif_compose::{Length, Prime, Request};
use leitmotif_score::midi::{ReadOptions, read_midi, write_midi};
use leitmotif_score::{Quarters, Ticks};

#[test]
fn a_chorale_is_four_parts_that_a_file_holds() {
    for seed in 0..4 {
        let request = Request { length: Length::Bars(3), seed, ..Request::default() };
        let piece = compose(&*chorales(), 9.0, &request).unwrap();
        let names: Vec<_> = piece.score.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["soprano", "alto", "tenor", "bass"]);
        assert_eq!((piece.report.bars, piece.score.resolution.quarters(piece.score.end())), (3, Quarters(12.0)));
        for part in &piece.score.parts {
            assert!(part.notes.windows(2).all(|pair| pair[0].end() <= pair[1].onset), "one note at a time");
        }
        let (read, _) = read_midi(&write_midi(&piece.score).unwrap(), &ReadOptions::default()).unwrap();
        assert_eq!(read.parts.len(), 4);
        assert_eq!(read.note_count(), piece.score.note_count());
    }
}

#[test]
fn a_roll_is_as_long_as_requested() {
    for representation in [frames(), rolls()] {
        let request = Request { length: Length::Bars(2), tempo: Some(90.0), ..Request::default() };
        let piece = compose(&*representation, 9.0, &request).unwrap();
        assert_eq!((piece.report.bars, piece.score.parts.len()), (2, 1));
        assert!((piece.score.tempo_map().tempo_at(Ticks(0)).quarters_per_minute() - 90.0).abs() < 1e-3);
        let notes = Request { length: Length::Notes(40), ..Request::default() };
        assert!(compose(&*representation, 9.0, &notes).unwrap().report.notes >= 40);
    }
}

#[test]
fn a_prime_goes_on() {
    for representation in [chorales(), frames(), rolls()] {
        let prime = Prime { score: prime(), bars: Some(2) };
        let request = Request { prime: Some(prime.clone()), length: Length::Bars(4), ..Request::default() };
        let piece = compose(&*representation, 5.0, &request).unwrap();
        assert_eq!(piece.score.parts[0].notes[..6], prime.score.parts[0].notes[..6]);
        assert!(piece.score.note_count() > prime.score.note_count());
    }
}
