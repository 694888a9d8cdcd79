//! The program's help texts.

use crate::golden::compare;
use crate::program::{done, run};

const VERBS: [&str; 21] = [
    "demo",
    "prepare",
    "train",
    "generate",
    "fill",
    "accompany",
    "harmonise",
    "reconstruct",
    "vary",
    "interpolate",
    "restyle",
    "direction",
    "latents",
    "compare",
    "critic",
    "evaluate",
    "render",
    "inspect",
    "export",
    "completions",
    "man",
];

#[test]
fn help_of_the_program_and_of_every_verb() {
    let here = std::env::temp_dir();
    compare("help", &done(&here, &["--help"]));
    for verb in VERBS {
        compare(&format!("help-{verb}"), &done(&here, &[verb, "--help"]));
    }
}

#[test]
fn without_a_verb_help_is_an_error_and_on_the_error_stream() {
    let ran = run(&std::env::temp_dir(), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.out.is_empty() && ran.err.contains("Usage: leitmotif"));
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(done(&std::env::temp_dir(), &["--version"]).trim(), format!("leitmotif {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_hold_every_verb_and_their_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(&std::env::temp_dir(), &["completions", shell]);
        for word in VERBS.iter().chain(&["top-p", "split-by", "soundfont"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn man_pages_for_the_program_and_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let printed = done(folder.path(), &["man", "-o", "man"]);
    assert_eq!(printed.lines().count(), VERBS.len() + 1);
    for verb in VERBS {
        let page = std::fs::read_to_string(folder.path().join(format!("man/leitmotif-{verb}.1"))).unwrap();
        assert!(page.contains(".TH leitmotif-") && page.contains(".SH SYNOPSIS"), "{page}");
    }
    let page = std::fs::read_to_string(folder.path().join("man/leitmotif.1")).unwrap();
    assert!(page.contains("leitmotif\\-generate(1)"), "{page}");
    assert_eq!(run(folder.path(), &["man", "-o", "man"]).status, 1, "nothing is overwritten");
    done(folder.path(), &["man", "-o", "man", "--force"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = crate::program::command(&std::env::temp_dir(), &["completions", "bash"]);
    let output =
        command.stdout(writer).stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
