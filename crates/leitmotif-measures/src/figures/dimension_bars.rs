//! One bar for each of many dimensions.

use super::Words;
use super::axes::{Axes, TEXT_SIZE, nothing_to_show, tick_counts};
use leitmotif_plot::{Anchor, Ink, Look, Scale, TextLook, Theme, Ticks, fit_text, text_width};

/// The part of a dimension's room that its bar takes.
const BAR_SHARE: f64 = 0.78;

/// A bar chart over numbered dimensions, from 0, with an optional horizontal line to measure them
/// by. Bars stand on zero; a value that is not finite leaves a gap.
///
/// ```
/// use leitmotif_plot::Theme;
/// use leitmotif_measures::DimensionBars;
///
/// let svg = DimensionBars::new("What each latent dimension carries", [1.4, 0.2, 0.9])
///     .labels("dimension", "KL divergence (nats)")
///     .reference("free bits", 0.25)
///     .to_svg(Theme::Auto);
/// assert!(svg.contains("free bits"));
/// ```
#[derive(Debug, Clone)]
pub struct DimensionBars {
    words: Words,
    size: (f64, f64),
    values: Vec<f64>,
    reference: Option<(String, f64)>,
}

impl DimensionBars {
    /// A chart of `values`, 760 by 360 pixels.
    pub fn new(title: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            words: Words::titled(title),
            size: (760.0, 360.0),
            values: values.into_iter().collect(),
            reference: None,
        }
    }

    leitmotif_plot::chart_setup!(words, size);

    /// A dashed line at `value` with its name at its right end.
    pub fn reference(mut self, name: impl Into<String>, value: f64) -> Self {
        self.reference = Some((name.into(), value));
        self
    }

    /// Draws the chart.
    pub fn to_svg(&self, theme: Theme) -> String {
        let reference = self.reference.iter().map(|(_, value)| *value);
        let heights = self.values.iter().copied().chain(reference).chain([0.0]);
        let (x_count, y_count) = tick_counts(self.size);
        // A dimension's room reaches half a step to both sides of its number.
        let ends = [-0.5, self.values.len() as f64 - 0.5];
        let scales = Ticks::fit(Scale::Linear, ends, x_count).zip(Ticks::fit(Scale::Linear, heights, y_count));
        let some = self.values.iter().any(|&value| Scale::Linear.holds(value));
        let Some((mut x, y)) = scales.filter(|_| some) else {
            return nothing_to_show(self.size, theme, &self.words);
        };
        x.major.retain(|tick| tick.fract() == 0.0);
        let mut axes = Axes::new(self.size, theme, &self.words, &[], (x, y.rounded_out()));
        self.draw_bars(&mut axes);
        if let Some((name, value)) = &self.reference {
            draw_reference(&mut axes, name, *value);
        }
        axes.svg.finish()
    }

    fn draw_bars(&self, axes: &mut Axes) {
        let Some(zero) = axes.y(0.0) else { return };
        let width = axes.width / self.values.len().max(1) as f64 * BAR_SHARE;
        let look = Look::fill(Ink::Series(0)).rounded((width * 0.2).min(1.5));
        for (dimension, &value) in self.values.iter().enumerate() {
            if let Some((x, end)) = axes.place((dimension as f64, value)) {
                axes.svg.rect(x - width / 2.0, end.min(zero), width, (end - zero).abs().max(0.5), &look);
            }
        }
        let look = Look::stroke(Ink::GridStrong, 1.0);
        axes.svg.line(axes.left, zero, axes.left + axes.width, zero, &look);
    }
}

/// The line with a halo of paper, and its name on a patch of paper: both stay legible over bars.
fn draw_reference(axes: &mut Axes, name: &str, value: f64) {
    let Some(y) = axes.y(value) else { return };
    let right = axes.left + axes.width;
    axes.svg.line(axes.left, y, right, y, &Look::stroke(Ink::Paper, 3.0).opacity(0.7));
    axes.svg.line(axes.left, y, right, y, &Look::stroke(Ink::Accent, 1.8).dashed(7.0, 4.0));
    if !name.trim().is_empty() {
        let name = fit_text(name, TEXT_SIZE, axes.width);
        let (width, height) = (text_width(&name, TEXT_SIZE) + 8.0, TEXT_SIZE + 5.0);
        // Above the line, or below it where the heading is near.
        let top = if y - height - 4.0 < axes.top { y + 4.0 } else { y - height - 4.0 };
        axes.svg.rect(right - width, top, width, height, &Look::fill(Ink::Paper).rounded(3.0).opacity(0.9));
        let look = TextLook::new(Ink::Accent, TEXT_SIZE).anchored(Anchor::End);
        axes.svg.text(right - 4.0, top + TEXT_SIZE, &name, &look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(svg: &str) -> usize {
        svg.matches("<rect").count()
    }

    #[test]
    fn every_finite_value_has_a_bar() {
        // One rectangle is the paper, one the patch behind the reference's name.
        let chart = DimensionBars::new("t", [1.0, f64::NAN, 0.0, -2.0]).reference("line", 0.5);
        let svg = chart.to_svg(Theme::Auto);
        assert_eq!(bars(&svg), 3 + 2);
        assert!(svg.contains(">line</text>") && !svg.contains("NaN"));
        assert_eq!(bars(&DimensionBars::new("t", [1.0]).to_svg(Theme::Light)), 2);
    }

    #[test]
    fn a_line_above_all_bars_is_in_the_picture() {
        let svg = DimensionBars::new("", [0.1, 0.2]).reference("", 7.0).to_svg(Theme::Light);
        assert!(svg.contains(">7</text>") || svg.contains(">8</text>"), "{svg}");
    }

    #[test]
    fn without_values_a_note_is_shown() {
        assert!(DimensionBars::new("", []).to_svg(Theme::Light).contains("no data"));
        assert!(DimensionBars::new("", [f64::INFINITY]).reference("a", 1.0).to_svg(Theme::Light).contains("no data"));
    }
}
