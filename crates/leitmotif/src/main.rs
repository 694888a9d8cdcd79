//! The command line: `leitmotif <verb>`.
//!
//! `cli` is the one definition that help, man pages and completions come from; each verb is a file
//! of `verbs`. A verb's output goes through `console`: data to standard output, all else to
//! standard error. What goes wrong comes back here as an error, is printed once, and becomes the
//! exit status (`failure`). Ctrl-C is `interrupt`'s.
//!
//! The work itself is done by the library crates: a verb turns options into their requests, and
//! their answers into words.

#![forbid(unsafe_code)]

mod base;
mod cli;
mod console;
mod critic;
mod failure;
mod files;
mod interrupt;
mod model;
mod originality;
mod pedal;
mod processes;
mod progress;
mod sound;
mod source_file;
mod values;
mod verbs;
mod words;

use clap::{CommandFactory, Parser};
use console::Console;
use std::process::ExitCode;

/// Training allocates and frees large buffers at every step; this allocator keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse_from(cli::spelt_out(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are printed this way too; a closed pipe needs no report.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE));
        }
    };
    let console = Console::new(cli.common.quiet, cli.common.verbose);
    match run(cli, &console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.clear();
            failure::report(&console, &error)
        }
    }
}

fn run(cli: cli::Cli, console: &Console) -> anyhow::Result<()> {
    interrupt::listen();
    let threads = cli.common.threads.map(usize::from);
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    verbs::run(cli.verb, cli::Cli::command(), console, threads)
}
