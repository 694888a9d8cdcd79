//! The one printer: data to standard output, everything else to standard error.
//!
//! A reader may close the pipe early: that is [`PipeClosed`], which ends the program without
//! complaint. The progress line is only there when standard error is a terminal, and makes way for
//! every message.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

/// Longest progress line, in characters: a line that wraps cannot be taken back.
const LINE_WIDTH: usize = 79;

/// Whoever read our standard output has gone.
#[derive(Debug)]
pub struct PipeClosed;

impl fmt::Display for PipeClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of the output has gone")
    }
}

impl std::error::Error for PipeClosed {}

/// Where a verb says things.
#[derive(Debug)]
pub struct Console {
    quiet: bool,
    verbose: bool,
    terminal: bool,
    /// Whether a progress line stands on the terminal.
    line: Mutex<bool>,
}

impl Console {
    /// A console of this process.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose, terminal: std::io::stderr().is_terminal(), line: Mutex::new(false) }
    }

    /// One line of data (or several) to standard output.
    pub fn out(&self, text: impl fmt::Display) -> Result<()> {
        self.clear();
        raw(format!("{text}\n").as_bytes())
    }

    /// Bytes to standard output as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        self.clear();
        raw(bytes)
    }

    /// A value as one line of JSON to standard output.
    pub fn json(&self, value: &impl Serialize) -> Result<()> {
        self.out(serde_json::to_string(value).context("the result could not be written as JSON")?)
    }

    /// A message to standard error, unless it should be quiet.
    pub fn note(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// A message for those who want to know more.
    pub fn detail(&self, text: impl fmt::Display) {
        if self.verbose {
            self.error(text);
        }
    }

    /// A message to standard error in any case.
    pub fn error(&self, text: impl fmt::Display) {
        self.clear();
        // Where even this fails there is nowhere left to report to.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Whether more was asked for.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a progress line would be seen.
    pub fn shows_progress(&self) -> bool {
        self.terminal && !self.quiet
    }

    /// Puts `text` in place of the progress line.
    pub fn progress(&self, text: &str) {
        if self.shows_progress() {
            let text: String = text.chars().take(LINE_WIDTH).collect();
            let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{text}");
            *line = true;
        }
    }

    /// Takes the progress line away.
    pub fn clear(&self) {
        let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *line {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
            *line = false;
        }
    }
}

fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(PipeClosed.into()),
        Err(error) => Err(error).context("the result could not be written"),
    }
}
