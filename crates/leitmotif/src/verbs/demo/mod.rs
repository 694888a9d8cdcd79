//! `demo`: music by the model that ships, then a style learnt from a few songs, with the output
//! that each of its verbs would print.
//!
//! It works in place, in one folder. Until it is complete a marker says so: an unfinished demo is
//! begun again without asking, a finished one is somebody's.

mod listen;
mod page;
mod songs;
mod training;
mod write;

use self::listen::Listening;
use crate::console::Console;
use crate::failure::{Interrupted, Refusal, advise};
use crate::verbs::evaluate::ModelResult;
use crate::verbs::{prepare, train};
use crate::words::{clock, counted, row, shell, table};
use crate::{base, files, interrupt, model};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_corpus::prepare::{PrepareOptions, SplitOptions};
use leitmotif_corpus::{Corpus, Totals};
use leitmotif_folder::ModelFolder;
use leitmotif_train::{CURVES_FILE, TrainSummary};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const MARKER: &str = "UNFINISHED";
const SONGS: &str = "chorales";
const CORPUS: &str = "corpus";
const RUN: &str = "run";
const PIECES: &str = "pieces";
const PAGE: &str = "index.html";
/// Shares of the songs: enough of them to write into, and to judge by.
const SHARES: [f64; 3] = [0.75, 0.1, 0.15];
/// A split whose shares of notes are those of songs.
const SPLIT_SEED: u64 = 36;

/// Try everything in a few minutes: compose at once, learn a style from a few songs, fill and
/// accompany a piece, and write a page that plays it all.
///
/// Needs no input files and no internet connection. The first pieces are by the model that ships.
/// Then it learns from 48 chorales by J. S. Bach, which are part of the program, and writes more.
/// Open OUT/index.html to see and hear the result.
#[derive(Debug, Args)]
pub struct Options {
    /// Output folder
    #[arg(short, long, value_name = "OUT", default_value = "leitmotif-demo")]
    output: PathBuf,
    /// Training time in minutes
    #[arg(long, value_name = "N", default_value_t = training::MINUTES)]
    minutes: f64,
    /// Train for this number of optimiser steps instead of a time
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    steps: Option<u64>,
    /// Number of new chorales
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pieces: u64,
    /// Length of each new piece, in bars
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1000))]
    bars: u64,
    /// Random seed for the training and the new pieces
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
    /// Songs that it learns from.
    pub songs: usize,
    /// What the corpus holds.
    pub corpus: Totals,
    /// What the training came to.
    pub training: TrainSummary,
    /// The model before and after, on the test songs.
    pub test: Vec<ModelResult>,
    /// All pieces, in the order of the page.
    pub pieces: Vec<Listening>,
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
    let settings = write::Settings { bars: options.bars as usize, pieces: options.pieces, seed: options.seed };
    let bank = crate::sound::bank(options.soundfont.as_deref())?;
    let folder = out.join(PIECES);

    heading(1, "composing with the model that ships");
    let base = ModelFolder::open(base::folder()?)?;
    let shipped = model::open(base.path())?;
    let mut written = write::at_once(&shipped, &settings)?;
    written.push(write::before(&shipped, &settings)?);
    let mut pieces = listen::write(written, &bank, &folder, console)?;
    console.note(format_args!("{} in {}", counted(pieces.len(), "piece"), clock(began.elapsed().as_secs_f64())));
    stop_if_asked()?;

    heading(2, "preparing chorales by J. S. Bach");
    let songs = songs::write(&out.join(SONGS))?;
    let [train, valid, test] = SHARES;
    let mut prepare = PrepareOptions {
        inputs: vec![out.join(SONGS)],
        output: out.join(CORPUS),
        split: SplitOptions { train, valid, test, seed: SPLIT_SEED, ..SplitOptions::default() },
        threads,
        ..PrepareOptions::default()
    };
    prepare::like(base.path(), &mut prepare)?;
    let summary = prepare::with_progress(&prepare, console)?;
    let corpus = Arc::new(Corpus::open(out.join(CORPUS))?);
    let totals = summary.manifest.totals;

    let limit = options.steps.map_or(format!("{} minutes", options.minutes), |steps| format!("{steps} steps"));
    heading(3, &format!("learning their style from {} for {limit}", counted(totals.notes, "note")));
    let config = training::config(&base, options.minutes, options.steps, options.seed);
    let run = out.join(RUN);
    let training = train::with_progress(&run, console, |on_progress| {
        leitmotif_train::train(&corpus, &run, &config, on_progress, interrupt::saving_flag())
    })?;

    heading(4, "evaluating both models on the test songs");
    let test = training::evaluate(&corpus, [base.path(), &training.model], console)?;

    heading(5, "composing in their style, filling a hole, accompanying a melody");
    let adapted = model::open(&training.model)?;
    let mut written = write::after(&adapted, &settings)?;
    written.extend(write::into_pieces(&adapted, &corpus, &settings)?);
    pieces.extend(listen::write(written, &bank, &folder, console)?);

    heading(6, "writing the page");
    let curves = run.join(CURVES_FILE);
    std::fs::copy(&curves, out.join(CURVES_FILE)).with_context(|| curves.display().to_string())?;
    let page = out.join(PAGE);
    let outcome = Outcome {
        output: out.clone(),
        page: page.clone(),
        songs,
        corpus: totals,
        training,
        test,
        pieces,
        seconds: began.elapsed().as_secs_f64(),
    };
    files::write(&page, page::html(&outcome, bank.name(), options.seed)?.as_bytes())?;
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
        let (path, notes) = (piece.path.display(), counted(piece.notes, "note"));
        text += &format!("\n{path}: {notes}, {}", clock(piece.seconds));
    }
    text + &format!("\n\nDone in {}. Open {} in a browser.", clock(outcome.seconds), outcome.page.display())
}

/// The same steps as commands: what they do, command.
pub fn commands(model: &str) -> [(&'static str, String); 5] {
    [
        ("compose at once", "leitmotif generate -o new.mid --genre game --wav --roll".into()),
        ("fill bars of your own piece", "leitmotif fill SONG.mid -o filled.mid --bars 9-12".into()),
        ("accompany a melody", "leitmotif accompany MELODY.mid -o band.mid --with piano,bass,drums".into()),
        ("learn the style of your own files", "leitmotif train MY-MIDI-FILES -o my-run --minutes 10".into()),
        ("and compose in it", format!("leitmotif generate {model} -o more.mid --bars 32 --wav --roll")),
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
