//! A written collection is a collection of MIDI files like any other.

use leitmotif_practice::{Style, compose, plan_collection, write_collection};
use leitmotif_score::{ReadOptions, read_midi_file, write_midi};
use std::collections::BTreeSet;

#[test]
fn a_collection_is_laid_out_by_genre_and_artist_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let songs = write_collection(folder.path(), 4, 11).unwrap();
    assert_eq!(songs, plan_collection(4, 11));
    assert_eq!(songs.len(), 12);
    for song in &songs {
        let mut parts = song.path.components();
        assert_eq!(parts.next().unwrap().as_os_str(), song.style.folder());
        assert_eq!(parts.next().unwrap().as_os_str(), song.artist);
        let (score, _) = read_midi_file(folder.path().join(&song.path), &ReadOptions::default()).unwrap();
        let composed = compose(song.style, song.seed);
        assert_eq!(score.title.as_deref(), Some(song.title.as_str()));
        assert_eq!(score.meters, composed.meters);
        assert_eq!(score.keys, composed.keys);
        assert_eq!(score.tempos, composed.tempos);
        let names = |score: &leitmotif_score::Score| {
            let parts = score.parts.iter();
            parts.map(|part| (part.name.clone(), part.instrument, part.notes.clone())).collect::<BTreeSet<_>>()
        };
        assert_eq!(names(&score), names(&composed), "{}", song.path.display());
    }
}

#[test]
fn titles_of_a_band_are_distinct() {
    let songs = plan_collection(600, 2);
    let paths: BTreeSet<_> = songs.iter().map(|song| song.path.to_string_lossy().to_lowercase()).collect();
    assert_eq!(paths.len(), songs.len());
    assert!(songs.iter().all(|song| song.title.chars().all(|c| c.is_ascii() && !"/\\:*?\"<>|".contains(c))));
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    for style in Style::ALL {
        assert_eq!(write_midi(&compose(style, 8)).unwrap(), write_midi(&compose(style, 8)).unwrap());
        assert_ne!(write_midi(&compose(style, 8)).unwrap(), write_midi(&compose(style, 9)).unwrap());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in the way");
    std::fs::write(&file, "").unwrap();
    let error = write_collection(&file, 1, 1).unwrap_err();
    assert!(error.to_string().contains("in the way"), "{error}");
}
