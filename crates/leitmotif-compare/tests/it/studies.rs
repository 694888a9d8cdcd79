//! Studies from the file to the report.

use crate::common::{WHOLE, collected, collection, planned, run, study, timeless, worked};
use leitmotif_compare::{Outcome, RunEvent, Shard, StudyEvent, collect, load, take_over};
use leitmotif_train::TrainEvent;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

const TWO_ARMS: &str = "
[budget]
steps = 6
[[arm]]
name = 'all'
[[arm]]
name = 'metal'
genres = ['Metal']
[[test]]
name = 'all'
[[test]]
name = 'metal'
genres = ['metal']
[[test]]
name = 'all in three keys'
transpositions = 1
[[factor]]
name = 'dropout'
key = 'model.ff_dropout'
values = [0.0, 0.1]
";

#[test]
fn a_study_trains_evaluates_composes_and_reports_every_run() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let study = study(dir.path(), "", TWO_ARMS);
    let out = dir.path().join("out");
    let results = run(&study, &out);
    assert_eq!((results.runs.len(), results.planned_runs), (4, 4));
    let ids: Vec<&str> = results.runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids[0], "all--dropout-0.0--seed-0");
    assert_eq!(ids[3], "metal--dropout-0.1--seed-0");
    for run in &results.runs {
        let found = run.finished().unwrap();
        assert_eq!((found.steps, found.ended.as_str(), found.curves.valid.len()), (6, "budget", 2), "{found:?}");
        assert_eq!(found.tests.keys().collect::<Vec<_>>(), ["all", "all in three keys", "metal"]);
        for loss in found.tests.values().chain(&found.valid).chain([&found.train]) {
            let units = [loss.per_event, loss.per_note, loss.per_bar, loss.per_second];
            assert!(units.iter().all(|unit| unit.value > 0.0 && unit.low <= unit.value && unit.value <= unit.high));
            assert!(loss.per_bar.value > loss.per_note.value, "a bar has several notes");
        }
        // Nats are the same whatever they are divided by.
        let loss = &found.tests["metal"];
        let nats: f64 = loss.songs.iter().map(|song| song.nats).sum();
        let notes: usize = loss.songs.iter().map(|song| song.notes).sum();
        assert!((loss.per_note.value - nats / notes as f64).abs() < 1e-9);
        let [own, keys] = ["all", "all in three keys"].map(|test| &found.tests[test]);
        assert_eq!(own.songs.len(), keys.songs.len());
        assert!((own.per_note.value - keys.per_note.value).abs() > 1e-4, "the mean of several keys is another opinion");
        let music = found.music.as_ref().unwrap();
        assert_eq!((music.pieces.len(), music.features.len()), (2, 9), "{:?}", found.notes);
        assert!(music.pieces.iter().all(|piece| out.join(&piece.file).is_file() && piece.notes > 0));
        assert!(music.measures.iter().any(|it| it.measure == "repeated cells (share)" && it.composed.is_some()));
        assert!(music.two_sample.is_none(), "two pieces are too few");
        let originality = music.originality.as_ref().unwrap();
        assert_eq!(originality.pieces.len(), 2);
        assert!(originality.human_longest_run.unwrap().value >= 1.0);
    }
    assert!(results.tests[2].description.contains("the mean of what is predicted in 3 keys"));
    let home: Vec<Option<&str>> = results.arms.iter().map(|arm| arm.home.as_deref()).collect();
    assert_eq!(home, [Some("all"), Some("metal")]);
    assert!(results.arms[1].train.songs < results.arms[0].train.songs);
    assert_eq!(load(&out).unwrap(), results);
    for file in ["report.html", "report.md", "tables/runs.csv"] {
        assert!(out.join(file).is_file(), "{file}");
    }

    // Again: nothing is made anew, and the report is the same to the byte.
    let page = std::fs::read(out.join("report.html")).unwrap();
    let events = AtomicUsize::new(0);
    let made = worked(&study, &out, WHOLE, 2, &|_, _| {
        events.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(events.load(Ordering::Relaxed), 0);
    assert_eq!(collected(&study, &out, &made.unwrap()), results);
    assert_eq!(std::fs::read(out.join("report.html")).unwrap(), page);
}

#[test]
fn a_study_that_was_stopped_anywhere_ends_with_the_same_results() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let study = study(dir.path(), "", TWO_ARMS);
    let whole = timeless(run(&study, &dir.path().join("whole")));
    let out = dir.path().join("stopped");
    // Stopped in the middle of every training, while evaluating and while composing, until it comes
    // to an end by itself.
    let mut stops = 0;
    let made = loop {
        let heard = AtomicUsize::new(0);
        let made = worked(&study, &out, WHOLE, 1, &|event, cancel| {
            let StudyEvent::Run { event, .. } = event else { return };
            let is_stop = match event {
                RunEvent::Train(TrainEvent::Step { .. }) => heard.fetch_add(1, Ordering::Relaxed) == 3,
                RunEvent::Evaluating => stops % 3 == 1,
                RunEvent::Composing => stops % 3 == 2,
                _ => false,
            };
            if is_stop {
                cancel.store(true, Ordering::Relaxed);
            }
        });
        match made {
            Ok(made) => break made,
            Err(error) => assert!(error.to_string().contains("interrupted"), "{error}"),
        }
        stops += 1;
        assert!(stops < 60, "it makes no progress");
    };
    assert!(stops >= 4, "{stops}");
    assert_eq!(timeless(collected(&study, &out, &made)), whole);
}

#[test]
fn shards_put_together_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let study = study(dir.path(), "", TWO_ARMS);
    let whole = timeless(run(&study, &dir.path().join("whole")));
    let folders = [dir.path().join("one"), dir.path().join("two")];
    for (index, folder) in folders.iter().enumerate() {
        worked(&study, folder, Shard { index: index + 1, count: 2 }, 2, &|_, _| ()).unwrap();
    }
    let out = dir.path().join("together");
    let made = planned(&study, &out).unwrap();
    assert_eq!(take_over(&out, &folders, &made.plan).unwrap(), 4);
    assert_eq!(timeless(collected(&study, &out, &made)), whole);
    assert_eq!(take_over(&out, &folders, &made.plan).unwrap(), 0, "what is there stays");
}

#[test]
fn a_run_that_fails_is_a_row_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let rest = "
[budget]
steps = 2
[[arm]]
name = 'all'
[[test]]
name = 'all'
[[factor]]
name = 'kind'
[[factor.levels]]
name = 'too fast'
set.train = { learning_rate = 1e30, max_bad_steps = 1, steps = 40, clip = 0.0 }
[[factor.levels]]
name = 'as it is'
";
    let study = study(dir.path(), "", rest);
    let out = dir.path().join("out");
    let results = run(&study, &out);
    assert_eq!(results.runs.len(), 2);
    let Outcome::Failed { error } = &results.runs[0].outcome else { panic!("{:?}", results.runs[0]) };
    assert!(error.contains("finite"), "{error}");
    assert!(results.runs[1].finished().is_some());
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    assert!(page.contains("failed") && page.contains("kind-too-fast"), "the report names it");
    let begun = std::sync::Mutex::new(Vec::new());
    worked(&study, &out, WHOLE, 1, &|event, _| {
        if let StudyEvent::Began { run, .. } = event {
            begun.lock().unwrap().push(run.id.clone());
        }
    })
    .unwrap();
    assert_eq!(begun.into_inner().unwrap(), [results.runs[0].id.clone()]);
}

#[test]
fn a_changed_study_makes_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let out = dir.path().join("out");
    run(&study(dir.path(), "", TWO_ARMS), &out);
    let more = study(dir.path(), "", &TWO_ARMS.replace("[0.0, 0.1]", "[0.0, 0.1, 0.2]"));
    let begun = std::sync::Mutex::new(BTreeSet::new());
    let made = worked(&more, &out, WHOLE, 1, &|event, _| {
        if let StudyEvent::Began { run, .. } = event {
            begun.lock().unwrap().insert(run.id.clone());
        }
    });
    let begun: Vec<String> = begun.into_inner().unwrap().into_iter().collect();
    assert_eq!(begun, ["all--dropout-0.2--seed-0", "metal--dropout-0.2--seed-0"]);
    assert_eq!(collected(&more, &out, &made.unwrap()).runs.len(), 6);
}

#[test]
fn results_beyond_their_limits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let (out, study) = (dir.path().join("out"), study(dir.path(), "", TWO_ARMS));
    let made = planned(&study, &out).unwrap();
    let claim = |path: &std::path::Path, bytes: u64| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap().set_len(bytes).unwrap();
    };
    claim(&out.join("results.json"), (1 << 30) + 1);
    assert!(load(&out).unwrap_err().to_string().contains("at most"));
    claim(&out.join("runs").join(made.plan.runs[0].folder()).join("result.json"), (64 << 20) + 1);
    let command = ["compare".to_owned()];
    let error = collect(&study.0, &study.1, &command, &out, &made.datasets, &made.plan).unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
}
