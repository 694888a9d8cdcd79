//! How far something has come: a line with share, rate and time left, a few times a second.

use crate::console::Console;
use crate::words::clock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two updates of the line.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long something runs before its rate means anything.
const SETTLED: f64 = 0.5;

/// Progress of one task, told from any thread.
#[derive(Debug)]
pub struct ProgressBar<'a> {
    console: &'a Console,
    label: String,
    unit: &'static str,
    total: u64,
    done: AtomicU64,
    began: Instant,
    shown: Mutex<Instant>,
}

impl<'a> ProgressBar<'a> {
    /// A task of `total` units (0 where that is not known).
    pub fn new(console: &'a Console, label: impl Into<String>, unit: &'static str, total: u64) -> Self {
        let now = Instant::now();
        let (label, done, shown) = (label.into(), AtomicU64::new(0), Mutex::new(now - INTERVAL));
        Self { console, label, unit, total, done, began: now, shown }
    }

    /// So many more are done.
    pub fn advance(&self, count: u64) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        self.show(done);
    }

    /// So many are done in all.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.show(done);
    }

    fn show(&self, done: u64) {
        if !self.console.shows_progress() || !self.is_time() {
            return;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        self.console.progress(&line(&self.label, self.unit, done, self.total, seconds));
    }

    fn is_time(&self) -> bool {
        let Ok(mut shown) = self.shown.try_lock() else { return false };
        let is_time = shown.elapsed() >= INTERVAL;
        if is_time {
            *shown = Instant::now();
        }
        is_time
    }
}

impl Drop for ProgressBar<'_> {
    fn drop(&mut self) {
        self.console.clear();
    }
}

fn line(label: &str, unit: &str, done: u64, total: u64, seconds: f64) -> String {
    let rate = done as f64 / seconds.max(1e-9);
    let rated = if seconds >= SETTLED { format!("  {rate:.0} {unit}/s") } else { String::new() };
    if total == 0 {
        return format!("{label}  {done} {unit}{rated}");
    }
    let share = done.min(total) as f64 / total as f64;
    let left = (seconds >= SETTLED && done > 0).then(|| (total.saturating_sub(done)) as f64 / rate);
    let left = left.map(|left| format!("  {} left", clock(left))).unwrap_or_default();
    format!("{label}  {done}/{total} {unit}  {:.0}%{rated}{left}", share * 100.0)
}

/// Paces a line that somebody else words.
#[derive(Debug)]
pub struct Throttle(Mutex<Option<Instant>>);

impl Throttle {
    /// A pace at which the first call is due.
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether the line should be written anew.
    pub fn is_due(&self) -> bool {
        let Ok(mut last) = self.0.try_lock() else { return false };
        let is_due = last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_share_rate_and_time_left() {
        assert_eq!(line("reading", "files", 50, 200, 2.0), "reading  50/200 files  25%  25 files/s  0:06 left");
        assert_eq!(line("reading", "files", 50, 0, 2.0), "reading  50 files  25 files/s");
        assert_eq!(line("reading", "files", 0, 200, 0.0), "reading  0/200 files  0%");
    }
}
