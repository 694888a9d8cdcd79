//! Both representations on real collections. Needs the data folder named by `LEITMOTIF_DATA`;
//! skipped without it.
#![allow(clippy::print_stderr)]

use leitmotif_events::{Header, Representation, RepresentationConfig, Sequence, build, check_round_trip};
use leitmotif_score::{ReadOptions, Score, read_midi_file};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The songs of one collection, in order of their paths; `None` where the data is not there.
fn songs(collection: &str) -> Option<Vec<(PathBuf, Score)>> {
    let root = std::env::var_os("LEITMOTIF_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let (mut folders, mut files) = (vec![root.join(collection)], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no {}", folder.display());
            return None;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("mid")) => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    let read = |path: PathBuf| read_midi_file(&path, &ReadOptions::default()).ok().map(|(score, _)| (path, score));
    Some(files.into_iter().filter_map(read).collect())
}

fn accepts(representation: &dyn Representation, sequence: &Sequence) {
    let mut grammar = representation.grammar();
    for event in sequence.events() {
        grammar.accept(event).unwrap();
    }
    assert!(grammar.is_finished());
}

/// Encodes and decodes every song: the same events each time, all grammatical. Returns the share of
/// notes that survive, of those that no other note of their instrument doubles.
fn survive(collection: &str, grid: u16) -> Option<f64> {
    let songs = songs(collection)?;
    let events = build(&RepresentationConfig::Events { grid, genres: Vec::new() }).unwrap();
    let header = Header::default();
    let (mut notes, mut kept, mut length, mut bars, mut rewritten, mut cut) = (0, 0, 0, 0, 0, 0);
    let mut lost: BTreeMap<String, usize> = BTreeMap::new();
    let (mut encoding, mut decoding) = (0.0, 0.0);
    for (path, score) in &songs {
        let begin = Instant::now();
        let (sequence, encoded) = events.encode(score, &header);
        encoding += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let decoded = events.decode(&sequence).unwrap();
        decoding += begin.elapsed().as_secs_f64();
        assert!(events.encode(&decoded, &header).0 == sequence, "{} changes", path.display());
        accepts(&*events, &sequence);
        let checked = check_round_trip(score, &*events).unwrap();
        if checked.kept < checked.notes {
            let (of, name) = (checked.notes, path.file_name().unwrap());
            eprintln!("{name:?}: {} of {of}: {:?}, encoder: {:?}", checked.kept, checked.lost, encoded.lost);
        }
        for (cause, count) in checked.lost {
            *lost.entry(cause).or_default() += count;
        }
        (notes, kept, length) = (notes + checked.notes, kept + checked.kept, length + sequence.len());
        (bars, rewritten, cut) =
            (bars + checked.bars, rewritten + checked.rewritten_bars, cut + checked.silent_bars_cut);
    }
    eprintln!(
        "{collection}, grid {grid}, sizes {:?}: {} songs, {kept} of {notes} notes survive, lost {lost:?}; {length} events, \
         {:.3} a note; {bars} bars, {rewritten} rewritten, {cut} cut; {:.0} songs/s encoded, {:.0} decoded",
        events.vocabulary().sizes(),
        songs.len(),
        length as f64 / notes as f64,
        songs.len() as f64 / encoding,
        songs.len() as f64 / decoding,
    );
    let doubled = lost.get("doubled by a longer note of its instrument").copied().unwrap_or(0);
    Some(kept as f64 / (notes - doubled) as f64)
}

#[test]
fn songs_of_full_bands_survive() {
    for grid in [12, 24] {
        assert!(survive("open-band", grid).is_none_or(|share| share >= 0.999));
    }
}

#[test]
fn human_drumming_folk_tunes_and_chorales_survive() {
    for collection in ["groove", "nottingham", "js-fakes"] {
        assert!(survive(collection, 12).is_none_or(|share| share >= 0.999), "{collection}");
    }
}

#[test]
fn tokens_of_the_study_are_read_back() {
    let Some(songs) = songs("open-band") else { return };
    let tokens = build(&RepresentationConfig::Notes).unwrap();
    let (mut used, mut length) = (std::collections::BTreeSet::new(), 0);
    for (path, score) in &songs {
        let (sequence, report) = tokens.encode(score, &Header::default());
        assert_eq!(report.kept + report.lost.values().sum::<usize>(), report.notes);
        accepts(&*tokens, &sequence);
        let decoded = tokens.decode(&sequence).unwrap();
        assert!(tokens.encode(&decoded, &Header::default()).0 == sequence, "{} changes", path.display());
        used.extend(sequence.values().iter().copied());
        length += sequence.len();
    }
    eprintln!("notes: {length} tokens, {} different ones", used.len());
}
