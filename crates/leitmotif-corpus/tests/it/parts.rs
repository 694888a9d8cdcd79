//! Collections prepared in parts, and the corpora that they make.

use crate::common::{bytes, collection, options, prepared, song, write};
use leitmotif_corpus::prepare::{
    Layout, PrepareError, PrepareOptions, PrepareSummary, Shard, SplitBy, merge, prepare, prepare_part,
};
use leitmotif_events::RepresentationConfig;
use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);

/// Two songs of four voices that are the same but for their key, and others.
const VOICES: &str = r#"{
    "train": [[[72, 67, 64, 48], [72, 67, 64, -1], [74, 67, 65, 50]], [[60, 60, 60, 60], [62, 60, 60, 60]]],
    "valid": [[[74, 69, 66, 50], [74, 69, 66, -1], [76, 69, 67, 52]]],
    "test": [[[-1, -1, -1, -1]], [[60, 58, 57, 40]]]
}"#;

/// A collection with everything in it: copies of copies in other folders, songs of JSON files,
/// files that hold nothing or no music, and one that only drums play.
fn everything(dir: &Path) {
    collection(dir);
    for seed in 0..12_u64 {
        let mut copy = song(seed, 24 + seed % 40);
        copy.transpose(3);
        write(&dir.join(format!("Rock/Copies/again {seed}.mid")), &copy);
        let mut count = 0;
        for part in &mut copy.parts {
            part.notes.retain(|_| {
                count += 1;
                count % 25 != 3
            });
        }
        write(&dir.join(format!("Live {}/{seed}.mid", seed % 3)), &copy);
    }
    std::fs::write(dir.join("tunes.json"), VOICES).unwrap();
    std::fs::write(dir.join("cut.json"), r#"{"train": [[[60, 64"#).unwrap();
    std::fs::write(dir.join("about.json"), r#"{"name": "no music"}"#).unwrap();
    std::fs::write(dir.join("broken.mid"), b"not music").unwrap();
    write(&dir.join("silent.mid"), &Score::default());
    let strokes = (0..40).map(|at| Note { onset: Ticks(at * 240), pitch: 36, duration: Ticks(60), velocity: 90 });
    let drums = Part { name: String::new(), instrument: Instrument::Drums(0), notes: strokes.collect() };
    write(&dir.join("drums.mid"), &Score { parts: vec![drums], ..Score::default() });
}

fn shards(of: u32) -> impl Iterator<Item = Shard> {
    format!("1/{of}").parse::<Shard>().unwrap().all()
}

/// The parts of a collection, in folders of these names.
fn parts(options: &PrepareOptions, of: u32, name: &str) -> Vec<PathBuf> {
    let part = |shard: Shard| {
        let output = options.output.with_file_name(format!("{name}-{}-of-{of}", shard.number()));
        prepare_part(&PrepareOptions { output: output.clone(), ..options.clone() }, shard, &(), &GO_ON).unwrap();
        output
    };
    shards(of).map(part).collect()
}

fn merged(parts: &[PathBuf], output: &Path) -> Result<PrepareSummary, PrepareError> {
    merge(parts, output, false, None, &(), &GO_ON)
}

/// Checks that any number of parts makes the corpus that preparing at once makes.
fn same(options: &PrepareOptions) {
    let whole = prepared(options);
    for of in [1, 2, 3, 7] {
        let mut parts = parts(options, of, "part");
        parts.reverse();
        let output = options.output.with_file_name(format!("merged-{of}"));
        let summary = merged(&parts, &output).unwrap();
        assert_eq!(bytes(&output), bytes(&options.output), "{of} parts");
        assert_eq!(PrepareSummary { output: options.output.clone(), ..summary }, whole, "{of} parts");
        assert!(whole.manifest.totals.songs > 0 && !whole.dropped.is_empty());
        parts.iter().for_each(|part| std::fs::remove_dir_all(part).unwrap());
    }
}

fn with(change: impl FnOnce(&mut PrepareOptions)) {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    everything(&input);
    let mut options = options(&input, &dir.path().join("out"));
    change(&mut options);
    same(&options);
}

#[test]
fn parts_make_the_same_corpus_as_the_whole() {
    with(|_| ());
    with(|options| options.duplicates.keep = true);
    with(|options| (options.split.by, options.split.seed, options.layout) = (SplitBy::Artist, 5, Layout::Artist));
    with(|options| options.duplicates.similarity = 1.0);
}

#[test]
fn parts_of_every_representation_make_the_same_corpus() {
    let genres = vec!["rock".to_owned(), "jazz".to_owned()];
    for representation in [
        RepresentationConfig::Events { grid: 24, genres },
        RepresentationConfig::Cells { grid: 12, genres: Vec::new(), references: true },
        RepresentationConfig::Notes,
        RepresentationConfig::Chorales { grid: 4 },
        RepresentationConfig::Frames { grid: 4 },
        RepresentationConfig::Rolls { grid: 4 },
    ] {
        with(|options| options.representation = representation);
    }
}

#[test]
fn filters_and_draws_are_the_same_in_parts() {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    with(|options| (options.filter.per_genre, options.seed) = (Some(3), 9));
    with(|options| options.filter.genres = strings(&["METAL", "Rock"]));
    with(|options| options.filter.artists = strings(&["artist 00", "Copies"]));
    with(|options| {
        (options.filter.only_instruments, options.filter.min_notes) = (strings(&["piano"]), Some(40));
    });
}

#[test]
fn metadata_and_several_inputs_are_the_same_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let (input, other) = (dir.path().join("in"), dir.path().join("other"));
    everything(&input);
    for seed in 0..9 {
        write(&other.join(format!("single {seed}.mid")), &song(300 + seed, 30));
    }
    let table = dir.path().join("info.csv");
    let lines = "path,genre,artist,split,title,licence\n\
        Rock/Copies/again 3.mid,Blues,Ann,test,Third,CC0\nMetal/Artist 00/song 0.mid,,Bob,valid,,\n\
        single 4.mid,Jazz,,,,\nnowhere.mid,Jazz,,,,\n";
    std::fs::write(&table, lines).unwrap();
    let mut options = options(&input, &dir.path().join("out"));
    // A file that is named by itself and in its folder is one file.
    options.inputs.extend([other.join("single 1.mid"), other]);
    options.metadata = Some(table);
    same(&options);
    let warnings = prepared(&PrepareOptions { force: true, ..options.clone() }).manifest.warnings.join("\n");
    assert!(warnings.contains("1 of the 4 lines") && warnings.contains("says nothing about"), "{warnings}");
    options.output = dir.path().join("listed/out");
    options.filter.listed = true;
    same(&options);
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    let options = options(&input, &dir.path().join("out"));
    let good = parts(&options, 3, "part");
    let refused = |parts: &[PathBuf]| {
        let output = dir.path().join("merged");
        let error = merged(parts, &output).unwrap_err();
        assert!(!output.exists());
        error.to_string()
    };
    assert_eq!(
        refused(&[good[0].clone(), good[2].clone()]),
        "shard 2/3 is missing: prepare it with --shard 2/3, and name its folder too"
    );
    assert!(refused(&good[..1]).contains("shard 2/3 is missing (and 1 more)"));
    assert!(refused(&[good.clone(), good[1..2].to_vec()].concat()).contains("part-2-of-3: it holds shard 2/3, and so"));
    let of_two = parts(&options, 2, "part");
    let error = refused(&[good[0].clone(), of_two[1].clone()]);
    assert!(error.contains("part-2-of-2: it holds shard 2/2, but") && error.ends_with("shard 1/3"), "{error}");
    let mut changed = options.clone();
    (changed.split.seed, changed.pedal) = (4, false);
    let other = parts(&changed, 3, "changed");
    let error = refused(&[good[0].clone(), other[1].clone(), good[2].clone()]);
    assert!(error.contains("changed-2-of-3: it was prepared with another pedal, split than"), "{error}");
    let error = refused(std::slice::from_ref(&input));
    assert!(error.contains("in: it is no part: it has no part.json"), "{error}");
    let file = good[1].join("part.json");
    let text = std::fs::read_to_string(&file).unwrap();
    for (from, to, reason) in [
        ("\"format\": 1", "\"format\": 9", "the part has format 9, this program reads 1; prepare this part again"),
        ("\"leitmotif 0", "\"leitmotif 9", "leitmotif 9"),
        ("2/3", "4/3", "\"4/3\" is no shard"),
    ] {
        std::fs::write(&file, text.replace(from, to)).unwrap();
        let error = refused(&good);
        assert!(error.contains("part.json: ") && error.contains(reason), "{error}");
    }
    std::fs::write(&file, text).unwrap();
    merged(&good, &dir.path().join("merged")).unwrap();
}

#[test]
fn a_damaged_part_names_the_file_and_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("merged"));
    everything(&input);
    let parts = parts(&options(&input, &dir.path().join("out")), 2, "part");
    merged(&parts, &output).unwrap();
    let whole = bytes(&output);
    std::fs::remove_dir_all(&output).unwrap();
    for file in ["part.json", "songs.jsonl", "dropped.jsonl", "events.bin"] {
        let path = parts[1].join(file);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(good.len() / 40 + 1) {
            let mut flipped = good.clone();
            flipped[at] ^= 0x11;
            std::fs::write(&path, flipped).unwrap();
            match merged(&parts, &output) {
                // Some of part.json is only counted; the events of a song that is left out are not
                // read.
                Ok(_) if file == "part.json" || bytes(&output) == whole => {
                    std::fs::remove_dir_all(&output).unwrap();
                }
                Ok(_) => panic!("{file}, byte {at}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(file == "part.json" || error.contains(file) && error.contains("--force"), "{error}");
                }
            }
            assert!(!output.exists());
        }
        std::fs::write(&path, &good[..good.len() - 2]).unwrap();
        assert!(merged(&parts, &output).is_err(), "{file} cut short");
        std::fs::write(&path, good).unwrap();
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "the input and two parts");
    merged(&parts, &output).unwrap();
}

#[test]
fn songs_of_parts_with_impossible_numbers_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    let part = parts(&options(&input, &dir.path().join("out")), 1, "part").remove(0);
    let read = |file: &str| std::fs::read_to_string(part.join(file)).unwrap();
    let (songs, manifest) = (read("songs.jsonl"), read("part.json"));
    let merge_with = |key: &str, value: serde_json::Value| {
        let (first, rest) = songs.split_once('\n').unwrap();
        let mut song: serde_json::Value = serde_json::from_str(first).unwrap();
        *song.pointer_mut(key).unwrap() = value;
        let changed = format!("{song}\n{rest}");
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        std::fs::write(part.join("songs.jsonl"), &changed).unwrap();
        std::fs::write(part.join("part.json"), manifest.replace(&hash(&songs), &hash(&changed))).unwrap();
        merged(std::slice::from_ref(&part), &dir.path().join("merged")).map(|_| ()).map_err(|error| error.to_string())
    };
    for (key, value) in [
        ("/notes", u64::MAX.into()),
        ("/bars", (1_u64 << 40).into()),
        ("/seconds", (-1).into()),
        ("/fingerprint", "00".into()),
        ("/hash", "none".into()),
        ("/events/kept", u64::MAX.into()),
        ("/events/start", u64::MAX.into()),
        ("/events/bytes", (1_u64 << 50).into()),
    ] {
        let error = merge_with(key, value).unwrap_err();
        assert!(error.contains("songs.jsonl: its songs are not those of this part"), "{key}: {error}");
    }
    let error = merge_with("/events/start", 1.into()).unwrap_err();
    assert!(error.contains("events.bin: the checksum of the song at byte 1 is wrong"), "{error}");
    assert_eq!(merge_with("/title", "another".into()), Ok(()));
}

#[test]
fn a_part_appears_whole_and_is_left_alone_when_the_job_runs_again() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    collection(&input);
    let mut options = options(&input, &dir.path().join("part"));
    let [first, second] = shards(2).collect::<Vec<_>>()[..] else { panic!() };
    let stopped = prepare_part(&options, first, &(), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(PrepareError::Cancelled)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the input");
    let run = |options: &PrepareOptions, shard| prepare_part(options, shard, &(), &GO_ON);
    let done = run(&options, first).unwrap();
    let files = bytes(&options.output);
    // What a run leaves that is killed once the part has its name.
    let lock = dir.path().join(".part.lock");
    std::fs::write(&lock, "").unwrap();
    let again = run(&options, first).unwrap();
    assert!(!lock.exists());
    assert_eq!((done.existed, again.existed, done.songs), (false, true, again.songs));
    assert!(done.songs > 0 && done.songs < 30 && done.songs == done.files);
    assert_eq!(files, bytes(&options.output));
    let error = run(&options, second).unwrap_err().to_string();
    assert!(error.contains("holds shard 1/2 and not 2/2") && error.contains("--force"), "{error}");
    options.filter.min_notes = Some(50);
    let error = run(&options, first).unwrap_err().to_string();
    assert!(error.contains("was prepared with another filter"), "{error}");
    options.force = true;
    assert!(!run(&options, first).unwrap().existed);
    options.threads = Some(1);
    let one_thread = bytes(&options.output);
    run(&options, first).unwrap();
    assert_eq!(one_thread, bytes(&options.output));
    // Nothing but a part is replaced, a corpus neither.
    options.output = dir.path().join("corpus");
    prepared(&options);
    assert!(matches!(run(&options, first), Err(PrepareError::Output { .. })));
    let parts = parts(&options, 2, "part");
    let inside = merge(&parts, &parts[0], true, None, &(), &GO_ON);
    assert!(matches!(inside, Err(PrepareError::Output { .. })), "{inside:?}");
}

#[test]
fn a_shard_may_be_empty_but_the_collection_not() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    write(&input.join("only.mid"), &song(1, 30));
    let mut options = options(&input, &dir.path().join("out"));
    let whole = prepared(&options);
    let found = parts(&options, 7, "part");
    assert_eq!(merged(&found, &dir.path().join("merged")).unwrap().manifest, whole.manifest);
    options.filter.genres = vec!["rock".to_owned()];
    let alone = prepare(&PrepareOptions { force: true, ..options.clone() }, &(), &GO_ON).unwrap_err().to_string();
    let unknown = merged(&parts(&options, 2, "unknown"), &dir.path().join("none")).unwrap_err();
    assert_eq!((unknown.to_string(), alone.contains("no file is of genre \"rock\"")), (alone, true));
    options.filter = Default::default();
    options.filter.min_notes = Some(100_000);
    let nothing = merged(&parts(&options, 2, "nothing"), &dir.path().join("none")).unwrap_err();
    assert!(matches!(nothing, PrepareError::NothingLeft { files: 1, .. }), "{nothing}");
    std::fs::remove_file(input.join("only.mid")).unwrap();
    let [first, _] = shards(2).collect::<Vec<_>>()[..] else { panic!() };
    options.output = dir.path().join("empty");
    assert!(matches!(prepare_part(&options, first, &(), &GO_ON), Err(PrepareError::NoFiles(_))));
    assert!(!dir.path().join("none").exists());
}
