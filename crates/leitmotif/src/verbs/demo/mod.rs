//! `demo`: the whole way from nothing to new music, with the output that each of its verbs would
//! print.
//!
//! It works in place, in one folder. Until it is complete a marker says so: an unfinished demo is
//! begun again without asking, a finished one is somebody's.

mod listen;
mod page;
mod training;

use crate::console::Console;
use crate::failure::{Interrupted, Refusal, advise};
use crate::verbs::evaluate::ModelResult;
use crate::verbs::{prepare, train};
use crate::words::{clock, counted, row, shell, table};
use crate::{files, interrupt, model};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::PieceReport;
use leitmotif_corpus::prepare::{PrepareOptions, SplitOptions};
use leitmotif_corpus::{Corpus, Totals};
use leitmotif_practice::{Style, write_collection};
use leitmotif_train::{CURVES_FILE, TrainSummary};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const MARKER: &str = "UNFINISHED";
const SONGS: &str = "practice-midi";
const CORPUS: &str = "corpus";
const RUN: &str = "run";
const PIECES: &str = "pieces";
const PAGE: &str = "index.html";
/// Shares of the practice songs: enough of them to judge by.
const SHARES: [f64; 3] = [0.8, 0.1, 0.1];

/// Try everything in a few minutes: generate practice songs, train a small model, compose new
/// pieces, and write a page that plays them.
///
/// Needs no input files and no internet connection. The practice songs are synthetic: a rule-based
/// composer generates them in three styles, and the model is trained on them alone. Open
/// OUT/index.html to see and hear the result.
#[derive(Debug, Args)]
pub struct Options {
    /// Output folder
    #[arg(short, long, value_name = "OUT", default_value = "leitmotif-demo")]
    output: PathBuf,
    /// Training time in minutes; longer training gives better music
    #[arg(long, value_name = "N", default_value_t = training::MINUTES)]
    minutes: f64,
    /// Train for this number of optimiser steps instead of a time
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    steps: Option<u64>,
    /// Number of practice songs in each style
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(8..=10_000))]
    songs: u64,
    /// Number of new pieces in each style
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
    pieces: u64,
    /// Length of each new piece, in bars
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1000))]
    bars: u64,
    /// Random seed for the practice songs, the training and the new pieces
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// SoundFont for the audio: a .sf2 file or `built-in` [default: one installed on the system,
    /// else built-in]
    #[arg(long, value_name = "FILE")]
    soundfont: Option<String>,
    /// Replace an existing demo
    #[arg(long)]
    force: bool,
    /// Print the result as JSON: output, page, songs, corpus, training, test, pieces, seconds
    #[arg(long)]
    json: bool,
}

/// Everything that came of a demo.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The folder.
    pub output: PathBuf,
    /// The page to open.
    pub page: PathBuf,
    /// Practice songs composed.
    pub songs: usize,
    /// What the corpus holds.
    pub corpus: Totals,
    /// What the training came to.
    pub training: TrainSummary,
    /// The model, the unigram and the Markov model on the test songs.
    pub test: Vec<ModelResult>,
    /// The new pieces.
    pub pieces: Vec<PieceReport>,
    /// How long all of it took.
    pub seconds: f64,
}

/// Does everything.
pub fn run(options: &Options, console: &Console, threads: Option<usize>) -> Result<()> {
    let began = Instant::now();
    let out = &options.output;
    make_way(out, options.force)?;
    files::make_folder(out)?;
    let marker = out.join(MARKER);
    files::write(&marker, b"This demo is not finished. Run it again.\n")?;
    let result = steps(options, console, threads, began);
    let outcome = match result {
        Err(error) if interrupt::asked() => {
            let remedy = format!("run the command again to start over; the unfinished demo is in {}", out.display());
            return Err(advise(error, remedy));
        }
        result => result?,
    };
    std::fs::remove_file(&marker).with_context(|| marker.display().to_string())?;
    if options.json {
        return console.json(&outcome);
    }
    console.out(summary(&outcome))?;
    console.out(format_args!("\n{}", next_steps(options)))
}

fn steps(options: &Options, console: &Console, threads: Option<usize>, began: Instant) -> Result<Outcome> {
    let out = &options.output;
    let heading = |step: usize, text: &str| console.note(format_args!("[{step}/6] {text}"));

    heading(1, &format!("composing {} practice songs (synthetic: made up by rule)", 3 * options.songs));
    let songs = write_collection(&out.join(SONGS), options.songs as usize, options.seed)?.len();
    stop_if_asked()?;

    heading(2, "preparing the corpus");
    let [train, valid, test] = SHARES;
    let summary = prepare::with_progress(
        &PrepareOptions {
            inputs: vec![out.join(SONGS)],
            output: out.join(CORPUS),
            split: SplitOptions { train, valid, test, ..SplitOptions::default() },
            threads,
            ..PrepareOptions::default()
        },
        console,
    )?;
    let corpus = Arc::new(Corpus::open(out.join(CORPUS))?);
    let totals = summary.manifest.totals;

    let limit = options.steps.map_or(format!("{} minutes", options.minutes), |steps| format!("{steps} steps"));
    heading(3, &format!("training on {} for {limit}", counted(totals.notes, "note")));
    let config = training::config(options.minutes, options.steps, options.seed);
    let run = out.join(RUN);
    let training = train::with_progress(&run, console, |on_progress| {
        leitmotif_train::train(&corpus, &run, &config, on_progress, interrupt::saving_flag())
    })?;

    heading(4, "evaluating it on the test songs");
    let test = training::judge(&corpus, &training.model, console)?;

    heading(5, &format!("composing {} new pieces", options.pieces * Style::ALL.len() as u64));
    let opened = model::open(&training.model)?;
    let bank = crate::sound::bank(options.soundfont.as_deref())?;
    let orders = listen::orders(&corpus, options.pieces, options.bars as usize, options.seed);
    let pieces = listen::write(&orders, &opened, &bank, &out.join(PIECES), console)?;

    heading(6, "writing the page");
    let curves = run.join(CURVES_FILE);
    std::fs::copy(&curves, out.join(CURVES_FILE)).with_context(|| curves.display().to_string())?;
    let page = out.join(PAGE);
    let reports = pieces.iter().map(|piece| piece.report.clone()).collect();
    let outcome = Outcome {
        output: out.clone(),
        page: page.clone(),
        songs,
        corpus: totals,
        training,
        test,
        pieces: reports,
        seconds: began.elapsed().as_secs_f64(),
    };
    files::write(&page, page::html(&outcome, &pieces, bank.name(), options.seed)?.as_bytes())?;
    Ok(outcome)
}

/// Refuses a folder that holds something else than an unfinished demo, or takes an old demo away.
fn make_way(out: &Path, force: bool) -> Result<()> {
    if !out.exists() || files::is_empty_folder(out) {
        return Ok(());
    }
    let is_demo = out.join(PAGE).is_file() && out.join(SONGS).is_dir();
    let is_unfinished = out.join(MARKER).is_file();
    if !is_demo && !is_unfinished {
        let refusal = Refusal::because(format!("{} already exists and is not a demo", out.display()));
        return Err(refusal.remedy("choose another folder: leitmotif demo -o OUT").into());
    }
    if !is_unfinished && !force {
        let refusal = Refusal::because(format!("{} already contains a demo", out.display()));
        return Err(refusal
            .remedy("look at its index.html, replace it with --force, or choose another folder with -o")
            .into());
    }
    for name in [SONGS, CORPUS, RUN, PIECES] {
        let folder = out.join(name);
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("{} could not be removed", folder.display()))?;
        }
    }
    Ok(())
}

fn stop_if_asked() -> Result<()> {
    if interrupt::asked() { Err(Interrupted("interrupted".into()).into()) } else { Ok(()) }
}

fn summary(outcome: &Outcome) -> String {
    let mut rows = vec![row(["nats per note on the test songs", "", ""])];
    for ModelResult { name, evaluation, .. } in &outcome.test {
        let loss = evaluation.nats_per_note;
        rows.push(row([
            training::title(name),
            &format!("{:.3}", loss.value),
            &format!("[{:.3}, {:.3}]", loss.low, loss.high),
        ]));
    }
    let mut text = table(&rows);
    text += "\n";
    for piece in &outcome.pieces {
        let path = piece.path.as_deref().unwrap_or(Path::new("")).display();
        text += &format!("\n{path}: {}, {}", counted(piece.notes, "note"), clock(piece.seconds));
    }
    text + &format!("\n\nDone in {}. Open {} in a browser.", clock(outcome.seconds), outcome.page.display())
}

/// The same steps as commands, for a folder of one's own: name, command.
pub fn commands(model: &str) -> [(&'static str, String); 5] {
    [
        ("turn your MIDI files into a corpus", "leitmotif prepare MY-MIDI-FILES -o my-corpus".into()),
        ("learn from it (longer is better)", "leitmotif train my-corpus -o my-run --minutes 30".into()),
        ("measure how well it predicts music it has not seen", "leitmotif evaluate my-run --baselines".into()),
        ("compose with it", "leitmotif generate my-run -o new.mid --bars 32 --wav --roll".into()),
        (
            "or go on from a song",
            format!("leitmotif generate {model} -o more.mid --prime SONG.mid --prime-bars 8 --wav"),
        ),
    ]
}

fn next_steps(options: &Options) -> String {
    let run = shell(&options.output.join(RUN).display().to_string());
    let mut text = "The same with your own music:".to_owned();
    for (what, command) in commands(&run) {
        text += &format!("\n  {command}\n      {what}");
    }
    text
}
