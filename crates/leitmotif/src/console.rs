//! The one printer: data to standard output, everything else to standard error.
//!
//! A reader may close the pipe early: that is [`PipeClosed`], which ends the program without
//! complaint. The progress line is only there when standard error is a terminal, and makes way for
//! every message.

use anyhow::{Context, Result};
use serde::Serialize;
use std::borrow::Cow;
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
    /// Characters of the progress line that stands on the terminal.
    line: Mutex<usize>,
}

impl Console {
    /// A console of this process.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose, terminal: std::io::stderr().is_terminal(), line: Mutex::new(0) }
    }

    /// One line of data (or several) to standard output.
    pub fn out(&self, text: impl fmt::Display) -> Result<()> {
        self.clear();
        raw(format!("{}\n", printable(&text.to_string())).as_bytes())
    }

    /// Bytes to standard output as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        self.clear();
        raw(bytes)
    }

    /// A value as one line of JSON to standard output.
    pub fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).context("the result could not be written as JSON")?;
        self.clear();
        // What JSON lets stand and a terminal obeys: in strings, so an escape of JSON is the same.
        raw(format!("{}\n", escaped(&text, |it| format!("\\u{:04x}", it as u32))).as_bytes())
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
        let _ = writeln!(std::io::stderr().lock(), "{}", printable(&text.to_string()));
    }

    /// Whether more was asked for.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a progress line would be seen.
    pub fn shows_progress(&self) -> bool {
        self.terminal && !self.quiet
    }

    /// Puts `text` in place of the progress line. What stood there is overwritten by spaces, as not
    /// every console of Windows obeys a terminal's codes.
    pub fn progress(&self, text: &str) {
        if self.shows_progress() {
            let text: String = printable(text).chars().take(LINE_WIDTH).collect();
            let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = write!(std::io::stderr().lock(), "\r{text:<width$}", width = *line);
            *line = text.chars().count();
        }
    }

    /// Takes the progress line away.
    pub fn clear(&self) {
        let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *line > 0 {
            let _ = write!(std::io::stderr().lock(), "\r{:width$}\r", "", width = *line);
            *line = 0;
        }
    }
}

/// Text as a terminal shows it and does not obey it: control characters but for line ends and tabs,
/// and those that turn the direction of text, are escaped as `\u{1b}`. Names out of files may hold
/// any.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |it| it.escape_unicode().to_string())
}

/// A name out of a file on one line: as [`printable`], with line ends and tabs escaped.
pub fn one_line(name: &str) -> String {
    printable(name).replace('\n', "\\n").replace('\t', "\\t")
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let is_command = |it: char| {
        it.is_control() && it != '\n' && it != '\t'
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_command) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for it in text.chars() {
        if is_command(it) { shown += &escape(it) } else { shown.push(it) }
    }
    shown.into()
}

fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(PipeClosed.into()),
        Err(error) => Err(error).context("the result could not be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        assert_eq!(printable("Bass\u{1b}[2J\u{9b}31m\r\u{7f}"), r"Bass\u{1b}[2J\u{9b}31m\u{d}\u{7f}");
        assert_eq!(printable("a\tb\nc é 名前"), "a\tb\nc é 名前");
        assert_eq!(printable("x\u{202e}gpj.mid"), r"x\u{202e}gpj.mid");
        assert_eq!(one_line("a\nnotes  5"), r"a\nnotes  5");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = "a\u{9b}31m\u{7f}\u{1b}\u{202e}";
        let text = serde_json::to_string(value).unwrap_or_default();
        let shown = escaped(&text, |it| format!("\\u{:04x}", it as u32)).into_owned();
        assert!(!shown.contains(char::is_control));
        assert_eq!(serde_json::from_str::<String>(&shown).ok().as_deref(), Some(value));
    }
}
