//! Chords as musicians type them, and as scores play them.

use leitmotif_score::{
    Bars, Chord, ChordProblem, ChordQuality, ChordSpan, Instrument, MAX_CHORDS_A_BAR, MAX_PROGRESSION_BARS,
    MAX_PROGRESSION_BYTES, Meter, Note, Part, Resolution, Score, Ticks, Tonality, estimate_chords, parse_progression,
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

    #[test]
    fn every_score_is_covered_by_spans(
        notes in prop::collection::vec((0..4000u64, 1..3000u64, 0..128u8), 1..40),
        meters in prop::collection::vec((0..4000u64, 1..=255u8, 0..8u32), 0..4),
        resolution in 1..1000u16,
    ) {
        let meters = meters.into_iter();
        let mut score = Score {
            parts: vec![part(&notes)],
            resolution: Resolution::new(resolution).unwrap(),
            meters: meters
                .map(|(at, numerator, power)| Meter { at: Ticks(at), numerator, denominator: 1 << power })
                .collect(),
            ..Score::default()
        };
        score.normalise();
        let spans = estimate_chords(&score);
        prop_assert_eq!(spans[0].at, Ticks(0));
        prop_assert_eq!(spans[spans.len() - 1].until, score.bars().last().unwrap().end());
        prop_assert!(spans.iter().all(|span| span.at < span.until));
        prop_assert!(spans.windows(2).all(|pair| pair[0].until == pair[1].at && pair[0].chord != pair[1].chord));
    }
}

const BAR: u64 = 1920;
const BEAT: u64 = 480;

fn part(notes: &[(u64, u64, u8)]) -> Part {
    let note = |&(onset, duration, pitch)| Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 80 };
    Part { name: String::new(), instrument: Instrument::Program(0), notes: notes.iter().map(note).collect() }
}

/// What is estimated, in the form of [`plain`], with the ticks of spans that do not begin with a
/// bar.
fn found(parts: Vec<Part>) -> String {
    let mut score = Score { parts, ..Score::default() };
    score.normalise();
    let spans = estimate_chords(&score);
    assert_eq!(spans[0].at, Ticks(0));
    assert_eq!(spans[spans.len() - 1].until, score.bars().last().unwrap().end());
    for pair in spans.windows(2) {
        assert!(pair[0].until == pair[1].at && pair[0].chord != pair[1].chord);
    }
    let name = |span: &ChordSpan| {
        let chord = span.chord.map_or("N.C.".to_owned(), |chord| chord.to_string());
        format!("{}:{chord}", span.at.0 as f64 / BAR as f64)
    };
    spans.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// A block chord of a length: the bass below, the others above middle C.
fn block(chord: Chord, at: u64, length: u64) -> Vec<(u64, u64, u8)> {
    let tones = (0..12).filter(|tone| chord.contains(*tone)).map(|tone| (at, length, 60 + tone));
    tones.chain([(at, length, 36 + chord.lowest())]).collect()
}

/// A progression in block chords.
fn blocks(text: &str) -> Part {
    let progression = parse_progression(text, None).unwrap();
    let bars = Bars::new(Resolution::DEFAULT, &[], Ticks(BAR * progression.bars.len() as u64));
    let spans = progression.spans(bars);
    let notes = spans.iter().filter_map(|span| Some(block(span.chord?, span.at.0, (span.until - span.at).0)));
    part(&notes.flatten().collect::<Vec<_>>())
}

#[test]
fn every_quality_is_found_in_root_position() {
    for quality in ChordQuality::ALL {
        for root in 0..12 {
            let chord = Chord::new(root, quality);
            assert_eq!(found(vec![part(&block(chord, 0, BAR))]), format!("0:{chord}"));
        }
    }
}

#[test]
fn inversions_are_named() {
    // The others share their notes with a chord in root position, or sound like one.
    for symbol in ["C/E", "C/G", "Am/C", "Am/E", "Bdim/D", "Bdim/F", "G7/B", "G7/D", "G7/F", "Cmaj7/G", "Bm7b5/F"] {
        assert_eq!(found(vec![blocks(symbol)]), format!("0:{symbol}"));
        assert_eq!(found(vec![blocks(&format!("{symbol} % % %"))]), format!("0:{symbol}"));
    }
    assert_eq!(found(vec![blocks("C | C/E | F | F/C | C")]), "0:C 1:C/E 2:F 3:F/C 4:C");
    assert_eq!(found(vec![blocks("C6 | Am7 | Dm7b5 | Fm6")]), "0:C6 1:Am7 2:Dm7b5 3:Fm6");
}

#[test]
fn chords_change_on_bars_and_half_bars() {
    assert_eq!(found(vec![blocks("Am F C G")]), "0:Am 1:F 2:C 3:G");
    assert_eq!(found(vec![blocks("Dm7 G7 | Cmaj7 | % | Am F")]), "0:Dm7 0.5:G7 1:Cmaj7 3:Am 3.5:F");
    assert_eq!(found(vec![blocks("C G Am F | C")]), "0:C 0.25:G 0.5:Am 0.75:F 1:C");
}

#[test]
fn a_bass_that_alternates_is_no_inversion() {
    let bass: Vec<_> = (0..8).map(|beat| (beat * BEAT, BEAT, [48, 43][beat as usize % 2])).collect();
    assert_eq!(found(vec![part(&bass), blocks("N.C. | N.C."), part(&[(0, 2 * BAR, 64), (0, 2 * BAR, 67)])]), "0:C");
}

#[test]
fn arpeggios_are_chords() {
    let eighths = |bars: &[[u8; 4]]| -> Part {
        let of = |(bar, pitches): (usize, &[u8; 4])| {
            let at = move |step: usize| bar as u64 * BAR + step as u64 * BEAT / 2;
            let pitches = *pitches;
            (0..8).map(move |step| (at(step), BEAT / 2, pitches[step % 4]))
        };
        part(&bars.iter().enumerate().flat_map(of).collect::<Vec<_>>())
    };
    let alberti = [[48, 55, 52, 55], [50, 57, 53, 57], [43, 53, 47, 53], [48, 55, 52, 55]];
    assert_eq!(found(vec![eighths(&alberti)]), "0:C 1:Dm 2:G7 3:C");
    let falling = [[69, 64, 60, 57], [65, 60, 57, 53], [67, 64, 60, 55], [67, 62, 59, 55]];
    assert_eq!(found(vec![eighths(&falling)]), "0:Am 1:F 2:C 3:G");
}

#[test]
fn passing_notes_are_not_chords() {
    let steps = [72, 74, 76, 77, 79, 77, 76, 74, 72, 71, 69, 67, 65, 67, 69, 71];
    let melody: Vec<_> = (0..).zip(steps).map(|(step, pitch)| (step * BEAT / 2, BEAT / 2, pitch)).collect();
    assert_eq!(found(vec![part(&melody), blocks("C | F")]), "0:C 1:F");
    // A suspension over the bar line.
    assert_eq!(found(vec![part(&[(0, BAR + BEAT, 72), (BAR + BEAT, 3 * BEAT, 71)]), blocks("C | G")]), "0:C 1:G");
}

#[test]
fn silence_is_no_chord() {
    assert_eq!(found(vec![blocks("C | N.C. | G")]), "0:C 1:N.C. 2:G");
    assert_eq!(found(vec![blocks("N.C. | N.C. | Am")]), "0:N.C. 2:Am");
    assert_eq!(found(vec![blocks("C N.C. | C")]), "0:C");
    let drums = Part { instrument: Instrument::Drums(0), ..part(&[(0, BAR, 36)]) };
    assert_eq!(found(vec![drums.clone()]), "0:N.C.");
    assert_eq!(found(vec![drums, blocks("F")]), "0:F");
    assert_eq!(estimate_chords(&Score::default()), []);
}

#[test]
fn chromatic_noise_is_no_chord() {
    let cluster: Vec<_> = (0..24).map(|pitch| (0, 2 * BAR, 48 + pitch)).collect();
    assert_eq!(found(vec![part(&cluster)]), "0:N.C.");
}

#[test]
fn transposed_music_has_transposed_chords() {
    let parts = vec![blocks("Dm7 G7 | C | Am/C D7/F# | G")];
    let mut score = Score { parts, ..Score::default() };
    let spans = estimate_chords(&score);
    score.transpose(5);
    let up = |span: ChordSpan| ChordSpan { chord: span.chord.map(|chord| chord.transposed(5)), ..span };
    assert_eq!(estimate_chords(&score), spans.into_iter().map(up).collect::<Vec<_>>());
}

#[test]
fn endless_music_takes_no_endless_time() {
    let notes: Vec<_> = (0..20_000).map(|index| (index, 1 << 40, (index % 128) as u8)).collect();
    let score = Score { parts: vec![part(&notes)], resolution: Resolution::new(1).unwrap(), ..Score::default() };
    let spans = estimate_chords(&score);
    assert!(spans.len() < 20_000 && spans[spans.len() - 1].until < score.end());
}
