//! Training in several processes, as a launcher of MPI starts them.

use crate::program::SMALL;

/// The arguments of a small training without dropout, whose masks depend on how streams are
/// divided.
fn training<'a>(dir: &'a str, steps: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["train", "corpus", "-o", dir, "--steps", steps];
    let sets = ["model.ff_dropout=0", "model.layer_dropout=0", "train.log_every=1"];
    SMALL.iter().chain(&sets).for_each(|set| arguments.extend(["--set", set]));
    arguments
}

#[cfg(not(feature = "mpi"))]
#[test]
fn a_program_without_mpi_refuses_to_train_several_times_the_same() {
    use crate::program::{command, workshop};
    for variable in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
        let mut command = command(workshop(), &training("never", "1"));
        let output = command.env(variable, "4").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("4 processes") && said.contains("--features mpi"), "{said}");
    }
}

#[cfg(feature = "mpi")]
mod launched {
    use super::training;
    use crate::program::{done, workshop};
    use serde_json::Value;
    use std::io::{BufRead, BufReader};
    use std::path::Path;
    use std::process::{Command, Stdio};

    /// So many processes of the program.
    fn launch(size: usize, arguments: &[&str]) -> Command {
        let mut command = Command::new("mpirun");
        command.current_dir(workshop()).args(["-n", &size.to_string(), env!("CARGO_BIN_EXE_leitmotif")]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Of Open MPI: as any user, and on any number of cores.
        for variable in ["ALLOW_RUN_AS_ROOT", "ALLOW_RUN_AS_ROOT_CONFIRM", "MCA_rmaps_base_oversubscribe"] {
            command.env(format!("OMPI_{variable}"), "1");
        }
        command
    }

    /// Nats per event of each line of training.
    fn losses(run: &Path) -> Vec<f64> {
        let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["kind"] == "train").map(|line| line["nats_per_event"].as_f64().unwrap()).collect()
    }

    #[test]
    fn processes_train_what_one_trains_stop_together_and_go_on() {
        let folder = tempfile::tempdir_in(workshop()).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (one, several) = (path("one"), path("several"));
        done(workshop(), &training(&one, "12"));
        let arguments = [&training(&several, "12")[..], &["--json"]].concat();
        let output = launch(2, &arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(report["step"] == 12 && report["timings"]["exchange"].as_f64().unwrap() > 0.0);
        assert_eq!(said.matches("parameters").count(), 1, "one process speaks: {said}");
        let (expected, found) = (losses(one.as_ref()), losses(several.as_ref()));
        assert_eq!((expected.len(), found.len()), (12, 12));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4 * expected, "{found} is not {expected}");
        }

        // One process is asked to stop, as a batch system asks all of them.
        let dir = path("stopped");
        let mut arguments = training(&dir, "1000000");
        arguments.extend(["--set", "train.validate_every=0", "--verbose"]);
        let mut child = launch(2, &arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.starts_with("step 2:")), "it trains");
        let processes = Command::new("pgrep").args(["-P", &child.id().to_string()]).output().unwrap().stdout;
        let processes = String::from_utf8(processes).unwrap();
        let last = processes.lines().last().unwrap();
        assert!(Command::new("kill").args(["-TERM", last]).status().unwrap().success());
        let rest: Vec<String> = lines.collect();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
        assert_eq!(
            rest.iter().filter(|line| line.starts_with("leitmotif: interrupted at step")).count(),
            1,
            "{rest:?}"
        );
        let steps = losses(dir.as_ref()).len();
        let budget = (steps + 3).to_string();
        let output = launch(2, &["train", "--resume", "-o", &dir, "--steps", &budget, "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["step"], steps + 3);
    }

    #[test]
    fn what_one_process_cannot_do_ends_all() {
        let folder = tempfile::tempdir_in(workshop()).unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join("mine"), "").unwrap();
        let dir = run.display().to_string();
        let output = launch(3, &training(&dir, "12")).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.matches("already exists and is not a run").count(), 1, "{said}");
    }
}
