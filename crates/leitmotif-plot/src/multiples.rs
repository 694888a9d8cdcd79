//! The same chart several times over, on the same axes: small multiples.

use crate::frame::{Frame, Swatch, TEXT_SIZE, Words, label_room, side};
use crate::line::{Series, draw};
use crate::look::TextLook;
use crate::scale::{Scale, Ticks};
use crate::text::fit_text;
use crate::theme::{Ink, Theme};

/// Panels side by side.
const COLUMNS: usize = 3;
/// The height of a panel's data, in pixels.
const PANEL: f64 = 170.0;
/// What a panel's title and its horizontal axis take below and above the data, in pixels.
const AROUND_PANEL: f64 = 52.0;
/// What heading, legend and axis labels take, in pixels.
const AROUND: f64 = 120.0;

/// Panels of curves that share both axes, so that they can be compared; at most three side by side.
///
/// ```
/// use leitmotif_plot::{Series, SmallMultiples, Theme};
///
/// let svg = SmallMultiples::new("Learning curves")
///     .labels("steps", "nats per token")
///     .panel("dropout 0", [Series::new("training", [(0.0, 3.0), (100.0, 1.2)])])
///     .panel("dropout 0.1", [Series::new("training", [(0.0, 3.0), (100.0, 1.9)])])
///     .to_svg(Theme::Auto);
/// assert!(svg.contains("dropout 0.1"));
/// ```
#[derive(Debug, Clone)]
pub struct SmallMultiples {
    words: Words,
    width: f64,
    panels: Vec<(String, Vec<Series>)>,
}

impl SmallMultiples {
    /// No panels yet; 860 pixels wide and as high as the panels need.
    pub fn new(title: impl Into<String>) -> Self {
        Self { words: Words::titled(title), width: 860.0, panels: Vec::new() }
    }

    crate::chart_setup!(words);

    /// Adds a panel. The legend names each series' name once, in the colour and stroke of the first
    /// that has it.
    pub fn panel(mut self, title: impl Into<String>, series: impl IntoIterator<Item = Series>) -> Self {
        self.panels.push((title.into(), series.into_iter().collect()));
        self
    }

    /// Draws the panels.
    pub fn to_svg(&self, theme: Theme) -> String {
        let columns = self.panels.len().clamp(1, COLUMNS);
        let rows = self.panels.len().div_ceil(columns).max(1);
        let size = (self.width, rows as f64 * (PANEL + AROUND_PANEL) + AROUND);
        let points =
            || self.panels.iter().flat_map(|(_, series)| series).flat_map(|series| series.points.iter().copied());
        let points = || points().filter(|&(x, y)| Scale::Linear.holds(x) && Scale::Linear.holds(y));
        let per_column = side(self.width) / columns as f64;
        let x = Ticks::fit(Scale::Linear, points().map(|it| it.0), (per_column / 90.0) as usize);
        let y = Ticks::fit(Scale::Linear, points().map(|it| it.1), 5);
        let legend = self.legend();
        let (Some(x), Some(y)) = (x, y) else {
            let mut frame = Frame::new(size, theme, &self.words, &legend, 10.0, 10.0);
            frame.nothing_to_show();
            return frame.svg.finish();
        };
        let y = y.padded(0.05);
        let labels = y.labels();
        let room = label_room(labels.iter().map(|it| it.1.as_str()));
        let mut frame = Frame::new(size, theme, &self.words, &legend, 0.0, 0.0);
        let (left, top) = (frame.left, frame.top);
        let (width, height) = (frame.width / columns as f64, frame.height / rows as f64);
        for (index, (title, series)) in self.panels.iter().enumerate() {
            frame.left = left + width * (index % columns) as f64 + room;
            frame.top = top + height * (index / columns) as f64 + TEXT_SIZE + 8.0;
            frame.width = (width - room - 12.0).max(1.0);
            frame.height = (height - AROUND_PANEL).max(1.0);
            let title = fit_text(title, TEXT_SIZE, frame.width);
            frame.svg.text(frame.left, frame.top - 7.0, &title, &TextLook::new(Ink::Text, TEXT_SIZE).strong());
            frame.y_axis(&y);
            frame.x_axis(&x);
            for (place, series) in series.iter().enumerate() {
                draw(&mut frame, series, Ink::Series(series.colour.unwrap_or(place)), &x, &y);
            }
        }
        frame.svg.finish()
    }

    fn legend(&self) -> Vec<(Swatch, Ink, &str)> {
        let mut legend: Vec<(Swatch, Ink, &str)> = Vec::new();
        for (place, series) in self.panels.iter().flat_map(|(_, series)| series.iter().enumerate()) {
            let swatch = if series.dashed { Swatch::Dashed } else { Swatch::Line };
            if !series.name.trim().is_empty() && !legend.iter().any(|entry| entry.2 == series.name) {
                legend.push((swatch, Ink::Series(series.colour.unwrap_or(place)), &series.name));
            }
        }
        legend
    }
}
