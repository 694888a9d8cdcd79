//! What the study is made of, as tables: arms, test sets, runs, and the proof that training and
//! test are apart.

use crate::document::{Cell as Said, Table};
use crate::report::view::View;
use crate::words::{NONE, count, duration, fixed};
use crate::{Amount, Outcome};

/// The arms.
pub fn arms(view: &View<'_>) -> Table {
    let head = ["arm", "what", "representation", "home test set", "songs", "notes", "validation songs", "kept out"];
    let mut table = Table::new("arms", "What the models were trained on.", 4, head);
    for it in &view.results.arms {
        let Amount { songs, notes, .. } = it.train;
        let home = it.home.as_deref().unwrap_or(NONE);
        let numbers = [songs, notes, it.valid.songs, it.kept_out.len()].map(|n| Said::from(count(n as u64)));
        let names = [&it.name, &it.description, &it.representation].map(|name| Said::from(name.as_str()));
        table.row(names.into_iter().chain([home.into()]).chain(numbers).collect());
    }
    table
}

/// The test sets.
pub fn tests(view: &View<'_>) -> Table {
    let mut table =
        Table::new("tests", "The common test sets.", 2, ["test set", "what", "songs", "notes", "bars", "time"]);
    for it in &view.results.tests {
        let Amount { songs, notes, bars, seconds, .. } = it.amount;
        let numbers = [songs, notes, bars].map(|n| Said::from(count(n as u64)));
        let names = [Said::from(it.name.as_str()), it.description.as_str().into()];
        table.row(names.into_iter().chain(numbers).chain([duration(seconds).into()]).collect());
    }
    table
}

/// The runs that were made, a row each.
pub fn runs(view: &View<'_>) -> Table {
    let head = ["run", "seed", "came to", "steps", "epochs", "best step", "training time", "model"];
    let mut table = Table::new("runs", "Every run that was made.", 3, head);
    for run in &view.results.runs {
        let mut row: Vec<Said> = vec![run.id.as_str().into(), run.seed.to_string().into()];
        match &run.outcome {
            Outcome::Finished(it) => {
                let best = it.best.map_or_else(|| NONE.to_owned(), |best| count(best.step));
                row.extend([ending(&it.ended).into(), count(it.steps).into(), fixed(it.epochs, 1).into()]);
                row.extend([Said::from(best), duration(it.seconds).into(), short(&it.model).into()]);
            }
            Outcome::Failed { .. } => {
                row.push("failed".into());
                row.extend((0..5).map(|_| Said::from(NONE)));
            }
        }
        table.row(row);
    }
    table
}

fn ending(ended: &str) -> String {
    match ended {
        "budget" => "its budget's end".to_owned(),
        "patience" => "no further gain".to_owned(),
        other => other.to_owned(),
    }
}

/// The beginning of a hash.
pub fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Each arm beside each test set.
pub fn leakage(view: &View<'_>) -> Table {
    let caption = "Songs that an arm learns from (training and validation) beside the songs of each test set, after those that \
                   were too alike were kept out of the arm. Similarity runs from 0 to 1; from the threshold on, songs count as \
                   copies.";
    let head = [
        "arm",
        "test set",
        "most alike",
        "similarity",
        "threshold",
        "same files",
        "kept out",
        "songs of the arm",
        "songs of the test",
    ];
    let mut table = Table::new("leakage", caption, 3, head);
    for it in &view.results.leakage {
        let pair = it.nearest.as_ref();
        let kept = view.arm(&it.arm).map_or(0, |arm| arm.kept_out.iter().filter(|kept| kept.test == it.test).count());
        let nearest = pair.map_or_else(|| NONE.to_owned(), |pair| format!("{} and {}", pair.arm_song, pair.test_song));
        let similarity = pair.map_or_else(|| NONE.to_owned(), |pair| fixed(pair.similarity, 3));
        let mut row: Vec<Said> = vec![it.arm.as_str().into(), it.test.as_str().into(), nearest.into()];
        row.extend([Said::from(similarity), fixed(it.threshold, 3).into()]);
        row.extend([it.same_files, kept, it.arm_songs, it.test_songs].map(|n| Said::from(count(n as u64))));
        table.row(row);
    }
    table
}

/// Songs that arms lost to test sets.
pub fn kept_out(view: &View<'_>) -> Table {
    let head = ["arm", "song kept out", "test set", "is like", "similarity"];
    let mut table =
        Table::new("", "Songs kept out of arms, since they are, or are nearly, songs of a test set.", 4, head);
    for arm in &view.results.arms {
        for it in &arm.kept_out {
            let names = [&arm.name, &it.song, &it.test, &it.like].map(|name| Said::from(name.as_str()));
            table.row(names.into_iter().chain([fixed(it.similarity, 3).into()]).collect());
        }
    }
    table
}

/// Every fingerprint that the results name.
pub fn fingerprints(view: &View<'_>) -> Table {
    let mut table = Table::new("", "Fingerprints: the same data give the same ones.", 2, ["what", "fingerprint"]);
    table.row(vec!["study".into(), view.results.fingerprint.as_str().into()]);
    table.row(vec!["collection".into(), view.results.collection.fingerprint.as_str().into()]);
    for arm in &view.results.arms {
        table.row(vec![format!("arm {}", arm.name).into(), arm.fingerprint.as_str().into()]);
    }
    for test in &view.results.tests {
        for (representation, fingerprint) in &test.fingerprints {
            table.row(vec![format!("test set {}, as {representation}", test.name).into(), fingerprint.as_str().into()]);
        }
    }
    for run in view.runs() {
        table.row(vec![format!("model of {}", run.run.id).into(), run.found.model.as_str().into()]);
    }
    table
}
