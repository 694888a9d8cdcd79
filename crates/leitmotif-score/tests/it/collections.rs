//! Whole collections of real files: each gives music or a clear reason, and survives being written.
//!
//! Looks for the folder named by `LEITMOTIF_DATA`; skips with a message where it is missing.
#![allow(clippy::print_stdout)]

use crate::common::{assert_same_music, files};
use leitmotif_score::midi::{Severity, What};
use leitmotif_score::{ReadOptions, ReadReport, Score, read_midi, read_midi_file, write_midi_with_report};

fn read_all(folder: &str, each: impl Fn(&str, &Score, &ReadReport)) -> usize {
    let paths = files(folder);
    for path in &paths {
        let (score, report) = read_midi_file(path, &ReadOptions::default()).unwrap();
        let name = path.display().to_string();
        assert!(score.note_count() > 0, "{name} has no notes");
        each(&name, &score, &report);
    }
    paths.len()
}

fn survives_writing(name: &str, score: &Score) {
    let (bytes, changes) = write_midi_with_report(score).unwrap();
    let (back, report) = read_midi(&bytes, &ReadOptions::default()).unwrap();
    let findings = report.findings.iter().filter(|it| it.what != What::NoNotes);
    assert_eq!(findings.count(), 0, "{name}: {:?}", report.findings);
    if changes.notes_merged + changes.notes_shortened == 0 {
        assert_same_music(&back, score, name);
    } else {
        assert_eq!(back.note_count() + changes.notes_merged, score.note_count(), "{name}");
        // Written once, the notes are apart for good.
        let again = write_midi_with_report(&back).unwrap();
        assert_eq!((again.0, again.1.notes_merged, again.1.notes_shortened), (bytes, 0, 0), "{name}");
    }
}

#[test]
fn multi_track_songs() {
    let count = read_all("open-band", |name, score, report| {
        assert!(report.worst() < Some(Severity::Damaged), "{name}: {:?}", report.findings);
        survives_writing(name, score);
    });
    println!("{count} songs");
}

#[test]
fn drumming() {
    read_all("groove", |name, score, _| {
        assert!(score.parts.iter().all(|part| part.instrument.is_drums()), "{name}");
        survives_writing(name, score);
    });
}

#[test]
fn folk_tunes_and_chorales() {
    for folder in ["nottingham", "js-fakes"] {
        read_all(folder, |name, score, report| {
            assert!(report.worst() < Some(Severity::Damaged), "{name}: {:?}", report.findings);
            survives_writing(name, score);
        });
    }
}

/// Files of the conformance suite that are no MIDI at all, and why.
const WITHOUT_MUSIC: [(&str, &str); 3] = [
    ("test-empty-file.mid", "empty"),
    ("test-not-a-midi-file.mid", "not a MIDI file"),
    ("test-syx-7e-06-01-id-request.syx", "not a MIDI file"),
];

#[test]
fn conformance() {
    for path in files("midi-conformance") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match read_midi_file(&path, &ReadOptions::default()) {
            Ok((score, report)) => {
                let instruments: Vec<String> = score.instruments().iter().map(|it| it.name()).take(4).collect();
                let (notes, bars) = (score.note_count(), score.bars().count());
                println!("{name}: {notes} notes, {} parts, {bars} bars, {}", score.parts.len(), instruments.join(" "));
                report.lines().for_each(|line| println!("    {line}"));
                survives_writing(&name, &score);
                assert!(notes > 0 || report.count(What::NoNotes) == 1, "{name}");
            }
            Err(error) => {
                println!("{name}: {error}");
                let expected = WITHOUT_MUSIC.iter().find(|it| it.0 == name);
                let (_, why) = expected.unwrap_or_else(|| panic!("{error}"));
                assert!(error.to_string().contains(&name) && error.to_string().contains(why), "{error}");
            }
        }
    }
}
