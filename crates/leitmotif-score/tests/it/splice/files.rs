//! Real files keep what is not edited.
#![allow(clippy::print_stdout)]

use super::events::events;
use super::{read, splice};
use crate::common::files;
use leitmotif_score::midi::{Severity, What};
use leitmotif_score::{Edits, ReadOptions, SpliceError, SpliceReport, read_midi, splice_midi};

/// Events but for notes.
fn without_notes(bytes: &[u8]) -> Vec<Vec<(u64, Vec<u8>)>> {
    let mut tracks = events(bytes);
    tracks.iter_mut().for_each(|track| track.retain(|(_, event)| !matches!(event[0], 0x80..=0x9F)));
    tracks
}

/// Without edits nothing changes; with one bar of every part written anew, a step higher, only
/// that does. Returns the numbers of notes written, of those shortened
/// or left out, and whether the file was sound enough to compare its events.
fn check_file(name: &str, bytes: &[u8]) -> Option<(usize, usize, bool)> {
    let (score, report) = read_midi(bytes, &ReadOptions::default()).ok()?;
    let (copy, changes) = match splice_midi(bytes, &ReadOptions::default(), &Edits::default()) {
        Err(SpliceError::Independent) => return None,
        other => other.unwrap(),
    };
    assert_eq!(changes, SpliceReport::default(), "{name}");
    assert_eq!(read(&copy), score, "{name}");
    let sound = report.worst() < Some(Severity::Damaged) && report.count(What::ChunkLengthWrong) == 0;
    let sound = sound && report.count(What::EndOfTrackMissing) == 0 && report.count(What::Wrapper) == 0;
    if sound {
        assert!(events(&copy) == events(bytes), "{name}: events changed");
    }
    let bar = score.bars().nth(score.bars().count() / 2).map(|bar| bar.start..bar.end()).unwrap_or_default();
    let mut after = score.clone();
    for part in &mut after.parts {
        for note in &mut part.notes {
            if bar.contains(&note.onset) {
                note.pitch = (note.pitch + 1).min(127);
            }
        }
        part.notes.sort();
    }
    let edits = Edits::between(&score, &after).unwrap();
    let (spliced, changes) = splice(bytes, &edits);
    let back = read(&spliced);
    let lost = changes.notes_shortened + changes.notes_dropped;
    if lost == 0 {
        assert_eq!(back, after, "{name}");
    }
    assert_eq!(back.note_count() + changes.notes_dropped, score.note_count(), "{name}");
    if sound {
        assert!(without_notes(&spliced) == without_notes(bytes), "{name}: other events changed");
    }
    Some((changes.notes_added, lost, sound))
}

fn check_files(folder: &str, count: usize) {
    let paths = files(folder);
    let step = (paths.len() / count).max(1);
    let (mut checked, mut written, mut lost, mut compared) = (0, 0, 0, 0);
    for path in paths.iter().step_by(step) {
        if let Some((added, cut, sound)) = check_file(&path.display().to_string(), &std::fs::read(path).unwrap()) {
            (checked, written, lost) = (checked + 1, written + added, lost + cut);
            compared += usize::from(sound);
        }
    }
    println!(
        "{folder}: {checked} files, {compared} event by event; {written} notes written, {lost} of them shortened or left out"
    );
}

#[test]
fn conformance_files_stand() {
    check_files("midi-conformance", usize::MAX);
}

#[test]
fn songs_stand() {
    check_files("open-band", 40);
}

#[test]
#[ignore = "reads hundreds of files"]
fn many_songs_stand() {
    check_files("open-band", 300);
    check_files("scores", 1000);
}
