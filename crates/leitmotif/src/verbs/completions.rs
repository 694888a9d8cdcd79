//! `completions`: a script for a shell.

use crate::cli::Cli;
use crate::console::Console;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "For example: leitmotif completions bash > ~/.local/share/bash-completion/completions/leitmotif"
)]
pub struct Options {
    /// The shell
    shell: Shell,
}

/// Prints it.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "leitmotif", &mut script);
    console.bytes(&script)
}
