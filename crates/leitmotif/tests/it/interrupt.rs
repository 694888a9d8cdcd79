//! Ctrl-C in a training: everything saved, exit status 130, and the run goes on from there.
#![cfg(unix)]

use crate::program::{SMALL, command, json, run, workshop};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn an_interrupted_training_is_saved_and_resumed() {
    let folder = tempfile::tempdir_in(workshop()).unwrap();
    let dir = folder.path().join("run").display().to_string();
    let mut arguments = vec!["train", "corpus", "-o", &dir, "--steps", "1000000", "--set", "train.validate_every=0"];
    for set in SMALL.iter().chain(&["train.log_every=1"]) {
        arguments.extend(["--set", set]);
    }
    arguments.push("--verbose");
    let mut child = command(workshop(), &arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("step 2:")), "it trains");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let last = rest.iter().find(|line| line.starts_with("leitmotif: interrupted at step")).unwrap();
    let step: u64 = last.split("step ").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!(rest.iter().any(|line| line.contains("leitmotif train --resume -o")), "{rest:?}");

    let refused = run(workshop(), &["train", "corpus", "-o", &dir]);
    assert_eq!(refused.status, 1);
    let budget = (step + 3).to_string();
    let report = json(workshop(), &["train", "--resume", "-o", &dir, "--steps", &budget, "--json"]);
    assert_eq!(report["step"], step + 3);
}
