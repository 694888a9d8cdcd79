//! What files may look like, each kind built by hand from its bytes.

use leitmotif_score::midi::What;
use leitmotif_score::midi::limits::{MAX_EVENTS, MAX_FILE_BYTES, MAX_MARKS, MAX_NOTES, MAX_TRACKS};
use leitmotif_score::{Instrument, Marker, ReadError, ReadOptions, ReadReport, Score, Seconds, Ticks, read_midi};

pub const END: &[u8] = &[0, 0xFF, 0x2F, 0];

/// A file of 96 ticks a quarter, its tracks ended.
pub fn file(format: u8, tracks: &[&[u8]]) -> Vec<u8> {
    file_with_division(format, [0, 96], tracks)
}

pub fn file_with_division(format: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06".to_vec();
    bytes.extend([0, format, 0, tracks.len() as u8, division[0], division[1]]);
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32 + END.len() as u32).to_be_bytes());
        bytes.extend_from_slice(track);
        bytes.extend(END);
    }
    bytes
}

fn read(bytes: &[u8]) -> (Score, ReadReport) {
    read_midi(bytes, &ReadOptions::default()).unwrap()
}

/// `(part, onset, pitch, duration, velocity)` of every note.
fn notes(score: &Score) -> Vec<(usize, u64, u8, u64, u8)> {
    let parts = score.parts.iter().enumerate();
    parts
        .flat_map(|(number, part)| {
            part.notes.iter().map(move |it| (number, it.onset.0, it.pitch, it.duration.0, it.velocity))
        })
        .collect()
}

fn instruments(score: &Score) -> Vec<Instrument> {
    score.parts.iter().map(|part| part.instrument).collect()
}

#[test]
fn format_0_is_one_track_of_many_channels() {
    let track = [
        &[0, 0xFF, 0x03, 4][..],
        b"Song",
        &[0, 0xC0, 24, 0, 0xC1, 32, 0, 0x90, 60, 100, 0, 0x91, 40, 90],
        &[0, 0x99, 36, 80, 96, 0x80, 60, 0, 0, 0x81, 40, 0, 0, 0x89, 36, 0],
    ]
    .concat();
    let (score, report) = read(&file(0, &[&track]));
    assert_eq!(score.title.as_deref(), Some("Song"));
    assert_eq!(instruments(&score), [Instrument::Program(24), Instrument::Program(32), Instrument::Drums(0)]);
    assert_eq!(notes(&score), [(0, 0, 60, 96, 100), (1, 0, 40, 96, 90), (2, 0, 36, 96, 80)]);
    assert!(report.findings.is_empty(), "{report:?}");
}

#[test]
fn format_1_has_a_conductor_and_named_tracks() {
    let conductor = [
        &[0, 0xFF, 0x03, 4][..],
        b"Song",
        &[0, 0xFF, 0x01, 3],
        b"how",
        &[0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40],
        &[0, 0xFF, 0x58, 4, 6, 3, 24, 8, 0, 0xFF, 0x59, 2, 0xFD, 1, 48, 0xFF, 0x06, 1, b'B'],
    ]
    .concat();
    let part = [&[0, 0xFF, 0x03, 3][..], b"F\xFCr", &[0, 0xC2, 40, 0, 0x92, 72, 1, 96, 0x82, 72, 0]].concat();
    let (score, report) = read(&file(1, &[&conductor, &part]));
    assert_eq!((score.title.as_deref(), score.parts[0].name.as_str()), (Some("Song"), "Für"));
    assert_eq!(score.texts, ["how"]);
    assert_eq!(score.tempos[0].quarters_per_minute(), 60.0);
    assert_eq!((score.meters[0].numerator, score.meters[0].denominator), (6, 8));
    assert_eq!((score.keys[0].sharps, score.keys[0].minor), (-3, true));
    assert_eq!(score.markers, [Marker { at: Ticks(48), text: "B".into() }]);
    assert_eq!(score.duration(), Seconds(1.0));
    assert_eq!((report.findings.len(), report.count(What::TextNotUtf8)), (1, 1));
}

#[test]
fn format_2_plays_one_sequence_after_another() {
    let first = [&[0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0, 0xC0, 7][..], &[0, 0x90, 60, 9, 96, 0x80, 60, 0]].concat();
    let second = [0, 0x90, 62, 9, 48, 0x80, 62, 0];
    let (score, report) = read(&file(2, &[&first, &second]));
    assert_eq!(notes(&score), [(0, 0, 60, 96, 9), (1, 96, 62, 48, 9)]);
    assert_eq!(instruments(&score), [Instrument::Program(7), Instrument::Program(0)]);
    assert_eq!(score.duration(), Seconds(1.25));
    assert_eq!(report.count(What::SequencesJoined), 2);
}

#[test]
fn smpte_time_becomes_seconds() {
    let track = [0, 0xFF, 0x51, 3, 1, 0, 0, 0, 0x90, 60, 9, 100, 0x80, 60, 0];
    // 25 frames of 40 ticks; 24 of 1 (half a second is even); 25 of 1 (it is not); 30 drop frames
    // of 10.
    for (division, seconds) in
        [([0xE7, 40], 0.1), ([0xE8, 1], 100.0 / 24.0), ([0xE7, 1], 4.0), ([0xE3, 10], 0.33366666)]
    {
        let (score, report) = read(&file_with_division(1, division, &[&track]));
        assert!((score.duration().0 - seconds).abs() < 1e-6, "{division:?} {:?}", score.duration());
        assert_eq!((report.count(What::SmpteTime), report.count(What::TempoWithoutQuarters)), (1, 1));
    }
    let (score, report) = read(&file_with_division(1, [0, 0], &[&track]));
    assert_eq!((score.note_count(), report.count(What::DivisionInvalid)), (1, 1));
}

#[test]
fn running_status_and_velocity_zero() {
    let track = [0, 0x90, 60, 9, 10, 60, 0, 0, 62, 8, 10, 0xFF, 0x01, 0, 0, 62, 0];
    let (score, report) = read(&file(1, &[&track]));
    assert_eq!(notes(&score), [(0, 0, 60, 10, 9), (0, 10, 62, 10, 8)]);
    assert_eq!(report.count(What::RunningStatusResumed), 1);
}

#[test]
fn a_program_change_in_mid_track_begins_another_part() {
    let track = [
        &[0, 0xC0, 1, 0, 0x90, 60, 9, 10, 0x80, 60, 0, 0, 0xC0, 2, 0, 0x90, 61, 9, 10, 0x80, 61, 0][..],
        &[0, 0xC0, 1, 0, 0x90, 62, 9, 10, 0x80, 62, 0],
    ]
    .concat();
    let (score, _) = read(&file(1, &[&track]));
    assert_eq!(instruments(&score), [Instrument::Program(1), Instrument::Program(2)]);
    assert_eq!(notes(&score), [(0, 0, 60, 10, 9), (0, 20, 62, 10, 9), (1, 10, 61, 10, 9)]);
}

#[test]
fn a_program_set_in_one_track_holds_in_the_others() {
    let (score, _) = read(&file(1, &[&[0, 0xC5, 11], &[0, 0x95, 60, 9, 10, 0x85, 60, 0]]));
    assert_eq!(instruments(&score), [Instrument::Program(11)]);
}

#[test]
fn drums_by_channel_bank_and_system_exclusive() {
    let note = |channel: u8| vec![0, 0x90 | channel, 36, 9, 10, 0x80 | channel, 36, 0];
    let of = |setup: &[u8], channel: u8| instruments(&read(&file(1, &[&[setup, &note(channel)].concat()])).0)[0];
    assert_eq!(of(&[], 9), Instrument::Drums(0));
    assert_eq!(of(&[0, 0xC9, 25], 9), Instrument::Drums(25));
    assert_eq!(of(&[0, 0xB3, 0, 127, 0, 0xC3, 8], 3), Instrument::Drums(8), "XG drum bank");
    assert_eq!(of(&[0, 0xB3, 0, 126, 0, 0xC3, 0], 3), Instrument::Drums(56), "XG effects bank");
    assert_eq!(of(&[0, 0xB3, 0, 120, 0, 0xC3, 40], 3), Instrument::Drums(40), "GM2 rhythm bank");
    assert_eq!(of(&[0, 0xB9, 0, 121, 0, 0xC9, 40], 9), Instrument::Program(40), "GM2 melody bank");
    let rhythm = |block: u8, map: u8| vec![0, 0xF0, 10, 0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | block, 0x15, map, 0, 0xF7];
    assert_eq!(of(&rhythm(0xA, 1), 10), Instrument::Drums(0), "GS rhythm part");
    assert_eq!(of(&rhythm(0, 0), 9), Instrument::Program(0), "GS rhythm part off");
}

#[test]
fn ports_make_channels_distinct() {
    let track = |port: u8, program: u8| {
        [&[0, 0xFF, 0x21, 1, port, 0, 0xC0, program][..], &[10, 0x90, 60, 9, 10, 0x80, 60, 0]].concat()
    };
    let (score, report) = read(&file(1, &[&track(0, 5), &track(1, 6), &track(0, 5)]));
    assert_eq!(instruments(&score), [5, 6, 5].map(Instrument::Program));
    assert!(report.findings.is_empty());
}

#[test]
fn a_riff_wrapper_is_opened() {
    let midi = file(1, &[&[0, 0x90, 60, 9, 10, 0x80, 60, 0]]);
    let mut bytes = b"RIFF\0\0\0\0RMIDDISP\x03\0\0\0abc\0data".to_vec();
    bytes.extend((midi.len() as u32).to_le_bytes());
    bytes.extend(&midi);
    bytes.extend(b"LIST\x04\0\0\0none");
    let (score, report) = read(&bytes);
    assert_eq!((score.note_count(), report.findings.len(), report.count(What::Wrapper)), (1, 1, 1));
}

#[test]
fn overlapping_notes_of_a_pitch_end_in_the_order_they_began() {
    let track = [0, 0x90, 60, 1, 10, 0x90, 60, 2, 10, 0x80, 60, 0, 10, 0x80, 60, 0, 0, 0x80, 60, 0];
    let (score, report) = read(&file(1, &[&track]));
    assert_eq!(notes(&score), [(0, 0, 60, 20, 1), (0, 10, 60, 20, 2)]);
    assert_eq!((report.count(What::NotesOverlapping), report.count(What::NoteOffWithoutNote)), (1, 1));
}

#[test]
fn notes_without_an_end_last_as_long_as_their_track() {
    let (score, report) = read(&file(1, &[&[0, 0x90, 60, 1, 0, 0x90, 61, 1, 0, 0x80, 61, 0, 50, 0xFF, 1, 0]]));
    assert_eq!(notes(&score), [(0, 0, 60, 50, 1), (0, 0, 61, 1, 1)]);
    assert_eq!((report.count(What::NoteNeverEnded), report.count(What::NoteWithoutLength)), (1, 1));
    let line = report.lines().find(|it| it.contains("never ended")).unwrap();
    assert_eq!(line, "repaired: 1 note(s) never ended, closed at the end of their track (at byte 22)");
}

#[test]
fn all_notes_off_ends_notes() {
    let (score, report) = read(&file(1, &[&[0, 0x90, 60, 1, 20, 0xB0, 123, 0, 50, 0xFF, 1, 0]]));
    assert_eq!(notes(&score), [(0, 0, 60, 20, 1)]);
    assert_eq!(report.count(What::NotesEndedByController), 1);
}

#[test]
fn the_pedal_lengthens_notes_unless_it_is_left_aside() {
    let track = [
        &[0, 0x90, 60, 1, 0, 0xB0, 64, 127, 10, 0x80, 60, 0, 10, 0x90, 60, 2, 10, 0x80, 60, 0][..],
        &[10, 0xB0, 64, 0, 10, 0x90, 62, 3, 10, 0xB0, 64, 99, 10, 0x80, 62, 0, 10, 0xFF, 1, 0],
    ]
    .concat();
    let bytes = file(1, &[&track]);
    let (score, report) = read(&bytes);
    assert_eq!(notes(&score), [(0, 0, 60, 20, 1), (0, 20, 60, 20, 2), (0, 50, 62, 30, 3)]);
    assert_eq!(report.count(What::NoteHeldByPedal), 3);
    let (score, report) = read_midi(&bytes, &ReadOptions { apply_sustain: false }).unwrap();
    assert_eq!(notes(&score), [(0, 0, 60, 10, 1), (0, 20, 60, 10, 2), (0, 50, 62, 20, 3)]);
    assert_eq!((report.count(What::NoteHeldByPedal), report.count(What::PedalNotApplied)), (0, 3));
}

#[test]
fn half_a_pedal_is_down_from_64_and_drums_have_none() {
    let pedalled = |value: u8, channel: u8| {
        let (on, off, pedal) = (0x90 | channel, 0x80 | channel, 0xB0 | channel);
        let track = [0, pedal, 64, value, 0, on, 60, 1, 10, off, 60, 0, 10, pedal, 64, 0];
        notes(&read(&file(1, &[&track])).0)[0].3
    };
    assert_eq!([pedalled(63, 0), pedalled(64, 0), pedalled(127, 9)], [10, 20, 10]);
}

#[test]
fn sostenuto_holds_the_notes_that_sounded() {
    let track = [
        &[0, 0x90, 60, 1, 10, 0xB0, 66, 127, 0, 0x90, 64, 1][..],
        &[10, 0x80, 60, 0, 0, 0x80, 64, 0, 10, 0xB0, 66, 0, 10, 0xFF, 1, 0],
    ];
    let (score, report) = read(&file(1, &[&track.concat()]));
    assert_eq!(notes(&score), [(0, 0, 60, 30, 1), (0, 10, 64, 10, 1)]);
    assert_eq!(report.count(What::NoteHeldByPedal), 1);
}

const TWO_NOTES: [u8; 16] = [0, 0x90, 60, 1, 10, 0x80, 60, 0, 0, 0x90, 62, 1, 10, 0x80, 62, 0];

#[test]
fn a_cut_file_keeps_what_came_before() {
    let bytes = file(1, &[&TWO_NOTES, &TWO_NOTES]);
    let second = 14 + 8 + 16 + 4 + 8;
    let (score, report) = read(&bytes[..second + 10]);
    assert_eq!(notes(&score), [(0, 0, 60, 10, 1), (0, 10, 62, 10, 1), (1, 0, 60, 10, 1)]);
    let cut = report.findings.iter().find(|it| it.what == What::TrackCut).unwrap();
    assert_eq!(cut.bytes, [second as u64 + 8]);
}

#[test]
fn damage_in_one_track_leaves_the_others() {
    let start = 14 + 8;
    let after_notes = |bytes: &[u8]| [&TWO_NOTES, bytes].concat();
    for (track, kept, what, byte) in [
        (after_notes(&[0, 0x90, 60, 0xFE, 0, 0x90, 60, 1]), 4, What::DataByteMended, 16 + 3),
        (after_notes(&[0x81, 0x80, 0x80, 0x80, 0, 0x90, 60, 1]), 3, What::NumberTooLong, 16 + 3),
        (after_notes(&[0, 0xFF, 1, 99, b'a']), 2, What::TrackCut, 16),
        (vec![0, 60, 1, 0, 0x90, 60, 1], 1, What::StatusMissing, 1),
    ] {
        let (score, report) = read(&file(1, &[&track, &TWO_NOTES]));
        assert_eq!(score.note_count(), kept + 2, "{what:?} {report:?}");
        let found = report.findings.iter().find(|it| it.what == what).unwrap();
        assert_eq!(found.bytes, [start + byte], "{what:?}");
    }
}

#[test]
fn wrong_lengths_are_recovered_from() {
    for lie in [0u32, 3, 17, 19, 23, 90, u32::MAX] {
        let mut bytes = file(1, &[&TWO_NOTES, &TWO_NOTES]);
        bytes[18..22].copy_from_slice(&lie.to_be_bytes());
        let (score, report) = read(&bytes);
        assert_eq!((score.note_count(), score.parts.len()), (4, 2), "{lie}: {report:?}");
        assert_eq!(report.count(What::ChunkLengthWrong), 1, "{lie}: {report:?}");
    }
}

#[test]
fn bytes_around_the_music_are_skipped() {
    let midi = file(1, &[&TWO_NOTES]);
    let bytes = [&[7; 128][..], &midi[..14], b"XFIH\0\0\0\x02ab", &midi[14..], b"\0\0\0"].concat();
    let (score, report) = read(&bytes);
    assert_eq!(score.note_count(), 2);
    assert_eq!(report.count(What::BytesBeforeHeader), 128);
    assert_eq!((report.count(What::ChunkUnknown), report.count(What::StrayBytes)), (1, 1));
    let after_end = file(1, &[&[&TWO_NOTES[..], END, &[1, 2, 3]].concat()]);
    let (score, report) = read(&after_end);
    assert_eq!((score.note_count(), report.count(What::BytesAfterEnd)), (2, 1));
}

#[test]
fn impossible_values_are_dropped() {
    let track = [
        &[0, 0xFF, 0x51, 3, 0, 0, 0, 0, 0xFF, 0x58, 4, 0, 2, 24, 8, 0, 0xFF, 0x58, 4, 4, 9, 24, 8][..],
        &[0, 0xFF, 0x59, 2, 9, 0, 0, 0xFF, 0x59, 0, 0, 0xFF, 0x60, 0, 0, 0xF4],
        &TWO_NOTES,
    ]
    .concat();
    let (score, report) = read(&file(1, &[&track]));
    assert_eq!((score.tempos.len(), score.meters.len(), score.keys.len(), score.note_count()), (0, 0, 0, 2));
    assert_eq!(report.count(What::ValueInvalid), 5);
    assert_eq!((report.count(What::MetaUnknown), report.count(What::SystemMessage)), (1, 1));
}

#[test]
fn time_has_an_end() {
    let mut track = Vec::new();
    for _ in 0..9 {
        track.extend([0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 1, 0, 0x80, 60, 0]);
    }
    let division = |division| read(&file_with_division(1, division, &[&track, &TWO_NOTES]));
    let (score, report) = division([0x7F, 0xFF]);
    assert_eq!((score.note_count(), report.count(What::TimeBeyondLimit)), (8 + 2, 1));
    let (score, report) = division([0, 1]);
    assert_eq!((score.note_count(), report.count(What::BeyondLongest)), (2, 8));
    assert_eq!((score.bars().count(), report.count(What::NoteOffWithoutNote)), (5, 0));
}

#[test]
fn silence_and_held_notes_make_no_more_bars_than_the_longest_piece() {
    use leitmotif_score::{MAX_BARS, MAX_QUARTERS};
    let held = [0, 0x90, 60, 1, 0xFF, 0xFF, 0xFF, 0x7F, 0x80, 60, 0];
    let marked = [&[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x06, 1, b'A'][..], &TWO_NOTES].concat();
    let short = [&[0, 0xFF, 0x58, 4, 1, 7, 24, 8][..], &held].concat();
    for (track, notes, bars, beyond, cut) in
        [(&held[..], 1, MAX_QUARTERS as usize / 4, 0, 1), (&short[..], 1, MAX_BARS, 0, 1), (&marked[..], 0, 0, 3, 0)]
    {
        let (score, report) = read(&file_with_division(1, [0, 1], &[track]));
        assert_eq!((score.note_count(), score.bars().count()), (notes, bars));
        assert_eq!((report.count(What::BeyondLongest), report.count(What::CutAtLongest)), (beyond, cut));
        assert!(score.markers.is_empty());
        let bytes = leitmotif_score::write_midi(&score).unwrap();
        assert_eq!(read(&bytes).0, score);
    }
}

#[test]
fn errors_name_the_byte() {
    let error = |bytes: &[u8]| read_midi(bytes, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error(b""), ReadError::Empty));
    assert!(matches!(error(b"MThd\0\0\0\x06\0"), ReadError::HeaderCut { at: 9 }));
    assert!(matches!(error(b"hello"), ReadError::NotMidi { at: 0, .. }));
    assert!(matches!(error(&file(1, &[])), ReadError::NoTracks { at: 14 }));
    assert!(matches!(error(&vec![0; MAX_FILE_BYTES as usize + 1]), ReadError::TooLarge { .. }));
    let many = [&file(1, &[])[..], &b"MTrk\0\0\0\0".repeat(MAX_TRACKS + 1)].concat();
    assert!(
        matches!(error(&many), ReadError::TooMany { what: "tracks", at, .. } if at == 14 + 8 * (MAX_TRACKS as u64 + 1))
    );
    assert_eq!(error(b"hello").to_string(), "not a MIDI file: at byte 0 there is `hello` instead of a header (`MThd`)");
}

#[test]
fn files_of_too_many_events_are_refused() {
    let refused = |events: &[u8]| match read_midi(&file(1, &[events]), &ReadOptions::default()) {
        Err(ReadError::TooMany { what, limit, at }) if at <= events.len() as u64 + 26 => (what, limit),
        other => panic!("{other:?}"),
    };
    // Ends of notes, whole notes, and two tempos by turns.
    let ends = [&[0, 0x80, 60, 1][..], &[0, 60, 1].repeat(MAX_EVENTS)].concat();
    assert_eq!(refused(&ends), ("events", MAX_EVENTS));
    let notes = [&[0, 0x90, 60, 1][..], &[0, 60, 0, 0, 60, 1].repeat(MAX_NOTES)].concat();
    assert_eq!(refused(&notes), ("notes", MAX_NOTES));
    let tempos = [0, 0xff, 0x51, 3, 7, 0, 0, 1, 0xff, 0x51, 3, 8, 0, 0].repeat(MAX_MARKS / 2 + 1);
    assert_eq!(refused(&tempos).1, MAX_MARKS);
}
