//! Channels that several tracks, or two arrangements, share.

use crate::formats::file;
use leitmotif_score::midi::What;
use leitmotif_score::{Edits, splice_midi};
use leitmotif_score::{Instrument, Note, Part, ReadOptions, ReadReport, Score, Ticks, read_midi};

fn read(tracks: &[&[u8]]) -> (Score, ReadReport) {
    read_midi(&file(1, tracks), &ReadOptions::default()).unwrap()
}

fn programs(score: &Score) -> Vec<u8> {
    score.parts.iter().map(|part| part.instrument.program()).collect()
}

/// Notes on a channel at ticks 10, 30, 50, ..., each of ten ticks.
fn notes(channel: u8, count: usize) -> Vec<u8> {
    [10, 0x90 | channel, 60, 1, 10, 0x80 | channel, 60, 0].repeat(count)
}

#[test]
fn tracks_with_programs_of_their_own_keep_them() {
    let track = |program: u8| [&[0, 0xC0, program][..], &notes(0, 3)].concat();
    let (score, report) = read(&[&track(66), &track(26), &track(66)]);
    assert_eq!(programs(&score), [66, 26, 66]);
    assert_eq!((score.note_count(), report.count(What::ProgramByTrack)), (9, 3));
    // Later changes, too.
    let changing = [&track(40)[..], &[0, 0xC0, 41], &notes(0, 2)].concat();
    assert_eq!(programs(&read(&[&changing, &track(26)]).0), [40, 41, 26]);
    assert_eq!(programs(&read(&[&track(26), &changing]).0), [26, 40, 41]);
}

#[test]
fn two_hundred_tracks_are_two_hundred_parts() {
    // Every second track selects its program, and the others none.
    let track = |number: u8| match number % 2 {
        0 => [&[number % 5, 0xC0 | (number % 9), number % 100][..], &notes(number % 9, 4)].concat(),
        _ => notes(number % 9, 4),
    };
    let tracks: Vec<Vec<u8>> = (0..200).map(track).collect();
    let (score, _) = read(&tracks.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!((score.parts.len(), score.note_count()), (200, 800));
}

#[test]
fn tracks_without_programs_follow_the_first_that_has_some() {
    let set_up = [0, 0xC0, 40, 40, 0xC0, 41];
    let hand = notes(0, 4);
    // A track that sets up; the right hand of a piano; neither is another's later program.
    assert_eq!(programs(&read(&[&set_up, &hand]).0), [40, 41]);
    let right = [&[0, 0xC0, 6][..], &notes(0, 2)].concat();
    let late = [&[35, 0xC0, 99][..], &notes(0, 1)].concat();
    assert_eq!(programs(&read(&[&right, &hand, &late]).0), [6, 6, 99]);
    // It may come after them in the file.
    assert_eq!(programs(&read(&[&late, &hand]).0), [99, 0, 99]);
}

#[test]
fn a_track_that_follows_another_is_not_made_to_lead() {
    let bytes = file(1, &[&[0, 0xC0, 40, 40, 0xC0, 41], &notes(0, 4)]);
    let options = ReadOptions::default();
    let before = read_midi(&bytes, &options).unwrap().0;
    let mut after = before.clone();
    // Its second part plays where the first does.
    after.parts[1].notes.insert(0, Note { onset: Ticks(1), pitch: 50, duration: Ticks(4), velocity: 9 });
    let edits = Edits::between(&before, &after).unwrap();
    let (spliced, report) = splice_midi(&bytes, &options, &edits).unwrap();
    assert_eq!((report.notes_added, report.notes_dropped), (0, 1));
    assert_eq!(read_midi(&spliced, &options).unwrap().0, before);
}

const MARK: [u8; 7] = [0, 0xFF, 0x7F, 3, 0, 0, 0x41];

#[test]
fn of_two_arrangements_the_fuller_is_read() {
    let (full, drums, basic, basic_drums) = (notes(0, 3), notes(9, 2), notes(12, 3), notes(15, 2));
    let tracks: [&[u8]; 5] = [&MARK, &full, &drums, &basic, &basic_drums];
    let (score, report) = read(&tracks);
    let instruments: Vec<Instrument> = score.parts.iter().map(|part| part.instrument).collect();
    assert_eq!(instruments, [Instrument::Program(0), Instrument::Drums(0)]);
    assert_eq!((score.note_count(), report.count(What::BasicLevel)), (5, 5));
    assert_eq!(read(&tracks[1..]).0.note_count(), 10, "without the mark");
}

#[test]
fn a_marked_file_with_one_arrangement_is_read_whole() {
    // The mark also stands in files that use channels 1 to 11 alone, or 13 to 16.
    for channels in [[0, 9, 10], [12, 13, 15]] {
        let tracks = channels.map(|channel| notes(channel, 2));
        let (score, report) = read(&[&MARK, &tracks[0], &tracks[1], &tracks[2]]);
        assert_eq!((score.note_count(), report.count(What::BasicLevel)), (6, 0));
    }
}

#[test]
fn a_new_part_of_a_marked_file_is_read_back() {
    let tracks: Vec<Vec<u8>> = (0..12).map(|channel| notes(channel, 1)).chain([notes(12, 1)]).collect();
    let mut slices: Vec<&[u8]> = vec![&MARK];
    slices.extend(tracks.iter().take(9).map(Vec::as_slice));
    slices.push(&tracks[12]);
    let options = ReadOptions::default();
    let bytes = file(1, &slices);
    let before = read_midi(&bytes, &options).unwrap().0;
    let note = Note { onset: Ticks(5), pitch: 70, duration: Ticks(10), velocity: 7 };
    let part = Part { name: "New".into(), instrument: Instrument::Program(88), notes: vec![note] };
    let edits = Edits { new_parts: vec![part.clone()], ..Edits::default() };
    let (spliced, _) = splice_midi(&bytes, &options, &edits).unwrap();
    let after = read_midi(&spliced, &options).unwrap().0;
    assert_eq!(after.parts[..9], before.parts);
    assert_eq!(after.parts[9], part);
}
