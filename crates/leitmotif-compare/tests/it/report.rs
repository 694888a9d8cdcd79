//! The report of a made-up study states what was planted in it, and stays whole for any input.

use crate::specimen;
use leitmotif_compare::report::{MAX_PAGE_BYTES, ReportFiles, write};
use leitmotif_compare::{Outcome, Results};
use roxmltree::{Document, ParsingOptions};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

fn report(results: &Results) -> (TempDir, ReportFiles) {
    let dir = tempfile::tempdir().unwrap();
    specimen::write_pieces(dir.path());
    let files = write(results, dir.path()).unwrap();
    (dir, files)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The page as XML: whatever is not well-formed fails.
fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

/// The rows of a CSV file, by column.
fn csv(dir: &TempDir, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(dir.path().join("tables").join(name)).unwrap();
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |row: csv::StringRecord| head.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|it| row(it.unwrap())).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn the<'r>(rows: &'r [BTreeMap<String, String>], wanted: &[(&str, &str)]) -> &'r BTreeMap<String, String> {
    let found: Vec<_> = rows.iter().filter(|row| wanted.iter().all(|(column, value)| row[*column] == *value)).collect();
    assert_eq!(found.len(), 1, "{wanted:?}: {found:?}");
    found[0]
}

#[test]
fn sentences_state_what_was_planted() {
    let (_dir, files) = report(&specimen::results());
    let said = text(&files.markdown);
    for expected in [
        "10 of 12 planned runs finished",
        "folk-dropout-0.1-seed-2: the loss was not a number at step 77",
        "drums, dropout 0.1, seed 2",
        "are worse than the test set's home models in 5, not distinguishable in 1 and better in 0.",
        // Two pairs of runs at 0.5 and one at 0.4.
        "Trained on jazz and tested on folk, against models trained on folk: 0.467 nats per note more",
        "Trained on folk and tested on jazz, against models trained on jazz: not distinguishable",
        "dropout 0.1 against 0 on home test sets: not distinguishable",
        "Between seeds, the error on a test set differs by at most 0.006 nats per note.",
        "jazz-dropout-0-seed-1: the longest run in common with a training song has 24.0 notes (22.0 to 26.0)",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let one_seed = {
        let mut results = specimen::results();
        results.runs.retain(|run| run.seed == 1);
        results.seeds = vec![1];
        results
    };
    let (_dir, files) = report(&one_seed);
    assert!(text(&files.markdown).contains("differences between seeds are not measured"));
}

#[test]
fn gaps_and_effects_are_those_that_were_planted() {
    let (dir, _files) = report(&specimen::results());
    let gaps = csv(&dir, "gaps.csv");
    let gap = the(&gaps, &[("arm", "drums"), ("test", "folk"), ("dropout", "0")]);
    assert!((number(gap, "difference") - specimen::FOREIGN).abs() < 1e-9);
    assert!(number(gap, "low") > 0.4 && number(gap, "high") < 0.6);
    assert_eq!((gap["songs"].as_str(), gap["pairs_of_runs"].as_str(), gap["kind"].as_str()), ("24", "2", "foreign"));
    let same = the(&gaps, &[("arm", "folk"), ("test", "jazz"), ("dropout", "all")]);
    assert!(number(same, "difference").abs() < 1e-9 && number(same, "low") < 0.0 && number(same, "high") > 0.0);
    // The failed run and the missing one leave one pair.
    let rest = the(&gaps, &[("arm", "drums"), ("test", "folk"), ("dropout", "0.1")]);
    assert_eq!(rest["pairs_of_runs"], "1");
    let effects = csv(&dir, "effects.csv");
    let effect = the(&effects, &[("arm", "jazz"), ("test", "foreign test sets"), ("kind", "several")]);
    assert!((number(effect, "difference") - specimen::DROPOUT).abs() < 1e-9 && number(effect, "high") < 0.0);
    assert_eq!(effect["songs"], "48");
    let home = the(&effects, &[("arm", "all"), ("test", "home test sets")]);
    assert!(number(home, "low") < 0.0 && number(home, "high") > 0.0);
}

#[test]
fn every_table_parses_back_with_its_numbers() {
    let results = specimen::results();
    let (dir, files) = report(&results);
    let runs = csv(&dir, "runs.csv");
    assert_eq!(runs.len(), results.runs.len());
    assert_eq!(the(&runs, &[("status", "failed")])["error"], "the loss was not a number at step 77");
    let losses = csv(&dir, "losses.csv");
    let found = results.runs[0].finished().unwrap();
    let row = the(&losses, &[("run", &results.runs[0].id), ("set", "test:folk"), ("unit", "note")]);
    assert_eq!(number(row, "value"), found.tests["folk"].per_note.value);
    assert_eq!(number(row, "low"), found.tests["folk"].per_note.low);
    let lines = |name: &str| csv(&dir, name).len();
    assert_eq!(lines("curves.csv"), 10 * 2 * 41);
    assert_eq!(lines("matrix.csv"), 6 * 3 * 2);
    assert_eq!(lines("music.csv"), 6 * 4);
    assert_eq!(lines("two-sample.csv"), 6 * 3);
    assert_eq!(lines("features.csv"), 6 * 3);
    assert_eq!(lines("originality.csv"), 6 * (2 * 4 + 4 * 4));
    assert_eq!(lines("leakage.csv"), 9);
    for name in ["losses-token", "losses-note", "matrix", "gaps", "effects", "leakage", "originality", "two-sample"] {
        let path = dir.path().join("tables").join(format!("{name}.tex"));
        assert!(files.tables.contains(&path), "{name}");
        let tex = text(&path);
        let columns = tex.split_once("\\begin{tabular}{").unwrap().1.split_once('}').unwrap().0.len();
        let rows: Vec<&str> = tex.lines().filter(|line| line.ends_with("\\\\")).collect();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.matches(" & ").count() + 1 == columns), "{tex}");
    }
}

#[test]
fn what_gives_pieces_away_is_named() {
    let results = specimen::results();
    let (dir, files) = report(&results);
    let row = "| parts of fewer than 4 notes (0.93) | repeated cells (0.20) | 0.810 (0.740 to 0.880) |";
    assert!(text(&files.markdown).contains(row));
    let rows = csv(&dir, "two-sample.csv");
    assert_eq!((rows[0]["what"].as_str(), number(&rows[0], "value")), ("accuracy", 0.81));
    // Results of versions that had no such test are read as well.
    let mut old = serde_json::to_value(&results).unwrap();
    let mut removed = 0;
    for run in old["runs"].as_array_mut().unwrap() {
        let music = run.pointer_mut("/outcome/finished/music").and_then(|music| music.as_object_mut());
        removed += music.map_or(0, |music| usize::from(music.remove("two_sample").is_some()));
    }
    assert_eq!(removed, 6);
    let old: Results = serde_json::from_value(old).unwrap();
    let (_dir, files) = report(&old);
    assert!(!text(&files.markdown).contains("composed pieces have more"));
}

#[test]
fn others_numbers_stand_beside_ours_and_apart() {
    let (_dir, files) = report(&specimen::results());
    let said = text(&files.markdown);
    let row = said.lines().find(|line| line.contains("*jazz (original study)*")).unwrap();
    assert!(row.contains("| *0.210* | *0.910* | *0.930* |"), "{row}");
    assert!(said.contains("not comparable in size, only in pattern"));
    assert_eq!(said.matches("(original study)*").count(), 2, "only in the table per token");
}

#[test]
fn the_page_is_whole_and_loads_nothing() {
    let (_dir, files) = report(&specimen::results());
    let page = text(&files.html);
    let document = parsed(&page);
    for node in document.descendants().filter(|node| node.is_element()) {
        for attribute in node.attributes().filter(|it| ["src", "href", "srcset", "action", "data"].contains(&it.name()))
        {
            let inside = attribute.value().starts_with('#') || attribute.value().starts_with("data:audio/midi;base64,");
            assert!(inside, "{}", attribute.value());
        }
        assert!(!["link", "iframe", "object", "embed", "img"].contains(&node.tag_name().name()));
    }
    assert!(!page.contains("@import") && !page.contains("url("));
    let named = |name: &str| document.descendants().filter(|it| it.has_tag_name(name)).collect::<Vec<_>>();
    assert!(named("table").iter().all(|table| table.children().any(|it| it.has_tag_name("caption"))));
    assert!(named("th").iter().all(|cell| cell.has_attribute("scope")));
    let svgs: Vec<_> =
        document.descendants().filter(|it| it.tag_name().name() == "svg" && it.has_attribute("role")).collect();
    assert!(svgs.len() >= 6 && svgs.iter().all(|svg| !svg.attribute("aria-label").unwrap_or_default().is_empty()));
    // Three players in each of six runs; a fourth piece each is only counted.
    let scripts = named("script").into_iter().filter(|it| it.attribute("type") == Some("application/json"));
    let pieces: Vec<serde_json::Value> = scripts.map(|it| serde_json::from_str(it.text().unwrap()).unwrap()).collect();
    assert_eq!(pieces.len(), 18);
    assert_eq!(pieces[0]["notes"].as_array().unwrap().len(), 24 + 32 + 64);
    assert!(page.contains("6 more pieces have no player here"));
    assert!(page.len() < MAX_PAGE_BYTES);
}

#[test]
fn long_pieces_do_not_blow_up_the_page() {
    let dir = tempfile::tempdir().unwrap();
    specimen::write_pieces_of(dir.path(), 15_000);
    let files = write(&specimen::results(), dir.path()).unwrap();
    let page = text(&files.html);
    let players = page.matches("type=\"application/json\"").count();
    assert!((1..18).contains(&players) && page.len() <= MAX_PAGE_BYTES, "{players} players, {} bytes", page.len());
    assert!(page.contains(&format!("{} more pieces have no player here", 24 - players)));
    std::fs::write(dir.path().join("runs/jazz-dropout-0-seed-1/pieces/1.mid"), "no MIDI").unwrap();
    let files = write(&specimen::results(), dir.path()).unwrap();
    assert!(text(&files.html).contains("These pieces could not be put here:"));
}

#[test]
fn hostile_names_are_only_text() {
    let bad = "<script>alert('x')</script>\"&|_#%{}\\\u{0}\u{202e}";
    let mut results = specimen::results();
    let rename = |name: &mut String| {
        if name == "jazz" {
            *name = bad.into();
        }
    };
    (results.title, results.question, results.study, results.tool) = (bad.into(), bad.into(), bad.into(), bad.into());
    results.remarks = vec![bad.into()];
    results.command = vec![bad.into()];
    results.arms.iter_mut().for_each(|arm| {
        rename(&mut arm.name);
        arm.home.iter_mut().for_each(rename);
        arm.description = bad.into();
    });
    results.tests.iter_mut().for_each(|test| rename(&mut test.name));
    results.factors[0].name = bad.into();
    results.factors[0].levels[1].name = bad.into();
    for run in &mut results.runs {
        rename(&mut run.arm);
        run.id = format!("{bad}{}", run.id);
        let level = if run.levels["dropout"] == "0.1" { bad.to_owned() } else { "0".to_owned() };
        run.levels = [(bad.to_owned(), level)].into();
        match &mut run.outcome {
            Outcome::Failed { error } => *error = bad.into(),
            Outcome::Finished(found) => {
                let tests = std::mem::take(&mut found.tests);
                let renamed = |(mut name, loss): (String, _)| {
                    rename(&mut name);
                    (name, loss)
                };
                found.tests = tests.into_iter().map(renamed).collect();
                found.config = bad.into();
                if let Some(music) = &mut found.music {
                    music.real = bad.into();
                    music.measures[0].measure = bad.into();
                    music.two_sample.as_mut().unwrap().figures[0].figure = bad.into();
                    music.pieces[2].file = "../../etc/passwd".into();
                }
            }
        }
    }
    let (dir, files) = report(&results);
    let page = text(&files.html);
    let document = parsed(&page);
    let scripts: Vec<_> = document.descendants().filter(|it| it.has_tag_name("script")).collect();
    assert_eq!(scripts.len(), 12 + 1, "two players in each of six runs, and the player");
    assert!(!page.contains("<script>alert") && !page.contains("root:"));
    assert!(page.contains("not a file of the study&#39;s folder"));
    let markdown = text(&files.markdown);
    // Every second part lies between fences, where nothing is markup.
    assert!(markdown.split("```").step_by(2).all(|part| !part.contains("<script>")));
    assert_eq!(csv(&dir, "runs.csv")[0]["arm"], bad);
    for path in &files.figures {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    }
}

#[test]
fn a_study_without_a_finished_run_is_reported_as_such() {
    let mut results = specimen::results();
    results.runs.retain(|run| run.finished().is_none());
    let (_dir, files) = report(&results);
    let said = text(&files.markdown);
    assert!(said.contains("No run has finished") && said.contains("0 of 12 planned runs finished"), "{said}");
    // The failed one is there; eleven are not, each named.
    assert!(said.contains("11 runs") && said.contains("- jazz, dropout 0, seed 1\n"));
    parsed(&text(&files.html));
    results.runs.clear();
    results.arms.clear();
    results.tests.clear();
    results.factors.clear();
    results.seeds.clear();
    results.leakage.clear();
    let (_dir, files) = report(&results);
    parsed(&text(&files.html));
    assert!(text(&files.markdown).contains("that they are apart is not shown"));
}

#[test]
fn overlap_of_training_and_test_is_reported() {
    let apart = "no file is in both, and no two songs are as alike as the threshold";
    let mut results = specimen::results();
    let (_dir, files) = report(&results);
    assert!(text(&files.markdown).contains(apart));
    results.leakage[4].nearest.as_mut().unwrap().similarity = 0.6;
    let (_dir, files) = report(&results);
    let said = text(&files.markdown);
    assert!(!said.contains(apart) && said.contains("Training and test are not apart: 0 common files, and 1 pair"));
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let (one, first) = report(&specimen::results());
    let (two, second) = report(&specimen::results());
    let all = |files: &ReportFiles| {
        [&files.tables[..], &files.figures[..], &[files.html.clone(), files.markdown.clone()]].concat()
    };
    let (first, second) = (all(&first), all(&second));
    assert_eq!(first.len(), second.len());
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a.strip_prefix(one.path()).unwrap(), b.strip_prefix(two.path()).unwrap());
        assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{}", a.display());
    }
    // Written again, nothing is left over of the old files.
    write(&specimen::results(), one.path()).unwrap();
    let left: Vec<_> = std::fs::read_dir(one.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}
