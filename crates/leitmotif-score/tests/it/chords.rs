//! Chords as musicians type them.

use leitmotif_score::{
    Bars, Chord, ChordProblem, ChordQuality, ChordSpan, MAX_CHORDS_A_BAR, MAX_PROGRESSION_BARS, MAX_PROGRESSION_BYTES,
    Meter, Resolution, Ticks, Tonality, parse_progression,
};
use proptest::prelude::*;

const C_MAJOR: Option<Tonality> = Some(Tonality { tonic: 0, minor: false });

/// A progression as text with one form: bars apart by `|`, chords by a space.
fn plain(text: &str, key: Option<Tonality>) -> String {
    let name = |chord: &Option<Chord>| chord.map_or("N.C.".to_owned(), |chord| chord.to_string());
    let bars = parse_progression(text, key).unwrap().bars;
    bars.iter().map(|bar| bar.iter().map(name).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("|")
}

fn refused(text: &str, key: Option<Tonality>) -> (usize, ChordProblem) {
    let error = parse_progression(text, key).unwrap_err();
    (error.at, error.problem)
}

#[test]
fn without_bar_lines_each_chord_is_a_bar() {
    assert_eq!(plain("Am F C G", None), "Am|F|C|G");
    assert_eq!(plain(" Am,F  %\nN.C. - C/E – G ", None), "Am|F|F|N.C.|C/E|G");
    assert_eq!(plain("I V vi IV", C_MAJOR), "C|G|Am|F");
    assert_eq!(plain("ii7 V7 Imaj7 Bb bVII", C_MAJOR), "Dm7|G7|Cmaj7|Bb|Bb");
}

#[test]
fn with_bar_lines_chords_share_bars() {
    assert_eq!(plain("Dm7 G7 | Cmaj7 | %", None), "Dm7 G7|Cmaj7|Cmaj7");
    assert_eq!(plain("| Am F | % || NC C |\n| G B° E7 Am |", None), "Am F|Am F|N.C. C|G Bdim E7 Am");
    assert_eq!(plain("C|", None), "C");
    assert_eq!(plain("| ii V | I |", C_MAJOR), "Dm G|C");
}

#[test]
fn what_is_wrong_is_found_where_it_stands() {
    assert_eq!(refused("Am F♯ Hm", None), (8, ChordProblem::Root));
    assert_eq!(refused("C | G V7", None), (6, ChordProblem::NoKey));
    assert_eq!(refused("I | V/V", C_MAJOR), (4, ChordProblem::Secondary));
    assert_eq!(refused("% C", None), (0, ChordProblem::NothingToRepeat));
    assert_eq!(refused("C | G %", None), (6, ChordProblem::RepeatBesideChords));
    assert_eq!(refused("C | C D E F G A", None), (12, ChordProblem::CrowdedBar));
    for empty in ["", "  ", "| |", "-"] {
        assert_eq!(refused(empty, None), (0, ChordProblem::Empty));
    }
}

#[test]
fn an_error_points_at_the_symbol() {
    let shown = parse_progression("Am | F♯7 Gxyz\n| C", None).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("`Gxyz`: no quality of chords is written `xyz`; a chord is"), "{shown}");
    assert!(lines[0].contains("m7b5 or dim7"), "{shown}");
    assert_eq!(lines[1..], ["  Am | F♯7 Gxyz", "           ^^^^"]);
    let long = format!("{}X{}", "C ".repeat(100), " D".repeat(100));
    let shown = parse_progression(&long, None).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    let under = lines[2].chars().position(|it| it == '^').unwrap();
    assert_eq!(lines[1].chars().nth(under), Some('X'));
    assert!(lines[1].chars().count() < 100 && lines[2].ends_with(" ^"), "{shown}");
    let endless = parse_progression(&"C".repeat(1000), None).unwrap_err().to_string();
    assert!(endless.len() < 1000 && endless.ends_with('^'), "{endless}");
    assert!(Chord::parse("Cfoo").unwrap_err().to_string().ends_with("\n  Cfoo\n  ^^^^"));
}

#[test]
fn progressions_have_limits() {
    let bars = "C ".repeat(MAX_PROGRESSION_BARS);
    assert_eq!(parse_progression(&bars, None).unwrap().bars.len(), MAX_PROGRESSION_BARS);
    assert_eq!(refused(&(bars + "%"), None), (2 * MAX_PROGRESSION_BARS, ChordProblem::TooManyBars));
    let long = "é".repeat(MAX_PROGRESSION_BYTES / 2) + " ";
    let error = parse_progression(&long, None).unwrap_err();
    assert_eq!(error.problem, ChordProblem::TooLong(MAX_PROGRESSION_BYTES + 1));
    assert!(error.text.len() < 100 && error.to_string().len() < 100);
}

#[test]
fn a_progression_repeats_over_the_bars() {
    let meters =
        [(0, 4, 4), (16, 3, 4)].map(|(at, numerator, denominator)| Meter { at: Ticks(at), numerator, denominator });
    let bars = Bars::new(Resolution::new(4).unwrap(), &meters, Ticks(40));
    let spans = parse_progression("C D | N.C.", None).unwrap().spans(bars);
    let chord = |root| Some(Chord::new(root, ChordQuality::Major));
    let span = |at, until, chord| ChordSpan { at: Ticks(at), until: Ticks(until), chord };
    let expected = [
        span(0, 8, chord(0)),
        span(8, 16, chord(2)),
        span(16, 28, None),
        span(28, 34, chord(0)),
        span(34, 40, chord(2)),
    ];
    assert_eq!(spans, expected);
    let short =
        Bars::new(Resolution::new(1).unwrap(), &[Meter { at: Ticks(0), numerator: 1, denominator: 4 }], Ticks(1));
    assert_eq!(parse_progression("C D E |", None).unwrap().spans(short), [span(0, 1, chord(4))]);
}

fn symbols() -> impl Strategy<Value = String> {
    prop::collection::vec("[A-H#b♯♭iIvVmMajdinsu°øΔ+0-9/%|NC., ()-]{1,8}|%| \\| |N\\.C\\.", 0..12)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in prop_oneof!["\\PC{0,80}", symbols()], tonic in 0..=255u8, minor: bool) {
        for key in [None, Some(Tonality { tonic, minor })] {
            match parse_progression(&text, key) {
                Ok(progression) => {
                    prop_assert!(!progression.bars.is_empty());
                    prop_assert!(progression.bars.iter().all(|bar| (1..=MAX_CHORDS_A_BAR).contains(&bar.len())));
                    prop_assert!(progression.bars.iter().flatten().flatten().all(|chord| chord.root < 12));
                }
                Err(error) => {
                    prop_assert!(text[error.at..].starts_with(&error.symbol));
                    let carets = error.to_string().lines().last().unwrap().contains('^');
                    prop_assert_eq!(carets, !error.symbol.is_empty());
                }
            }
        }
        let _ = Chord::parse(&text);
    }
}
