//! The verbs, one a file.

mod cells;
mod compare;
mod completions;
mod critic;
mod demo;
mod evaluate;
mod export;
mod generate;
mod inspect;
mod latent;
mod man;
mod prepare;
mod render;
mod train;

use crate::console::Console;
use anyhow::Result;
use clap::Subcommand;

/// What to do. Each verb's options say what it is.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Demo(demo::Options),
    Prepare(Box<prepare::Options>),
    Train(train::Options),
    Generate(Box<generate::Options>),
    Fill(Box<cells::fill::Options>),
    Accompany(Box<cells::accompany::Options>),
    Harmonise(Box<cells::harmonise::Options>),
    Reconstruct(latent::reconstruct::Options),
    Vary(latent::vary::Options),
    Interpolate(latent::interpolate::Options),
    Restyle(Box<latent::restyle::Options>),
    Direction(latent::direction::Options),
    Latents(latent::report::Options),
    Evaluate(evaluate::Options),
    Compare(Box<compare::Options>),
    Critic(critic::Options),
    Render(render::Options),
    Inspect(inspect::Options),
    Export(export::Options),
    Completions(completions::Options),
    Man(man::Options),
}

/// Does it.
pub fn run(verb: Verb, program: clap::Command, console: &Console, threads: Option<usize>) -> Result<()> {
    match verb {
        Verb::Demo(options) => demo::run(&options, console, threads),
        Verb::Prepare(options) => prepare::run(&options, console, threads),
        Verb::Train(options) => train::run(&options, console, threads),
        Verb::Generate(options) => generate::run(&options, console),
        Verb::Fill(options) => cells::fill::run(&options, console),
        Verb::Accompany(options) => cells::accompany::run(&options, console),
        Verb::Harmonise(options) => cells::harmonise::run(&options, console),
        Verb::Reconstruct(options) => latent::reconstruct::run(&options, console),
        Verb::Vary(options) => latent::vary::run(&options, console),
        Verb::Interpolate(options) => latent::interpolate::run(&options, console),
        Verb::Restyle(options) => latent::restyle::run(&options, console),
        Verb::Direction(options) => latent::direction::run(&options, console),
        Verb::Latents(options) => latent::report::run(&options, console),
        Verb::Evaluate(options) => evaluate::run(&options, console),
        Verb::Compare(options) => compare::run(&options, console, threads),
        Verb::Critic(options) => critic::run(&options, console),
        Verb::Render(options) => render::run(&options, console),
        Verb::Inspect(options) => inspect::run(&options, console),
        Verb::Export(options) => export::run(&options, console),
        Verb::Completions(options) => completions::run(&options, program, console),
        Verb::Man(options) => man::run(&options, program, console),
    }
}
