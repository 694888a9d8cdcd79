//! Errors: how they are printed, and the exit status they become.

use crate::console::{Console, PipeClosed};
use crate::processes::ReportedElsewhere;
use anyhow::Error;
use leitmotif_compose::ComposeError;
use leitmotif_corpus::prepare::PrepareError;
use leitmotif_model::ModelError;
use leitmotif_train::TrainError;
use std::fmt;
use std::process::ExitCode;

/// Exit status where the command line asks for what cannot be.
pub const USAGE: u8 = 2;
const FAILED: u8 = 1;
const INTERRUPTED: u8 = 130;

/// Something that a verb itself refuses, with what to do about it.
#[derive(Debug)]
pub struct Refusal {
    what: String,
    remedy: Option<String>,
    usage: bool,
}

impl Refusal {
    /// A command line that asks for what cannot be.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: None, usage: true }
    }

    /// Something in the way.
    pub fn because(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: None, usage: false }
    }

    /// What the user can do.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refusal {}

/// Stopped from outside, with nothing lost.
#[derive(Debug)]
pub struct Interrupted(pub String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}

/// A remedy for an error that has none of its own.
#[derive(Debug)]
struct Advised {
    remedy: String,
    error: Error,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Advised {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let inner: &(dyn std::error::Error + 'static) = self.error.as_ref();
        Some(inner)
    }
}

/// Adds what to do to an error.
pub fn advise(error: impl Into<Error>, remedy: impl Into<String>) -> Error {
    Advised { remedy: remedy.into(), error: error.into() }.into()
}

/// Prints the error, and returns the exit status.
pub fn report(console: &Console, error: &Error) -> ExitCode {
    // A launcher ends all processes where one fails: only the one that reports does, when it has.
    if error.chain().any(|cause| cause.is::<PipeClosed>()) || error.is::<ReportedElsewhere>() {
        return ExitCode::SUCCESS;
    }
    console.error(format_args!("leitmotif: {}", sentence(error)));
    if let Some(remedy) = error.chain().find_map(remedy) {
        console.error(format_args!("  {remedy}"));
    }
    ExitCode::from(error.chain().find_map(status).unwrap_or(FAILED))
}

/// The chain of causes, each printed once: a cause that the error before it has already named is
/// left out.
fn sentence(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn remedy<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    match (cause.downcast_ref::<Refusal>(), cause.downcast_ref::<Advised>()) {
        (Some(refusal), _) => refusal.remedy.as_deref(),
        (_, Some(advised)) => Some(&advised.remedy),
        _ => None,
    }
}

fn status(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return Some(if refusal.usage { USAGE } else { FAILED });
    }
    if cause.is::<Interrupted>() {
        return Some(INTERRUPTED);
    }
    if matches!(cause.downcast_ref::<ModelError>(), Some(ModelError::Device(_))) {
        return Some(USAGE);
    }
    match cause.downcast_ref::<TrainError>() {
        Some(TrainError::Interrupted { .. }) => return Some(INTERRUPTED),
        Some(TrainError::Config(_)) => return Some(USAGE),
        _ => {}
    }
    match cause.downcast_ref::<PrepareError>() {
        Some(PrepareError::Cancelled) => return Some(INTERRUPTED),
        Some(PrepareError::Options(_) | PrepareError::Unknown { .. }) => return Some(USAGE),
        _ => {}
    }
    match cause.downcast_ref::<ComposeError>() {
        Some(ComposeError::Cancelled) => Some(INTERRUPTED),
        Some(ComposeError::Setting { .. } | ComposeError::Request(_) | ComposeError::Representation(_)) => Some(USAGE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn causes_are_printed_once() {
        let io = std::io::Error::other("disk full");
        let train = TrainError::Io { path: "run/a".into(), source: io };
        assert_eq!(sentence(&Error::from(train)), "run/a: disk full");
        assert_eq!(sentence(&anyhow!("inner").context("outer")), "outer: inner");
    }

    #[test]
    fn the_status_is_that_of_the_first_cause_that_has_one() {
        let status_of = |error: Error| error.chain().find_map(status).unwrap_or(FAILED);
        assert_eq!(status_of(anyhow!("any")), FAILED);
        assert_eq!(status_of(Error::from(TrainError::Interrupted { step: 1 }).context("training")), INTERRUPTED);
        assert_eq!(status_of(Refusal::usage("no").into()), USAGE);
        assert_eq!(status_of(Refusal::because("no").into()), FAILED);
        let advised = advise(TrainError::Config("bad key".into()), "look at the list");
        assert_eq!(advised.chain().find_map(remedy), Some("look at the list"));
        assert_eq!((status_of(advised), INTERRUPTED), (USAGE, 130));
    }
}
