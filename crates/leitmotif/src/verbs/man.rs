//! `man`: the man pages, one for the program and one a verb.

use crate::console::Console;
use crate::files;
use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_mangen::Man;
use std::path::PathBuf;

/// Write the man pages.
#[derive(Debug, Args)]
pub struct Options {
    /// Output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Replace existing pages
    #[arg(long)]
    force: bool,
}

/// Writes them, and prints their paths.
pub fn run(options: &Options, program: Command, console: &Console) -> Result<()> {
    let mut command = program.disable_help_subcommand(true);
    command.build();
    let pages: Vec<Command> = std::iter::once(&command).chain(command.get_subcommands()).cloned().collect();
    files::make_folder(&options.output)?;
    let mut written = Vec::new();
    for page in pages {
        // A verb's page is called leitmotif-VERB once the command is built.
        let name = page.get_display_name().unwrap_or_else(|| page.get_name());
        let path = options.output.join(format!("{name}.1"));
        files::refuse_existing(&path, options.force)?;
        let mut text = Vec::new();
        Man::new(page).render(&mut text).context("the page could not be made")?;
        written.push((path, text));
    }
    for (path, text) in written {
        files::write(&path, &text)?;
        console.out(path.display())?;
    }
    Ok(())
}
