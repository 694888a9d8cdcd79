//! The verbs, one a file.

mod completions;
mod demo;
mod evaluate;
mod export;
mod generate;
mod inspect;
mod man;
mod prepare;
mod render;
mod train;

use crate::console::Console;
use anyhow::Result;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// From nothing to new music: composes a practice corpus, trains a small model, writes new pieces and a page that plays them.
    Demo(demo::Options),
    /// Turn folders of MIDI files into a corpus.
    Prepare(Box<prepare::Options>),
    /// Train a model on a corpus, or on a folder of MIDI files.
    Train(train::Options),
    /// Compose with a trained model.
    Generate(Box<generate::Options>),
    /// Measure how well a model foretells music that it has not seen.
    Evaluate(evaluate::Options),
    /// Turn a MIDI file into sound (WAV) or a picture (SVG, PNG).
    Render(render::Options),
    /// Show what is in a MIDI file, a corpus, a run or a model folder.
    Inspect(inspect::Options),
    /// Write a corpus as JSON lines, for other tools to train on.
    Export(export::Options),
    /// Print a completion script for a shell.
    Completions(completions::Options),
    /// Write the man pages.
    Man(man::Options),
}

/// Does it.
pub fn run(verb: Verb, console: &Console, threads: Option<usize>) -> Result<()> {
    match verb {
        Verb::Demo(options) => demo::run(&options, console, threads),
        Verb::Prepare(options) => prepare::run(&options, console, threads),
        Verb::Train(options) => train::run(&options, console, threads),
        Verb::Generate(options) => generate::run(&options, console),
        Verb::Evaluate(options) => evaluate::run(&options, console),
        Verb::Render(options) => render::run(&options, console),
        Verb::Inspect(options) => inspect::run(&options, console),
        Verb::Export(options) => export::run(&options, console),
        Verb::Completions(options) => completions::run(&options, console),
        Verb::Man(options) => man::run(&options, console),
    }
}
