//! Preparing small collections, from files to corpora.

use crate::common::{self, bytes, collection, options, prepared, song, write};
use leitmotif_corpus::prepare::{PrepareError, PrepareOptions, SplitBy, prepare};
use leitmotif_corpus::{Corpus, DropReason, Split};
use leitmotif_score::{Instrument, Ticks};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn failure(options: &PrepareOptions) -> PrepareError {
    prepare(options, &(), &AtomicBool::new(false)).unwrap_err()
}

fn splits(dir: &Path) -> BTreeMap<String, Split> {
    Corpus::open(dir).unwrap().songs().iter().map(|song| (song.path.clone(), song.split)).collect()
}

#[test]
fn a_collection_becomes_a_corpus_that_decodes_to_its_songs() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    collection(&input);
    std::fs::write(input.join("broken.mid"), b"not music").unwrap();
    std::fs::write(input.join("empty.MID"), b"").unwrap();
    let summary = prepared(&options(&input, &output));
    assert_eq!((summary.files, summary.manifest.totals.songs), (32, 30));
    assert_eq!(summary.dropped.len(), 2);
    assert!(summary.dropped.iter().all(|record| record.reason == DropReason::Unreadable && !record.detail.is_empty()));

    let corpus = Corpus::open(&output).unwrap();
    assert_eq!(*corpus.manifest(), summary.manifest);
    assert_eq!(corpus.dropped().unwrap(), summary.dropped);
    assert_eq!(
        corpus.manifest().genres,
        [("metal", 10), ("pop rock", 10), ("rock", 10)].map(|(k, v)| (k.to_owned(), v)).into()
    );
    let total: usize = Split::ALL.iter().map(|split| corpus.split(*split).len()).sum();
    assert_eq!(total, 30);
    assert!(Split::ALL.iter().all(|split| !corpus.split(*split).is_empty()));
    for (index, record) in corpus.songs().iter().enumerate() {
        let seed: u64 = record.title.strip_prefix("song ").unwrap().parse().unwrap();
        let original = song(seed, 24 + seed % 40);
        let decoded = corpus.representation().decode(&corpus.sequence(index)).unwrap();
        assert_eq!(decoded.note_count(), original.note_count(), "{}", record.path);
        assert_eq!(record.notes, original.note_count());
        assert_eq!(decoded.instruments(), original.instruments());
        assert!(record.artist.as_ref().unwrap().starts_with("Artist "));
        assert_eq!(record.events * corpus.vocabulary().fields.len(), corpus.values(index).len());
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads_or_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    write(&input.join("Rock/copy/copy.mid"), &song(3, 27));
    let write_with = |threads: usize, cached_notes: usize, name: &str| {
        let output = dir.path().join(name);
        prepared(&PrepareOptions { threads: Some(threads), cached_notes, ..options(&input, &output) });
        (bytes(&output), Corpus::open(&output).unwrap().fingerprint())
    };
    let one = write_with(1, usize::MAX, "one");
    assert_eq!(one, write_with(4, 1000, "four"));
    assert_eq!(one, write_with(2, 0, "nothing kept in memory"));
    assert_eq!(one.0.len(), 5, "corpus.json, songs, dropped, tokenizer, one shard");
}

#[test]
fn planted_copies_are_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    for seed in 0..20 {
        write(&input.join(format!("original {seed:02}.mid")), &song(seed, 120));
    }
    for seed in 0..20_u64 {
        let mut copy = song(seed, 120);
        let kind = match seed % 5 {
            0 => {
                copy.transpose(if seed % 2 == 0 { 4 } else { -5 });
                "transposed"
            }
            1 => {
                copy.scale_tempo(0.7);
                copy.resolution = leitmotif_score::Resolution::new(960).unwrap();
                copy.parts.iter_mut().flat_map(|part| &mut part.notes).for_each(|note| {
                    (note.onset, note.duration) = (Ticks(note.onset.0 * 2), Ticks(note.duration.0 * 2));
                });
                "clock"
            }
            2 => {
                copy.parts.reverse();
                copy.parts[2].instrument = Instrument::Program(40);
                copy.parts[1].instrument = Instrument::Program(40);
                "tracks"
            }
            3 => {
                let mut count = 0_u64;
                for part in &mut copy.parts {
                    part.notes.retain(|note| {
                        count += 1;
                        !(count * 7919 + u64::from(note.pitch) + seed).is_multiple_of(20)
                    });
                }
                "thinned"
            }
            _ => {
                copy.transpose(2);
                copy.parts.rotate_left(1);
                copy.scale_tempo(1.5);
                for part in &mut copy.parts {
                    let mut index = 0;
                    part.notes.retain(|_| {
                        index += 1;
                        index % 19 != 7
                    });
                }
                "all at once"
            }
        };
        write(&input.join(format!("zz {seed:02} {kind}.mid")), &copy);
    }
    let summary = prepared(&options(&input, &output));
    for record in &summary.dropped {
        assert_eq!(record.reason, DropReason::Duplicate);
        let of = record.duplicate_of.as_ref().unwrap();
        assert_eq!(of, &format!("original {}.mid", &record.path[3..5]), "{record:?}");
        let similarity = record.similarity.unwrap();
        assert!(if record.path.contains("thinned") || record.path.contains("all") {
            similarity < 1.0
        } else {
            similarity == 1.0
        });
    }
    assert_eq!(summary.dropped.len(), 20, "{:?}", summary.dropped);

    let mut kept = options(&input, &dir.path().join("kept"));
    kept.duplicates.keep = true;
    assert_eq!(prepared(&kept).manifest.totals.songs, 40);
}

#[test]
fn added_renamed_and_moved_files_move_no_song_to_another_split() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    let by = |split_by, name: &str| {
        let mut options = options(&input, &dir.path().join(name));
        options.split.by = split_by;
        prepared(&options);
        splits(&options.output)
    };
    let (songs, artists) = (by(SplitBy::Song, "a"), by(SplitBy::Artist, "b"));
    for seed in 1000..1030 {
        write(&input.join(format!("Jazz/Someone {}/new {seed}.mid", seed % 4)), &song(seed, 40));
    }
    for (before, after) in [(&songs, by(SplitBy::Song, "c")), (&artists, by(SplitBy::Artist, "d"))] {
        assert_eq!(after.len(), 60);
        assert!(before.iter().all(|(path, split)| after[path] == *split));
    }
    for (path, split) in &artists {
        let artist = path.rsplit_once('/').unwrap().0;
        assert!(artists.iter().filter(|(other, _)| other.starts_with(artist)).all(|(_, other)| other == split));
    }
    std::fs::rename(input.join("Metal"), input.join("Heavy")).unwrap();
    for (path, split) in by(SplitBy::Song, "e") {
        assert!(songs.get(&path.replace("Heavy", "Metal")).is_none_or(|before| *before == split), "{path}");
    }
}

#[test]
fn filters_keep_the_selected_songs_and_count_the_reasons_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    let mut solo = song(500, 40);
    solo.parts.truncate(1);
    write(&input.join("Rock/Solo/piano.mid"), &solo);
    write(&input.join("flat.mid"), &song(501, 40));
    let mut number = 0;
    let mut run = |change: &dyn Fn(&mut PrepareOptions)| {
        number += 1;
        let mut options = options(&input, &dir.path().join(format!("out{number}")));
        change(&mut options);
        let summary = prepared(&options);
        (Corpus::open(&options.output).unwrap(), summary)
    };
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();

    let (corpus, summary) = run(&|options| options.filter.genres = strings(&["METAL", "Pop Rock"]));
    assert_eq!(corpus.songs().len(), 20);
    assert_eq!(summary.manifest.dropped, [(DropReason::Genre, 12)].into());
    assert!(summary.dropped.iter().any(|record| record.path == "flat.mid" && record.detail == "its genre is unknown"));

    let (corpus, _) = run(&|options| options.filter.artists = strings(&["artist 00"]));
    assert!(corpus.songs().len() == 2 && corpus.songs().iter().all(|song| song.artist.as_deref() == Some("Artist 00")));

    let (corpus, _) = run(&|options| options.filter.with_instruments = strings(&["drums", "bass"]));
    assert_eq!(corpus.songs().len(), 31);
    assert!(corpus.songs()[0].instruments.len() == 3, "all parts stay");

    let (corpus, _) = run(&|options| options.filter.only_instruments = strings(&["piano"]));
    assert_eq!(corpus.songs().len(), 32);
    assert!(corpus.songs().iter().all(|song| song.instruments == [common::PIANO]));

    let (corpus, summary) =
        run(&|options| (options.filter.min_notes, options.filter.max_notes) = (Some(90), Some(120)));
    assert!(corpus.songs().iter().all(|song| (90..=120).contains(&song.notes)) && !corpus.songs().is_empty());
    assert_eq!(summary.files, corpus.songs().len() + summary.dropped.len());

    let per_genre = |options: &mut PrepareOptions| options.filter.per_genre = Some(4);
    let (corpus, summary) = run(&per_genre);
    assert_eq!(corpus.manifest().genres.values().copied().collect::<Vec<_>>(), [4, 4, 4]);
    assert_eq!(summary.manifest.dropped[&DropReason::NotDrawn], 19);
    let (again, _) = run(&per_genre);
    assert_eq!(corpus.fingerprint(), again.fingerprint());
    let (other, _) = run(&|options| (options.filter.per_genre, options.seed) = (Some(4), 1));
    assert_ne!(corpus.songs(), other.songs());

    let unknown = PrepareOptions { output: dir.path().join("x"), ..options(&input, Path::new("")) };
    let mut genre = unknown.clone();
    genre.filter.genres = strings(&["mettal"]);
    let error = failure(&genre).to_string();
    assert!(error.contains("mettal") && error.contains("metal, pop rock, rock"), "{error}");
    let mut none = unknown;
    none.filter.min_notes = Some(1_000_000);
    let error = failure(&none).to_string();
    assert!(error.contains("32 files") && error.contains("too_few_notes"), "{error}");
    assert!(!dir.path().join("x").exists());
}

#[test]
fn metadata_names_genres_artists_and_splits() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    for seed in 0..4 {
        write(&input.join(format!("d{seed}/s/{seed}.mid")), &song(seed, 40));
    }
    let md5 = {
        use md5::{Digest, Md5};
        let digest = Md5::digest(std::fs::read(input.join("d3/s/3.mid")).unwrap());
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
    };
    let table = dir.path().join("info.csv");
    std::fs::write(
        &table,
        format!(
            "drummer,style,midi_filename,md5,split,licence,title\n\
             Ann,funk/groove1,d0/s/0.mid,,test,CC0,First\nBob,Rock ,d1\\s\\1.mid,,validation,,\n,,,{md5},train,,Fourth\n"
        ),
    )
    .unwrap();
    let mut options = options(&input, &dir.path().join("out"));
    options.metadata = Some(table);
    let summary = prepared(&options);
    let corpus = Corpus::open(&options.output).unwrap();
    let tags = |index: usize| {
        let song = &corpus.songs()[index];
        (song.genre.as_deref().unwrap_or(""), song.artist.as_deref().unwrap_or(""), song.title.as_str())
    };
    assert_eq!(tags(0), ("funk", "Ann", "First"));
    assert_eq!(tags(1), ("rock", "Bob", "1"));
    assert_eq!(tags(3), ("d3", "s", "Fourth"));
    let split = |index: usize| corpus.songs()[index].split;
    assert_eq!((split(0), split(1), split(3)), (Split::Test, Split::Valid, Split::Train));
    assert_eq!(corpus.songs()[0].licence.as_deref(), Some("CC0"));
    assert!(
        summary.manifest.warnings.iter().any(|warning| warning.contains("1 of the 4 files")),
        "{:?}",
        summary.manifest.warnings
    );
    (options.filter.listed, options.output) = (true, dir.path().join("listed"));
    let summary = prepared(&options);
    assert!(summary.manifest.warnings.iter().all(|warning| !warning.contains("of the 4 files")));
    let dropped: Vec<_> = summary.dropped.iter().map(|record| (record.path.as_str(), record.reason)).collect();
    assert_eq!(dropped, [("d2/s/2.mid", DropReason::Unlisted)]);
    options.metadata = Some(dir.path().join("nowhere.csv"));
    options.output = dir.path().join("other");
    assert!(matches!(failure(&options), PrepareError::Metadata(_)));
}

#[test]
fn a_stopped_run_leaves_nothing_and_force_replaces_only_corpora() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    collection(&input);
    let mut options = options(&input, &output);
    assert!(matches!(prepare(&options, &(), &AtomicBool::new(true)), Err(PrepareError::Cancelled)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the input");
    prepared(&options);
    assert!(matches!(failure(&options), PrepareError::Exists(_)));
    let before = bytes(&output);
    options.force = true;
    prepared(&options);
    assert_eq!(before, bytes(&output));
    options.output = input.clone();
    assert!(matches!(failure(&options), PrepareError::Output { .. }));
    assert!(matches!(
        failure(&PrepareOptions { inputs: vec![dir.path().join("none")], ..options }),
        PrepareError::Output { .. } | PrepareError::Input { .. }
    ));
}

#[test]
fn a_damaged_corpus_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    collection(&input);
    prepared(&options(&input, &output));
    for file in ["corpus.json", "songs.jsonl", "tokenizer.json", "shards/00000.bin"] {
        let path = output.join(file);
        let good = std::fs::read(&path).unwrap();
        let mut flipped = good.clone();
        let middle = good.len() / 2;
        flipped[middle] ^= 0x15;
        for bad in [&good[..good.len() - 3], &flipped, b"", b"{}"] {
            std::fs::write(&path, bad).unwrap();
            if let Err(error) = Corpus::open(&output) {
                let error = error.to_string().replace('\\', "/");
                assert!(error.contains(file), "{file}: {error}");
            } else {
                // A flipped bit in the middle of corpus.json may fall on a total that nothing
                // depends on.
                assert_eq!(file, "corpus.json");
            }
        }
        std::fs::remove_file(&path).unwrap();
        assert!(Corpus::open(&output).is_err(), "without {file}");
        std::fs::write(&path, good).unwrap();
    }
    assert!(Corpus::open(&output).is_ok());
    assert!(Corpus::open(dir.path()).unwrap_err().to_string().contains("is not a corpus"));
    let manifest = std::fs::read_to_string(output.join("corpus.json")).unwrap();
    std::fs::write(output.join("corpus.json"), manifest.replacen("\"format\": 1", "\"format\": 99", 1)).unwrap();
    assert!(Corpus::open(&output).unwrap_err().to_string().contains("format 99"));
}
