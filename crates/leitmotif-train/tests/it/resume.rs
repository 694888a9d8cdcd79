//! However often a run is stopped, killed or fails to write, it becomes the run that was left
//! alone.

use crate::common::{self, assert_same, config, corpus, outcome};
use leitmotif_corpus::Corpus;
use leitmotif_folder::{LAST, ModelFolder, find_model};
use leitmotif_model::{LatentKind, ModelKind, PRIOR_FILE};
use leitmotif_train::{Budget, RunConfig, TrainError, TrainEvent, resume, train};
use rand::{Rng, SeedableRng};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const STEPS: u64 = 14;

fn whole(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) -> Vec<(String, Vec<u8>)> {
    let summary = train(corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_eq!(summary.step, config.train.steps);
    assert_eq!(summary.skipped, 0);
    outcome(dir)
}

/// Runs until the step `stop`, or until `during` returns true, then resumes; again and again.
fn stopped_at(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig, stops: &[u64]) -> Vec<(String, Vec<u8>)> {
    let mut begun = false;
    for stop in stops.iter().map(Some).chain([None]) {
        let cancel = AtomicBool::new(false);
        let observer = |event: &TrainEvent<'_>| {
            if let (TrainEvent::Step { step, .. }, Some(stop)) = (event, stop)
                && step == stop
            {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let result = if begun {
            resume(corpus, dir, Budget::default(), &observer, &cancel)
        } else {
            train(corpus, dir, config, &observer, &cancel)
        };
        begun = true;
        match (stop, result) {
            (Some(stop), Err(TrainError::Interrupted { step })) => assert_eq!(step, *stop),
            (None, Ok(_)) => {}
            (_, result) => panic!("{result:?}"),
        }
    }
    outcome(dir)
}

#[test]
fn a_run_that_is_stopped_and_resumed_is_the_run_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    for kind in [ModelKind::Transformer, ModelKind::Lstm] {
        let mut config = config(STEPS);
        config.model.kind = kind;
        let run = |name: &str| folder.path().join(format!("{kind:?}-{name}"));
        let expected = whole(&corpus, &run("whole"), &config);
        // Half-way; and in the middle of everything, at the step of a validation and just after
        // one.
        assert_same(&stopped_at(&corpus, &run("half"), &config, &[STEPS / 2]), &expected);
        assert_same(&stopped_at(&corpus, &run("often"), &config, &[1, 6, 7, 13]), &expected);
    }
}

#[test]
fn a_run_with_latents_that_is_stopped_and_resumed_is_the_run_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    for latent in [LatentKind::Bar, LatentKind::Phrase] {
        let mut config = common::with_latents(config(STEPS));
        config.model.latent = latent;
        config.model.latent_bars = 3;
        let run = |name: &str| folder.path().join(format!("{latent:?}-{name}"));
        let expected = whole(&corpus, &run("whole"), &config);
        assert!(expected.iter().any(|(name, _)| name.ends_with(PRIOR_FILE)));
        assert_same(&stopped_at(&corpus, &run("often"), &config, &[1, 6, 7, 13]), &expected);
    }
}

/// The model is trained and saved by then; only the prior is missing.
#[test]
fn a_stop_while_the_prior_is_trained_takes_effect_and_the_prior_is_trained_again() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = common::with_latents(config(STEPS));
    let expected = whole(&corpus, &folder.path().join("whole"), &config);
    for stop in [1, config.latent.prior_epochs] {
        let dir = folder.path().join(format!("stopped-{stop}"));
        let cancel = AtomicBool::new(false);
        let observer = |event: &TrainEvent<'_>| {
            if matches!(event, TrainEvent::Prior { epoch, .. } if *epoch == stop) {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let result = train(&corpus, &dir, &config, &observer, &cancel);
        assert!(matches!(result, Err(TrainError::Interrupted { step: STEPS })), "{result:?}");
        assert!(!outcome(&dir).iter().any(|(name, _)| name.ends_with(PRIOR_FILE)), "a prior is whole or absent");
        resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
        assert_same(&outcome(&dir), &expected);
    }
}

#[test]
fn a_finished_run_goes_on_when_its_budget_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut short = config(6);
    short.train.schedule = leitmotif_train::Schedule::Constant;
    let long = RunConfig { train: leitmotif_train::TrainConfig { steps: 12, ..short.train.clone() }, ..short.clone() };
    let expected = whole(&corpus, &folder.path().join("long"), &long);
    let dir = folder.path().join("short");
    whole(&corpus, &dir, &short);
    let budget = Budget { steps: Some(12), ..Budget::default() };
    resume(&corpus, &dir, budget, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_same(&outcome(&dir), &expected);
}

#[test]
fn a_stop_during_validation_takes_effect_and_the_validation_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = config(STEPS);
    let expected = whole(&corpus, &folder.path().join("whole"), &config);
    let dir = folder.path().join("stopped");
    let cancel = AtomicBool::new(false);
    let observer = |event: &TrainEvent<'_>| {
        if matches!(event, TrainEvent::Validating { .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let result = train(&corpus, &dir, &config, &observer, &cancel);
    assert!(matches!(result, Err(TrainError::Interrupted { step: 6 })), "{result:?}");
    resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_same(&outcome(&dir), &expected);
}

#[test]
fn a_run_that_is_stopped_before_its_first_validation_has_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = config(STEPS);
    config.train.validate_every = 1000;
    let expected = whole(&corpus, &folder.path().join("whole"), &config);
    let dir = folder.path().join("stopped");
    let cancel = AtomicBool::new(false);
    let observer = |event: &TrainEvent<'_>| cancel.store(matches!(event, TrainEvent::Step { .. }), Ordering::Relaxed);
    let result = train(&corpus, &dir, &config, &observer, &cancel);
    assert!(matches!(result, Err(TrainError::Interrupted { step: 1 })), "{result:?}");
    assert_eq!(find_model(&dir).unwrap(), dir.join(LAST));
    ModelFolder::open(&dir).unwrap().weights().unwrap();
    resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_same(&outcome(&dir), &expected);
}

/// Not a test of its own: the process that the tests below kill, or starve of disk. Does nothing
/// without its variable.
#[test]
fn child() {
    let Some(dir) = std::env::var_os("LEITMOTIF_TEST_CHILD").map(PathBuf::from) else { return };
    let corpus = Arc::new(Corpus::open(dir.parent().unwrap().join("corpus")).unwrap());
    let cancel = AtomicBool::new(false);
    let quiet = |_: &TrainEvent<'_>| ();
    let result = if dir.join("config.toml").exists() {
        resume(&corpus, &dir, Budget::default(), &quiet, &cancel)
    } else {
        train(&corpus, &dir, &config(STEPS), &quiet, &cancel)
    };
    if let Err(error) = result {
        std::fs::write(dir.with_extension("error"), error.to_string()).unwrap();
        std::process::exit(1);
    }
}

fn child_command(shell: Option<&str>, dir: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match shell {
        Some(setup) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{setup}; exec \"$0\" \"$@\"")).arg(program);
            command
        }
        None => Command::new(program),
    };
    command
        .args(["--exact", "resume::child"])
        .env("LEITMOTIF_TEST_CHILD", dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a_run_that_is_killed_at_any_moment_becomes_the_run_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let begun = std::time::Instant::now();
    let expected = whole(&corpus, &folder.path().join("whole"), &config(STEPS));
    let whole_time = begun.elapsed();
    let dir = folder.path().join("killed");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let (mut kills, mut moments) = (0, Vec::new());
    loop {
        let mut child = child_command(None, &dir).spawn().unwrap();
        // Long enough, on the whole, to come further than the last time.
        std::thread::sleep(whole_time.mul_f64(rng.random_range(0.05..0.8)) + Duration::from_millis(5));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{:?}", std::fs::read_to_string(dir.with_extension("error")));
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        moments.push(leitmotif_train::read_metrics(&dir).map_or(0, |lines| lines.len()));
        assert!(kills < 60, "the run makes no progress: {moments:?}");
    }
    assert!(kills > 0, "the run was over before it could be killed");
    assert_same(&outcome(&dir), &expected);
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strays: Vec<String> = files.filter(|name| name.ends_with(".tmp") || name.ends_with(".old")).collect();
    assert!(strays.is_empty(), "{strays:?}");
    let strays = std::fs::read_dir(dir.join("checkpoints")).unwrap().count();
    assert_eq!(strays, config(STEPS).train.keep_checkpoints, "nothing half-written stays behind");
}

/// The last moment at which a run can be stopped: everything is saved, and only the model folder
/// `last` is missing.
#[test]
fn a_run_that_is_killed_before_its_last_model_is_written_becomes_the_run_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let expected = whole(&corpus, &dir, &config(STEPS));
    std::fs::remove_dir_all(dir.join("last")).unwrap();
    resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_same(&outcome(&dir), &expected);
}

/// Killed after the last checkpoint was complete, and before the oldest was removed: nothing is
/// left to do but that.
#[test]
fn a_run_that_is_killed_before_old_checkpoints_are_removed_removes_them() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let expected = whole(&corpus, &dir, &config(STEPS));
    let names = || {
        let entries = std::fs::read_dir(dir.join("checkpoints")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(before.len(), config(STEPS).train.keep_checkpoints);
    let old = dir.join("checkpoints/step-00000001");
    std::fs::create_dir(&old).unwrap();
    for file in std::fs::read_dir(dir.join("checkpoints").join(&before[0])).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), old.join(file.file_name())).unwrap();
    }
    resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_eq!(names(), before);
    assert_same(&outcome(&dir), &expected);
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_an_error_and_leaves_the_last_checkpoint_whole() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = config(STEPS);
    let expected = whole(&corpus, &folder.path().join("whole"), &config);
    let dir = folder.path().join("starved");
    let cancel = AtomicBool::new(false);
    let observer = |event: &TrainEvent<'_>| {
        if matches!(event, TrainEvent::Step { step: 3, .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    assert!(train(&corpus, &dir, &config, &observer, &cancel).is_err());
    let checkpoints = || {
        let names = std::fs::read_dir(dir.join("checkpoints")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = checkpoints();
    // No file may grow beyond 8 KiB: the weights do not fit, the metrics do.
    let status = child_command(Some("trap '' XFSZ; ulimit -f 16"), &dir).status().unwrap();
    assert!(!status.success());
    let error = std::fs::read_to_string(dir.with_extension("error")).unwrap();
    assert!(error.contains("safetensors"), "it names the file: {error}");
    assert_eq!(checkpoints(), before);
    resume(&corpus, &dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    assert_same(&outcome(&dir), &expected);
}
