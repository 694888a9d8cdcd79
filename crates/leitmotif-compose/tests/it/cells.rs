//! Writing into a piece with a model of cells.

use crate::common::{BASS, DRUMS, FLUTE, Hashing, PIANO};
use leitmotif_compose::cells::{CellSource, CellTask, Filled, Keep, fill, hole_cost};
use leitmotif_compose::{ChordRequest, ComposeError, Constraints, Length, PitchRange, Prime, Request, generate};
use leitmotif_events::{Ensemble, EnsemblePart, Header, Observed, Representation, RepresentationConfig, Tasks, build};
use leitmotif_model::{Model, ModelDescription, Scorer, ScoringSession, Segment, SessionScorer};
use leitmotif_score::{Instrument, InstrumentSelection, Meter, Note, Part, Quarters, Score, Ticks, parse_progression};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const QUARTER: u64 = 480;
const BAR: u64 = 4 * QUARTER;

fn cells() -> Arc<dyn Representation> {
    build(&RepresentationConfig::Cells { grid: 12, genres: vec!["rock".to_owned()], references: true }).unwrap()
}

fn note(bar: u64, quarters: f64, pitch: u8, length: f64) -> Note {
    let ticks = |quarters: f64| (quarters * QUARTER as f64) as u64;
    Note { onset: Ticks(bar * BAR + ticks(quarters)), pitch, duration: Ticks(ticks(length)), velocity: 82 }
}

/// Twelve bars for two guitars, a bass and drums; the notes of the first guitar begin a little
/// late.
fn song() -> Score {
    let (mut left, mut right, mut bass, mut drums) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for bar in 0..12 {
        let root = 40 + [0, 5, 7, 3][(bar % 4) as usize];
        left.extend((0..8).map(|eighth| {
            let note = note(bar, f64::from(eighth) / 2.0, root, 0.4);
            Note { onset: note.onset + Ticks(7), ..note }
        }));
        right.extend([note(bar, 0.0, root + 12, 2.0), note(bar, 2.0, root + 19, 1.5)]);
        bass.extend([note(bar, 0.0, root - 12, 1.0), note(bar, 1.5, root - 12, 0.5), note(bar, 3.0, root - 5, 1.0)]);
        drums.extend((0..4).map(|beat| note(bar, f64::from(beat), if beat % 2 == 0 { 36 } else { 38 }, 0.25)));
    }
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    let guitar = Instrument::Program(30);
    let parts = vec![
        part("Guitar L", guitar, left),
        part("Guitar R", guitar, right),
        part("Bass", BASS, bass),
        part("Kit", DRUMS, drums),
    ];
    let mut score = Score { parts, ..Score::default() };
    score.normalise();
    score
}

fn source(score: &Score, extra: &[Instrument]) -> CellSource {
    CellSource::new(&*cells(), score, None, extra).unwrap()
}

fn written(source: &CellSource, task: &CellTask, request: &Request, count: usize) -> Vec<Filled> {
    tried(source, task, request, count).unwrap()
}

fn tried(source: &CellSource, task: &CellTask, request: &Request, count: usize) -> Result<Vec<Filled>, ComposeError> {
    let representation = cells();
    let model = Hashing::new(&*representation, 4.0);
    let scorer = SessionScorer(&model);
    fill(&model, &scorer, &*representation, request, source, task, count, &|_| (), &AtomicBool::new(false))
}

/// The score after the first version.
fn after(source: &CellSource, task: &CellTask, request: &Request) -> Score {
    let filled = written(source, task, request, 1).remove(0);
    source.edited(&source.edits(task, &filled.song))
}

fn seeded(seed: u64) -> Request {
    Request { seed, ..Request::default() }
}

/// The notes of a part that begin in these bars (from 0), and the others.
fn divided(score: &Score, part: usize, bars: std::ops::Range<u64>) -> (Vec<Note>, Vec<Note>) {
    let inside = |note: &Note| (bars.start * BAR..bars.end * BAR).contains(&note.onset.0);
    score.parts[part].notes.iter().partition(|note| inside(note))
}

#[test]
fn what_is_not_written_stands_to_the_tick() {
    let score = song();
    let source = source(&score, &[]);
    for (seed, (bars, parts)) in
        [(3..6, vec![0]), (0..2, vec![2, 3]), (11..12, vec![0, 1, 2, 3]), (0..12, vec![1])].into_iter().enumerate()
    {
        let list: Vec<usize> = bars.clone().collect();
        let task = CellTask { rests: false, ..CellTask::new(&source, &list, &parts) };
        let new = after(&source, &task, &seeded(seed as u64));
        assert_eq!(new.parts.len(), 4);
        let mut changed = 0;
        for part in 0..4 {
            let bars = bars.start as u64..bars.end as u64;
            let (before, kept) = divided(&score, part, bars.clone());
            let (inside, outside) = divided(&new, part, bars);
            // A late note of the first guitar belongs to the bar of its grid step all the same.
            assert_eq!(outside, kept, "part {part}");
            assert!(!inside.is_empty());
            match parts.contains(&part) {
                // A written cell may come out as it was, as a repeat of another bar.
                true => changed += usize::from(inside != before),
                false => assert_eq!(inside, before, "part {part}"),
            }
        }
        assert!(changed > 0, "something is new");
    }
}

#[test]
fn a_seed_determines_all_versions_and_each_is_the_same_alone() {
    let source = source(&song(), &[]);
    let task = CellTask::new(&source, &[3, 4, 5, 6, 7, 8], &[1, 2]);
    let three = written(&source, &task, &seeded(5), 3);
    assert_eq!(written(&source, &task, &seeded(5), 1)[0].song, three[0].song);
    assert_ne!(three[0].song, three[1].song);
    assert_ne!(three[1].song, three[2].song);
    assert_ne!(written(&source, &task, &seeded(6), 1)[0].song, three[0].song);
    for filled in &three {
        assert_eq!(filled.report.cells, 12);
        assert!(filled.report.nats_per_note > 0.0);
    }
}

#[test]
fn holes_are_filled_where_the_part_plays_beside_them() {
    let part = |instrument| EnsemblePart { instrument, enters: 0, plays: 0, rests: 0 };
    let parts = vec![part(Instrument::Program(30)), part(BASS)];
    let meter = (4, 4);
    // An ensemble in which nobody has to play leaves the model its own share of rests.
    let like = Ensemble {
        genre: None,
        tempo: 120.0,
        meter,
        bars: 12,
        repeats: 0,
        repeats_in_a_row: 0,
        half_empty: None,
        parts,
    };
    let shares = |score: &Score| {
        let source = source(score, &[]);
        let task = CellTask::new(&source, &[3, 4, 5, 6, 7, 8], &[2]);
        let own = CellTask { accompanies: true, like: Some(like.clone()), ..task.clone() };
        [task, own].map(|task| {
            let versions = written(&source, &task, &seeded(9), 64);
            let sum = |count: fn(&Filled) -> usize| versions.iter().map(count).sum::<usize>() as f64;
            sum(|version| version.report.rests) / sum(|version| version.report.cells)
        })
    };
    let mut score = song();
    let [share, own] = shares(&score);
    let odds = |share: f64| share / (1.0 - share);
    assert!((0.1..0.6).contains(&(odds(share) / odds(own))), "{share} rests, the model's own {own}");
    let bass = score.parts.iter_mut().find(|part| part.instrument == BASS).unwrap();
    bass.notes.retain(|note| note.onset.0 < BAR);
    let [share, own] = shares(&score);
    assert!(own > 0.05 && share == own, "{share} rests, the model's own {own}");
}

/// Costs a nat for whose cell it is and whose comes next, and nothing for all else.
struct OfTurns(ModelDescription);

impl Scorer for OfTurns {
    fn description(&self) -> &ModelDescription {
        &self.0
    }

    fn scoring_session(&self, _streams: usize) -> Box<dyn ScoringSession + '_> {
        struct Session(usize);
        impl ScoringSession for Session {
            fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
                let field = |index: usize| f32::from(u8::from(index % self.0 == 2));
                (0..segment.targets.len()).map(field).collect()
            }
        }
        Box::new(Session(self.0.sizes.len()))
    }
}

#[test]
fn what_a_hole_says_of_turns_costs_nothing() {
    let representation = cells();
    let scorer = OfTurns(Hashing::new(&*representation, 4.0).description().clone());
    let source = source(&song(), &[]);
    let task = CellTask::new(&source, &[4, 5], &[0, 2]);
    let cost = hole_cost(&scorer, &*representation, &source, &task).unwrap();
    assert_eq!(cost.surrounded, 0.0, "a hole has one order of cells");
    assert!(cost.past >= 4.0, "{}: in the plain order, who comes next says who rests", cost.past);
}

#[test]
fn a_kept_rhythm_has_new_pitches_and_kept_pitches_a_new_rhythm() {
    let score = song();
    let source = source(&score, &[]);
    let bars: Vec<usize> = (2..8).collect();
    let kept = |keep| CellTask { keep: Some(keep), ..CellTask::new(&source, &bars, &[1, 2]) };
    for part in [1, 2] {
        let of = |score: &Score| divided(score, part, 2..8).0;
        let before = of(&score);
        let rhythm = of(&after(&source, &kept(Keep::Rhythm), &seeded(1)));
        let times = |notes: &[Note]| notes.iter().map(|note| (note.onset, note.duration)).collect::<Vec<_>>();
        let pitches = |notes: &[Note]| notes.iter().map(|note| note.pitch).collect::<Vec<_>>();
        assert_eq!(times(&rhythm), times(&before));
        assert_ne!(pitches(&rhythm), pitches(&before));
        let pitched = of(&after(&source, &kept(Keep::Pitches), &seeded(1)));
        assert_eq!(pitches(&pitched), pitches(&before));
        assert_ne!(times(&pitched), times(&before));
    }
}

#[test]
fn new_parts_accompany_and_the_piece_stands() {
    let score = song();
    let source = source(&score, &[PIANO, Instrument::Program(30), DRUMS]);
    let new = source.extra_parts();
    assert_eq!(
        new.iter().map(|part| source.part_name(*part)).collect::<Vec<_>>(),
        ["acoustic-grand-piano", "distortion-guitar:3", "drums:2"]
    );
    let bars: Vec<usize> = (0..source.bars()).collect();
    let task = CellTask { rests: false, accompanies: true, ..CellTask::new(&source, &bars, &new) };
    let filled = written(&source, &task, &seeded(2), 1).remove(0);
    assert_eq!((filled.report.cells, filled.report.rests), (36, 0));
    let edits = source.edits(&task, &filled.song);
    assert!(edits.parts.is_empty(), "nothing of the piece changes");
    assert_eq!(
        edits.new_parts.iter().map(|part| part.instrument).collect::<Vec<_>>(),
        [PIANO, Instrument::Program(30), DRUMS]
    );
}

#[test]
fn parts_are_named_as_users_name_them() {
    let source = source(&song(), &[]);
    let named = |name: &str| source.parts_named(name).unwrap();
    assert_eq!(named("guitar r"), [1]);
    assert_eq!(named("guitar"), [0, 1]);
    assert_eq!(named("guitar:2"), [1]);
    assert_eq!(named("distortion-guitar:1"), [0]);
    assert_eq!(named("bass"), named("Bass"));
    assert_eq!(named("drums"), [3]);
    for wrong in ["kazoo", "guitar:3", "guitar:0", "guitar:x", ""] {
        let message = source.parts_named(wrong).unwrap_err().to_string();
        assert!(message.contains("Guitar R") && message.contains("distortion-guitar:2"), "{wrong}: {message}");
    }
}

#[test]
fn strict_chords_hold_where_they_begin_and_on_long_notes() {
    let representation = cells();
    let model = Hashing::new(&*representation, 2.0);
    let text = "Am F | C/E G7 | N.C.";
    let progression = parse_progression(text, None).unwrap();
    let spans = progression.spans(Score { parts: song().parts, ..Score::default() }.bars());
    let chords = Some(ChordRequest { text: text.to_owned(), progression, strict: true });
    let header = Header { genre: None, instruments: vec![PIANO, BASS, DRUMS] };
    let request = Request { header, chords, meter: Some((4, 4)), length: Length::Bars(12), ..seeded(4) };
    let pieces = (0..16).map(|piece| {
        generate(&model, &*representation, &request, piece, &|_| (), &AtomicBool::new(false)).unwrap().score
    });
    let pieces: Vec<Score> = pieces.collect();
    let (mut checked, ticks) = (0, pieces[0].resolution);
    for part in pieces.iter().flat_map(|score| &score.parts).filter(|part| !part.instrument.is_drums()) {
        for note in &part.notes {
            let at = Ticks((ticks.quarters(note.onset).0 * QUARTER as f64).round() as u64);
            let Some(span) = spans.iter().rfind(|span| span.at <= at) else { continue };
            let Some(chord) = span.chord else { continue };
            let begins = span.at == at;
            if begins && part.instrument == BASS && chord.bass.is_some() {
                assert_eq!(Some(note.pitch % 12), chord.bass);
            } else if begins || ticks.quarters(note.duration) >= Quarters(1.0) {
                assert!(chord.contains(note.pitch), "{} in {chord}", note.pitch);
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} notes");
}

#[test]
fn constraints_hold_for_what_is_repeated_as_for_what_is_new() {
    let representation = cells();
    let model = Hashing::new(&*representation, 3.0);
    let range = PitchRange { instruments: InstrumentSelection::parse("piano").unwrap(), low: 60, high: 66 };
    let constraints = Constraints { ranges: vec![range], ..Constraints::default() };
    let header = Header { genre: None, instruments: vec![PIANO, PIANO, FLUTE] };
    let request = Request { header, constraints, length: Length::Bars(16), ..seeded(7) };
    let piece = generate(&model, &*representation, &request, 0, &|_| (), &AtomicBool::new(false)).unwrap();
    let pianos: Vec<&Part> = piece.score.parts.iter().filter(|part| part.instrument == PIANO).collect();
    assert_eq!(pianos.len(), 2, "two pianos stay two");
    assert!(pianos.iter().flat_map(|part| &part.notes).all(|note| (60..=66).contains(&note.pitch)));
    let described: Vec<String> = piece.sequence.events().map(|event| representation.describe(event)).collect();
    let repeats = described.iter().filter(|event| event.contains("back") || event.contains("parts")).count();
    assert!(repeats > 5, "{repeats} references, so that the test says something");
}

#[test]
fn lengths_are_exact_and_all_asked_for_play() {
    let representation = cells();
    let model = Hashing::new(&*representation, 3.0);
    let header = Header { genre: None, instruments: vec![PIANO, BASS, DRUMS] };
    let cancel = AtomicBool::new(false);
    for seed in 0..4 {
        let request = |length| Request { header: header.clone(), length, ..seeded(seed) };
        let make = |length| generate(&model, &*representation, &request(length), 0, &|_| (), &cancel).unwrap();
        let bars = make(Length::Bars(5));
        assert_eq!((bars.report.bars, bars.score.instruments().len(), bars.report.valid), (5, 3, true));
        assert_eq!(make(Length::Notes(77)).score.note_count(), 77);
        let seconds = make(Length::Seconds(9.5)).score.duration().0;
        assert!((9.0..=9.5 + 1e-9).contains(&seconds), "{seconds}");
    }
}

#[test]
fn a_prime_stands_and_its_parts_go_on_by_themselves() {
    let representation = cells();
    let model = Hashing::new(&*representation, 3.0);
    let score = song();
    let prime = Prime { score: score.clone(), bars: Some(4) };
    let request = Request { prime: Some(prime), length: Length::Bars(8), ..seeded(1) };
    let mut goes_on = [0; 2];
    for number in 0..6 {
        let piece = generate(&model, &*representation, &request, number, &|_| (), &AtomicBool::new(false)).unwrap();
        for (part, name) in ["Guitar L", "Guitar R"].into_iter().enumerate() {
            let after = piece.score.parts.iter().position(|it| it.name == name).unwrap();
            assert_eq!(divided(&piece.score, after, 0..4).0, divided(&score, part, 0..4).0, "{name}");
            goes_on[part] += usize::from(!divided(&piece.score, after, 4..12).0.is_empty());
        }
    }
    // The model draws at random who plays; who rests throughout is rare.
    assert!(goes_on.iter().all(|pieces| *pieces >= 4), "{goes_on:?}");
}

#[test]
fn what_cannot_be_written_is_a_clear_error() {
    let score = song();
    let source = source(&score, &[]);
    let message = |error: ComposeError| error.to_string();
    let nothing = CellTask::new(&source, &[], &[0]);
    assert!(message(tried(&source, &nothing, &seeded(0), 1).unwrap_err()).contains("nothing to write"));
    let task = CellTask::new(&source, &[1], &[0]);
    assert!(message(tried(&source, &task, &seeded(0), 0).unwrap_err()).contains("candidates"));
    let events = crate::common::events();
    let error = CellSource::new(&*events, &score, None, &[]).unwrap_err();
    assert!(message(error).contains("--representation cells"));
    assert!(message(CellSource::new(&*cells(), &Score::default(), None, &[]).unwrap_err()).contains("no notes"));
    assert!(message(CellSource::new(&*cells(), &score, Some("polka".into()), &[]).unwrap_err()).contains("rock"));
    let observed = Observed { tasks: Tasks::default(), ..crate::common::observed() };
    let request = Request { observed: Some(Arc::new(observed)), ..seeded(0) };
    assert!(message(tried(&source, &task, &request, 1).unwrap_err()).contains("train.holes"));
}

#[test]
fn holes_of_all_shapes_are_filled() {
    let pickup = {
        let mut score = song();
        score.meters = vec![
            Meter { at: Ticks(0), numerator: 1, denominator: 4 },
            Meter { at: Ticks(QUARTER), numerator: 4, denominator: 4 },
            Meter { at: Ticks(QUARTER + 5 * BAR), numerator: 3, denominator: 4 },
        ];
        score
    };
    let one_bar = {
        let mut score = song();
        score.parts.iter_mut().for_each(|part| part.notes.retain(|note| note.onset < Ticks(BAR)));
        score
    };
    let many = Score {
        parts: (0..40)
            .map(|part| Part {
                name: String::new(),
                instrument: Instrument::Program(part),
                notes: song().parts[2].notes.clone(),
            })
            .collect(),
        ..Score::default()
    };
    let mut late = song();
    late.parts.push(Part { name: "Late".into(), instrument: FLUTE, notes: vec![note(11, 0.0, 72, 1.0)] });
    for (name, score) in
        [("pickup and changes of meter", pickup), ("one bar", one_bar), ("40 parts", many), ("late", late)]
    {
        let source = source(&score, &[]);
        let bars: Vec<usize> = (0..source.bars()).step_by(2).collect();
        let parts: Vec<usize> = (0..source.parts().len()).rev().step_by(2).collect();
        for past_only in [false, true] {
            let task = CellTask { rests: false, past_only, ..CellTask::new(&source, &bars, &parts) };
            let filled = written(&source, &task, &seeded(3), 1).remove(0);
            assert_eq!(filled.report.cells, bars.len() * parts.len(), "{name}");
            if !past_only {
                assert_eq!(filled.report.rests, 0, "{name}");
            }
            source.edited(&source.edits(&task, &filled.song));
        }
    }
}
