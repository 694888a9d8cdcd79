//! The rectangle that data is drawn in, with its axes.

use super::Words;
use leitmotif_plot::{
    Anchor, Ink, Look, MARGIN, Path, Svg, Swatch, TextLook, Theme, Ticks, draw_legend, fit_text, heading, text_width,
};

pub(super) const TEXT_SIZE: f64 = 12.5;
pub(super) const TICK_SIZE: f64 = 11.5;
/// Pixels between ticks of the horizontal and of the vertical axis, about.
const TICK_SPACING: (f64, f64) = (90.0, 60.0);
/// The least and the largest width and height of a figure, in pixels.
const SIDES: (f64, f64) = (160.0, 20_000.0);
/// Room below the axis for its tick labels.
const TICK_ROOM: f64 = 22.0;

/// A side length that can be drawn.
pub(super) fn side(length: f64) -> f64 {
    if length.is_finite() { length.clamp(SIDES.0, SIDES.1) } else { SIDES.0 }
}

/// How many ticks the axes of a figure of `size` have, about.
pub(super) fn tick_counts(size: (f64, f64)) -> (usize, usize) {
    ((side(size.0) / TICK_SPACING.0) as usize, (side(size.1) / TICK_SPACING.1) as usize)
}

/// A picture with axes drawn and its data rectangle laid out.
pub(super) struct Axes {
    pub svg: Svg,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    x: Ticks,
    y: Ticks,
}

impl Axes {
    /// Heading, legend, grid, axes and labels.
    pub fn new(
        size: (f64, f64),
        theme: Theme,
        words: &Words,
        legend: &[(Swatch, Ink, &str)],
        (x, y): (Ticks, Ticks),
    ) -> Self {
        let (mut svg, top) = begin(size, theme, words, legend);
        let (width, height) = (side(size.0), side(size.1));
        let label_room = |label: &str| if label.trim().is_empty() { 0.0 } else { TEXT_SIZE + 8.0 };
        let tick_room = y.labels().iter().map(|(_, label)| text_width(label, TICK_SIZE)).fold(0.0, f64::max) + 10.0;
        let left = MARGIN + tick_room + label_room(&words.y);
        let bottom = height - MARGIN * 0.7 - TICK_ROOM - label_room(&words.x);
        let (data_width, data_height) = ((width - left - MARGIN).max(1.0), (bottom - top).max(1.0));
        let look = TextLook::new(Ink::Muted, TEXT_SIZE).anchored(Anchor::Middle);
        let (middle_x, middle_y) = (left + data_width / 2.0, top + data_height / 2.0);
        svg.text(middle_x, height - MARGIN * 0.6, &fit_text(&words.x, TEXT_SIZE, data_width), &look);
        let y_label = fit_text(&words.y, TEXT_SIZE, data_height);
        svg.text(MARGIN * 0.5 + TEXT_SIZE * 0.8, middle_y, &y_label, &look.upright());
        let mut axes = Self { svg, left, top, width: data_width, height: data_height, x, y };
        axes.draw_y();
        axes.draw_x();
        axes
    }

    /// The horizontal position of `value`, in pixels.
    pub fn x(&self, value: f64) -> Option<f64> {
        Some(self.left + self.x.place(value)? * self.width)
    }

    /// The vertical position of `value`, in pixels.
    pub fn y(&self, value: f64) -> Option<f64> {
        Some(self.top + (1.0 - self.y.place(value)?) * self.height)
    }

    /// Where a point stands, in pixels.
    pub fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }

    /// The values that both axes show.
    pub fn shared_range(&self) -> (f64, f64) {
        let ((x_low, x_high), (y_low, y_high)) = (self.x.range(), self.y.range());
        (x_low.max(y_low), x_high.min(y_high))
    }

    fn draw_y(&mut self) {
        let mut grid = Path::new();
        let look = TextLook::new(Ink::Muted, TICK_SIZE).anchored(Anchor::End);
        for (value, label) in self.y.labels() {
            let Some(y) = self.y(value) else { continue };
            grid.move_to(self.left, y).line_to(self.left + self.width, y);
            self.svg.text(self.left - 8.0, y + TICK_SIZE * 0.35, &label, &look);
        }
        self.svg.path(&grid, &Look::stroke(Ink::Grid, 1.0));
    }

    /// Labels that would touch are left out.
    fn draw_x(&mut self) {
        let bottom = self.top + self.height;
        let mut marks = Path::new();
        marks.move_to(self.left, bottom).line_to(self.left + self.width, bottom);
        let look = TextLook::new(Ink::Muted, TICK_SIZE).anchored(Anchor::Middle);
        let mut free_from = f64::NEG_INFINITY;
        for (value, label) in self.x.labels() {
            let Some(x) = self.x(value) else { continue };
            marks.move_to(x, bottom).line_to(x, bottom + 5.0);
            let half = text_width(&label, TICK_SIZE) / 2.0;
            if x - half >= free_from {
                self.svg.text(x, bottom + 9.0 + TICK_SIZE, &label, &look);
                free_from = x + half + 6.0;
            }
        }
        self.svg.path(&marks, &Look::stroke(Ink::GridStrong, 1.0));
    }
}

/// A figure with a note that there is nothing to show.
pub(super) fn nothing_to_show(size: (f64, f64), theme: Theme, words: &Words) -> String {
    let (mut svg, top) = begin(size, theme, words, &[]);
    let (width, height) = (side(size.0) - 2.0 * MARGIN, side(size.1) - top - MARGIN);
    svg.rect(MARGIN, top, width, height, &Look::fill(Ink::Shade).rounded(4.0));
    let look = TextLook::new(Ink::Muted, TEXT_SIZE).anchored(Anchor::Middle);
    svg.text(MARGIN + width / 2.0, top + height / 2.0, "no data", &look);
    svg.finish()
}

/// A picture with heading and legend, and where they end.
fn begin(size: (f64, f64), theme: Theme, words: &Words, legend: &[(Swatch, Ink, &str)]) -> (Svg, f64) {
    let (width, height) = (side(size.0), side(size.1));
    let label = if words.title.trim().is_empty() { "figure" } else { &words.title };
    let mut svg = Svg::new(width, height, theme, label);
    let mut top = heading(&mut svg, width, &words.title, &words.subtitle);
    if !legend.is_empty() {
        top = draw_legend(&mut svg, legend, MARGIN, top, width - 2.0 * MARGIN) + 6.0;
    }
    (svg, top + 8.0)
}
