//! What several tests need.
#![allow(clippy::print_stdout)]

use leitmotif_score::Score;
use std::path::{Path, PathBuf};

/// All MIDI files below a folder of the data collection, sorted; none, with a message, where it is
/// missing.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("LEITMOTIF_DATA").map_or(beside, PathBuf::from);
    let mut found = Vec::new();
    let mut folders = vec![data.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!("skipped: no {} (set LEITMOTIF_DATA)", folder.display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "mid" || it == "midi" || it == "syx") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Same notes part by part, same time, same texts. Parts without notes do not count.
pub fn assert_same_music(back: &Score, score: &Score, name: &str) {
    let mut expected = score.clone();
    expected.parts.retain(|part| !part.notes.is_empty());
    assert_eq!(back.parts.len(), expected.parts.len(), "{name}: parts");
    for (number, (back, part)) in back.parts.iter().zip(&expected.parts).enumerate() {
        assert_eq!((&back.name, back.instrument), (&part.name, part.instrument), "{name}: part {number}");
        assert!(back.notes == part.notes, "{name}: notes of part {number}: {:?} {:?}", back.notes, part.notes);
    }
    assert_eq!(back, &expected, "{name}");
}
