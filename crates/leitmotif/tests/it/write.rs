//! Writing into a piece, from a corpus of cells to the file.

use crate::program::{done, json, keys, run, workshop};
use leitmotif_score::{ReadOptions, Score, Ticks, read_midi_file};
use serde_json::Value;
use std::path::Path;
use std::sync::OnceLock;

/// A folder with a model of cells (`writer`) and a song (`song.mid`).
fn desk() -> &'static Path {
    static DESK: OnceLock<tempfile::TempDir> = OnceLock::new();
    DESK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let songs = workshop().join("songs");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let (corpus, run) = (at("corpus"), at("writer"));
        done(workshop(), &["prepare", songs.to_str().unwrap(), "-o", &corpus, "--representation", "cells"]);
        let sizes = ["--set", "model.d_model=16", "--set", "model.layers=1", "--set", "train.batch_size=2"];
        let train = ["train", &corpus, "-o", &run, "--steps", "3", "--quiet"];
        done(workshop(), &[&train[..], &sizes[..]].concat());
        let song = walk(&songs).into_iter().find(|path| path.extension().is_some_and(|it| it == "mid")).unwrap();
        std::fs::copy(song, folder.path().join("song.mid")).unwrap();
        folder
    })
    .path()
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn score(name: &str) -> Score {
    read_midi_file(desk().join(name), &ReadOptions::default()).unwrap().0
}

#[test]
fn a_hole_is_filled_and_everything_else_stands() {
    let fill = ["fill", "writer", "song.mid", "-o", "filled.mid", "--bars", "3-4", "--parts", "drums"];
    let report = json(desk(), &[&fill[..], &["--no-rests", "--json", "--roll", "svg"]].concat());
    let expected = [
        "bars",
        "candidate",
        "cells",
        "events",
        "instruments",
        "nats_per_note",
        "notes",
        "parts",
        "path",
        "rests",
        "seconds",
    ];
    assert_eq!(keys(&report), expected);
    assert_eq!((&report["bars"], &report["parts"]), (&Value::from(vec![3, 4]), &Value::from(vec!["drums"])));
    assert_eq!((&report["cells"], &report["rests"]), (&Value::from(2), &Value::from(0)));
    let (before, after) = (score("song.mid"), score("filled.mid"));
    // A note belongs to the bar of its nearest twelfth of a quarter.
    let half_a_step = Ticks(before.resolution.ticks_per_quarter() / 24);
    let line = |bar| before.bars().nth(bar).unwrap().start - half_a_step;
    let hole = line(2)..line(4);
    for (part, new) in before.parts.iter().zip(&after.parts) {
        let outside = |score: &leitmotif_score::Part| {
            let notes = score.notes.iter().filter(|note| !(part.instrument.is_drums() && hole.contains(&note.onset)));
            notes.copied().collect::<Vec<_>>()
        };
        assert!(outside(part) == outside(new) && part.name == new.name, "{}", part.name);
    }
    let made: Value = serde_json::from_str(&after.texts[0]).unwrap();
    assert_eq!((&made["edit"]["verb"], &made["bars"]), (&Value::from("fill"), &Value::from(vec![3, 4])));
    for picture in ["filled.svg", "filled.before.svg"] {
        assert!(std::fs::read_to_string(desk().join(picture)).unwrap().contains("new"), "{picture}");
    }
    // The same again is refused; with --force it is the same file.
    let bytes = std::fs::read(desk().join("filled.mid")).unwrap();
    assert_eq!(run(desk(), &fill).status, 1);
    done(desk(), &[&fill[..], &["--no-rests", "--force"]].concat());
    assert_eq!(std::fs::read(desk().join("filled.mid")).unwrap(), bytes);
}

#[test]
fn versions_go_to_a_folder_and_the_best_to_a_file() {
    let fill = ["fill", "writer", "song.mid", "--bars", "2", "--json", "-n", "3"];
    let lines = done(desk(), &[&fill[..], &["-o", "versions"]].concat());
    let costs: Vec<f64> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["nats_per_note"].as_f64().unwrap())
        .collect();
    assert_eq!(costs.len(), 3);
    assert!((1..=3).all(|number| desk().join(format!("versions/{number:03}.mid")).is_file()));
    let best = json(desk(), &[&fill[..], &["-o", "best.mid", "--best"]].concat());
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(best["nats_per_note"].as_f64(), Some(least));
    assert_eq!(run(desk(), &[&fill[..], &["-o", "versions.mid"]].concat()).status, 2, "three versions need a folder");
}

#[test]
fn a_piece_is_accompanied_by_new_parts() {
    let report = json(
        desk(),
        &["accompany", "writer", "song.mid", "-o", "with.mid", "--with", "flute,drums", "--no-rests", "--json"],
    );
    assert_eq!(report["rests"], 0);
    let (before, after) = (score("song.mid"), score("with.mid"));
    assert_eq!(after.parts.len(), before.parts.len() + 2);
    assert_eq!(before.parts, after.parts[..before.parts.len()]);
    let like = json(desk(), &["accompany", "writer", "song.mid", "-o", "like.mid", "--like", "song.mid", "--json"]);
    let parts = like["parts"].as_array().unwrap().len();
    assert_eq!(parts, before.parts.iter().filter(|part| !part.notes.is_empty()).count());
}

#[test]
fn chords_are_found_shown_changed_and_followed() {
    let harmonise = ["harmonise", "writer", "song.mid", "--with", "piano"];
    let said = done(desk(), &[&harmonise[..], &["-o", "chords.mid", "--chords-out", "chords.txt"]].concat());
    let sheet = std::fs::read_to_string(desk().join("chords.txt")).unwrap();
    assert!(sheet.starts_with("| ") && said.starts_with(&sheet), "{said}");
    // What was written can be read.
    let again = [&harmonise[..], &["-o", "again.mid", "--chords", &sheet]].concat();
    assert!(done(desk(), &again).starts_with(&sheet));
    let generate = ["generate", "writer", "-o", "new.mid", "--bars", "4", "--key", "A minor", "--strict-chords"];
    done(desk(), &[&generate[..], &["--chords", "i VI III VII"]].concat());
    let wrong = run(desk(), &["generate", "writer", "-o", "wrong.mid", "--chords", "Am H7"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("H7") && wrong.err.contains('^'), "{}", wrong.err);
}

#[test]
fn what_cannot_be_is_refused_with_a_remedy() {
    let refused = |words: &[&str], says: &str| {
        let ran = run(desk(), words);
        assert!(ran.status != 0 && ran.err.contains(says), "{words:?}: {} {}", ran.status, ran.err);
        assert!(!desk().join("no.mid").exists(), "{words:?}");
    };
    let fill = |more: &[&'static str]| [&["fill", "writer", "song.mid", "-o", "no.mid"][..], more].concat();
    refused(&fill(&["--bars", "900"]), "the piece has");
    refused(&fill(&["--parts", "kazoo"]), "it has");
    refused(&fill(&["--genre", "polka"]), "polka");
    refused(&fill(&["--avoid-copies", "8"]), "copies");
    refused(&["accompany", "writer", "song.mid", "-o", "no.mid"], "--with");
    let plain = workshop().join("run").display().to_string();
    refused(&["fill", &plain, "song.mid", "-o", "no.mid"], "--representation cells");
}
