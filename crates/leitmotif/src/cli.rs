//! The one definition of the command line.

use crate::verbs::Verb;
use clap::{Args, Parser};
use std::ffi::OsString;

const AFTER_HELP: &str = "\
Start here:
  leitmotif generate -o new.mid --wav         compose at once
  leitmotif demo                              see and hear most of what it does, in three minutes
  leitmotif train MY-MIDI-FILES -o run        learn the style of a folder of MIDI files
  leitmotif generate run -o mine.mid --wav    compose in it

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted (what was done is saved).";

/// Learns music from a folder of MIDI files and composes new music in that style.
///
/// Results go to standard output, progress and messages to standard error. Existing files are
/// replaced only with --force. The same command with the same inputs produces identical files.
#[derive(Debug, Parser)]
#[command(name = "leitmotif", bin_name = "leitmotif", version, after_help = AFTER_HELP, max_term_width = 100)]
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

/// The command line with `help VERB` written as `VERB --help`, and `help` alone as `--help`.
pub fn spelt_out(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Names of options and groups that meet, references to options that are none, and whatever
    /// else clap asserts, of all verbs.
    #[test]
    fn the_definition_holds_what_clap_demands() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_is_a_verb_in_front_of_another() {
        let of = |line: &str| {
            let words = spelt_out(line.split(' ').map(OsString::from));
            words.into_iter().map(|word| word.into_string().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("lm help generate"), "lm generate --help");
        assert_eq!(of("lm help"), "lm --help");
        assert_eq!(of("lm train help"), "lm train help");
    }

    #[test]
    fn clap_checks_definitions_in_this_build() {
        let twice = clap::Command::new("a").arg(clap::Arg::new("x").long("x")).arg(clap::Arg::new("y").long("x"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| twice.debug_assert())).is_err());
    }
}
