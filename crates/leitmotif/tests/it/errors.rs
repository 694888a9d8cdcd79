//! The messages and exit statuses of the program's errors.

use crate::golden::compare;
use crate::program::{run, workshop};
use std::fmt::Write;

/// Every refusal with its status, in one snapshot a group.
fn refusals(commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for arguments in commands {
        let ran = run(workshop(), arguments);
        assert!(ran.out.is_empty(), "{arguments:?}: {}", ran.out);
        assert_ne!(ran.status, 0, "{arguments:?}");
        let _ = writeln!(text, "$ leitmotif {}\n{}[{}]\n", arguments.join(" "), ran.err, ran.status);
    }
    text
}

#[test]
fn inputs_that_are_missing_or_are_something_else() {
    compare(
        "errors-missing",
        &refusals(&[
            &["inspect", "nowhere"],
            &["inspect", "songs"],
            &["render", "nowhere.mid", "-o", "a.wav"],
            &["prepare", "nowhere", "-o", "other"],
            &["prepare", "--merge", "songs", "-o", "other"],
            &["train", "nowhere", "-o", "other"],
            &["train", "--resume", "-o", "nowhere"],
            &["generate", "nowhere", "-o", "a.mid"],
            &["generate", "songs", "-o", "a.mid"],
            &["evaluate", "run/best"],
            &["evaluate", "run", "--on", "songs"],
            &["export", "songs", "-o", "other"],
        ]),
    );
}

#[test]
fn outputs_that_exist() {
    let folder = workshop();
    std::fs::write(folder.join("there.mid"), b"x").unwrap();
    std::fs::write(folder.join("there.wav"), b"x").unwrap();
    let song = "there.mid";
    compare(
        "errors-existing",
        &refusals(&[
            &["prepare", "songs", "-o", "corpus"],
            &["prepare", "songs", "-o", "songs", "--force"],
            &["train", "corpus", "-o", "run"],
            &["train", "corpus", "-o", "songs", "--force"],
            &["generate", "run", "-o", "there.mid"],
            &["generate", "run", "-o", "there.midi", "--wav"],
            &["generate", "run", "-o", "songs"],
            &["generate", "run", "-o", "there.mid", "--count", "2"],
            &["render", song, "-o", "there.wav"],
            &["render", song, "-o", "songs/metal"],
            &["demo", "-o", "songs"],
        ]),
    );
    assert_eq!(std::fs::read(folder.join("there.mid")).unwrap(), b"x");
}

#[test]
fn options_that_make_no_sense() {
    compare(
        "errors-usage",
        &refusals(&[
            &["frobnicate"],
            &["generate", "run", "-o", "a.mid", "--instruments", "paino"],
            &["generate", "run", "-o", "a.mid", "--genre", "polka"],
            &["generate", "run", "-o", "a.mid", "--key", "H minor"],
            &["generate", "run", "-o", "a.mid", "--key", "C", "--scale", "superlocrian"],
            &["generate", "run", "-o", "a.mid", "--scale", "minor"],
            &["generate", "run", "-o", "a.mid", "--meter", "4/3"],
            &["generate", "run", "-o", "a.mid", "--tempo", "-3"],
            &["generate", "run", "-o", "a.mid", "--bars", "4", "--notes", "9"],
            &["generate", "run", "-o", "a.mid", "--bars", "0"],
            &["generate", "run", "-o", "a.mid", "--top-p", "0"],
            &["generate", "run", "-o", "a.mid", "--field", "colour.top-k=3"],
            &["generate", "run", "-o", "a.mid", "--field", "pitch.heat=3"],
            &["generate", "run", "-o", "a.mid", "--range", "C5-C3"],
            &["generate", "run", "-o", "a"],
            &["generate", "run", "-o", "a.mid", "--genre", "METAL "],
            &["generate", "run", "-o", "a.mid", "--instruments", "violin,violin"],
            &["generate", "run", "-o", "a.mid", "--count", "2"],
            &["train", "corpus", "-o", "other", "--minutes", "0"],
            &["train", "corpus", "-o", "other", "--steps", "0"],
            &["train", "--resume", "-o", "run", "--epochs", "0"],
            &["prepare", "songs", "-o", "other", "--genre", "metall"],
            &["train", "corpus", "-o", "other", "--set", "train.lane=3"],
            &["train", "corpus", "-o", "other", "--preset", "study", "--set", "train.batch_size=many"],
            &["train", "corpus", "-o", "other", "--set", "train.batch_size=0"],
            &["train", "corpus", "-o", "other", "--preset", "smal"],
            &["train", "corpus", "-o", "other", "--device", "abacus", "--steps", "1"],
            &["train", "corpus", "-o", "run/best/model.safetensors", "--steps", "1"],
            &["train", "--resume", "-o", "run", "--set", "train.batch_size=3"],
            &["train", "-o", "other"],
            &["prepare", "songs", "-o", "other", "--split", "0.5,0.5,0.5"],
            &["prepare", "songs", "-o", "other", "--genre", "polka"],
            &["prepare", "songs", "-o", "other", "--only-instrument", "kazoo"],
            &["prepare", "songs", "-o", "other", "--min-notes", "9000000"],
            &["prepare", "songs", "-o", "other", "--shard", "9/8"],
            &["prepare", "--merge", "songs", "-o", "other", "--genre", "metal"],
            &["prepare", "--merge", "songs", "-o", "other", "--split-seed", "3"],
            &["evaluate", "run", "--split", "exam"],
            &["evaluate", "run", "--pieces", "3"],
            &["evaluate", "run", "--originality", "--page", "music"],
            &["evaluate", "run", "--music", "--bars", "4"],
            &["render", "a.mid", "-o", "a.mp3"],
            &["--threads", "0", "inspect", "corpus"],
        ]),
    );
}
