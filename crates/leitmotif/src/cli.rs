//! The one definition of the command line.

use crate::verbs::Verb;
use clap::{Args, Parser};

const AFTER_HELP: &str = "\
Start here:
  leitmotif demo                              music within minutes, from nothing
  leitmotif train MY-MIDI-FILES -o run        learn from a folder of MIDI files
  leitmotif generate run -o new.mid --wav     compose

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted (what was done is saved).";

/// Learns music from a folder of MIDI files and composes new music in that style.
///
/// Results go to standard output, progress and messages to standard error. Existing files are
/// replaced only with --force. The same command with the same inputs produces identical files.
#[derive(Debug, Parser)]
#[command(name = "leitmotif", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// Number of threads [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more detail
    #[arg(short, long, global = true)]
    pub verbose: bool,
}
