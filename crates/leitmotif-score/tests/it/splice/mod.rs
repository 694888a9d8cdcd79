//! Notes written into files, whose other events stand.

mod cut;
mod events;
mod files;
mod properties;

use crate::formats::{END, file, file_with_division};
use events::events;
use leitmotif_score::{
    Edits, Instrument, Note, Part, PartEdits, ReadError, ReadOptions, Resolution, Score, SpliceError, SpliceReport,
    Ticks, read_midi, splice_midi,
};

fn read(bytes: &[u8]) -> Score {
    read_midi(bytes, &ReadOptions::default()).unwrap().0
}

fn note(onset: u64, pitch: u8, duration: u64, velocity: u8) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity }
}

fn edits(part: usize, removed: &[Note], added: &[Note]) -> Edits {
    let edits = PartEdits { removed: removed.to_vec(), added: added.to_vec() };
    Edits { parts: [(part, edits)].into(), ..Edits::default() }
}

fn new_part(instrument: Instrument, notes: &[Note]) -> Part {
    Part { name: "New".into(), instrument, notes: notes.to_vec() }
}

fn splice(bytes: &[u8], edits: &Edits) -> (Vec<u8>, SpliceReport) {
    splice_midi(bytes, &ReadOptions::default(), edits).unwrap()
}

/// `(onset, pitch, duration)` of a part's notes.
fn notes(score: &Score, part: usize) -> Vec<(u64, u8, u64)> {
    score.parts[part].notes.iter().map(|it| (it.onset.0, it.pitch, it.duration.0)).collect()
}

/// Four notes under running status, with a controller, a bend, a lyric and a marker between them.
const TRACK: &[u8] = &[
    0, 0xFF, 0x03, 1, b'L', 0, 0xC0, 5, 0, 0xB0, 7, 100, 0, 0x90, 60, 80, 48, 60, 0, 0, 0xB0, 1, 9, 0, 0x90, 62, 81,
    10, 0xFF, 0x05, 2, b'l', b'a', 38, 0x90, 62, 0, 0, 64, 82, 0, 0xE0, 0, 70, 48, 0x90, 64, 0, 0, 0xFF, 0x06, 1, b'B',
    0, 0x90, 65, 83, 48, 65, 0,
];

#[test]
fn a_file_without_edits_is_the_same_bytes() {
    let conductor = [0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0x80, 0x00, 0xFF, 0x58, 4, 3, 2, 24, 8];
    let bytes = file(1, &[&conductor, TRACK]);
    assert_eq!(splice(&bytes, &Edits::default()), (bytes.clone(), SpliceReport::default()));
    let score = read(&bytes);
    assert_eq!(Edits::between(&score, &score), Some(Edits::default()));
}

#[test]
fn other_events_keep_their_ticks_and_bytes() {
    let bytes = file(1, &[TRACK]);
    let changed =
        edits(0, &[note(48, 62, 48, 81), note(96, 64, 48, 82)], &[note(48, 67, 20, 90), note(60, 62, 84, 91)]);
    let (spliced, report) = splice(&bytes, &changed);
    assert_eq!(report, SpliceReport { notes_removed: 2, notes_added: 2, ..SpliceReport::default() });
    let expected: [(u64, &[u8]); 16] = [
        (0, &[0xFF, 0x03, 1, b'L']),
        (0, &[0xC0, 5]),
        (0, &[0xB0, 7, 100]),
        (0, &[0x90, 60, 80]),
        (48, &[0x90, 60, 0]),
        (48, &[0xB0, 1, 9]),
        (48, &[0x90, 67, 90]),
        (58, &[0xFF, 0x05, 2, b'l', b'a']),
        (60, &[0x90, 62, 91]),
        (68, &[0x80, 67, 64]),
        (96, &[0xE0, 0, 70]),
        (144, &[0x80, 62, 64]),
        (144, &[0xFF, 0x06, 1, b'B']),
        (144, &[0x90, 65, 83]),
        (192, &[0x90, 65, 0]),
        (192, &[0xFF, 0x2F, 0]),
    ];
    assert_eq!(events(&spliced)[0], expected.map(|(tick, bytes)| (tick, bytes.to_vec())));
    let mut after = read(&bytes);
    after.parts[0].notes = vec![note(0, 60, 48, 80), note(48, 67, 20, 90), note(60, 62, 84, 91), note(144, 65, 48, 83)];
    assert_eq!(read(&spliced), after);
    assert_eq!(Edits::between(&read(&bytes), &after), Some(changed));
}

#[test]
fn another_program_on_the_channel_is_selected_for_the_note_and_selected_back() {
    let track = [
        0, 0xB0, 0, 3, 0, 0xB0, 32, 4, 0, 0xC0, 5, 0, 0x90, 60, 80, 48, 0x80, 60, 0, 0, 0xB0, 0, 8, 0, 0xC0, 40, 0,
        0x90, 72, 80, 48, 0x80, 72, 0,
    ];
    let bytes = file(0, &[&track]);
    assert_eq!(read(&bytes).parts.len(), 2);
    let mut changed = edits(1, &[], &[note(10, 74, 20, 80), note(10, 76, 20, 80)]);
    changed.parts.insert(0, PartEdits { removed: vec![], added: vec![note(10, 62, 5, 80), note(50, 62, 5, 81)] });
    let (spliced, report) = splice(&bytes, &changed);
    assert_eq!((report.notes_added, report.notes_dropped), (4, 0));
    let score = read(&spliced);
    assert_eq!(notes(&score, 0), [(0, 60, 48), (10, 62, 5), (50, 62, 5)]);
    assert_eq!(notes(&score, 1), [(10, 74, 20), (10, 76, 20), (48, 72, 48)]);
    let around: Vec<(u64, Vec<u8>)> = events(&spliced)[0].iter().filter(|it| it.0 == 10).cloned().collect();
    let expected: [&[u8]; 8] = [
        &[0x90, 62, 80],
        &[0xB0, 0, 8],
        &[0xC0, 40],
        &[0x90, 74, 80],
        &[0x90, 76, 80],
        &[0xB0, 0, 3],
        &[0xC0, 5],
        &[0x80, 62, 64],
    ];
    assert_eq!(around.iter().map(|it| &it.1[..]).collect::<Vec<_>>(), expected[..7]);
    let after: Vec<Vec<u8>> = events(&spliced)[0].iter().filter(|it| it.0 == 50).map(|it| it.1.clone()).collect();
    assert_eq!(after, [&[0xB0, 0, 3][..], &[0xC0, 5], &[0x90, 62, 81], &[0xB0, 0, 8], &[0xC0, 40]]);
}

#[test]
fn notes_without_a_note_off_of_their_own() {
    // Silenced at 48, where its note-off comes too late; struck at 96 and never ended.
    let track = [0, 0x90, 60, 80, 48, 0xB0, 123, 0, 24, 0x80, 60, 0, 24, 0x90, 60, 81, 0, 0x90, 67, 81, 48, 0xB0, 7, 1];
    let bytes = file(1, &[&track]);
    let added =
        [note(0, 62, 90, 9), note(48, 60, 40, 9), note(100, 60, 4, 9), note(200, 60, 10, 9), note(80, 67, 90, 9)];
    let (spliced, report) = splice(&bytes, &edits(0, &[note(0, 60, 48, 80)], &added));
    assert_eq!((report.notes_removed, report.notes_added), (1, 4));
    assert_eq!((report.notes_shortened, report.notes_dropped), (3, 1));
    let expected = [(0, 62, 48), (48, 60, 24), (80, 67, 16), (96, 60, 48), (96, 67, 48), (200, 60, 10)];
    assert_eq!(notes(&read(&spliced), 0), expected);
    let none = splice(&bytes, &edits(0, &[note(96, 60, 48, 81), note(96, 67, 48, 81)], &[])).0;
    assert_eq!(notes(&read(&none), 0), [(0, 60, 48)]);
}

#[test]
fn silence_from_another_track_ends_notes_too() {
    let silence = [48, 0xB0, 120, 0];
    let track = [0, 0x90, 60, 80, 24, 60, 0, 72, 60, 80, 24, 60, 0];
    let added = [note(40, 62, 20, 9), note(48, 64, 20, 9)];
    let (before, report) = splice(&file(1, &[&silence, &track]), &edits(0, &[], &added));
    assert_eq!((report.notes_shortened, report.notes_dropped), (1, 0));
    assert_eq!(notes(&read(&before), 0)[1..3], [(40, 62, 8), (48, 64, 20)]);
    // A later track silences what an earlier one begins at the same tick.
    let (after, report) = splice(&file(1, &[&track, &silence]), &edits(0, &[], &added));
    assert_eq!((report.notes_shortened, report.notes_dropped), (1, 1));
    assert_eq!(notes(&read(&after), 0)[1..], [(40, 62, 8), (96, 60, 24)]);
}

#[test]
fn system_exclusives_decide_which_sound_makes_an_instrument() {
    let xg_drums_on_channel_1 = [0, 0xF0, 8, 0x43, 0x10, 0x4C, 0x08, 0x00, 0x07, 0x02, 0xF7];
    let bytes = file(1, &[&[&xg_drums_on_channel_1[..], &[0, 0x95, 60, 80, 48, 0x85, 60, 0]].concat()]);
    let new_parts = vec![new_part(Instrument::Program(3), &[note(0, 60, 9, 9)])];
    let (spliced, report) = splice(&bytes, &Edits { new_parts: new_parts.clone(), ..Edits::default() });
    assert_eq!((report.notes_dropped, &read(&spliced).parts[1]), (0, &new_parts[0]));
    // Bank 127 makes drums until GS is switched on; then bank 120 does.
    let gs = [48, 0xF0, 10, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7];
    let bytes = file(1, &[&[&[0, 0xB0, 0, 127, 0, 0xC0, 8, 0, 0x90, 36, 80, 24, 36, 0][..], &gs].concat()]);
    let (spliced, report) = splice(&bytes, &edits(0, &[], &[note(80, 38, 9, 9)]));
    assert_eq!((report.notes_dropped, notes(&read(&spliced), 0)), (0, vec![(0, 36, 24), (80, 38, 9)]));
    // Nothing makes drums of a channel that a message has made melodic.
    let melodic = [48, 0xF0, 8, 0x43, 0x10, 0x4C, 0x08, 0x09, 0x07, 0x00, 0xF7];
    let bytes = file(1, &[&[&[0, 0x99, 36, 80, 24, 36, 0][..], &melodic].concat()]);
    let (spliced, report) = splice(&bytes, &edits(0, &[], &[note(30, 38, 9, 9), note(80, 38, 9, 9)]));
    assert_eq!((report.notes_dropped, notes(&read(&spliced), 0)), (1, vec![(0, 36, 24), (30, 38, 9)]));
}

#[test]
fn overlapping_notes_keep_their_ends() {
    let track = [0, 0x90, 60, 1, 10, 60, 2, 10, 60, 3, 10, 60, 0, 10, 60, 0, 10, 60, 0];
    let bytes = file(1, &[&track]);
    assert_eq!(notes(&read(&bytes), 0), [(0, 60, 30), (10, 60, 30), (20, 60, 30)]);
    for (removed, kept) in
        [(note(0, 60, 30, 1), [10, 20]), (note(10, 60, 30, 2), [0, 20]), (note(20, 60, 30, 3), [0, 10])]
    {
        let (spliced, report) = splice(&bytes, &edits(0, &[removed], &[note(45, 60, 9, 9), note(60, 60, 9, 9)]));
        assert_eq!(notes(&read(&spliced), 0)[..2], kept.map(|onset| (onset, 60, 30)));
        assert_eq!(report.notes_added, if removed.onset.0 == 20 { 2 } else { 1 });
    }
}

#[test]
fn the_pedal_of_the_file_changes_no_identity() {
    let track = [0, 0xB0, 64, 127, 0, 0x90, 60, 80, 24, 60, 0, 24, 60, 81, 24, 60, 0, 24, 0xB0, 64, 0];
    let options = ReadOptions { apply_sustain: true };
    let bytes = file(1, &[&track]);
    let removed = edits(0, &[note(48, 60, 48, 81)], &[note(24, 60, 24, 9), note(48, 60, 4, 9)]);
    let (spliced, report) = splice_midi(&bytes, &options, &removed).unwrap();
    let keys = read_midi(&spliced, &ReadOptions { apply_sustain: false }).unwrap().0;
    // At 24 the pitch still sounds, and what is added is held, too.
    assert_eq!((notes(&keys, 0), report.notes_dropped), (vec![(0, 60, 24), (48, 60, 4)], 1));
    assert_eq!((notes(&read(&spliced), 0), report.notes_held), (vec![(0, 60, 48), (48, 60, 48)], 1));
}

#[test]
fn a_note_that_is_no_longer_struck_under_a_pedal_lets_the_one_before_sound_on() {
    let track = [0, 0xB0, 64, 127, 0, 0x90, 60, 80, 24, 60, 0, 24, 60, 81, 24, 60, 0, 24, 0xB0, 64, 0];
    let (spliced, report) = splice(&file(1, &[&track]), &edits(0, &[note(48, 60, 48, 81)], &[]));
    assert_eq!((notes(&read(&spliced), 0), report.notes_held), (vec![(0, 60, 96)], 1));
}

#[test]
fn new_parts_have_tracks_and_channels_of_their_own() {
    let bytes = file(0, &[TRACK]);
    let parts = [Instrument::Program(40), Instrument::Drums(8), Instrument::Program(5), Instrument::Program(1)];
    let mut new_parts =
        parts.map(|instrument| new_part(instrument, &[note(0, 60, 48, 9), note(300, 60, 9, 8)])).to_vec();
    new_parts[3].notes.clear();
    let (spliced, report) = splice(&bytes, &Edits { new_parts: new_parts.clone(), ..Edits::default() });
    assert_eq!((report.tracks_added, report.notes_added, report.made_parallel), (3, 6, true));
    let score = read(&spliced);
    assert_eq!(&score.parts[1..], &new_parts[..3]);
    assert_eq!(score.parts[0].notes, read(&bytes).parts[0].notes);
    let tracks = events(&spliced);
    assert_eq!(tracks[0], events(&bytes)[0]);
    let channels: Vec<u8> = tracks[1..].iter().map(|track| track[1].1[0]).collect();
    assert_eq!(channels, [0xC1, 0xC9, 0xC2]);
}

#[test]
fn new_parts_that_share_a_channel_keep_their_kit_when_the_synthesiser_is_reset() {
    let reset = [1, 0x90, 60, 0, 0, 0xF0, 5, 0x7E, 0x7F, 9, 1, 0xF7, 0, 0x90, 60, 0];
    let kit = Instrument::Drums(1);
    let (first, second) = ([note(17, 58, 2, 1)], [note(1, 60, 2, 1), note(17, 60, 2, 1)]);
    let new_parts = vec![new_part(kit, &first), new_part(kit, &second)];
    let (bytes, report) = splice(&file(0, &[&reset]), &Edits { new_parts, ..Edits::default() });
    assert_eq!(report.notes_added, 3);
    let parts = read(&bytes).parts;
    assert_eq!(
        parts.iter().map(|part| (part.instrument, &part.notes[..])).collect::<Vec<_>>(),
        [(kit, &first[..]), (kit, &second[..])]
    );
}

#[test]
fn a_file_becomes_another_score_with_its_controllers() {
    let lead = [0, 0xFF, 0x03, 1, b'L', 0, 0xC0, 5, 0, 0xB0, 7, 70, 0, 0x90, 60, 80, 48, 60, 0, 0, 62, 80, 48, 62, 0];
    let bass = [0, 0xFF, 0x03, 1, b'B', 0, 0xC1, 33, 0, 0xE1, 0, 70, 0, 0x91, 40, 80, 96, 40, 0];
    let bytes = file(1, &[&lead, &bass]);
    let before = read(&bytes);
    // In a clock three times as fine: one part changes, another goes, and one comes before both.
    let finer = before.resolution.ticks_per_quarter() * 3;
    let mut after = before.with_resolution(Resolution::new(finer as u16).unwrap());
    after.parts[0].notes[1] = note(145, 65, 100, 81);
    after.parts.remove(1);
    after.parts.insert(0, new_part(Instrument::Program(73), &[note(0, 72, 288, 90)]));
    after.texts.push("made".into());
    let (spliced, report) = splice(&bytes, &Edits::changing(&before, &after).unwrap());
    assert_eq!(report, SpliceReport { notes_removed: 2, notes_added: 2, tracks_added: 1, ..SpliceReport::default() });
    let back = read(&spliced);
    let lead = Part { notes: vec![before.parts[0].notes[0], note(48, 65, 33, 81)], ..before.parts[0].clone() };
    assert_eq!(back.parts, [lead, new_part(Instrument::Program(73), &[note(0, 72, 96, 90)])]);
    assert_eq!(back.texts, ["made"]);
    let stands = |event: &[u8]| events(&spliced).concat().iter().any(|it| it.1 == event);
    assert!(stands(&[0xB0, 7, 70]) && stands(&[0xE1, 0, 70]));
    let coarse = Score { resolution: Resolution::new(8).unwrap(), ..before };
    assert_eq!(Edits::changing(&coarse, &after), None);
}

#[test]
fn a_new_part_shares_the_channel_of_one_that_becomes_drums_later() {
    let drums_on_channel_2 = [0xF0, 8, 0x43, 0x10, 0x4C, 8, 1, 7, 2, 0xF7];
    let track = [&[0, 0xB1, 0, 120, 6][..], &drums_on_channel_2, &[0, 0x91, 60, 1, 0, 0x99, 60, 1]].concat();
    let source = file(0, &[&track]);
    let added = [note(0, 61, 2, 1)];
    let edits =
        Edits { new_parts: vec![new_part(Instrument::Drums(0), &added)], ..edits(0, &[], &[note(0, 60, 2, 1)]) };
    let (bytes, report) = splice(&source, &edits);
    assert_eq!((report.notes_added, report.notes_dropped), (2, 0));
    let parts = read(&bytes).parts;
    assert!(parts.iter().all(|part| part.instrument == Instrument::Drums(0)), "{parts:?}");
    assert!(parts.iter().any(|part| part.notes == added));
}

#[test]
fn without_a_free_channel_a_new_part_shares_or_is_refused() {
    let setup: Vec<u8> = (0..16).flat_map(|it| [0, 0xC0 | it, it, 0, 0x90 | it, 60, 80]).collect();
    let rest: Vec<u8> = (0..16).flat_map(|it| [if it == 0 { 96 } else { 0 }, 0x80 | it, 60, 0]).collect();
    let bytes = file(1, &[&[&setup[..], &rest].concat()]);
    let ask = |instrument, notes: &[Note]| {
        let new_parts = vec![new_part(instrument, notes)];
        splice_midi(&bytes, &ReadOptions::default(), &Edits { new_parts, ..Edits::default() })
    };
    let (spliced, report) = ask(Instrument::Program(7), &[note(0, 60, 9, 9), note(5, 62, 50, 9)]).unwrap();
    assert_eq!((report.notes_added, report.notes_dropped), (1, 1));
    assert_eq!(events(&spliced)[1][1], (5, vec![0x97, 62, 9]));
    // The kept note of an earlier track at the tick where an added one would end comes before its
    // end.
    let meeting = file(1, &[&[&setup[..], &[50, 0x97, 70, 80, 46, 0x87, 70, 0]].concat()]);
    let new_parts = vec![new_part(Instrument::Program(7), &[note(5, 70, 45, 9)])];
    let (spliced, report) = splice(&meeting, &Edits { new_parts, ..Edits::default() });
    assert_eq!((notes(&read(&spliced), 16), report.notes_shortened), (vec![(5, 70, 44)], 1));
    let (spliced, _) = ask(Instrument::Drums(0), &[note(0, 36, 9, 9), note(50, 38, 9, 9)]).unwrap();
    let drums = &read(&spliced).parts[16];
    assert_eq!((drums.instrument, drums.notes.len()), (Instrument::Drums(0), 2));
    assert_eq!(events(&spliced)[1][1..4], [(0, vec![0xC9, 0]), (0, vec![0x99, 36, 9]), (0, vec![0xC9, 9])]);
    let error = ask(Instrument::Program(99), &[note(0, 60, 9, 9)]).unwrap_err();
    assert_eq!(error.to_string(), "no channel is left for new part 0 (FX 4 (atmosphere))");
}

#[test]
fn ports_in_mid_track_are_switched_for_a_note() {
    let track = [0, 0x90, 60, 80, 48, 0x80, 60, 0, 0, 0xFF, 0x21, 1, 2, 0, 0x90, 72, 80, 48, 0x80, 72, 0];
    let bytes = file(1, &[&track]);
    let (spliced, _) = splice(&bytes, &edits(0, &[], &[note(60, 62, 9, 9)]));
    let score = read(&spliced);
    assert_eq!((notes(&score, 0), notes(&score, 1)), (vec![(0, 60, 48), (60, 62, 9)], vec![(48, 72, 48)]));
}

#[test]
fn what_surrounds_the_tracks_stays() {
    let plain = file_with_division(1, [0xE7, 39], &[TRACK]);
    // 25 frames of 39 ticks a second: an odd number, of which a score counts twice as many.
    let unknown = b"XFIH\0\0\0\x03abc";
    let bare = [&plain[..14], unknown, &plain[14..], unknown].concat();
    assert_eq!(splice(&bare, &Edits::default()).0, bare);
    let changed = edits(0, &[], &[note(7, 72, 10, 9)]);
    let (spliced, report) = splice(&bare, &changed);
    assert_eq!((report.notes_rounded, &spliced[..25]), (1, &bare[..25]));
    assert!(spliced.ends_with(unknown));
    assert_eq!(notes(&read(&spliced), 0)[1], (6, 72, 10));
    let mut wrapped = [b"RIFF\0\0\0\0RMIDdata", &(bare.len() as u32).to_le_bytes()[..], &bare].concat();
    wrapped.push(0);
    assert_eq!(splice(&wrapped, &changed).0, spliced);
}

#[test]
fn edits_that_do_not_fit_are_refused() {
    let bytes = file(1, &[TRACK]);
    let refused = |bytes: &[u8], edits: &Edits| splice_midi(bytes, &ReadOptions::default(), edits).unwrap_err();
    let double = [note(0, 60, 48, 80), note(0, 60, 48, 80)];
    let error = refused(&bytes, &edits(0, &double, &[]));
    assert_eq!(error.to_string(), "part 0 has no note of pitch 60 and velocity 80 from tick 0 to 48");
    assert!(matches!(refused(&bytes, &edits(1, &[], &[])), SpliceError::NoSuchPart { part: 1, parts: 1 }));
    assert!(matches!(refused(&bytes, &edits(0, &[], &[note(1 << 31, 60, 1, 1)])), SpliceError::TooLong { .. }));
    assert!(matches!(refused(&file(2, &[TRACK]), &Edits::default()), SpliceError::Independent));
    assert!(matches!(refused(&[], &Edits::default()), SpliceError::Read(ReadError::Empty)));
}

#[test]
fn times_too_long_for_a_number_are_waited_for() {
    let track =
        [&[0, 0x90, 60, 80, 48, 60, 0][..], &[0xFF, 0xFF, 0xFF, 0x7F, 62, 1, 0xFF, 0xFF, 0xFF, 0x7F, 62, 0]].concat();
    let bytes = file_with_division(1, [0x7F, 0xFF], &[&track]);
    let long = (1 << 28) - 1;
    let (spliced, _) = splice(&bytes, &edits(0, &[note(48 + long, 62, long, 1)], &[note(1 << 30, 62, 1 << 29, 1)]));
    assert_eq!(notes(&read(&spliced), 0), [(0, 60, 48), (1 << 30, 62, 1 << 29)]);
}

#[test]
fn a_track_without_an_end_gets_one() {
    let bytes = file(1, &[TRACK]);
    let cut = &bytes[..bytes.len() - END.len()];
    assert_eq!(splice(cut, &Edits::default()).0, bytes);
}
