//! Reading from and writing to the file system.

use leitmotif_score::midi::limits::{MAX_FILE_BYTES, MAX_TICKS};
use leitmotif_score::{
    Instrument, Note, Part, ReadError, ReadOptions, ReadReport, Resolution, Score, Ticks, WriteError, read_midi,
    read_midi_file, write_midi, write_midi_file, write_midi_with_report,
};

fn note(onset: u64, pitch: u8, duration: u64) -> Note {
    Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 80 }
}

fn score(notes: Vec<Note>) -> Score {
    let part = Part { name: "Lead".into(), instrument: Instrument::Program(80), notes };
    Score { parts: vec![part], ..Score::default() }
}

#[test]
fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a song.mid");
    for pitch in [60, 62] {
        let score = score(vec![note(0, pitch, 480)]);
        write_midi_file(&path, &score).unwrap();
        assert_eq!(read_midi_file(&path, &ReadOptions::default()).unwrap().0, score);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.mid");
    std::fs::create_dir(&taken).unwrap();
    for path in [&folder.path().join("missing/song.mid"), &taken] {
        let error = write_midi_file(path, &score(vec![note(0, 60, 1)])).unwrap_err();
        assert!(matches!(error, WriteError::Io { .. }));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not.mid");
    std::fs::write(&path, "no music").unwrap();
    let error = read_midi_file(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("not.mid: not a MIDI file: at byte 0"), "{error}");
    let large = folder.path().join("large.mid");
    std::fs::File::create(&large).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let error = read_midi_file(&large, &ReadOptions::default()).unwrap_err();
    assert!(matches!(&error, ReadError::InFile { source, .. } if matches!(**source, ReadError::TooLarge { .. })));
    let missing = read_midi_file(folder.path().join("missing.mid"), &ReadOptions::default()).unwrap_err();
    assert!(missing.to_string().contains("missing.mid"), "{missing}");
}

#[test]
fn overlaps_are_cut_and_doubles_merged() {
    let score = score(vec![note(0, 60, 100), note(0, 60, 200), note(50, 60, 10)]);
    let (bytes, report) = write_midi_with_report(&score).unwrap();
    assert_eq!((report.notes_merged, report.notes_shortened), (1, 1));
    let (back, _) = read_midi(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(back.parts[0].notes, [note(0, 60, 50), note(50, 60, 10)]);
}

#[test]
fn what_a_file_cannot_express_is_changed_and_reported() {
    let mut fine = score(vec![note(100, 60, 100)]);
    fine.resolution = Resolution::new(60_000).unwrap();
    fine.parts.push(Part { name: "Silent".into(), instrument: Instrument::Drums(0), notes: Vec::new() });
    fine.texts = vec!["x".repeat(100_000)];
    let (bytes, report) = write_midi_with_report(&fine).unwrap();
    assert!(report.clock_coarsened && !report.normalised);
    assert_eq!((report.empty_parts, report.texts_cut, report.ports), (1, 1, 1));
    let (back, _) = read_midi(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!((back.duration(), back.parts.len()), (fine.duration(), 1));
    let long = score(vec![note(MAX_TICKS, 60, 1)]);
    assert!(matches!(write_midi(&long), Err(WriteError::TooLong { .. })));
}

#[test]
fn reports_go_through_json() {
    let bytes = write_midi(&score(vec![note(0, 60, 480)])).unwrap();
    let (_, report) = read_midi(&bytes[..bytes.len() - 6], &ReadOptions::default()).unwrap();
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains(r#""what":"track_cut","severity":"damaged","count":1"#), "{json}");
    assert_eq!(serde_json::from_str::<ReadReport>(&json).unwrap(), report);
}
