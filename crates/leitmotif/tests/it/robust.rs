//! What happens in use: files that are none, links, runs that were killed, two runs at once.

use crate::program::{SMALL, command, done, run, workshop};
use std::path::{Path, PathBuf};
use std::process::Stdio;

#[test]
fn help_is_also_a_verb() {
    let here = std::env::temp_dir();
    assert_eq!(done(&here, &["help", "generate"]), done(&here, &["generate", "--help"]));
    assert_eq!(done(&here, &["help"]), done(&here, &["--help"]));
    assert!(run(&here, &["help", "generat"]).err.contains("generate"));
}

#[test]
fn nothing_that_a_terminal_obeys_reaches_it() {
    let folder = tempfile::tempdir().unwrap();
    // One track with a name that clears the screen and fakes a row, and one note.
    let name = b"Bass\x1b[2J\r\nnotes 7";
    let mut track = [&[0, 0xff, 0x03, name.len() as u8][..], name].concat();
    track.extend([0, 0x90, 60, 90, 0x60, 0x80, 60, 0, 0, 0xff, 0x2f, 0]);
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    // Windows has no such names.
    let song = folder.path().join(if cfg!(windows) { "song.mid" } else { "song\u{1b}[31m.mid" });
    std::fs::write(&song, file).unwrap();
    let song = song.display().to_string();
    for more in [&[][..], &["--json"]] {
        let out = done(folder.path(), &[&["inspect", &song], more].concat());
        assert!(!out.contains(|it: char| it.is_control() && it != '\n'), "{out:?}");
        assert!(!out.lines().any(|line| line.starts_with("notes 7")), "{out}");
        assert!(out.contains("Bass"), "{out}");
    }
    done(folder.path(), &["render", &song, "-o", "song.svg"]);
    let svg = std::fs::read_to_string(folder.path().join("song.svg")).unwrap();
    assert!(!svg.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_and_never_waited_for() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let pipe = folder.path().join("pipe.mid");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (pipe, out) = (pipe.display().to_string(), folder.path().join("out").display().to_string());
    let new = format!("{out}.mid");
    let commands: [&[&str]; 9] = [
        &["inspect", &pipe],
        &["prepare", &pipe, "-o", &out],
        &["render", &pipe, "-o", "pipe.svg"],
        &["generate", "run", "-o", &new, "--prime", &pipe],
        &["generate", "run", "-o", &new, "--wav", "--soundfont", &pipe],
        &["train", "corpus", "-o", &out, "--config", &pipe],
        &["train", "corpus", "-o", &out, "--config", "/dev/zero"],
        &["prepare", "songs", "-o", &out, "--metadata", "/dev/zero"],
        &["compare", "/dev/zero", "-o", &out],
    ];
    for arguments in commands {
        let ran = run(workshop(), arguments);
        assert_ne!(ran.status, 0, "{arguments:?}");
        assert!(ran.err.contains("not a regular file"), "{arguments:?}: {}", ran.err);
    }
    assert!(!Path::new(&out).exists());
}

/// A copy of the workshop's model.
fn model(folder: &Path) -> PathBuf {
    let copy = folder.join("model");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(workshop().join("run/best")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    copy
}

#[test]
fn weights_are_checked_before_they_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path());
    let weights = model.join("model.safetensors");
    let whole = std::fs::read(&weights).unwrap();
    let refusal = || {
        let ran = run(folder.path(), &["generate", "model", "-o", "new.mid", "--bars", "1"]);
        assert_eq!(ran.status, 1, "{}", ran.err);
        ran.err
    };
    for value in [3e38_f32, f32::INFINITY, f32::NAN] {
        let mut absurd = whole.clone();
        let end = absurd.len();
        absurd[end - 4..].copy_from_slice(&value.to_le_bytes());
        std::fs::write(&weights, absurd).unwrap();
        assert!(refusal().contains("holds values"), "{value}: {}", refusal());
    }
    // 3 GiB that the disk does not hold: refused by the header.
    let header = br#"{"a":{"dtype":"F32","shape":[805306368],"data_offsets":[0,3221225472]}}"#;
    std::fs::write(&weights, [&(header.len() as u64).to_le_bytes()[..], header].concat()).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&weights).unwrap();
    file.set_len(8 + header.len() as u64 + 3_221_225_472).unwrap();
    assert!(refusal().contains("no array named"), "{}", refusal());
    let vocabulary = std::fs::OpenOptions::new().write(true).open(model.join("tokenizer.json")).unwrap();
    vocabulary.set_len(100_000_000).unwrap();
    assert!(refusal().contains("at most"), "{}", refusal());
}

fn training(dir: &str) -> Vec<&str> {
    let mut arguments = vec!["train", "corpus", "-o", dir, "--steps", "2", "--set", "train.validate_every=0"];
    SMALL.iter().for_each(|set| arguments.extend(["--set", set]));
    arguments
}

#[test]
fn a_run_that_was_killed_while_it_was_set_up_is_begun_anew() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let states: [&[&str]; 4] = [
        &["run.lock"],
        &["run.lock", ".leitmotif-1-0.tmp"],
        &["run.lock", "run.json", "config.toml.17.tmp"],
        &["run.lock", ".corpus.lock", ".corpus.partial"],
    ];
    for (number, files) in states.iter().enumerate() {
        let run = folder.path().join(number.to_string());
        std::fs::create_dir(&run).unwrap();
        for file in *files {
            std::fs::write(run.join(file), "{}").unwrap();
        }
        let dir = run.display().to_string();
        done(workshop(), &training(&dir));
        assert!(run.join("last/model.safetensors").is_file());
        let left = std::fs::read_dir(&run)
            .unwrap()
            .filter(|it| it.as_ref().unwrap().path().extension() == Some("tmp".as_ref()));
        assert_eq!(left.count(), 0, "{files:?}");
    }
    // What is no leftover is not touched.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("letter.tmp"), "mine").unwrap();
    assert_eq!(run(workshop(), &training(&other.display().to_string())).status, 1);
    assert!(other.join("letter.tmp").exists());
}

#[test]
fn a_run_whose_replacement_was_killed_is_begun_anew() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let (run, aside) = (folder.path().join("run"), folder.path().join(".run.removed.tmp"));
    std::fs::create_dir(&aside).unwrap();
    std::fs::write(aside.join("metrics.jsonl"), "{}").unwrap();
    let dir = run.display().to_string();
    done(workshop(), &training(&dir));
    assert!(!aside.exists());
    done(workshop(), &[&training(&dir)[..], &["--force"]].concat());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the old run is gone");
}

#[cfg(unix)]
#[test]
fn no_lock_follows_a_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let (victim, dir) = (folder.path().join("victim"), folder.path().join("run"));
    std::fs::write(&victim, "text").unwrap();
    std::fs::create_dir(&dir).unwrap();
    symlink(&victim, dir.join("run.lock")).unwrap();
    let ran = run(workshop(), &training(&dir.display().to_string()));
    assert!(ran.status == 1 && ran.err.contains("a link"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "text");
}

#[test]
fn of_two_that_prepare_one_corpus_one_succeeds() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    for round in 0..6 {
        let out = folder.path().join(round.to_string()).display().to_string();
        let start = || {
            let mut command = command(workshop(), &["prepare", "songs", "-o", &out]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let pair = [start(), start()];
        let done = pair.into_iter().filter_map(|mut it| it.wait().unwrap().success().then_some(())).count();
        assert_eq!(done, 1, "round {round}");
        assert!(run(workshop(), &["inspect", &out]).status == 0);
    }
    let names = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.starts_with('.') && !name.ends_with(".lock")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn one_piece_goes_to_the_file_that_is_named() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let out = folder.path().join("x.mid");
    let path = out.display().to_string();
    done(workshop(), &["generate", "run", "-o", &path, "--count", "1", "--bars", "1"]);
    assert!(out.is_file());
    let ran = run(workshop(), &["render", &path, "-o", "x.svg", "--bars", "100-160"]);
    assert!(ran.status == 2 && ran.err.contains("the piece has 1 bar"), "{}", ran.err);
}

#[test]
fn a_limit_that_a_run_has_passed_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let run_dir = folder.path().join("run");
    let dir = run_dir.display().to_string();
    done(workshop(), &training(&dir));
    let config = std::fs::read(run_dir.join("config.toml")).unwrap();
    for limit in [["--steps", "1"], ["--minutes", "1e-9"]] {
        let ran = run(workshop(), &["train", "--resume", "-o", &dir, limit[0], limit[1]]);
        assert!(ran.status == 2 && ran.err.contains("already"), "{}", ran.err);
    }
    assert_eq!(std::fs::read(run_dir.join("config.toml")).unwrap(), config);
}
