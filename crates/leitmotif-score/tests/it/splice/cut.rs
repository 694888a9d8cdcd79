//! Files that are cut and go on otherwise.
#![allow(clippy::print_stdout)]

use super::{events::events, new_part, note, notes, read};
use crate::common::files;
use crate::formats::{END, file, file_with_division};
use leitmotif_score::midi::{Severity, What};
use leitmotif_score::{
    Cut, Edits, Instrument, KeySignature, Meter, PartEdits, ReadOptions, Resolution, Score, SpliceError, SpliceReport,
    Tempo, Ticks, read_midi, splice_midi,
};

fn splice(bytes: &[u8], edits: &Edits) -> (Vec<u8>, SpliceReport) {
    splice_midi(bytes, &ReadOptions::default(), edits).unwrap()
}

fn cut_at(at: u64) -> Edits {
    Edits { cut: Some(Cut { at: Ticks(at), ..Cut::default() }), ..Edits::default() }
}

/// The events of a track that is cut at `at`, as `(tick, bytes)`.
fn cut_track(track: &[u8], at: u64) -> Vec<(u64, Vec<u8>)> {
    events(&splice(&file(1, &[track]), &cut_at(at)).0).remove(0)
}

#[test]
fn what_stands_before_a_cut_keeps_its_bytes_and_notes_their_ends() {
    let track = [
        &[0, 0xC0, 5, 0, 0xB0, 7, 90, 0, 0x90, 60, 80, 48, 0xB0, 7, 90, 0, 0xFF, 0x05, 2, b'l', b'a'][..],
        &[47, 0xFF, 0x06, 1, b'A', 1, 0xFF, 0x06, 1, b'B', 0, 0xB0, 7, 10, 0, 0x90, 64, 9, 4, 0x80, 64, 0, 0, 60, 0],
        &[0, 0xFF, 0x05, 1, b'x'],
    ]
    .concat();
    let expected: [(u64, &[u8]); 8] = [
        (0, &[0xC0, 5]),
        (0, &[0xB0, 7, 90]),
        (0, &[0x90, 60, 80]),
        (48, &[0xB0, 7, 90]),
        (48, &[0xFF, 0x05, 2, b'l', b'a']),
        (95, &[0xFF, 0x06, 1, b'A']),
        (100, &[0x80, 60, 0]),
        (100, &END[1..]),
    ];
    let expected: Vec<(u64, Vec<u8>)> = expected.map(|(tick, event)| (tick, event.to_vec())).into();
    assert_eq!(cut_track(&track, 96), expected);
}

#[test]
fn a_fade_a_bend_and_a_pedal_end_at_the_cut() {
    // From tick 80 on: volume and expression fade out, the pitch is bent, the pedal is down.
    let moment = [80, 0xB0, 11, 0, 0, 7, 0, 0, 64, 127, 0, 1, 50, 0, 0xE0, 0, 127, 0, 0xD0, 9];
    let track = [&[0, 0xB0, 7, 90, 0, 11, 110, 0, 0x90, 60, 80][..], &moment, &[16, 0x90, 62, 80, 9, 62, 0]].concat();
    let settled: Vec<Vec<u8>> = cut_track(&track, 96).into_iter().filter(|it| it.0 == 96).map(|it| it.1).collect();
    let expected = [
        vec![0x80, 60, 64],
        vec![0xB0, 64, 0],
        vec![0xB0, 7, 90],
        vec![0xB0, 11, 110],
        vec![0xB0, 1, 0],
        vec![0xD0, 0],
        vec![0xE0, 0, 64],
        END[1..].to_vec(),
    ];
    assert_eq!(settled, expected);
    // What holds throughout stands: a channel out of tune, a place; and what a note begins with.
    let steady = [0, 0xE0, 0, 70, 0, 0xB0, 10, 9, 0, 1, 30, 0, 0x90, 60, 80, 90, 60, 0, 99, 60, 0];
    assert_eq!(cut_track(&steady, 96).len(), 6);
    // A swell from silence on every note is not left in silence.
    let swell = [0, 0xB0, 11, 0, 0, 0x90, 60, 80, 90, 60, 0];
    assert_eq!(cut_track(&swell, 96)[3].1, [0xB0, 11, 127]);
}

#[test]
fn a_file_goes_on_with_other_notes_parts_and_time() {
    // The second part enters after the cut, with the program that is selected there.
    let one = [0, 0xFF, 0x03, 1, b'L', 0, 0xB0, 7, 70, 0, 10, 20, 0, 0x90, 60, 80, 96, 60, 0, 0, 62, 80, 96, 62, 0];
    let two = [0, 0xFF, 0x03, 1, b'M', 0, 0xC1, 40, 96, 0xC1, 41, 0, 0x91, 50, 80, 9, 50, 0];
    let bytes = file(1, &[&one, &two]);
    let before = read(&bytes);
    let mut after = before.clone();
    after.parts[0].notes[1] = note(96, 65, 48, 90);
    after.parts[1].notes = vec![note(144, 52, 48, 91)];
    after.parts.push(new_part(Instrument::Program(0), &[note(100, 30, 5, 5)]));
    after.parts.push(new_part(Instrument::Drums(0), &[note(96, 36, 5, 5)]));
    after.tempos = vec![Tempo { at: Ticks(96), micros_per_quarter: 400_000 }];
    after.meters = vec![Meter { at: Ticks(96), numerator: 3, denominator: 8 }];
    after.keys = vec![KeySignature { at: Ticks(96), sharps: -2, minor: true }];
    after.texts = vec!["made".into()];
    let edits = Edits::continuing(&before, &after, Ticks(96)).unwrap();
    assert_eq!(edits.parts.keys().collect::<Vec<_>>(), [&0, &1]);
    let (spliced, report) = splice(&bytes, &edits);
    assert_eq!(report, SpliceReport { notes_removed: 2, notes_added: 4, tracks_added: 2, ..SpliceReport::default() });
    assert_eq!(read(&spliced), after);
    // The new piano is as loud as the old one, and in its place.
    let new = &events(&spliced)[2];
    let controls: Vec<&[u8]> =
        new.iter().map(|it| &it.1[..]).filter(|it| it[0] & 0xF0 == 0xB0).map(|it| &it[1..]).collect();
    assert_eq!(controls, [[7, 70], [11, 127], [10, 20]]);
    // What does not begin alike is refused.
    after.parts[0].notes[0].pitch = 61;
    assert_eq!(Edits::continuing(&before, &after, Ticks(96)), None);
}

#[test]
fn notes_of_a_finer_clock_move_to_the_nearest_tick() {
    let track = [0, 0x90, 60, 80, 32, 60, 0];
    let bytes = file_with_division(1, [0, 32], &[&track]);
    let before = read(&bytes);
    let mut after = before.with_resolution(Resolution::new(96).unwrap());
    after.parts[0].notes.push(note(96 + 32, 64, 31, 80));
    let (spliced, _) = splice(&bytes, &Edits::continuing(&before, &after, Ticks(32)).unwrap());
    assert_eq!(notes(&read(&spliced), 0), [(0, 60, 32), (43, 64, 10)]);
    let coarse = Score { resolution: Resolution::new(8).unwrap(), ..before.clone() };
    assert_eq!(Edits::continuing(&coarse, &after, Ticks(8)), None);
}

#[test]
fn ports_and_notes_that_never_end_survive_a_cut() {
    // A note on port 1 whose end comes after the cut, as does the event that names its port again.
    let ports = [
        &[0, 0xFF, 0x21, 1, 1, 0, 0x90, 60, 80, 0, 0xFF, 0x21, 1, 0, 0, 0x90, 61, 80][..],
        &[99, 0xFF, 0x21, 1, 1, 0, 0x90, 60, 0, 0, 0xFF, 0x21, 1, 0, 0, 0x90, 61, 0],
    ]
    .concat();
    let score = read(&splice(&file(1, &[&ports]), &cut_at(96)).0);
    assert_eq!((notes(&score, 0), notes(&score, 1)), (vec![(0, 61, 99)], vec![(0, 60, 99)]));
    // All-notes-off after the cut, and nothing at all.
    for end in [&[99, 0xB0, 123, 0][..], &[99, 0xB0, 7, 1]] {
        let mut edits = cut_at(96);
        edits.parts.insert(0, PartEdits { removed: vec![], added: vec![note(96, 60, 9, 1)] });
        let (spliced, _) = splice(&file(1, &[&[&[0, 0x90, 60, 80], end].concat()]), &edits);
        let (score, report) = read_midi(&spliced, &ReadOptions::default()).unwrap();
        assert_eq!(notes(&score, 0), [(0, 60, 96), (96, 60, 9)]);
        assert_eq!(report.count(What::NoteNeverEnded), 0);
    }
}

/// Channel messages and meta events that are neither notes nor ends, before `at`.
fn others(bytes: &[u8], at: u64) -> Vec<(u64, Vec<u8>)> {
    let other = |(tick, event): &(u64, Vec<u8>)| *tick < at && !matches!(event[0], 0x80..=0x9F);
    let all = events(bytes).into_iter().flatten().filter(other).filter(|it| !it.1.starts_with(&[0xFF, 0x2F]));
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

/// Cuts a file in the middle, and writes what followed a step higher. Returns how many events other
/// than notes stand before the cut, and how many notes were written.
fn check_file(name: &str, bytes: &[u8]) -> Option<(usize, usize)> {
    let (before, report) = read_midi(bytes, &ReadOptions::default()).ok()?;
    let sound = report.worst() < Some(Severity::Damaged) && report.count(What::ChunkLengthWrong) == 0;
    let sound = sound && report.count(What::EndOfTrackMissing) == 0 && report.count(What::Wrapper) == 0;
    let cut = before.bars().nth(before.bars().count() / 2).map(|bar| bar.start)?;
    if !sound || before.note_count() == 0 {
        return None;
    }
    let mut after = before.clone();
    for part in &mut after.parts {
        part.notes.iter_mut().filter(|note| note.onset >= cut).for_each(|note| note.pitch = (note.pitch + 1).min(127));
        part.notes.sort();
    }
    let edits = Edits::continuing(&before, &after, cut).unwrap();
    let (spliced, changes) = match splice_midi(bytes, &ReadOptions::default(), &edits) {
        Err(SpliceError::Independent | SpliceError::Read(_)) => return None,
        other => other.unwrap(),
    };
    let back = read(&spliced);
    assert_eq!(back.note_count() + changes.notes_dropped, after.note_count(), "{name}");
    let struck = |score: &Score| {
        let all = score.parts.iter().flat_map(|part| part.notes.iter().map(|it| (it.onset, part.instrument, it.pitch)));
        let mut all: Vec<_> = all.filter(|it| it.0 < cut).collect();
        all.sort();
        all
    };
    assert!(struck(&back) == struck(&before), "{name}: notes before the cut");
    if report.count(What::SmpteTime) > 0 {
        return None;
    }
    let kept = others(bytes, cut.0);
    assert!(others(&spliced, cut.0) == kept, "{name}: events before the cut");
    Some((kept.len(), changes.notes_added))
}

fn check_files(folder: &str, count: usize) {
    let paths = files(folder);
    let (mut checked, mut events, mut written) = (0, 0, 0);
    for path in paths.iter().step_by((paths.len() / count).max(1)) {
        if let Some((kept, added)) = check_file(&path.display().to_string(), &std::fs::read(path).unwrap()) {
            (checked, events, written) = (checked + 1, events + kept, written + added);
        }
    }
    println!("{folder}: {checked} files; {events} events that are no notes stand, {written} notes written");
}

#[test]
fn songs_keep_what_stands_before_a_cut() {
    check_files("midi-conformance", usize::MAX);
    check_files("open-band", 40);
}

#[test]
#[ignore = "reads hundreds of files"]
fn many_songs_keep_what_stands_before_a_cut() {
    check_files("open-band", 300);
    check_files("scores", 1000);
}
