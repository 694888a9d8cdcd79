//! Sections that return.

use crate::common::{BASS, DRUMS, Hashing, PIANO};
use leitmotif_compose::{ChordRequest, ComposeError, FormRequest, Length, Piece, Request, generate};
use leitmotif_events::cells::CellSong;
use leitmotif_events::{Header, Representation, RepresentationConfig, build};
use leitmotif_score::parse_progression;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn cells() -> Arc<dyn Representation> {
    build(&RepresentationConfig::Cells { grid: 12, genres: Vec::new(), references: true }).unwrap()
}

fn request(sections: &str, variation: f64, bars: usize) -> Request {
    let header = Header { genre: None, instruments: vec![PIANO, BASS, DRUMS] };
    let form = Some(FormRequest { sections: sections.to_owned(), variation });
    Request { header, form, meter: Some((4, 4)), length: Length::Bars(bars), seed: 3, ..Request::default() }
}

fn composed(request: &Request, piece: u64) -> Result<Piece, ComposeError> {
    let representation = cells();
    let model = Hashing::new(&*representation, 3.0);
    generate(&model, &*representation, request, piece, &|_| (), &AtomicBool::new(false))
}

fn song(request: &Request, piece: u64) -> CellSong {
    let composed = composed(request, piece).unwrap();
    assert!(composed.report.valid);
    cells().cells().unwrap().song(&composed.sequence).unwrap()
}

/// The share of the cells of two ranges of bars that are the same, among those in which one plays.
fn alike(song: &CellSong, from: usize, to: usize, bars: usize) -> f64 {
    let cells = (0..bars).flat_map(|bar| (0..song.parts.len()).map(move |part| (bar, part)));
    let pairs = cells.map(|(bar, part)| (song.cell(from + bar, part).unwrap(), song.cell(to + bar, part).unwrap()));
    let pairs: Vec<_> = pairs.filter(|(a, b)| !a.is_empty() || !b.is_empty()).collect();
    pairs.iter().filter(|(a, b)| a == b).count() as f64 / pairs.len() as f64
}

#[test]
fn sections_return_exactly_and_all_instruments_play() {
    for piece in 0..6 {
        let song = song(&request("AABA", 0.0, 16), piece);
        assert_eq!(song.bars.len(), 16);
        assert_eq!((alike(&song, 0, 4, 4), alike(&song, 0, 12, 4)), (1.0, 1.0));
        assert!(alike(&song, 0, 8, 4) < 0.5, "another section is another");
        let plays = |part: usize| (0..16).any(|bar| song.cell(bar, part).is_some_and(|cell| !cell.is_empty()));
        assert!(song.parts.len() == 3 && (0..3).all(plays));
    }
}

#[test]
fn variation_leaves_a_share_of_what_returns_to_the_model() {
    let share = |variation| {
        let songs = (0..8).map(|piece| song(&request("ABAB", variation, 16), piece));
        songs.map(|song| alike(&song, 0, 8, 8)).sum::<f64>() / 8.0
    };
    let (some, all) = (share(0.3), share(1.0));
    assert!((0.55..0.95).contains(&some) && all < some, "{some} {all}");
}

#[test]
fn a_piece_of_new_sections_is_what_the_model_makes_of_it() {
    let free = Request { form: None, ..request("ABCD", 0.0, 8) };
    assert_eq!(composed(&free, 0).unwrap().sequence, composed(&request("ABCD", 0.0, 8), 0).unwrap().sequence);
}

#[test]
fn what_cannot_return_is_refused() {
    let refused = |request: &Request| composed(request, 0).unwrap_err().to_string();
    assert!(refused(&request("AAB", 0.0, 16)).contains("divides the 16 bars"));
    assert!(refused(&request("A B", 0.0, 9)).contains("letters"));
    assert!(refused(&request("", 0.0, 9)).contains("letters"));
    assert!(refused(&request("ABCDEFA", 0.0, 84)).contains("within 64 bars"));
    assert!(refused(&request("AB", 1.5, 8)).contains("between 0 and 1"));
    assert!(refused(&Request { length: Length::Notes(50), ..request("AA", 0.0, 8) }).contains("length in bars"));
    let text = "C F G";
    let chords = ChordRequest { text: text.into(), progression: parse_progression(text, None).unwrap(), strict: true };
    let strict = Request { chords: Some(chords), ..request("AA", 0.0, 8) };
    assert!(refused(&strict).contains("as long as the progression"));
    let representation = build(&RepresentationConfig::Events { grid: 12, genres: Vec::new() }).unwrap();
    let model = Hashing::new(&*representation, 3.0);
    let events = Request { header: Header::default(), ..request("AA", 0.0, 8) };
    let error = generate(&model, &*representation, &events, 0, &|_| (), &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("only models of cells"));
}
