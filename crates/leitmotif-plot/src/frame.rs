//! What every chart shares: heading, legend, axes, and the rectangle the data is drawn in.

use crate::look::{Anchor, Look, TextLook};
use crate::scale::Ticks;
use crate::svg::{Path, Svg};
use crate::text::{fit_text, text_width};
use crate::theme::{Ink, Theme};

/// The space around a picture's content, in pixels.
pub const MARGIN: f64 = 22.0;
pub(crate) const TITLE_SIZE: f64 = 17.0;
pub(crate) const TEXT_SIZE: f64 = 12.5;
pub(crate) const TICK_SIZE: f64 = 11.5;
/// The least width and height of a chart: below it, nothing can be read.
pub(crate) const LEAST_SIDE: f64 = 160.0;
/// The largest width and height of a chart.
const MOST_SIDE: f64 = 20_000.0;

/// The words around a chart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    pub title: String,
    pub subtitle: String,
    pub x: String,
    pub y: String,
}

impl Words {
    /// A title alone.
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}

/// How a legend's entry is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Swatch {
    /// A line.
    Line,
    /// A dashed line.
    Dashed,
    /// A small square.
    Box,
    /// A square with an outline, for colours used a second time.
    OutlinedBox,
    /// A dot.
    Dot,
}

/// A picture with its data rectangle laid out.
pub(crate) struct Frame {
    pub svg: Svg,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    /// Heading and legend above, `left` pixels of room at the left (besides the axis label) and
    /// `bottom` below for ticks; the data gets the rest.
    pub fn new(
        size: (f64, f64),
        theme: Theme,
        words: &Words,
        legend: &[(Swatch, Ink, &str)],
        left: f64,
        bottom: f64,
    ) -> Self {
        let (width, height) = (side(size.0), side(size.1));
        let label = if words.title.is_empty() { "chart" } else { &words.title };
        let mut svg = Svg::new(width, height, theme, label);
        let mut top = heading(&mut svg, width, &words.title, &words.subtitle);
        if !legend.is_empty() {
            top = draw_legend(&mut svg, legend, MARGIN, top, width - 2.0 * MARGIN) + 6.0;
        }
        top += 8.0;
        let axis_room = |label: &str| if label.is_empty() { 0.0 } else { TEXT_SIZE + 8.0 };
        let left = MARGIN + left + axis_room(&words.y);
        let bottom = MARGIN * 0.7 + bottom + axis_room(&words.x);
        let frame =
            Self { left, top, width: (width - left - MARGIN).max(1.0), height: (height - top - bottom).max(1.0), svg };
        frame.with_labels(words, height)
    }

    fn with_labels(mut self, words: &Words, full_height: f64) -> Self {
        let look = TextLook::new(Ink::Muted, TEXT_SIZE).anchored(Anchor::Middle);
        let (x, y) = (self.left + self.width / 2.0, self.top + self.height / 2.0);
        self.svg.text(x, full_height - MARGIN * 0.6, &fit_text(&words.x, TEXT_SIZE, self.width), &look);
        self.svg.text(MARGIN * 0.5 + TEXT_SIZE * 0.8, y, &fit_text(&words.y, TEXT_SIZE, self.height), &look.upright());
        self
    }

    /// Horizontal grid lines with the vertical axis's labels.
    pub fn y_axis(&mut self, ticks: &Ticks) {
        let mut grid = Path::new();
        for (value, label) in ticks.labels() {
            let Some(y) = self.y(ticks, value) else { continue };
            grid.move_to(self.left, y).line_to(self.left + self.width, y);
            let look = TextLook::new(Ink::Muted, TICK_SIZE).anchored(Anchor::End);
            self.svg.text(self.left - 8.0, y + TICK_SIZE * 0.35, &label, &look);
        }
        self.svg.path(&grid, &Look::stroke(Ink::Grid, 1.0));
    }

    /// The horizontal axis with its labels; labels that would touch are left out.
    pub fn x_axis(&mut self, ticks: &Ticks) {
        let bottom = self.top + self.height;
        let mut marks = Path::new();
        marks.move_to(self.left, bottom).line_to(self.left + self.width, bottom);
        let mut free_from = f64::NEG_INFINITY;
        for (value, label) in ticks.labels() {
            let Some(x) = self.x(ticks, value) else { continue };
            marks.move_to(x, bottom).line_to(x, bottom + 5.0);
            let half = text_width(&label, TICK_SIZE) / 2.0;
            if x - half >= free_from {
                let look = TextLook::new(Ink::Muted, TICK_SIZE).anchored(Anchor::Middle);
                self.svg.text(x, bottom + 9.0 + TICK_SIZE, &label, &look);
                free_from = x + half + 6.0;
            }
        }
        self.svg.path(&marks, &Look::stroke(Ink::GridStrong, 1.0));
    }

    /// The horizontal position of `value`.
    pub fn x(&self, ticks: &Ticks, value: f64) -> Option<f64> {
        Some(self.left + ticks.place(value)? * self.width)
    }

    /// The vertical position of `value`.
    pub fn y(&self, ticks: &Ticks, value: f64) -> Option<f64> {
        Some(self.top + (1.0 - ticks.place(value)?) * self.height)
    }

    /// Writes, where the data would be, that there is none.
    pub fn nothing_to_show(&mut self) {
        let (x, y) = (self.left + self.width / 2.0, self.top + self.height / 2.0);
        self.svg.rect(self.left, self.top, self.width, self.height, &Look::fill(Ink::Shade).rounded(4.0));
        let look = TextLook::new(Ink::Muted, TEXT_SIZE).anchored(Anchor::Middle);
        self.svg.text(x, y, "no data", &look);
    }
}

/// A side length that can be drawn.
pub(crate) fn side(length: f64) -> f64 {
    if length.is_finite() { length.clamp(LEAST_SIDE, MOST_SIDE) } else { LEAST_SIDE }
}

/// Room for the labels of a vertical axis.
pub(crate) fn label_room<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels.map(|label| text_width(label, TICK_SIZE)).fold(0.0, f64::max) + 10.0
}

/// Writes title and subtitle at the top of a picture `width` pixels wide; returns where they end.
pub fn heading(svg: &mut Svg, width: f64, title: &str, subtitle: &str) -> f64 {
    let mut y = MARGIN * 0.8;
    let room = width - 2.0 * MARGIN;
    if !title.trim().is_empty() {
        y += TITLE_SIZE * 0.85;
        svg.text(MARGIN, y, &fit_text(title, TITLE_SIZE, room), &TextLook::new(Ink::Text, TITLE_SIZE).strong());
        y += 6.0;
    }
    if !subtitle.trim().is_empty() {
        y += TEXT_SIZE;
        svg.text(MARGIN, y, &fit_text(subtitle, TEXT_SIZE, room), &TextLook::new(Ink::Muted, TEXT_SIZE));
        y += 5.0;
    }
    y
}

/// Draws a legend's entries side by side, wrapped into the `room` pixels right of `left`; returns
/// where they end.
pub fn draw_legend(svg: &mut Svg, entries: &[(Swatch, Ink, &str)], left: f64, top: f64, room: f64) -> f64 {
    const SWATCH: f64 = 18.0;
    let row = TEXT_SIZE + 7.0;
    let (mut x, mut y) = (left, top + 5.0);
    for &(swatch, ink, name) in entries {
        let name = fit_text(name, TEXT_SIZE, room - SWATCH - 6.0);
        let width = SWATCH + 6.0 + text_width(&name, TEXT_SIZE);
        if x > left && x + width > left + room {
            (x, y) = (left, y + row);
        }
        let middle = y + row / 2.0;
        match swatch {
            Swatch::Line => svg.line(x, middle, x + SWATCH, middle, &Look::stroke(ink, 2.5)),
            Swatch::Dashed => svg.line(x, middle, x + SWATCH, middle, &Look::stroke(ink, 2.5).dashed(5.0, 3.0)),
            Swatch::Box => svg.rect(x + 4.0, middle - 5.5, 11.0, 11.0, &Look::fill(ink).rounded(2.0)),
            Swatch::OutlinedBox => {
                let look = Look::fill(ink).outline(Ink::Text, 1.2).rounded(2.0);
                svg.rect(x + 4.0, middle - 5.5, 11.0, 11.0, &look);
            }
            Swatch::Dot => svg.circle(x + SWATCH / 2.0, middle, 4.5, &Look::fill(ink)),
        }
        svg.text(x + SWATCH + 6.0, middle + TEXT_SIZE * 0.35, &name, &TextLook::new(Ink::Text, TEXT_SIZE));
        x += width + 18.0;
    }
    y + row
}
