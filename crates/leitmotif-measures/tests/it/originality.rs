//! Runs in common by a definition that a child could follow, and what must hold of the fast
//! measure.

use leitmotif_measures::originality::{LONGEST_STEP, Line, LineNote, NGRAMS, Player, lines};
use leitmotif_measures::{OriginalityIndex, OriginalityPercentiles, OriginalityReport};
use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Ticks};
use proptest::prelude::*;

/// In a clock of the grid's steps.
fn score(parts: &[(Instrument, Vec<(u64, u8)>)]) -> Score {
    let part = |(instrument, notes): &(Instrument, Vec<(u64, u8)>)| Part {
        name: String::new(),
        instrument: *instrument,
        notes: notes.iter().map(|&(onset, pitch)| note(onset, pitch)).collect(),
    };
    Score {
        resolution: Resolution::new(12).unwrap(),
        parts: parts.iter().map(part).collect(),
        meters: vec![Meter { at: Ticks(0), numerator: 3, denominator: 4 }],
        ..Score::default()
    }
}

fn note(onset: u64, pitch: u8) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(5), velocity: 80 }
}

/// Whether notes `a` and `b` follow the ones before them in the same way.
fn alike(drums: bool, a: &[LineNote], b: &[LineNote]) -> bool {
    let step = |pair: &[LineNote]| (pair[1].step - pair[0].step).min(LONGEST_STEP);
    let interval = |pair: &[LineNote]| i32::from(pair[1].pitch) - i32::from(pair[0].pitch);
    step(a) == step(b) && interval(a) == interval(b) && (!drums || a.iter().zip(b).all(|(a, b)| a.pitch == b.pitch))
}

/// The longest run of two lines: from every note of one and every note of the other as far as it
/// goes.
fn run_of(a: &Line, b: &Line) -> usize {
    if a.player().is_drums() != b.player().is_drums() {
        return 0;
    }
    let drums = a.player().is_drums();
    let (a, b) = (a.notes(), b.notes());
    let from = |i: usize, j: usize| {
        let more = a[i..].windows(2).zip(b[j..].windows(2)).take_while(|(a, b)| alike(drums, a, b)).count();
        1 + more
    };
    (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j))).map(|(i, j)| from(i, j)).max().unwrap_or(0)
}

fn longest_run(piece: &[Line], songs: &[Score], drums: Option<bool>) -> Option<usize> {
    let own = piece.iter().filter(|line| drums.is_none_or(|drums| drums == line.player().is_drums()));
    let others: Vec<Line> = songs.iter().flat_map(lines).collect();
    own.map(|line| others.iter().map(|other| run_of(line, other)).max().unwrap_or(0)).max()
}

fn share(piece: &[Line], songs: &[Score], n: usize) -> Option<f64> {
    let others: Vec<Line> = songs.iter().flat_map(lines).collect();
    let (mut all, mut some) = (0, 0);
    for line in piece {
        let drums = line.player().is_drums();
        for passage in line.notes().windows(n) {
            let same = |other: &[LineNote]| passage.windows(2).zip(other.windows(2)).all(|(a, b)| alike(drums, a, b));
            let mut theirs = others.iter().filter(|other| other.player().is_drums() == drums);
            all += 1;
            some += usize::from(theirs.any(|other| other.notes().windows(n).any(same)));
        }
    }
    (all > 0).then(|| some as f64 / all as f64)
}

fn index(songs: &[Score]) -> OriginalityIndex {
    OriginalityIndex::build(songs.iter().enumerate().map(|(number, song)| (format!("song {number}"), song))).unwrap()
}

/// Few steps and few pitches, so that much is in common.
fn small() -> impl Strategy<Value = Score> {
    let instrument = prop_oneof![
        Just(Instrument::Program(0)),
        Just(Instrument::Program(33)),
        Just(Instrument::Drums(0)),
        Just(Instrument::Drums(8)),
    ];
    let notes = prop::collection::vec((0u64..5, 60u8..63), 0..14).prop_map(|steps| {
        let mut now = 0;
        let far = |step| if step == 4 { LONGEST_STEP + 3 } else { step };
        let at = |(step, pitch)| {
            now += far(step);
            (now, pitch)
        };
        steps.into_iter().map(at).collect::<Vec<_>>()
    });
    prop::collection::vec((instrument, notes), 0..4).prop_map(|parts| score(&parts))
}

/// A melody without repetition: intervals and steps walk through all their pairs.
fn wandering(notes: u64) -> Vec<(u64, u8)> {
    let (mut now, mut state) = (0, 7u64);
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        now += 1 + (state >> 33) % 11;
        (now, 40 + (state >> 45) as u8 % 40)
    };
    (0..notes).map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_the_simple_definition(songs in prop::collection::vec(small(), 0..4), piece in small()) {
        let report = index(&songs).report(&piece);
        let own = lines(&piece);
        prop_assert_eq!(report.longest_run, longest_run(&own, &songs, None));
        prop_assert_eq!(report.pitched_run, longest_run(&own, &songs, Some(false)));
        prop_assert_eq!(report.drum_run, longest_run(&own, &songs, Some(true)));
        for n in NGRAMS {
            prop_assert_eq!(report.overlap[&n], share(&own, &songs, n), "{}", n);
        }
        prop_assert_eq!(report.nearest.map_or(0, |it| it.notes), report.longest_run.unwrap_or(0));
    }

    #[test]
    fn a_transposed_copy_of_a_line_has_all_of_it_in_common(
        songs in prop::collection::vec(small(), 1..4), chosen in any::<prop::sample::Index>(), semitones in -12i32..=12,
    ) {
        let mut copy = chosen.get(&songs).clone();
        copy.transpose(semitones);
        let whole = lines(&copy).iter().map(|line| line.notes().len()).max();
        let report = index(&songs).report(&copy);
        prop_assert_eq!(report.longest_run, whole);
        prop_assert!(report.overlap.values().flatten().all(|share| *share == 1.0));
    }

    #[test]
    fn the_order_of_parts_and_notes_does_not_matter(songs in prop::collection::vec(small(), 0..4), piece in small()) {
        let turned = |score: &Score| {
            let mut score = score.clone();
            score.parts.reverse();
            score.parts.iter_mut().for_each(|part| part.notes.reverse());
            score
        };
        let other: Vec<Score> = songs.iter().map(turned).collect();
        prop_assert_eq!(index(&songs).report(&piece), index(&other).report(&turned(&piece)));
    }

    #[test]
    fn forbidden_is_exactly_what_makes_a_run_too_long(
        songs in prop::collection::vec(small(), 0..4), wishes in prop::collection::vec((0u64..9, 59u8..64), 0..30),
        most in 1usize..5, drums in any::<bool>(), disorder in 0u64..3,
    ) {
        let index = index(&songs);
        let mut line = Line::new(if drums { Player::Drums } else { Player::Program(7) });
        for (number, (step, pitch)) in wishes.into_iter().enumerate() {
            // With some disorder, as a finer grid than this one brings it.
            let note = LineNote { step: number as u64 / 2 * 2 + step * disorder / 2, pitch };
            let forbidden = index.forbid(&line, note.step, most)[usize::from(pitch)];
            let mut longer = line.clone();
            longer.insert(note);
            let too_long = longest_run(std::slice::from_ref(&longer), &songs, None).unwrap() > most;
            prop_assert_eq!(forbidden, too_long, "{:?} after {:?}", note, line.notes());
            if !forbidden {
                line = longer;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_score_holds_it_is_measured(
        notes in prop::collection::vec((any::<u64>(), any::<u8>()), 0..9), edge in 0u64..3, resolution in 1..=u16::MAX,
        program in any::<u8>(), drums in any::<bool>(), meter in (any::<u64>(), any::<u8>(), any::<u8>()),
    ) {
        let instrument = if drums { Instrument::Drums(program) } else { Instrument::Program(program) };
        let mut score = score(&[(instrument, notes), (instrument, vec![(u64::MAX - edge, 255), (edge, 0)])]);
        score.resolution = Resolution::new(resolution).unwrap();
        score.meters = vec![Meter { at: Ticks(meter.0), numerator: meter.1, denominator: meter.2 }];
        let report = index(std::slice::from_ref(&score)).report(&score);
        prop_assert_eq!(report.longest_run, Some(report.notes), "one line, all of it in common");
    }
}

#[test]
fn the_nearest_passage_is_named_with_its_places() {
    let tune = [(0, 60), (6, 64), (12, 67), (18, 71), (24, 60)];
    let moved = |from: u64, up: u8| tune.iter().map(|&(at, pitch)| (at + from, pitch + up)).collect::<Vec<_>>();
    let song = |from, up| score(&[(Instrument::Program(40), [vec![(0, 20)], moved(from, up)].concat())]);
    let songs = [score(&[(Instrument::Program(0), wandering(30))]), song(80, 3), song(40, 0)];
    let piece = score(&[
        (Instrument::Drums(0), moved(0, 0)),
        (Instrument::Program(73), [vec![(1, 99)], moved(36, 7)].concat()),
    ]);
    let report = index(&songs).report(&piece);
    let nearest = report.nearest.unwrap();
    assert_eq!((nearest.notes, report.longest_run, report.pitched_run), (5, Some(5), Some(5)));
    assert_eq!((&*nearest.song, &*nearest.instrument, nearest.bar), ("song 1", "violin", 3));
    assert_eq!((&*nearest.piece_instrument, nearest.piece_bar), ("flute", 2));
    // Nothing of the songs is drums.
    assert_eq!((report.drum_run, report.nearest_drums, report.notes), (Some(0), None, 11));
}

#[test]
fn a_note_taken_out_breaks_the_run() {
    let notes = wandering(40);
    let song = score(&[(Instrument::Program(0), notes.clone())]);
    let index = index(std::slice::from_ref(&song));
    assert_eq!(index.report(&song).longest_run, Some(40));
    let mut broken = notes;
    broken.remove(25);
    let report = index.report(&score(&[(Instrument::Program(0), broken)]));
    assert_eq!(report.longest_run, Some(25));
    assert!(report.overlap[&8].unwrap() < 1.0);
}

#[test]
fn music_of_its_own_has_little_in_common() {
    let notes = wandering(4000);
    let songs = [score(&[(Instrument::Program(0), notes[..2000].to_vec())])];
    let report = index(&songs).report(&score(&[(Instrument::Program(0), notes[2000..].to_vec())]));
    assert!((2..=4).contains(&report.longest_run.unwrap()), "{report:?}");
    assert_eq!(report.overlap[&8], Some(0.0));
}

#[test]
fn drums_are_not_transposed_and_match_no_melody() {
    let beat: Vec<(u64, u8)> = wandering(20);
    let songs = [score(&[(Instrument::Drums(0), beat.clone())])];
    let played = |instrument, up: u8| {
        let notes = beat.iter().map(|&(at, pitch)| (at, pitch + up)).collect();
        index(&songs).report(&score(&[(instrument, notes)]))
    };
    assert_eq!(played(Instrument::Drums(25), 0).drum_run, Some(20));
    assert!(played(Instrument::Drums(0), 1).drum_run.unwrap() <= 2);
    assert_eq!(played(Instrument::Program(0), 0).pitched_run, Some(0));
}

#[test]
fn silence_has_no_value_and_reports_survive_json() {
    let songs = [score(&[(Instrument::Program(0), wandering(9))])];
    let index = index(&songs);
    let silent = index.report(&Score::default());
    assert_eq!((silent.longest_run, &silent.nearest, silent.overlap[&4]), (None, &None, None));
    let report = index.report(&songs[0]);
    assert_eq!(report.overlap[&16], None, "it has no sixteen notes");
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<OriginalityReport>(&text).unwrap(), report);
    let among = OriginalityPercentiles::of(&report, &[silent]);
    assert_eq!(among.longest_run, None);
    let nothing = OriginalityIndex::build(Vec::<(String, Score)>::new()).unwrap();
    assert_eq!((nothing.songs(), nothing.notes(), nothing.report(&songs[0]).longest_run), (0, 0, Some(0)));
}
