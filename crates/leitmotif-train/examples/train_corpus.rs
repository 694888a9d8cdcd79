//! Trains a preset on a corpus folder and prints its progress, as `cargo run --release -p
//! leitmotif-train --example train_corpus -- CORPUS RUN PRESET [key=value]`. A run that exists is
//! resumed; a folder of MIDI files is prepared first, beside the run.
#![allow(clippy::print_stdout)]

use leitmotif_corpus::prepare::{PrepareOptions, SplitBy, prepare};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_folder::RUN_CONFIG_FILE;
use leitmotif_train::{Budget, Override, Preset, RunConfig, TrainEvent, Unigram, evaluate, load_scorer, resume, train};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: train_corpus CORPUS RUN PRESET [key=value…]";
    let mut corpus = PathBuf::from(arguments.next().ok_or(usage)?);
    let run = PathBuf::from(arguments.next().ok_or(usage)?);
    let preset: Preset = arguments.next().ok_or(usage)?.parse()?;
    let overrides = arguments.map(|text| text.parse()).collect::<Result<Vec<Override>, _>>()?;
    let config = RunConfig::layered(preset.config(), None, &overrides)?;
    if !corpus.join(leitmotif_corpus::MANIFEST_FILE).exists() {
        let output = run.with_extension("corpus");
        if !output.exists() {
            let mut options =
                PrepareOptions { inputs: vec![corpus], output: output.clone(), ..PrepareOptions::default() };
            options.split.by = SplitBy::Artist;
            let summary = prepare(&options, &(), &AtomicBool::new(false))?;
            println!("prepared {} of {} files", summary.manifest.totals.songs, summary.files);
        }
        corpus = output;
    }
    let corpus = Arc::new(Corpus::open(corpus)?);
    let observer = |event: &TrainEvent<'_>| match event {
        TrainEvent::Started { parameters, step, .. } => println!("{parameters} parameters, at step {step}"),
        TrainEvent::Line(line) => println!(
            "step {:5} epoch {:3} {:6.1} s {:7.0} events/s loss {:.4} nats/event {:.4} lr {:.1e} norm {:.3}",
            line.step,
            line.epoch,
            line.seconds,
            line.events_per_second,
            line.loss,
            line.nats_per_event,
            line.learning_rate,
            line.gradient_norm
        ),
        TrainEvent::Validated(line, _) => println!(
            "  validation: {:.4} nats/event {:.4} nats/note {:.3} nats/second{}",
            line.nats_per_event,
            line.nats_per_note,
            line.nats_per_second,
            if line.best { " (best)" } else { "" }
        ),
        _ => {}
    };
    let cancel = AtomicBool::new(false);
    let summary = if run.join(RUN_CONFIG_FILE).exists() {
        resume(&corpus, &run, Budget::default(), &observer, &cancel)?
    } else {
        train(&corpus, &run, &config, &observer, &cancel)?
    };
    println!("{}", serde_json::to_string_pretty(&summary)?);
    let scorer = load_scorer(&run, &config.train.device)?;
    let unigram = Unigram::count(&corpus, &corpus.split(Split::Train))?;
    for (name, scorer) in [("model", scorer.as_ref()), ("unigram", &unigram)] {
        let loss = evaluate(scorer, &corpus, Split::Test, config.train.batch_size)?;
        let (note, second, event) = (loss.nats_per_note, loss.nats_per_second, loss.nats_per_event);
        println!(
            "test, {name}: {:.4} [{:.4}, {:.4}] nats/note, {:.3} nats/second, {:.4} nats/event, {} songs",
            note.value,
            note.low,
            note.high,
            second.value,
            event.value,
            loss.songs.len()
        );
    }
    Ok(())
}
