//! Bars side by side, in groups, with optional error bars.

use crate::frame::{Frame, Swatch, TICK_SIZE, Words, label_room, side};
use crate::look::{Anchor, Look, TextLook};
use crate::scale::{Scale, Ticks};
use crate::svg::Path;
use crate::text::{fit_text, text_width};
use crate::theme::{Ink, Theme};

/// Bars that belong together: one value for each of the chart's series.
#[derive(Debug, Clone)]
pub struct BarGroup {
    /// What stands below the group.
    pub name: String,
    /// Its values in the order of the series; a value that is not finite is left out.
    pub values: Vec<f64>,
    /// Low and high ends of error bars, for as many of the values as have them.
    pub intervals: Vec<Option<(f64, f64)>>,
}

impl BarGroup {
    /// Bars without error bars.
    pub fn new(name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        Self { name: name.into(), values: values.into_iter().collect(), intervals: Vec::new() }
    }

    /// With error bars.
    pub fn intervals(mut self, intervals: impl IntoIterator<Item = Option<(f64, f64)>>) -> Self {
        self.intervals = intervals.into_iter().collect();
        self
    }
}

/// A bar chart. Bars stand on zero, always: a bar's length is its value.
#[derive(Debug, Clone)]
pub struct BarChart {
    words: Words,
    size: (f64, f64),
    series: Vec<String>,
    groups: Vec<BarGroup>,
}

impl BarChart {
    /// An empty chart, 760 by 420 pixels.
    pub fn new(title: impl Into<String>) -> Self {
        Self { words: Words::titled(title), size: (760.0, 420.0), series: Vec::new(), groups: Vec::new() }
    }

    crate::chart_setup!(words, size);

    /// Names the series: the bars of each group, in order. A single series needs no name.
    pub fn series<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.series = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a group.
    pub fn group(mut self, group: BarGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Draws the chart.
    pub fn to_svg(&self, theme: Theme) -> String {
        let values = self.groups.iter().flat_map(|g| {
            let ends = g.intervals.iter().flatten().flat_map(|&(low, high)| [low, high]);
            g.values.iter().copied().chain(ends)
        });
        let some = self.groups.iter().flat_map(|g| &g.values).any(|value| Scale::Linear.holds(*value));
        let fitted = Ticks::fit(Scale::Linear, values.chain([0.0]), (side(self.size.1) / 65.0) as usize);
        let legend: Vec<(Swatch, Ink, &str)> = self
            .series
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.trim().is_empty())
            .map(|(index, name)| (Swatch::Box, Ink::Series(index), name.as_str()))
            .collect();
        let Some(y) = fitted.filter(|_| some) else {
            let mut frame = Frame::new(self.size, theme, &self.words, &legend, 10.0, 10.0);
            frame.nothing_to_show();
            return frame.svg.finish();
        };
        let y = y.rounded_out();
        let labels = y.labels();
        let room = label_room(labels.iter().map(|(_, label)| label.as_str()));
        // Names that do not fit side by side are turned.
        let widest = self.groups.iter().map(|g| text_width(&g.name, TICK_SIZE)).fold(0.0, f64::max);
        let slot = (side(self.size.0) - room - 60.0) / self.groups.len().max(1) as f64;
        let turned = widest > slot - 6.0;
        let bottom = if turned { widest.min(120.0) + 10.0 } else { 20.0 };
        let mut frame = Frame::new(self.size, theme, &self.words, &legend, room, bottom);
        frame.y_axis(&y);
        self.draw_bars(&mut frame, &y);
        self.draw_names(&mut frame, turned);
        if let Some(zero) = frame.y(&y, 0.0) {
            let look = Look::stroke(Ink::GridStrong, 1.0);
            frame.svg.line(frame.left, zero, frame.left + frame.width, zero, &look);
        }
        frame.svg.finish()
    }

    fn draw_bars(&self, frame: &mut Frame, y: &Ticks) {
        let slot = frame.width / self.groups.len().max(1) as f64;
        let bars = self.groups.iter().map(|g| g.values.len()).max().unwrap_or(1).max(1);
        let width = (slot * 0.76 / bars as f64).min(64.0);
        for (index, group) in self.groups.iter().enumerate() {
            let start = frame.left + slot * (index as f64 + 0.5) - width * bars as f64 / 2.0;
            for (n, &value) in group.values.iter().enumerate() {
                let (Some(zero), Some(end)) = (frame.y(y, 0.0), frame.y(y, value)) else { continue };
                let x = start + width * n as f64;
                let gap = (width * 0.08).min(2.0);
                let look = Look::fill(Ink::Series(n)).rounded(1.5);
                frame.svg.rect(x + gap, end.min(zero), width - 2.0 * gap, (end - zero).abs().max(0.5), &look);
                let interval = group.intervals.get(n).copied().flatten();
                let ends = interval.and_then(|(low, high)| Some((frame.y(y, low)?, frame.y(y, high)?)));
                if let Some((low, high)) = ends {
                    let (middle, cap) = (x + width / 2.0, (width * 0.2).min(6.0));
                    let mut path = Path::new();
                    path.move_to(middle, low).line_to(middle, high);
                    path.move_to(middle - cap, low).line_to(middle + cap, low);
                    path.move_to(middle - cap, high).line_to(middle + cap, high);
                    frame.svg.path(&path, &Look::stroke(Ink::Text, 1.2));
                }
            }
        }
    }

    fn draw_names(&self, frame: &mut Frame, turned: bool) {
        let slot = frame.width / self.groups.len().max(1) as f64;
        let bottom = frame.top + frame.height;
        // Where even turned names would overlap, only every n-th is written.
        let every = if turned { ((TICK_SIZE + 2.0) / slot).ceil().max(1.0) as usize } else { 1 };
        for (index, group) in self.groups.iter().enumerate().step_by(every) {
            let x = frame.left + slot * (index as f64 + 0.5);
            let look = TextLook::new(Ink::Text, TICK_SIZE);
            if turned {
                let name = fit_text(&group.name, TICK_SIZE, 120.0);
                frame.svg.text(x + TICK_SIZE * 0.35, bottom + 8.0, &name, &look.anchored(Anchor::End).upright());
            } else {
                frame.svg.text(x, bottom + 7.0 + TICK_SIZE, &group.name, &look.anchored(Anchor::Middle));
            }
        }
    }
}
