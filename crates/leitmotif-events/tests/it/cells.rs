//! The `cells` representation as a whole: encoding, decoding, the grammar, windows, references.

mod random;

use leitmotif_events::cells::{CellEvent, CellWindow, Cells, Place};
use leitmotif_events::{Header, MAX_SILENT_BARS, Representation, RepresentationConfig, Sequence, build};
use leitmotif_score::{Instrument, Meter, Note, Part, Score, Ticks};
use std::collections::BTreeSet;
use std::sync::Arc;

const BAR: u64 = 1920;
const GUITAR: Instrument = Instrument::Program(30);
const DRUMS: Instrument = Instrument::Drums(0);

fn representation(grid: u16, references: bool) -> Arc<dyn Representation> {
    build(&RepresentationConfig::Cells { grid, genres: vec!["metal".to_owned(), "rock".to_owned()], references })
        .unwrap()
}

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 98 }
}

/// A score of parts, each as bars of quarter notes of these pitches.
fn score(parts: &[(Instrument, &[&[u8]])]) -> Score {
    let part = |(instrument, bars): &(Instrument, &[&[u8]])| {
        let notes = bars.iter().zip(0u64..).flat_map(|(pitches, bar)| {
            pitches.iter().zip(0u64..).map(move |(pitch, beat)| note(bar * BAR + beat * 480, *pitch, 480))
        });
        Part { name: String::new(), instrument: *instrument, notes: notes.collect() }
    };
    Score { parts: parts.iter().map(part).collect(), ..Score::default() }
}

fn encoded(representation: &dyn Representation, score: &Score) -> Sequence {
    representation.encode(score, &Header::default()).0
}

fn cell_events(cells: &Cells, sequence: &Sequence) -> Vec<CellEvent> {
    sequence.events().map(|event| cells.cell_event(event).unwrap()).collect()
}

/// The references of a score's cells, in order; `None` for a cell of new notes.
fn references(representation: &dyn Representation, score: &Score) -> Vec<Option<CellEvent>> {
    let events = cell_events(representation.cells().unwrap(), &encoded(representation, score)).into_iter();
    let (mut found, mut rhythm) = (Vec::new(), None);
    for event in events {
        match event {
            CellEvent::Repeat { place, .. } => found.push(Some(CellEvent::Repeat { place, next: None })),
            CellEvent::Transposed { place, interval, .. } => {
                found.push(Some(CellEvent::Transposed { place, interval, next: None }));
            }
            CellEvent::Rhythm { .. } => rhythm = Some(event),
            CellEvent::Close { .. } => found.push(rhythm.take()),
            _ => {}
        }
    }
    found
}

fn repeat(place: Place) -> Option<CellEvent> {
    Some(CellEvent::Repeat { place, next: None })
}

fn transposed(place: Place, interval: i8) -> Option<CellEvent> {
    Some(CellEvent::Transposed { place, interval, next: None })
}

/// Every event of a sequence is accepted, and each of its values allowed, alone where it is
/// determined.
fn accepts(representation: &dyn Representation, sequence: &Sequence) {
    let mut grammar = representation.grammar();
    let sizes = representation.vocabulary().sizes();
    let determined = representation.determined(sequence);
    assert_eq!(determined.len(), sequence.values().len());
    for (index, event) in sequence.events().enumerate() {
        for (field, value) in event.iter().enumerate() {
            let mut allowed = vec![false; sizes[field]];
            grammar.allowed(&event[..field], field, &mut allowed);
            let text = representation.describe(event);
            assert!(allowed[usize::from(*value)], "field {field} of event {index} ({text}) is not allowed");
            let alone = allowed.iter().filter(|allowed| **allowed).count() == 1;
            assert!(
                alone || !determined[index * sizes.len() + field],
                "field {field} of event {index} ({text}) is open"
            );
        }
        let stands = grammar.stands_for(event);
        grammar.accept(event).unwrap();
        if !representation.is_note(event) {
            assert_eq!(stands, grammar.played(), "{}", representation.describe(event));
        }
    }
    assert!(grammar.is_finished());
}

/// Encoding, decoding and encoding again gives the same events, which the grammar accepts.
fn round_trips(representation: &dyn Representation, score: &Score) -> Sequence {
    let (sequence, report) = representation.encode(score, &Header::default());
    accepts(representation, &sequence);
    assert_eq!(report.notes, score.note_count());
    assert_eq!(report.kept + report.lost.values().sum::<usize>(), report.notes);
    let decoded = representation.decode(&sequence).unwrap();
    let again = encoded(representation, &decoded);
    let text = |sequence: &Sequence| sequence.events().map(|it| representation.describe(it)).collect::<Vec<_>>();
    assert_eq!(text(&again), text(&sequence));
    sequence
}

#[test]
fn a_small_piece_has_the_expected_events() {
    let representation = representation(12, true);
    let bars: [&[u8]; 3] = [&[40, 43], &[40, 43], &[45, 48]];
    let score = score(&[(GUITAR, &bars), (GUITAR, &bars), (DRUMS, &[&[36], &[36], &[36]])]);
    let kind = |event: CellEvent| match event {
        CellEvent::Note { part, note } => format!("note {} {} {}", note.position, part.number, note.pitch),
        CellEvent::Repeat { place, next } => format!("repeat {place:?} -> {:?}", next.map(|it| it.number)),
        CellEvent::Transposed { place, interval, .. } => format!("transposed {place:?} {interval}"),
        CellEvent::With(part) => format!("with {}", part.number),
        CellEvent::Close { next } => format!("close -> {:?}", next.map(|it| it.number)),
        CellEvent::Bar { .. } => "bar".to_owned(),
        CellEvent::Tempo { position, .. } => format!("tempo {position}"),
        CellEvent::Start => "start".to_owned(),
        CellEvent::End => "end".to_owned(),
        other => format!("{other:?}"),
    };
    let sequence = encoded(&*representation, &score);
    let events = cell_events(representation.cells().unwrap(), &sequence);
    assert_eq!(
        events.into_iter().map(kind).collect::<Vec<_>>(),
        [
            "start",
            "with 1",
            "with 2",
            "with 1",
            "bar",
            "tempo 0",
            "note 0 1 40",
            "note 12 1 43",
            "close -> Some(2)",
            "repeat Part(-1) -> Some(1)",
            "note 0 1 36",
            "close -> None",
            "bar",
            "repeat Back(1) -> Some(2)",
            "repeat Back(1) -> Some(1)",
            "repeat Back(1) -> None",
            "bar",
            "transposed Back(1) 5",
            "repeat Part(-1) -> Some(1)",
            "repeat Back(1) -> None",
            "end",
        ]
    );
    let names: Vec<String> = sequence.events().map(|event| representation.describe(event)).collect();
    assert_eq!(names[2], "with distortion-guitar 2");
    assert_eq!(names[4], "bar 4/4 distortion-guitar 1 #1");
    assert_eq!(names[13], "repeat 1 bars back distortion-guitar 2 #2");
    accepts(&*representation, &sequence);
}

#[test]
fn one_rule_chooses_among_references() {
    let with = representation(12, true);
    let (a, b): (&[u8], &[u8]) = (&[40, 43], &[41]);
    let of = |parts: &[(Instrument, &[&[u8]])]| references(&*with, &score(parts));
    // The part's own last lag comes before a nearer one.
    assert_eq!(
        of(&[(GUITAR, &[a, b, a, a])]),
        [None, None, repeat(Place::Back(2)), repeat(Place::Back(1))],
        "where the last lag does not fit, the nearest"
    );
    assert_eq!(of(&[(GUITAR, &[a, b, a, b, b, b])])[3..], [2, 1, 1].map(|back| repeat(Place::Back(back))));
    assert_eq!(of(&[(GUITAR, &[a, b, a, b, a])])[4], repeat(Place::Back(2)));
    // The lag of another part of the bar comes before a nearer one.
    let bass = Instrument::Program(33);
    let found = of(&[(GUITAR, &[a, b, a]), (bass, &[&[30], &[30], &[30]])]);
    assert_eq!(found[4..], [repeat(Place::Back(2)), repeat(Place::Back(1))], "its own lag first");
    let found = of(&[(GUITAR, &[a, b, a]), (bass, &[&[30, 35, 30], &[], &[30, 35, 30]])]);
    assert_eq!(found[3..], [repeat(Place::Back(2)), repeat(Place::Back(2))]);
    // Transposed in time and across parts, but never drums.
    assert_eq!(of(&[(GUITAR, &[a, &[45, 48]])])[1], transposed(Place::Back(1), 5));
    assert_eq!(of(&[(GUITAR, &[a]), (bass, &[&[28, 31]])])[1], transposed(Place::Part(-1), -12));
    let drums = of(&[(DRUMS, &[&[36, 38], &[38, 40]])]);
    assert!(matches!(drums[1], Some(CellEvent::Rhythm { place: Place::Back(1), .. })), "{drums:?}");
    assert!(matches!(of(&[(GUITAR, &[a, &[40, 50]])])[1], Some(CellEvent::Rhythm { place: Place::Back(1), .. })));
    assert_eq!(of(&[(GUITAR, &[a]), (DRUMS, &[a])])[1], None);
    // Bars of another length are not repeated.
    let mut changed = score(&[(GUITAR, &[a, a])]);
    changed.meters = vec![Meter { at: Ticks(BAR), numerator: 3, denominator: 4 }];
    assert_eq!(references(&*with, &changed), [None, None]);
    assert_eq!(references(&*representation(12, false), &score(&[(GUITAR, &[a, a, a])])), [None; 3]);
}

#[test]
fn cells_are_repeated_up_to_64_bars_back() {
    for (distance, expected) in [(64, repeat(Place::Back(64))), (65, None)] {
        let mut bars: Vec<&[u8]> = vec![&[]; 66];
        (bars[0], bars[distance]) = (&[40, 43], &[40, 43]);
        let drums: Vec<&[u8]> = vec![&[36]; 66];
        let found = references(&*representation(12, true), &score(&[(GUITAR, &bars), (DRUMS, &drums)]));
        assert_eq!(found[distance + 1], expected);
    }
}

#[test]
fn unusual_scores_come_back() {
    let representation = representation(12, true);
    let melody: &[&[u8]] = &[&[60, 62], &[60, 62]];
    let forty: Vec<(Instrument, &[&[u8]])> = (0..40).map(|program| (Instrument::Program(program), melody)).collect();
    round_trips(&*representation, &score(&forty));
    let pitches: Vec<[[u8; 1]; 1]> = (0..9).map(|part| [[40 + part]]).collect();
    let bars: Vec<Vec<&[u8]>> = pitches.iter().map(|bars| bars.iter().map(|bar| &bar[..]).collect()).collect();
    let nine: Vec<(Instrument, &[&[u8]])> = bars.iter().map(|bars| (GUITAR, &bars[..])).collect();
    let decoded = representation.decode(&round_trips(&*representation, &score(&nine))).unwrap();
    assert_eq!(decoded.parts.iter().map(|part| part.notes.len()).collect::<Vec<_>>(), [1, 1, 1, 1, 1, 1, 1, 2]);
    round_trips(&*representation, &Score::default());
    round_trips(&*representation, &score(&[(DRUMS, &[&[36, 38]])]));
    let mut late: Vec<&[u8]> = vec![&[]; 71];
    late[70] = &[60];
    let tick: Vec<&[u8]> = vec![&[36]; 71];
    let sequence = round_trips(&*representation, &score(&[(GUITAR, &late), (DRUMS, &tick)]));
    assert_eq!(representation.bar_music(&sequence).unwrap().len(), 71);
    let mut pickup = score(&[(GUITAR, &[&[60, 62, 64, 65, 67]])]);
    let meter = |at, numerator| Meter { at: Ticks(at), numerator, denominator: 4 };
    pickup.meters = vec![meter(0, 1), meter(480, 3)];
    round_trips(&*representation, &pickup);
    // Silence is shortened, and what was before it stays.
    let mut silence = score(&[(GUITAR, &[&[60, 62]])]);
    silence.parts[0].notes.push(note(200 * BAR, 64, 480));
    let (_, report) = representation.encode(&silence, &Header::default());
    assert_eq!((report.kept, report.bars), (2, MAX_SILENT_BARS + 2));
    round_trips(&*representation, &silence);
    // Parts without notes are no parts.
    let sequence = round_trips(&*representation, &score(&[(GUITAR, &[]), (GUITAR, &[&[60]])]));
    assert_eq!(representation.cells().unwrap().song(&sequence).unwrap().parts.len(), 1);
}

#[test]
fn windows_that_do_not_fit_and_places_without_value_are_refused() {
    let representation = representation(12, true);
    let cells = representation.cells().unwrap();
    let song = cells.song(&encoded(&*representation, &score(&[(GUITAR, &[&[60], &[60]])]))).unwrap();
    for (bars, given) in [(3, 3), (2, 1), (0, 0), (usize::MAX, 2)] {
        let window = CellWindow { bars, given: vec![true; given] };
        assert!(cells.encode_song(&song, &[(0, window)]).is_err(), "{bars} {given}");
    }
    let mut encoder = cells.encoder();
    encoder.header(None, &song.parts).unwrap();
    encoder.plain_bar(&song, 0).unwrap();
    encoder.bar(&song.bars[1].frame, Some(0)).unwrap();
    for place in
        [Place::Back(0), Place::Back(65), Place::Ahead(0), Place::Ahead(255), Place::Part(0), Place::Part(-128)]
    {
        assert!(encoder.push(CellEvent::Repeat { place, next: None }).is_err(), "{place:?}");
    }
    assert!(cells.encoder().header(Some(2), &[]).is_err());
}

#[test]
fn two_parts_of_a_program_are_two_of_the_ensemble() {
    let representation = representation(12, true);
    let bars: [&[u8]; 4] = [&[40, 43], &[40, 43], &[45, 48], &[45]];
    let sequence =
        encoded(&*representation, &score(&[(GUITAR, &bars), (GUITAR, &bars), (DRUMS, &[&[36], &[36], &[36], &[36]])]));
    let observed = representation.observe(&mut std::iter::once(sequence)).unwrap();
    assert_eq!(observed.ensembles.len(), 1);
    assert_eq!(observed.ensembles[0].parts.len(), 3);
}

#[test]
fn names_are_unique_within_their_field() {
    for grid in [1, 7, 12, 24, 48] {
        for field in &representation(grid, true).vocabulary().fields {
            let distinct: BTreeSet<&String> = field.values.iter().collect();
            assert_eq!(distinct.len(), field.values.len(), "grid {grid}: {}", field.name);
        }
    }
}
