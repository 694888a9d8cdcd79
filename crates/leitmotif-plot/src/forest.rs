//! Differences with their intervals, one below the other: a forest plot.

use crate::frame::{Frame, TEXT_SIZE, TICK_SIZE, Words};
use crate::look::{Anchor, Look, TextLook};
use crate::scale::{Scale, Ticks};
use crate::text::{fit_text, text_width};
use crate::theme::{Ink, Theme};

/// The height of a row, in pixels.
const ROW: f64 = 23.0;
/// What the heading and the axis take of the height, in pixels.
const AROUND: f64 = 118.0;
/// The most that labels take of the width.
const LABEL_SHARE: f64 = 0.36;

/// A row of a [`ForestPlot`].
#[derive(Debug, Clone)]
enum Line {
    Heading(String),
    Difference { label: String, value: f64, interval: Option<(f64, f64)>, written: String },
}

/// Rows of a label, a value and its interval around a line at 0. An interval without 0 is drawn
/// full, one that holds 0 hollow and grey: what can be told apart is seen at once.
///
/// ```
/// use leitmotif_plot::{ForestPlot, Theme};
///
/// let svg = ForestPlot::new("Effect of dropout")
///     .labels("nats per note, beside dropout 0")
///     .heading("dropout 0.1")
///     .row("jazz", -0.12, Some((-0.15, -0.09)), "−0.120")
///     .row("folk", 0.01, Some((-0.03, 0.05)), "+0.010")
///     .to_svg(Theme::Auto);
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Debug, Clone)]
pub struct ForestPlot {
    words: Words,
    width: f64,
    lines: Vec<Line>,
}

impl ForestPlot {
    /// An empty plot, 760 pixels wide and as high as its rows need.
    pub fn new(title: impl Into<String>) -> Self {
        Self { words: Words::titled(title), width: 760.0, lines: Vec::new() }
    }

    /// A smaller line below the title.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.words.subtitle = subtitle.into();
        self
    }

    /// What the horizontal axis shows, units included.
    pub fn labels(mut self, x: impl Into<String>) -> Self {
        self.words.x = x.into();
        self
    }

    /// Width in pixels.
    pub fn width(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// Adds a line of text above what follows.
    pub fn heading(mut self, text: impl Into<String>) -> Self {
        self.lines.push(Line::Heading(text.into()));
        self
    }

    /// Adds a row; `written` stands at its right end. Without an interval the value is drawn alone.
    pub fn row(
        mut self,
        label: impl Into<String>,
        value: f64,
        interval: Option<(f64, f64)>,
        written: impl Into<String>,
    ) -> Self {
        self.lines.push(Line::Difference { label: label.into(), value, interval, written: written.into() });
        self
    }

    /// Draws the plot.
    pub fn to_svg(&self, theme: Theme) -> String {
        let size = (self.width, self.lines.len().max(2) as f64 * ROW + AROUND);
        let differences = || {
            self.lines.iter().filter_map(|line| match line {
                Line::Difference { label, value, interval, written } => Some((label, *value, *interval, written)),
                Line::Heading(_) => None,
            })
        };
        let ends = |(value, interval): (f64, Option<(f64, f64)>)| {
            let (low, high) = interval.unwrap_or((value, value));
            [value, low, high]
        };
        let values = || differences().flat_map(|(_, value, interval, _)| ends((value, interval)));
        let values = || values().filter(|&value| Scale::Linear.holds(value));
        let widest = |texts: &mut dyn Iterator<Item = &String>, most: f64| {
            texts.map(|text| text_width(text, TICK_SIZE)).fold(0.0, f64::max).min(most)
        };
        let room = widest(&mut differences().map(|it| it.0), self.width * LABEL_SHARE) + 12.0;
        let mut frame = Frame::new(size, theme, &self.words, &[], room, 22.0);
        let written = widest(&mut differences().map(|it| it.3), self.width * LABEL_SHARE) + 14.0;
        let ticks = Ticks::fit(Scale::Linear, values().chain([0.0]), 6).filter(|_| values().next().is_some());
        let Some(ticks) = ticks else {
            frame.nothing_to_show();
            return frame.svg.finish();
        };
        let ticks = ticks.padded(0.06);
        frame.width = (frame.width - written).max(1.0);
        frame.x_axis(&ticks);
        if let Some(zero) = frame.x(&ticks, 0.0) {
            frame.svg.line(zero, frame.top, zero, frame.top + frame.height, &Look::stroke(Ink::GridStrong, 1.5));
        }
        let step = frame.height / self.lines.len().max(1) as f64;
        for (index, line) in self.lines.iter().enumerate() {
            let y = frame.top + step * (index as f64 + 0.5);
            draw(&mut frame, &ticks, y, line, room);
        }
        frame.svg.finish()
    }
}

fn draw(frame: &mut Frame, ticks: &Ticks, y: f64, line: &Line, room: f64) {
    let (base, left) = (y + TICK_SIZE * 0.35, frame.left - room);
    let (label, value, interval, written) = match line {
        Line::Heading(text) => {
            let text = fit_text(text, TEXT_SIZE, frame.width + room);
            let (paper, width) = (Look::fill(Ink::Paper), text_width(&text, TEXT_SIZE) + 6.0);
            frame.svg.rect(left, y - ROW * 0.45, width, ROW * 0.9, &paper);
            return frame.svg.text(left, y + TEXT_SIZE * 0.4, &text, &TextLook::new(Ink::Text, TEXT_SIZE).strong());
        }
        Line::Difference { label, value, interval, written } => (label, *value, *interval, written),
    };
    let label = fit_text(label, TICK_SIZE, room - 12.0);
    frame.svg.text(frame.left - 10.0, base, &label, &TextLook::new(Ink::Text, TICK_SIZE).anchored(Anchor::End));
    let holds_zero = interval.is_none_or(|(low, high)| low <= 0.0 && high >= 0.0);
    let ink = if holds_zero { Ink::Muted } else { Ink::Series(0) };
    if let Some((low, high)) = interval
        && let (Some(low), Some(high)) = (frame.x(ticks, low), frame.x(ticks, high))
    {
        frame.svg.line(low, y, high, y, &Look::stroke(ink, 2.0));
    }
    if let Some(x) = frame.x(ticks, value) {
        let look = if holds_zero { Look::fill(Ink::Paper).outline(ink, 1.8) } else { Look::fill(ink) };
        frame.svg.circle(x, y, 4.3, &look);
    }
    let (right, ink) = (frame.left + frame.width + 14.0, if holds_zero { Ink::Muted } else { Ink::Text });
    frame.svg.text(right, base, written, &TextLook::new(ink, TICK_SIZE));
}
