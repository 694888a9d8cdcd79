//! `train`: from a corpus, or a folder of MIDI files, to a run.

mod progress;
mod replace;

use crate::console::Console;
use crate::failure::{Refusal, advise};
use crate::verbs::prepare;
use crate::words::{clock, count, counted, shell};
use crate::{base, files, interrupt, model, processes};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_corpus::prepare::{PrepareOptions, midi_files};
use leitmotif_corpus::{Corpus, MANIFEST_FILE, Split};
use leitmotif_folder::ModelFolder;
use leitmotif_model::ModelKind;
use leitmotif_train::{
    Budget, Ended, MAX_CONFIG_BYTES, Override, Preset, ProcessGroup, RunConfig, TrainError, TrainSummary, load_config,
    load_info, resume, resume_together, train, train_together,
};
pub use progress::with_progress;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long a network is trained where no budget is set, in minutes.
const DEFAULT_MINUTES: f64 = 10.0;
/// Of fewer songs, a new model learns less than the one that ships knows already.
const FEW_SONGS: usize = 300;
/// Steps of adapting a model where neither validation nor a limit ends it.
const UNVALIDATED_STEPS: u64 = 50;
/// The corpus in a run folder that was begun from a folder of MIDI files.
const CORPUS: &str = "corpus";

/// Train a model on a corpus, or on a folder of MIDI files.
///
/// Of fewer than 300 songs, the style is learnt on top of the model that ships with the program;
/// with more, or with a preset or model settings, a new model is trained. A folder of MIDI files is
/// first prepared into RUN/corpus. Ctrl-C saves and stops; --resume continues exactly there.
/// RUN/best always holds the best model so far; generate and evaluate use it when given RUN.
#[derive(Debug, Args)]
#[command(
    after_help = "Presets: tiny (minutes on a laptop), small (an hour or more on a few cores), large (for a GPU),\n\
    study (the sizes of the study that this project descends from). RUN/config.toml holds every key, for --config and --set.\n\
    \n\
    Several processes (of a build with --features mpi) train one model together on a corpus that is prepared:\n  \
    mpirun -n 4 leitmotif train CORPUS -o RUN --set train.batch_size=64\n\
    They share the train.batch_size songs of a step; the first one writes RUN. docs/scaling.md says more."
)]
pub struct Options {
    /// Corpus or folder of MIDI files [default with --resume: the corpus of the run]
    #[arg(value_name = "CORPUS|DIR", required_unless_present = "resume")]
    input: Option<PathBuf>,
    /// Run folder to write
    #[arg(short, long, value_name = "RUN")]
    output: PathBuf,
    /// Learn from nothing, with this model size and settings: tiny, small, large, study, tiny-vae
    /// or small-vae [default: tiny, for 300 songs and more]
    #[arg(long, value_name = "NAME", value_parser = preset, conflicts_with = "resume")]
    preset: Option<Preset>,
    /// Begin with this trained model and learn the style of the songs on top of it; a few songs are
    /// enough [default: base, the model that ships, for fewer than 300 songs]
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["resume", "preset"])]
    from: Option<PathBuf>,
    /// TOML file with settings that override the preset
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,
    /// Override one setting, for instance train.batch_size=8 (repeatable)
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "resume")]
    set: Vec<String>,
    /// Stop after this number of minutes [default: 10, if nothing else ends the run]
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Stop after this number of optimiser steps
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Stop after this number of passes over the training songs
    #[arg(long, value_name = "N")]
    epochs: Option<f64>,
    /// Continue a run where it stopped; --minutes, --steps or --epochs set a new limit
    #[arg(long)]
    resume: bool,
    /// Random seed for initial weights, song order, augmentation and dropout [default: 0]
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
    /// Device to train on: cpu, cuda or wgpu [default: cpu]
    #[arg(long, conflicts_with = "resume")]
    device: Option<String>,
    /// Replace an existing run
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Print the result as JSON: run, corpus, model, step, epochs, events, seconds, parameters,
    /// skipped, best, ended, timings
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Limits that train nothing are a slip: without the option there is none.
    fn check(&self) -> Result<()> {
        let limits =
            [("--minutes", self.minutes), ("--steps", self.steps.map(|steps| steps as f64)), ("--epochs", self.epochs)];
        for (name, limit) in limits {
            if let Some(limit) = limit.filter(|limit| !(limit.is_finite() && *limit > 0.0)) {
                let refusal = Refusal::usage(format!("{name} {limit} trains nothing"));
                return Err(refusal.remedy("give a number above 0, or leave the option out").into());
            }
        }
        Ok(())
    }
}

fn preset(name: &str) -> Result<Preset, String> {
    name.parse().map_err(|error: TrainError| error.to_string())
}

#[derive(Serialize)]
struct Report<'a> {
    run: &'a Path,
    corpus: &'a Path,
    #[serde(flatten)]
    summary: &'a TrainSummary,
}

/// Trains and reports.
pub fn run(options: &Options, console: &Console, threads: Option<usize>) -> Result<()> {
    options.check()?;
    let group = processes::group()?;
    let is_first = group.as_ref().is_none_or(|group| group.rank() == 0);
    processes::speak_once(is_first, console, |console| {
        let (corpus, summary) = train_and_wait(options, group, console, threads)?;
        match (is_first, options.json) {
            (false, _) => Ok(()),
            (_, true) => console.json(&Report { run: &options.output, corpus: corpus.dir(), summary: &summary }),
            (_, false) => console.out(describe(&options.output, &summary)),
        }
    })
}

/// Trains, alone or with other processes, which learn of it if this one cannot.
fn train_and_wait(
    options: &Options,
    group: Option<Box<dyn ProcessGroup>>,
    console: &Console,
    threads: Option<usize>,
) -> Result<(Arc<Corpus>, TrainSummary)> {
    let run = &options.output;
    let cancel = interrupt::saving_flag();
    let ready = if options.resume { go_on(options) } else { begin(options, group.as_deref(), console, threads) };
    let (corpus, start) = match (ready, group) {
        (Ok(ready), group) => (ready.0, (ready.1, group)),
        (Err(error), None) => return Err(error),
        (Err(error), Some(group)) => {
            leitmotif_train::give_up(group, &error.to_string());
            return Err(error);
        }
    };
    let summary = with_progress(run, console, |seen| match start {
        (Start::New(config), None) => train(&corpus, run, &config, seen, cancel),
        (Start::New(config), Some(group)) => train_together(group, &corpus, run, &config, seen, cancel),
        (Start::Resumed(budget), None) => resume(&corpus, run, budget, seen, cancel),
        (Start::Resumed(budget), Some(group)) => resume_together(group, &corpus, run, budget, seen, cancel),
    })?;
    Ok((corpus, summary))
}

/// What is to be done with a corpus.
enum Start {
    New(Box<RunConfig>),
    Resumed(Budget),
}

fn begin(
    options: &Options,
    group: Option<&dyn ProcessGroup>,
    console: &Console,
    threads: Option<usize>,
) -> Result<(Arc<Corpus>, Start)> {
    let input = options.input.as_deref().unwrap_or(Path::new("."));
    files::must_exist(input)?;
    let from = beginning(options, input)?;
    let (mut config, unlimited) = configure(options, from.as_deref())?;
    config.validate()?;
    if config.model.kind != ModelKind::Markov {
        leitmotif_network::device(&config.train.device)?;
    }
    if group.is_some() && !input.join(MANIFEST_FILE).is_file() {
        let refusal = Refusal::because(format!("{} is no corpus, which several processes need", input.display()));
        return Err(refusal.remedy("prepare one first: leitmotif prepare").into());
    }
    if group.is_none_or(|group| group.rank() == 0) {
        replace::make_way(&options.output, input, options.force)?;
    }
    let corpus = Arc::new(open(input, options, from.as_deref(), console, threads)?);
    if from.is_some() && options.from.is_none() {
        console.note("learning on top of the model that ships (base); --preset tiny learns from nothing");
    }
    if from.is_some() && config.train.patience > 0 && corpus.split(Split::Valid).is_empty() {
        // Nothing says when to stop.
        let train = &mut config.train;
        train.patience = 0;
        if train.steps == 0 && train.epochs == 0.0 && train.minutes == 0.0 {
            train.steps = UNVALIDATED_STEPS;
        }
        console.note("so few songs leave none for validation: the last model is kept, not the best");
    }
    if unlimited {
        console.note(format_args!(
            "training for {DEFAULT_MINUTES} minutes; change this with --minutes, --steps or --epochs"
        ));
    }
    Ok((corpus, Start::New(Box::new(config))))
}

fn go_on(options: &Options) -> Result<(Arc<Corpus>, Start)> {
    let run = &options.output;
    load_config(run).map_err(|error| advise(error, "to start a new run, leave out --resume"))?;
    let corpus = match &options.input {
        Some(corpus) => corpus.clone(),
        None => load_info(run)?.corpus,
    };
    let corpus = Arc::new(Corpus::open(corpus)?);
    let budget = Budget { steps: options.steps, epochs: options.epochs, minutes: options.minutes };
    Ok((corpus, Start::Resumed(budget)))
}

/// The model to begin with: the one that is named, or the one that ships, where there are few songs
/// of its kind and no option describes a model.
fn beginning(options: &Options, input: &Path) -> Result<Option<PathBuf>> {
    let described = options.preset.is_some()
        || options.config.is_some()
        || options.set.iter().any(|set| set.trim_start().starts_with("model."));
    if options.from.is_some() || described {
        return options.from.as_deref().map(model::find).transpose();
    }
    let base = base::folder()?;
    let (songs, fits) = if input.join(MANIFEST_FILE).is_file() {
        let corpus = Corpus::open(input)?;
        (corpus.split(Split::Train).len(), ModelFolder::open(&base)?.vocabulary() == corpus.vocabulary())
    } else {
        (midi_files(input)?.len(), true)
    };
    Ok((fits && songs < FEW_SONGS).then_some(base))
}

/// Preset, file, single keys, and the options that are keys with a name of their own; and whether
/// nothing of these ends the run.
fn configure(options: &Options, from: Option<&Path>) -> Result<(RunConfig, bool)> {
    let text = options.config.as_deref().map(|path| {
        leitmotif_files::read_text(path, MAX_CONFIG_BYTES)
            .with_context(|| path.display().to_string())
            .map(|text| (path.display().to_string(), text))
    });
    let text = text.transpose()?;
    let file = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let overrides = options.set.iter().map(|set| set.parse()).collect::<Result<Vec<Override>, TrainError>>()?;
    let from = match from {
        None => options.preset.unwrap_or(Preset::Tiny).config(),
        Some(model) => {
            let model = ModelFolder::open(model)?;
            let mut config = Preset::fine_tuning(&model.description().model);
            config.train.from = leitmotif_files::real_path(model.path())?.display().to_string();
            config
        }
    };
    let mut config = RunConfig::layered(from, file, &overrides)?;
    let train = &mut config.train;
    train.minutes = options.minutes.unwrap_or(train.minutes);
    train.steps = options.steps.unwrap_or(train.steps);
    train.epochs = options.epochs.unwrap_or(train.epochs);
    train.seed = options.seed.unwrap_or(train.seed);
    if let Some(device) = &options.device {
        train.device.clone_from(device);
    }
    let ends = train.steps > 0 || train.epochs > 0.0 || train.minutes > 0.0 || train.patience > 0;
    let unlimited = !ends && config.model.kind != ModelKind::Markov;
    if unlimited {
        train.minutes = DEFAULT_MINUTES;
    }
    Ok((config, unlimited))
}

/// Opens a corpus, or prepares one from a folder of MIDI files.
fn open(
    input: &Path,
    options: &Options,
    model: Option<&Path>,
    console: &Console,
    threads: Option<usize>,
) -> Result<Corpus> {
    let run = &options.output;
    if input.join(MANIFEST_FILE).is_file() {
        return Ok(Corpus::open(input)?);
    }
    let output = run.join(CORPUS);
    let mut options = PrepareOptions {
        inputs: vec![input.to_owned()],
        output: output.clone(),
        force: true,
        threads,
        ..PrepareOptions::default()
    };
    if let Some(model) = model {
        prepare::like(model, &mut options)?;
    }
    files::make_folder(run)?;
    let summary = prepare::with_progress(&options, console)?;
    console.note(prepare::describe(&summary));
    console.note("");
    Ok(Corpus::open(&output)?)
}

fn describe(run: &Path, summary: &TrainSummary) -> String {
    let TrainSummary { step, epochs, events, seconds, parameters, best, prior, ended, model, .. } = summary;
    let mut text = format!("model: {} ({} parameters)\n", model.display(), count(*parameters));
    let (steps, events) = (counted(*step as usize, "step"), counted(*events as usize, "event"));
    text += &format!("trained: {steps}, {epochs:.1} passes, {events} in {}", clock(*seconds));
    if *ended == Ended::Patience {
        text += "; ended early, as validation no longer improved";
    }
    if let Some(best) = best {
        // What chose it: of a model with latents, not what the music costs on the whole.
        let weighed = if summary.best_is_weighed { " with latents weighed" } else { "" };
        text += &format!("\nbest validation: {:.4} nats per note{weighed} at step {}", best.nats_per_note, best.step);
    }
    if let Some(prior) = prior {
        text += &format!(
            "\nprior over latents: {:.2} nats a latent in validation, where independent normals cost {:.2}",
            prior.nats_per_latent, prior.standard_normal
        );
    }
    // What was learnt from few songs may be copied from them.
    let copies = if load_config(run).is_ok_and(|config| !config.train.from.is_empty()) { " --originality" } else { "" };
    let run = shell(&run.display().to_string());
    text + &format!(
        "\nnext: leitmotif generate {run} -o new.mid --wav{copies}\n      leitmotif evaluate {run} --baselines"
    )
}
