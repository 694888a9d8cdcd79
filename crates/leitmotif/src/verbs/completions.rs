//! `completions`: a script for a shell.

use crate::console::Console;
use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "For example: leitmotif completions bash > ~/.local/share/bash-completion/completions/leitmotif"
)]
pub struct Options {
    /// Shell to complete for
    shell: Shell,
}

/// Prints it.
pub fn run(options: &Options, mut program: Command, console: &Console) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, "leitmotif", &mut script);
    console.bytes(&script)
}
