//! Piano rolls, read back as XML.

use leitmotif_render::{Highlight, MAX_DRAWN_NOTES, RollOptions, Theme, piano_roll, svg_to_png};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use proptest::prelude::*;

fn part(instrument: Instrument, notes: Vec<Note>) -> Part {
    Part { name: "A <part> & more".into(), instrument, notes }
}

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 80 }
}

fn band(bars: u64) -> Score {
    let tune = (0..bars * 8).map(|k| note(k * 240, 55 + (k * 7 % 24) as u8, 200)).collect();
    let low = (0..bars * 4).map(|k| note(k * 480, 36 + (k % 5) as u8, 400)).collect();
    let beat = (0..bars * 8).map(|k| note(k * 240, [36, 42, 38, 42][k as usize % 4], 60)).collect();
    let parts =
        vec![part(Instrument::Program(0), tune), part(Instrument::Program(33), low), part(Instrument::Drums(0), beat)];
    Score { title: Some("A & B".into()), parts, ..Score::default() }
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    document.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).map(str::to_owned).collect()
}

#[test]
fn everything_is_named() {
    let texts = texts(&piano_roll(&band(2), &RollOptions::default()));
    for wanted in ["A & B", "Acoustic Grand Piano", "Electric Bass (finger)", "Closed Hi-Hat", "C2", "C4", "1", "2"] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} is missing from {texts:?}");
    }
}

#[test]
fn five_minutes_stay_a_small_file_that_rasterises() {
    let score = band(150);
    let svg = piano_roll(&score, &RollOptions::default());
    assert!(svg.len() < score.note_count() * 30 + 40_000, "{} bytes for {} notes", svg.len(), score.note_count());
    assert!(svg_to_png(&svg, 1.0).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn only_the_chosen_bars_are_drawn() {
    let options = RollOptions { from_bar: Some(5), to_bar: Some(6), ..RollOptions::default() };
    let texts = texts(&piano_roll(&band(16), &options));
    assert!(texts.contains(&"5".to_owned()) && texts.contains(&"6".to_owned()));
    assert!(!texts.contains(&"1".to_owned()) && !texts.contains(&"7".to_owned()));
}

#[test]
fn a_highlight_is_labelled_and_a_score_without_notes_is_noted() {
    let highlights = vec![Highlight { from: Ticks(0), to: Ticks(1920), label: "prime".into() }];
    let options = RollOptions { highlights, theme: Theme::Auto, ..RollOptions::default() };
    assert!(texts(&piano_roll(&band(4), &options)).contains(&"prime".to_owned()));
    assert!(texts(&piano_roll(&Score::default(), &options)).contains(&"no notes".to_owned()));
}

#[test]
fn many_notes_and_long_ones_make_a_picture_of_bounded_size_that_says_so() {
    let many = (0..3 * MAX_DRAWN_NOTES as u64).map(|k| note(k * 12, 30 + (k * 7 % 60) as u8, 60)).collect();
    let svg = piano_roll(
        &Score { parts: vec![part(Instrument::Program(0), many)], ..Score::default() },
        &RollOptions::default(),
    );
    assert!(svg.len() < 4_000_000, "{}", svg.len());
    assert!(texts(&svg).iter().any(|text| text.ends_with("200,000 notes more not drawn")), "{:?}", texts(&svg)[1]);
    let long = (0..40_000).map(|k| note(k, 30 + (k * 7 % 60) as u8, 400_000)).collect();
    let svg = piano_roll(
        &Score { parts: vec![part(Instrument::Program(0), long)], ..Score::default() },
        &RollOptions::default(),
    );
    assert!(svg.len() < 1_500_000, "{}", svg.len());
    assert!(texts(&svg).iter().any(|text| text.ends_with("held notes drawn in their first row only")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_score_gives_a_well_formed_picture_of_bounded_size(
        notes in prop::collection::vec((0u64..200_000_000, 0u8..=255, 1u64..100_000, 0u8..=255), 0..60),
        drums in any::<bool>(),
        width in prop::num::f64::ANY,
    ) {
        let notes = notes.into_iter().map(|(onset, pitch, duration, velocity)| Note {
            onset: Ticks(onset), pitch, duration: Ticks(duration), velocity,
        }).collect();
        let instrument = if drums { Instrument::Drums(0) } else { Instrument::Program(200) };
        let score = Score { parts: vec![part(instrument, notes)], ..Score::default() };
        let svg = piano_roll(&score, &RollOptions { width, ..RollOptions::default() });
        prop_assert!(roxmltree::Document::parse(&svg).is_ok());
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
        prop_assert!(svg.len() < 8_000_000, "{}", svg.len());
    }
}
