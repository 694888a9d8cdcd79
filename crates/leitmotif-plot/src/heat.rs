//! A table of values as colours.

use crate::frame::{Frame, TICK_SIZE, Words, label_room};
use crate::look::{Anchor, Look, Paint, TextLook};
use crate::palette::ramp;
use crate::scale::{Scale, format_value, nice_step};
use crate::text::{fit_text, text_width};
use crate::theme::{Ink, Theme};

/// The names of the rows take at most this share of the width, but
const MOST_NAMES: f64 = 0.45;
/// so much in any case.
const LEAST_NAMES: f64 = 180.0;
/// Up to so many columns are all named.
const NAMED_COLUMNS: usize = 12;

/// A heat map: rows from top to bottom, columns from left to right, with a colour bar.
#[derive(Debug, Clone)]
pub struct HeatMap {
    words: Words,
    size: (f64, f64),
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<Vec<f64>>,
    written: bool,
    marked: Vec<(usize, usize)>,
    saturating: bool,
}

/// Values farther above the third quartile than so many times the distance of the quartiles are
/// outliers (Tukey's outer fence).
const OUTER_FENCE: f64 = 3.0;

impl HeatMap {
    /// A map of `values[row][column]`; missing and non-finite values are left blank.
    pub fn new<R: Into<String>, C: Into<String>>(
        title: impl Into<String>,
        rows: impl IntoIterator<Item = R>,
        columns: impl IntoIterator<Item = C>,
        values: Vec<Vec<f64>>,
    ) -> Self {
        Self {
            words: Words::titled(title),
            size: (760.0, 460.0),
            rows: rows.into_iter().map(Into::into).collect(),
            columns: columns.into_iter().map(Into::into).collect(),
            values,
            written: true,
            marked: Vec::new(),
            saturating: false,
        }
    }

    /// Outliers above take the colour of the largest value that is none, so that the others can be
    /// told apart.
    #[must_use]
    pub fn saturating(mut self) -> Self {
        self.saturating = true;
        self
    }

    /// The smallest and the largest value that have a colour of their own, and whether there are
    /// values above.
    fn range(&self) -> (f64, f64, bool) {
        let mut values: Vec<f64> = self.values.iter().flatten().copied().filter(|&v| Scale::Linear.holds(v)).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else {
            return (f64::INFINITY, f64::NEG_INFINITY, false);
        };
        let quartile = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        let fence = quartile(0.75) + OUTER_FENCE * (quartile(0.75) - quartile(0.25));
        match values.iter().rev().find(|value| **value <= fence) {
            Some(&most) if self.saturating && most < high && low < most => (low, most, true),
            _ => (low, high, false),
        }
    }

    crate::chart_setup!(words, size);

    /// Without the values written into the cells.
    pub fn unwritten(mut self) -> Self {
        self.written = false;
        self
    }

    /// With a frame around the cell at `row` and `column`, both from 0.
    pub fn mark(mut self, row: usize, column: usize) -> Self {
        self.marked.push((row, column));
        self
    }

    /// Draws the map.
    pub fn to_svg(&self, theme: Theme) -> String {
        let (low, high, more) = self.range();
        let (rows, columns) = (self.rows.len(), self.columns.len());
        if low > high || rows == 0 || columns == 0 {
            let mut frame = Frame::new(self.size, theme, &self.words, &[], 10.0, 10.0);
            frame.nothing_to_show();
            return frame.svg.finish();
        }
        let most = (self.size.0 * MOST_NAMES).max(LEAST_NAMES);
        let names: Vec<String> = self.rows.iter().map(|name| fit_text(name, TICK_SIZE, most)).collect();
        let room = label_room(names.iter().map(String::as_str));
        let mut frame = Frame::new(self.size, theme, &self.words, &[], room, 22.0);
        const BAR_ROOM: f64 = 76.0;
        frame.width = (frame.width - BAR_ROOM).max(1.0);
        let (cell_w, cell_h) = (frame.width / columns as f64, frame.height / rows as f64);
        let step = nice_step(if high > low { (high - low) / 100.0 } else { high.abs().max(1e-9) / 100.0 });
        for (r, row) in self.values.iter().take(rows).enumerate() {
            for (c, &value) in row.iter().take(columns).enumerate() {
                if !Scale::Linear.holds(value) {
                    continue;
                }
                let part = if high > low { ((value - low) / (high - low)).min(1.0) } else { 0.5 };
                let (x, y) = (frame.left + cell_w * c as f64, frame.top + cell_h * r as f64);
                // A hairline of overlap: without it, neighbours show a seam when scaled.
                frame.svg.rect(x, y, cell_w + 0.3, cell_h + 0.3, &Look::fill(ramp(part)));
                let label = format_value(value, step);
                if self.written && text_width(&label, TICK_SIZE) < cell_w - 6.0 && cell_h > TICK_SIZE + 3.0 {
                    self.write(&mut frame, (x + cell_w / 2.0, y + cell_h / 2.0), &label, part);
                }
            }
        }
        for &(r, c) in self.marked.iter().filter(|cell| cell.0 < rows && cell.1 < columns) {
            let (x, y) = (frame.left + cell_w * c as f64, frame.top + cell_h * r as f64);
            // Two lines, one of which stands out from any colour.
            for (ink, inset) in [(Ink::Accent, 1.5), (Ink::Paper, 3.5)] {
                let look = Look::stroke(ink, if inset < 2.0 { 3.0 } else { 1.0 });
                frame.svg.rect(x + inset, y + inset, cell_w - 2.0 * inset, cell_h - 2.0 * inset, &look);
            }
        }
        self.draw_names(&mut frame, &names, cell_w, cell_h);
        draw_bar(&mut frame, (low, high), more, step);
        frame.svg.finish()
    }

    fn write(&self, frame: &mut Frame, (x, y): (f64, f64), label: &str, part: f64) {
        let tone = if part > 0.55 { [16, 18, 24] } else { [255, 255, 255] };
        let look = TextLook::new(Ink::Text, TICK_SIZE).anchored(Anchor::Middle);
        frame.svg.text_in(Paint::Rgb(tone), x, y + TICK_SIZE * 0.35, label, &look);
    }

    fn draw_names(&self, frame: &mut Frame, names: &[String], cell_w: f64, cell_h: f64) {
        let look = TextLook::new(Ink::Text, TICK_SIZE);
        let every = ((TICK_SIZE + 2.0) / cell_h).ceil().max(1.0) as usize;
        for (r, name) in names.iter().enumerate().step_by(every) {
            let y = frame.top + cell_h * (r as f64 + 0.5) + TICK_SIZE * 0.35;
            frame.svg.text(frame.left - 8.0, y, name, &look.anchored(Anchor::End));
        }
        let widest = self.columns.iter().map(|name| text_width(name, TICK_SIZE)).fold(0.0, f64::max);
        // Few columns are names, of which none may be missing; many are numbers or times.
        let every = match self.columns.len() {
            ..=NAMED_COLUMNS => 1,
            _ => ((widest.min(140.0) + 8.0) / cell_w).ceil().max(1.0) as usize,
        };
        for (c, name) in self.columns.iter().enumerate().step_by(every) {
            let x = frame.left + cell_w * (c as f64 + 0.5);
            let name = fit_text(name, TICK_SIZE, (cell_w * every as f64 - 6.0).max(20.0));
            let y = frame.top + frame.height + 7.0 + TICK_SIZE;
            frame.svg.text(x, y, &name, &look.anchored(Anchor::Middle));
        }
    }
}

fn draw_bar(frame: &mut Frame, (low, high): (f64, f64), more: bool, step: f64) {
    const STEPS: usize = 48;
    let x = frame.left + frame.width + 16.0;
    let height = frame.height / STEPS as f64;
    for k in 0..STEPS {
        let part = 1.0 - (k as f64 + 0.5) / STEPS as f64;
        frame.svg.rect(
            x,
            frame.top + height * k as f64,
            12.0,
            (height + 1.0).min(frame.height - height * k as f64),
            &Look::fill(ramp(part)),
        );
    }
    let look = TextLook::new(Ink::Muted, TICK_SIZE);
    let most = if more { format!("≥ {}", format_value(high, step)) } else { format_value(high, step) };
    frame.svg.text(x + 17.0, frame.top + TICK_SIZE * 0.8, &most, &look);
    frame.svg.text(x + 17.0, frame.top + frame.height, &format_value(low, step), &look);
}
