//! `compare`: a study of many runs, from a study file to a report.

use crate::console::Console;
use crate::failure::{Interrupted, Refusal, advise};
use crate::progress::Throttle;
use crate::verbs::prepare;
use crate::words::{clock, count, counted, row, shell, table};
use crate::{files, interrupt};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compare::{
    Budget, CompareError, Datasets, Division, Overlay, RESULTS_FILE, Results, RunEstimate, RunEvent, RunPlan, Shard,
    Study, StudyEvent, collect, datasets, estimate, evaluate_samples, plan, save, take_over, work,
};
use leitmotif_train::{Override, TrainEvent};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The study file's copy in the study's folder; it makes a folder a study's.
const STUDY_FILE: &str = "study.toml";

/// Compare many models: train and evaluate every run of a study file, and write one report.
///
/// A study file lists arms (songs and parts to train on), common test sets that no arm trains on,
/// and factors (settings that differ); docs/studies.md describes it. If the command was
/// interrupted, run it again: it continues where it stopped and repeats no finished run. A failed
/// run is a row of the report.
#[derive(Debug, Args)]
#[command(
    after_help = "DIR/report.html is the report; tables, figures and every run with its model and pieces are beside it."
)]
pub struct Options {
    /// Study file
    study: PathBuf,
    /// Output folder of the study
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Folder or file of music to use instead of the study file's collection (repeatable)
    #[arg(long, value_name = "DIR")]
    collection: Vec<PathBuf>,
    /// CSV or TSV file with genres, artists, titles or splits to use instead of the study file's
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Random seed of the split, instead of the study file's
    #[arg(long, value_name = "N")]
    split_seed: Option<u64>,
    /// List the runs with their sizes and an estimate of the time, without training
    #[arg(long)]
    dry_run: bool,
    /// Write the report of the finished runs, without training; includes the finished runs of the
    /// study folders given here
    #[arg(long, value_name = "DIR", num_args = 0.., conflicts_with_all = ["dry_run", "jobs", "shard"])]
    collect: Option<Vec<PathBuf>>,
    /// Number of runs trained at the same time; they share the threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// Train only part I of N of the runs, to divide a study between machines; --collect combines
    /// the parts
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Training minutes per run, instead of the study file's budget
    #[arg(long, value_name = "N", help_heading = "Over the study file")]
    minutes: Option<f64>,
    /// Optimiser steps per run, instead of the study file's budget
    #[arg(long, value_name = "N", help_heading = "Over the study file")]
    steps: Option<u64>,
    /// Passes over the training songs per run, instead of the study file's budget
    #[arg(long, value_name = "N", help_heading = "Over the study file")]
    epochs: Option<f64>,
    /// Override one setting of all runs, for instance train.batch_size=8 (repeatable); the levels
    /// of factors take precedence
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Over the study file")]
    set: Vec<String>,
    /// Print the result as JSON: study, report, results, planned, finished, failed, runs; with
    /// --dry-run: runs, seconds
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Planned<'a> {
    runs: &'a [RunEstimate],
    seconds: f64,
}

#[derive(Serialize)]
struct Report<'a> {
    study: &'a Path,
    report: PathBuf,
    results: PathBuf,
    planned: usize,
    finished: usize,
    failed: usize,
    runs: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    tests: std::collections::BTreeMap<&'a str, f64>,
}

/// Does what is overlaid for.
pub fn run(options: &Options, console: &Console, threads: Option<usize>) -> Result<()> {
    let overlaid = Overlaid::read(options)?;
    open_folder(&options.output, &overlaid.text)?;
    let Overlaid { study, overlay, .. } = &overlaid;
    let on_progress = prepare::Bar::new(console);
    let datasets = datasets(study, &options.output, &on_progress, interrupt::flag());
    drop(on_progress);
    console.clear();
    let datasets = datasets.map_err(|error| interrupted(error, &options.output))?;
    datasets.warnings.iter().for_each(|warning| console.note(format_args!("note: {warning}")));
    let plan = plan(study, &options.study, overlay, &datasets)?;
    let shard = options.shard.unwrap_or(Shard { index: 1, count: 1 });
    if options.dry_run {
        return show(options, console, &datasets, &plan, shard);
    }
    match &options.collect {
        Some(others) => {
            let taken = take_over(&options.output, others, &plan)?;
            if !others.is_empty() {
                console.note(format_args!("{} taken over", counted(taken, "run")));
            }
        }
        None => {
            let division = Division { jobs: usize::from(options.jobs), threads, shard };
            let pace = Throttle::new();
            let on_progress = |event: &StudyEvent<'_>| print_event(event, console, &pace);
            let worked =
                work(study, &options.output, &datasets, &plan, division, &on_progress, interrupt::saving_flag());
            console.clear();
            worked.map_err(|error| interrupted(error, &options.output))?;
        }
    }
    let results = results(options, &overlaid, &datasets, &plan, console)?;
    finish(options, &results, console)
}

/// The study file with what the command line lays over it.
struct Overlaid {
    study: Study,
    text: String,
    overlay: Overlay,
}

impl Overlaid {
    fn read(options: &Options) -> Result<Self> {
        let (mut study, text) = Study::read(&options.study)?;
        if !options.collection.is_empty() {
            study.collection.inputs.clone_from(&options.collection);
        }
        if options.metadata.is_some() {
            study.collection.metadata.clone_from(&options.metadata);
        }
        if let Some(seed) = options.split_seed {
            study.collection.split.seed = seed;
        }
        if study.collection.inputs.is_empty() {
            let what = format!("{} names no music", options.study.display());
            return Err(Refusal::usage(what).remedy("name a folder of MIDI files: --collection DIR").into());
        }
        let set = options.set.iter().map(|set| set.parse()).collect::<Result<Vec<Override>, _>>()?;
        let (steps, epochs, minutes) = (options.steps, options.epochs, options.minutes);
        let budget = (steps.is_some() || epochs.is_some() || minutes.is_some()).then(|| Budget {
            steps: steps.unwrap_or(0),
            epochs: epochs.unwrap_or(0.0),
            minutes: minutes.unwrap_or(0.0),
        });
        if let Some(Budget { steps, epochs, minutes }) = budget {
            let parts =
                [(steps as f64, ["step", "steps"]), (epochs, ["pass", "passes"]), (minutes, ["minute", "minutes"])];
            let named = parts.into_iter().filter(|(number, _)| *number > 0.0);
            let named: Vec<String> =
                named.map(|(number, unit)| format!("{number} {}", unit[usize::from(number != 1.0)])).collect();
            study.remarks.push(format!(
                "The budget of a run was given on the command line, instead of the study file's: {}.",
                named.join(" or ")
            ));
        }
        if !options.set.is_empty() {
            study.remarks.push(format!("Set on the command line for all runs: {}.", options.set.join(", ")));
        }
        Ok(Self { study, text, overlay: Overlay { budget, set } })
    }
}

/// Makes the study's folder, or makes sure that it is one; keeps the study file there.
fn open_folder(dir: &Path, text: &str) -> Result<()> {
    let file = dir.join(STUDY_FILE);
    if dir.exists() && !files::is_empty_folder(dir) && !file.is_file() {
        let refusal = Refusal::because(format!("{} already exists and is not the folder of a study", dir.display()));
        return Err(refusal.remedy("choose another folder").into());
    }
    files::make_folder(dir)?;
    leitmotif_files::write(&file, text.as_bytes()).with_context(|| file.display().to_string())
}

fn interrupted(error: CompareError, dir: &Path) -> anyhow::Error {
    match error {
        CompareError::Interrupted { done, planned } => Interrupted(format!(
            "interrupted: {done} of {} finished; run the same command again to continue (study folder {})",
            counted(planned, "run"),
            shell(&dir.display().to_string())
        ))
        .into(),
        CompareError::Prepare(leitmotif_corpus::prepare::PrepareError::Cancelled) => {
            Interrupted("interrupted; the same command goes on".into()).into()
        }
        error @ (CompareError::Study { .. } | CompareError::Selection { .. }) => {
            advise(error, "docs/studies.md says what a study file may hold")
        }
        error => error.into(),
    }
}

fn show(options: &Options, console: &Console, datasets: &Datasets, plan: &RunPlan, shard: Shard) -> Result<()> {
    let estimates = estimate(&options.output, datasets, plan, shard, interrupt::flag())?;
    let seconds: f64 = estimates.iter().filter(|run| !run.finished).filter_map(|run| run.seconds).sum();
    if options.json {
        return console.json(&Planned { runs: &estimates, seconds });
    }
    let mut rows = vec![row(["run", "parameters", "songs", "notes", "events", "steps", "training"])];
    for run in &estimates {
        let time = match (run.finished, run.seconds) {
            (true, _) => "finished".to_owned(),
            (false, Some(seconds)) => clock(seconds),
            (false, None) => "until patience ends".to_owned(),
        };
        let steps = run.steps.map_or_else(|| "-".to_owned(), |steps| count(steps as usize));
        let numbers = [run.parameters, run.songs, run.notes, run.events].map(count);
        rows.push([run.id.clone()].into_iter().chain(numbers).chain([steps, time]).collect());
    }
    console.out(table(&rows))?;
    let tests =
        datasets.tests.iter().map(|test| format!("{} ({})", test.facts.name, counted(test.facts.amount.songs, "song")));
    console.out(format_args!("\ntested on: {}", tests.collect::<Vec<_>>().join(", ")))?;
    let kept_out: usize = datasets.arms.iter().map(|arm| arm.facts.kept_out.len()).sum();
    if kept_out > 0 {
        console.out(format_args!("kept out of arms as copies of test songs: {}", counted(kept_out, "song")))?;
    }
    console.out(format_args!(
        "{} to make: about {} of training, one after another",
        counted(estimates.iter().filter(|run| !run.finished).count(), "run"),
        clock(seconds)
    ))
}

fn print_event(event: &StudyEvent<'_>, console: &Console, pace: &Throttle) {
    match event {
        StudyEvent::Began { run, done, total } => {
            console.note(format_args!("run {} of {total} to make: {}", done + 1, run.id));
        }
        StudyEvent::Run { run, event: RunEvent::Train(event) } => training(&run.id, event, console, pace),
        StudyEvent::Run { run, event: RunEvent::Evaluating } => console.progress(&format!("{}: evaluating", run.id)),
        StudyEvent::Run { run, event: RunEvent::Composing } => console.progress(&format!("{}: composing", run.id)),
        StudyEvent::Ended { result, .. } => match &result.outcome {
            leitmotif_compare::Outcome::Failed { error } => {
                console.note(format_args!("{}: failed: {error}", result.id))
            }
            leitmotif_compare::Outcome::Finished(finished) => {
                let tests = finished.tests.iter().map(|(name, loss)| format!("{name} {:.3}", loss.per_note.value));
                console.note(format_args!(
                    "{}: {} steps in {}; nats per note in test: {}",
                    result.id,
                    count(finished.steps as usize),
                    clock(finished.seconds),
                    tests.collect::<Vec<_>>().join(", ")
                ));
            }
        },
        StudyEvent::LeftAlone { run } => console.note(format_args!("{}: left to the process that makes it", run.id)),
        StudyEvent::Measuring { done, total } => {
            console.progress(&format!("measuring what was composed: {done} of {total}"))
        }
        _ => {}
    }
}

fn training(id: &str, event: &TrainEvent<'_>, console: &Console, pace: &Throttle) {
    if !console.shows_progress() || !pace.is_due() {
        return;
    }
    match event {
        TrainEvent::Step { step, nats_per_note, events_per_second, used, seconds_left, .. } => {
            let left = seconds_left.map(|left| format!("  {} left", clock(left))).unwrap_or_default();
            console.progress(&format!(
                "{id}: step {step}  {nats_per_note:.2} nats/note  {events_per_second:.0} events/s  {:.0}%{left}",
                used * 100.0
            ));
        }
        TrainEvent::Validating { done, total } => {
            console.progress(&format!("{id}: validating  {:.0}%", *done as f64 / (*total).max(1) as f64 * 100.0));
        }
        _ => {}
    }
}

fn results(
    options: &Options,
    overlaid: &Overlaid,
    datasets: &Datasets,
    plan: &RunPlan,
    console: &Console,
) -> Result<Results> {
    let command = command(options);
    let mut results = collect(&overlaid.study, &overlaid.text, &command, &options.output, datasets, plan)?;
    let pace = Throttle::new();
    let on_progress = |event: &StudyEvent<'_>| print_event(event, console, &pace);
    let heard = evaluate_samples(
        &mut results,
        &overlaid.study,
        &options.output,
        datasets,
        plan,
        &on_progress,
        interrupt::flag(),
    );
    console.clear();
    heard.map_err(|error| interrupted(error, &options.output))?;
    save(&results, &options.output)?;
    leitmotif_compare::report::write(&results, &options.output)?;
    Ok(results)
}

/// What decides the study, as it can be typed; how the work was divided does not.
fn command(options: &Options) -> Vec<String> {
    let path = |path: &Path| shell(&path.display().to_string());
    let mut words = vec!["compare".to_owned(), path(&options.study), "-o".to_owned(), path(&options.output)];
    for folder in &options.collection {
        words.extend(["--collection".to_owned(), path(folder)]);
    }
    words.extend(options.metadata.iter().flat_map(|file| ["--metadata".to_owned(), path(file)]));
    words.extend(options.split_seed.iter().flat_map(|n| ["--split-seed".to_owned(), n.to_string()]));
    words.extend(options.minutes.iter().flat_map(|n| ["--minutes".to_owned(), n.to_string()]));
    words.extend(options.steps.iter().flat_map(|n| ["--steps".to_owned(), n.to_string()]));
    words.extend(options.epochs.iter().flat_map(|n| ["--epochs".to_owned(), n.to_string()]));
    words.extend(options.set.iter().flat_map(|set| ["--set".to_owned(), shell(set)]));
    words
}

fn finish(options: &Options, results: &Results, console: &Console) -> Result<()> {
    let finished = results.runs.iter().filter(|run| run.finished().is_some()).count();
    let failed = results.runs.len() - finished;
    let report = options.output.join("report.html");
    if options.json {
        let rows = results.runs.iter().map(|run| {
            let error = match &run.outcome {
                leitmotif_compare::Outcome::Failed { error } => Some(error.as_str()),
                leitmotif_compare::Outcome::Finished(_) => None,
            };
            let tests = run
                .finished()
                .map(|it| it.tests.iter().map(|(name, loss)| (name.as_str(), loss.per_note.value)).collect());
            let status = if error.is_some() { "failed" } else { "finished" };
            Row { id: &run.id, status, error, tests: tests.unwrap_or_default() }
        });
        return console.json(&Report {
            study: &options.output,
            report,
            results: options.output.join(RESULTS_FILE),
            planned: results.planned_runs,
            finished,
            failed,
            runs: rows.collect(),
        });
    }
    let mut text = format!("{finished} of {} finished", counted(results.planned_runs, "run"));
    if failed > 0 {
        text += &format!(", {failed} failed (run the same command again to retry)");
    }
    console.out(format_args!("{text}\nreport: {}", report.display()))
}
