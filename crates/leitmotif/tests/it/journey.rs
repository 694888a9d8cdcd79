//! From songs to new music, every verb on the way.

use crate::program::{done, json, keys, run, train, workshop};
use leitmotif_score::{Control, Instrument, ReadOptions, Score, Ticks, read_automation, read_midi_file};
use serde_json::Value;
use std::path::Path;

fn score(path: &Path) -> Score {
    let (score, report) = read_midi_file(path, &ReadOptions::default()).unwrap();
    assert!(report.findings.is_empty(), "{}: {:?}", path.display(), report.findings);
    score
}

/// A folder beside the workshop's, for what a test writes.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(workshop()).unwrap()
}

fn name(folder: &tempfile::TempDir, file: &str) -> String {
    folder.path().join(file).display().to_string()
}

#[test]
fn a_corpus_is_prepared_and_inspected() {
    let to = scratch();
    let corpus = name(&to, "corpus");
    let arguments = ["prepare", "songs", "-o", &corpus, "--json", "--per-genre", "4", "--split", "0.5,0.25,0.25"];
    let report = json(workshop(), &arguments);
    assert_eq!(keys(&report), ["dropped", "files", "folders", "manifest", "output", "seconds"]);
    assert_eq!(report["files"], 18);
    assert_eq!(report["manifest"]["totals"]["songs"], 12);
    assert_eq!(report["dropped"].as_array().unwrap().len(), 6);

    let shown = json(workshop(), &["inspect", &corpus, "--json"]);
    assert_eq!(shown["kind"], "corpus");
    assert_eq!(shown["totals"], report["manifest"]["totals"]);
    assert!(done(workshop(), &["inspect", &corpus]).contains("pop-rock"));
    // The same songs again are the same corpus, whatever the number of threads.
    done(workshop(), &[&arguments[..], &["--force", "--threads", "1"]].concat());
    assert_eq!(json(workshop(), &["inspect", &corpus, "--json"])["fingerprint"], shown["fingerprint"]);
}

#[test]
fn parts_of_a_collection_become_its_corpus() {
    let to = scratch();
    let (whole, merged, parts) = (name(&to, "whole"), name(&to, "merged"), [1, 2].map(|it| name(&to, &it.to_string())));
    let report = json(workshop(), &["prepare", "songs", "-o", &whole, "--json"]);
    for existed in [false, true] {
        for (part, shard) in parts.iter().zip(["1/2", "2/2"]) {
            let said = json(workshop(), &["prepare", "songs", "-o", part, "--shard", shard, "--json"]);
            assert_eq!((&said["shard"], &said["existed"]), (&shard.into(), &existed.into()));
        }
    }
    let again = json(workshop(), &["prepare", "--merge", &parts[1], &parts[0], "-o", &merged, "--json"]);
    assert_eq!((&again["manifest"], &again["dropped"]), (&report["manifest"], &report["dropped"]));
    let missing = run(workshop(), &["prepare", "--merge", &parts[1], "-o", &merged, "--force"]);
    assert!(missing.status == 2 && missing.err.contains("shard 1/2 is missing"), "{}", missing.err);
}

#[test]
fn a_corpus_is_exported() {
    let to = scratch();
    let lines = done(workshop(), &["export", "corpus", "-o", &name(&to, "out"), "--json"]);
    let written: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written.len(), 3);
    for file in &written {
        assert_eq!(keys(file), ["bytes", "events", "path", "songs", "split"]);
        let text = std::fs::read_to_string(file["path"].as_str().unwrap()).unwrap();
        let songs: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(songs.len(), file["songs"].as_u64().unwrap() as usize);
        let events: usize = songs.iter().map(|song| song["values"].as_array().unwrap().len()).sum();
        assert_eq!(events, file["events"].as_u64().unwrap() as usize);
    }
    assert!(to.path().join("out/tokenizer.json").is_file());
    assert_eq!(run(workshop(), &["export", "corpus", "-o", &name(&to, "out")]).status, 1, "nothing is overwritten");
    done(workshop(), &["export", "corpus", "-o", &name(&to, "out"), "--force", "--split", "test"]);
}

#[test]
fn a_model_is_exported_and_adapted_to_other_songs() {
    let to = scratch();
    let [model, like, adapted] = ["model", "like", "adapted"].map(|it| name(&to, it));
    let written = json(workshop(), &["export", "run", "-o", &model, "--json"]);
    assert_eq!(keys(&written), ["bytes", "path"]);
    let weights = |folder: &str| workshop().join(folder).join("model.safetensors").metadata().unwrap().len();
    let half = weights("run/best") as f64 / weights(&model) as f64;
    assert!((1.8..2.0).contains(&half), "{half}");
    assert_eq!(run(workshop(), &["export", "run", "-o", &model]).status, 1, "nothing is overwritten");
    done(workshop(), &["generate", &model, "-o", &name(&to, "a.mid"), "--bars", "4"]);
    // Folder names are other genres here, so that a corpus of its own has another vocabulary.
    done(workshop(), &["prepare", "songs", "-o", &like, "--like", &model, "--layout", "artist"]);
    train(workshop(), &like, &adapted, &["--from", &model, "--steps", "2"]);
    train(workshop(), "songs", &name(&to, "direct"), &["--from", &model, "--steps", "2"]);
    // One song leaves none for validation, so that no validation can end the training.
    let one = to.path().join("one");
    std::fs::create_dir(&one).unwrap();
    std::fs::copy(workshop().join("songs/rock/artist 0/song 0.mid"), one.join("song.mid")).unwrap();
    let report = train(workshop(), &name(&to, "one"), &name(&to, "own"), &["--from", &model, "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["step"], &report["best"]), (&50.into(), &Value::Null));
    done(workshop(), &["generate", &name(&to, "own"), "-o", &name(&to, "own.mid"), "--bars", "2"]);
    let other = name(&to, "other");
    done(workshop(), &["prepare", "songs", "-o", &other, "--layout", "artist"]);
    let refused = run(workshop(), &["train", &other, "-o", &name(&to, "no"), "--from", &model, "--steps", "2"]);
    assert!(refused.status == 1 && refused.err.contains("--like"), "{}", refused.err);
}

#[test]
fn a_run_is_trained_from_a_folder_of_songs_inspected_and_evaluated() {
    let to = scratch();
    let dir = name(&to, "run");
    let report: Value = serde_json::from_str(&train(workshop(), "songs", &dir, &["--steps", "3", "--json"])).unwrap();
    let expected = [
        "best",
        "corpus",
        "ended",
        "epochs",
        "events",
        "model",
        "parameters",
        "run",
        "seconds",
        "skipped",
        "step",
        "timings",
    ];
    assert_eq!(keys(&report), expected);
    assert_eq!(report["step"], 3);
    for file in
        ["config.toml", "run.json", "metrics.jsonl", "curves.svg", "best/model.safetensors", "corpus/corpus.json"]
    {
        assert!(to.path().join("run").join(file).is_file(), "{file}");
    }
    let shown = json(workshop(), &["inspect", &dir, "--json"]);
    assert_eq!((&shown["kind"], &shown["steps"]), (&"run".into(), &3.into()));
    assert_eq!(shown["config"]["model"]["d_model"], 16);
    let model = json(workshop(), &["inspect", &name(&to, "run/best"), "--json"]);
    assert_eq!((&model["kind"], &model["parameters"]), (&"model".into(), &report["parameters"]));
    assert!(done(workshop(), &["inspect", &dir]).contains("1 layers of 16"));

    let lines = done(workshop(), &["evaluate", &dir, "--split", "valid", "--baselines", "--json"]);
    let judged: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = judged.iter().map(|result| result["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["model", "unigram", "markov"]);
    let loss = |result: &Value| result["nats_per_note"]["value"].as_f64().unwrap();
    assert!(loss(&judged[2]) < loss(&judged[1]), "context helps the Markov model");
    assert!((loss(&judged[0]) - report["best"]["nats_per_note"].as_f64().unwrap()).abs() < 0.5);
    assert!(done(workshop(), &["evaluate", &dir, "--songs", "--split", "valid"]).contains(".mid"));
}

#[test]
fn the_same_command_composes_the_same_bytes_whatever_the_threads() {
    let to = scratch();
    let compose = |folder: &str, more: &[&str]| {
        let path = name(&to, folder);
        let line = ["generate", "run", "-o", &path, "--count", "3", "--bars", "3"];
        done(workshop(), &[&line[..], more].concat());
        (1..=3).map(|number| std::fs::read(format!("{path}/00{number}.mid")).unwrap()).collect::<Vec<_>>()
    };
    let first = compose("a", &["--threads", "1"]);
    assert_eq!(first, compose("b", &["--threads", "2"]));
    assert_ne!(first, compose("c", &["--seed", "1"]));
    assert_ne!(first[0], first[1]);
}

#[test]
fn a_piece_is_as_requested_and_records_how_it_was_made() {
    let to = scratch();
    let out = name(&to, "new.mid");
    let line = [
        "generate",
        "run",
        "-o",
        &out,
        "--genre",
        "rock",
        "--instruments",
        "piano,bass,drums",
        "--tempo",
        "97.5",
        "--meter",
        "3/4",
        "--bars",
        "6",
        "--key",
        "D",
        "--scale",
        "minor",
        "--range",
        "C2-C6",
        "--range",
        "bass=36-50",
        "--wav",
        "--roll",
        "--soundfont",
        "built-in",
        "--json",
    ];
    let report = json(workshop(), &line);
    let expected = [
        "bars",
        "events",
        "instruments",
        "invalid_events",
        "masked_events",
        "notes",
        "path",
        "piece",
        "prime_bars",
        "redrawn_bars",
        "redrawn_events",
        "seconds",
        "valid",
    ];
    assert_eq!(keys(&report), expected);
    let made = score(&to.path().join("new.mid"));
    assert_eq!(made.bars().count(), 6);
    assert_eq!(report["notes"].as_u64().unwrap() as usize, made.note_count());
    assert_eq!(made.instruments(), [Instrument::Program(0), Instrument::Program(33), Instrument::Drums(0)]);
    assert!((made.tempo_map().tempo_at(Default::default()).quarters_per_minute() - 97.5).abs() < 0.01);
    assert_eq!((made.meters[0].numerator, made.meters[0].denominator), (3, 4));
    let d_minor = [2, 4, 5, 7, 9, 10, 0];
    for part in made.parts.iter().filter(|part| !part.instrument.is_drums()) {
        let range = if part.instrument == Instrument::Program(33) { 36..=50 } else { 36..=84 };
        assert!(part.notes.iter().all(|note| d_minor.contains(&(note.pitch % 12)) && range.contains(&note.pitch)));
    }
    let wav = std::fs::read(to.path().join("new.wav")).unwrap();
    assert!(wav.starts_with(b"RIFF") && wav.len() > 44_100 * 4 * 5);
    assert!(std::fs::read_to_string(to.path().join("new.svg")).unwrap().starts_with("<svg"));

    let shown = json(workshop(), &["inspect", &out, "--json"]);
    assert_eq!((&shown["kind"], &shown["bars"]), (&"midi".into(), &6.into()));
    assert_eq!(shown["made"]["settings"]["header"]["genre"], "rock");
    let model = json(workshop(), &["inspect", "run/best", "--json"]);
    assert_eq!(shown["made"]["model"], model["hash"]);
    assert!(done(workshop(), &["inspect", &out]).contains("97.5"));
}

#[test]
fn a_prime_stands_unchanged_at_the_start() {
    let to = scratch();
    let song = std::fs::read_dir(workshop().join("songs/rock")).unwrap().flatten().next().unwrap().path();
    let song = std::fs::read_dir(song).unwrap().flatten().next().unwrap().path();
    let out = name(&to, "more.mid");
    let song = song.display().to_string();
    let line = ["generate", "run", "-o", &out, "--prime", &song, "--prime-bars", "2", "--notes", "40", "--json"];
    let report = json(workshop(), &line);
    assert_eq!(report["prime_bars"], 2);
    let (before, after) = (score(Path::new(&song)), score(Path::new(&out)));
    let cut = before.bars().nth(1).unwrap().end();
    for part in &before.parts {
        let early = part.notes.iter().filter(|note| note.onset < cut);
        let kept: Vec<_> = after.parts.iter().filter(|it| it.instrument == part.instrument).collect();
        assert!(early.clone().all(|note| kept.iter().any(|it| it.notes.contains(note))), "{}", part.name);
    }
    let early = before.parts.iter().flat_map(|part| &part.notes).filter(|note| note.onset < cut).count();
    assert_eq!(after.note_count(), early + 40);
}

#[test]
fn a_prime_keeps_its_controllers_and_its_lyrics() {
    let to = scratch();
    // Two bars of a piano: bends, a lyric, a fade to nothing, and what follows them.
    let mut track = vec![0, 0xC0, 0, 0, 0xB0, 7, 90];
    for step in 0..32 {
        track.extend([0, 0xE0, 0, 60 + step % 8, 0, 0xFF, 0x05, 1, b'a' + step % 26]);
        track.extend([0, 0x90, 60 + step % 12, 80, 12, 0x80, 60 + step % 12, 0]);
    }
    let before = track.clone();
    track.extend([0, 0xE0, 0, 10, 0, 0xB0, 11, 5, 0, 0x90, 50, 80, 96, 50, 0]);
    let file = |track: &[u8]| {
        let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x30MTrk".to_vec();
        bytes.extend((track.len() as u32 + 4).to_be_bytes());
        bytes.extend_from_slice(track);
        bytes.extend([0, 0xFF, 0x2F, 0]);
        bytes
    };
    let (song, out) = (name(&to, "song.mid"), name(&to, "more.mid"));
    std::fs::write(&song, file(&track)).unwrap();
    done(workshop(), &["generate", "run", "-o", &out, "--prime", &song, "--prime-bars", "2", "--bars", "2"]);
    let written = std::fs::read(&out).unwrap();
    // All of it, byte for byte, behind the text that says how the piece was made; but the end of
    // the last note may stand among what is settled at the cut.
    let kept = &before[..before.len() - 4];
    assert!(written.windows(kept.len()).any(|it| it == kept), "the bars that are kept");
    let automation = read_automation(&written, &ReadOptions::default()).unwrap();
    let last = automation.of_part(0).iter().rev().find(|it| matches!(it.control, Control::Pitch(_))).unwrap();
    assert_eq!(last.at, Ticks(2 * 4 * 48), "the bend is settled at the cut");
    assert!(!automation.of_part(0).iter().any(|it| it.control == Control::Expression(5)));
}

#[test]
fn lengths_are_kept_and_the_grammar_can_be_left_out() {
    let to = scratch();
    let short = json(
        workshop(),
        &["generate", "run", "-o", &name(&to, "a.mid"), "--seconds", "8", "--instruments", "piano", "--json"],
    );
    assert!((short["seconds"].as_f64().unwrap() - 8.0).abs() < 4.0, "{short}");
    let free =
        json(workshop(), &["generate", "run", "-o", &name(&to, "b.mid"), "--bars", "2", "--no-grammar", "--json"]);
    assert_eq!(free["valid"], free["invalid_events"] == 0);
    assert!(score(&to.path().join("b.mid")).note_count() > 0);
    let only = name(&to, "c.mid");
    done(workshop(), &["generate", "run", "-o", &only, "--bars", "2", "--allow", "organ", "--temperature", "0.5"]);
    assert!(score(Path::new(&only)).instruments().iter().all(|it| it.family_name() == "organ"));
}

#[test]
fn a_song_is_rendered_in_every_form() {
    let to = scratch();
    let song = name(&to, "song.mid");
    done(workshop(), &["generate", "run", "-o", &song, "--bars", "2", "--tempo", "120"]);
    let render = |file: &str, more: &[&str]| {
        let out = name(&to, file);
        let report = json(workshop(), &[&["render", &song, "-o", &out, "--json"], more].concat());
        assert_eq!(report["bytes"].as_u64(), Some(std::fs::metadata(&out).unwrap().len()));
        (report, std::fs::read(out).unwrap())
    };
    let (report, wav) = render("a.wav", &["--soundfont", "built-in", "--dry"]);
    assert_eq!(keys(&report), ["bytes", "kind", "notes", "path", "seconds", "soundfont"]);
    let (_, deep) = render("b.wav", &["--soundfont", "built-in", "--dry", "--bits", "24"]);
    assert_eq!((wav.len() - 44) / 2, (deep.len() - 44) / 3);
    let (_, svg) = render("c.svg", &["--theme", "auto", "--bars", "1-1", "--title", "One & only"]);
    assert!(String::from_utf8(svg).unwrap().contains("One &amp; only"));
    let (_, png) = render("d.png", &["--theme", "dark", "--scale", "1"]);
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
}

#[test]
fn a_markov_model_and_the_study_s_representation_go_the_same_way() {
    let to = scratch();
    let corpus = name(&to, "notes");
    done(workshop(), &["prepare", "songs", "-o", &corpus, "--representation", "notes"]);
    let dir = name(&to, "markov");
    let trained = json(workshop(), &["train", &corpus, "-o", &dir, "--set", "model.kind=markov", "--json"]);
    assert!(trained["parameters"].as_u64().unwrap() > 100);
    let out = name(&to, "study.mid");
    done(workshop(), &["generate", &dir, "-o", &out, "--notes", "30"]);
    assert!(score(Path::new(&out)).note_count() >= 30);
    assert!(done(workshop(), &["inspect", &dir]).contains("Markov"));
}

#[test]
fn copies_are_reported_and_kept_short_in_the_file_as_well() {
    let to = scratch();
    let out = name(&to, "new.mid");
    let line = ["generate", "run", "-o", &out, "--bars", "6", "--avoid-copies", "2", "--originality", "--json"];
    let told = &json(workshop(), &line)["originality"];
    assert!(told["longest_run"].as_u64().unwrap() <= 2, "{told}");
    // The file holds what was reported, measured independently.
    let corpus = leitmotif_corpus::Corpus::open(workshop().join("corpus")).unwrap();
    let songs = corpus.split(leitmotif_corpus::Split::Train).into_iter().map(|song| {
        let score = corpus.representation().decode(&corpus.sequence(song)).unwrap();
        (corpus.songs()[song].path.clone(), score)
    });
    let index = leitmotif_measures::OriginalityIndex::build(songs).unwrap();
    assert_eq!(&serde_json::to_value(index.report(&score(Path::new(&out)))).unwrap(), told);

    let nameless = ["generate", "run/best", "-o", &name(&to, "b.mid"), "--bars", "2", "--originality"];
    let refused = run(workshop(), &nameless);
    assert!(refused.status == 2 && refused.err.contains("--corpus CORPUS"), "{}", refused.err);
    assert!(done(workshop(), &[&nameless[..], &["--corpus", "corpus"]].concat()).contains("in common"));

    let line = ["evaluate", "run", "--originality", "--pieces", "2", "--seed", "5"];
    let judged = &json(workshop(), &[&line[..], &["--json"]].concat())["originality"];
    let expected = ["bars", "pieces", "seed", "summary", "test_songs", "training_songs"];
    assert_eq!(keys(judged), expected);
    assert_eq!((judged["pieces"].as_array().unwrap().len(), &judged["seed"]), (2, &5.into()));
    assert!(judged["pieces"][1]["percentiles"]["longest_run"].is_number(), "{judged}");
    assert!(done(workshop(), &line).contains("longest run, median"));
}

#[test]
fn a_trace_has_a_line_for_every_event_that_was_drawn() {
    let to = scratch();
    let (out, trace) = (name(&to, "new.mid"), name(&to, "trace.jsonl"));
    let line = ["generate", "run", "-o", &out, "--bars", "4", "--trace", &trace, "--json"];
    let report = json(workshop(), &line);
    let text = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, report["events"].as_u64().unwrap());
    let notes: Vec<_> = lines.iter().filter(|line| line["text"].as_str().unwrap().starts_with("note ")).collect();
    assert_eq!(notes.len() as u64, report["notes"].as_u64().unwrap());
    for note in notes {
        let fields: Vec<_> = note["fields"].as_array().unwrap().iter().map(|field| field["field"].clone()).collect();
        assert_eq!(fields, ["kind", "position", "instrument", "pitch", "duration", "velocity"]);
        assert!(note["draws"].as_u64().unwrap() >= 1 && note["masked"].is_boolean());
    }
    assert_eq!(lines[lines.len() - 1]["text"], "end");
    let again = run(workshop(), &["generate", "run", "-o", &name(&to, "b.mid"), "--trace", &trace]);
    assert!(again.status == 1 && again.err.contains("trace.jsonl"), "it is not replaced: {}", again.err);
}
