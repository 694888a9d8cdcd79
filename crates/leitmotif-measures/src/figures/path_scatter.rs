//! Points by category, with a path through them.

use super::Words;
use super::axes::{Axes, TICK_SIZE, nothing_to_show, tick_counts};
use leitmotif_plot::{Anchor, Ink, Look, Path, Scale, Swatch, TextLook, Theme, Ticks};

/// The most points that are drawn; of more, evenly spaced ones are.
pub const MAX_POINTS: usize = 20_000;
/// Points beyond this number are drawn smaller and more transparent.
const MANY_POINTS: usize = 400;
/// The radius of a numbered point of the path, in pixels.
const STATION: f64 = 8.5;

/// A scatter plot of points coloured by category, optionally with a path of numbered points and
/// with the line on which both axes have the same value. Values that are not finite are left out.
/// Colours repeat after [`leitmotif_plot::SERIES_COLOURS`] categories.
///
/// ```
/// use leitmotif_plot::Theme;
/// use leitmotif_measures::PathScatter;
///
/// let svg = PathScatter::new("Songs in latent space")
///     .labels("first component (31% of variance)", "second component (12%)")
///     .category("metal", [(1.0, 0.5), (1.2, 0.7)])
///     .category("ambient", [(-1.0, 0.1), (-0.8, -0.2)])
///     .path("from an ambient to a metal song", [(-1.0, 0.1), (0.1, 0.3), (1.2, 0.7)])
///     .to_svg(Theme::Auto);
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Debug, Clone)]
pub struct PathScatter {
    words: Words,
    size: (f64, f64),
    categories: Vec<(String, Vec<(f64, f64)>)>,
    path: Option<(String, Vec<(f64, f64)>)>,
    identity: Option<String>,
}

impl PathScatter {
    /// An empty plot, 760 by 520 pixels.
    pub fn new(title: impl Into<String>) -> Self {
        Self { words: Words::titled(title), size: (760.0, 520.0), categories: Vec::new(), path: None, identity: None }
    }

    leitmotif_plot::chart_setup!(words, size);

    /// Adds points (x, y) of one colour; the legend has the name, where there is one.
    pub fn category(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.categories.push((name.into(), points.into_iter().collect()));
        self
    }

    /// A line through numbered points (x, y), from 1.
    pub fn path(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.path = Some((name.into(), points.into_iter().collect()));
        self
    }

    /// A dashed line where y equals x; both axes then show the same range.
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.identity = Some(name.into());
        self
    }

    /// Draws the plot.
    pub fn to_svg(&self, theme: Theme) -> String {
        let Some(scales) = self.scales() else { return nothing_to_show(self.size, theme, &self.words) };
        let mut axes = Axes::new(self.size, theme, &self.words, &self.legend(), scales);
        if self.identity.is_some() {
            draw_identity(&mut axes);
        }
        self.draw_points(&mut axes);
        if let Some((_, points)) = &self.path {
            draw_path(&mut axes, points);
        }
        axes.svg.finish()
    }

    fn scales(&self) -> Option<(Ticks, Ticks)> {
        let points = || {
            let path = self.path.iter().flat_map(|(_, points)| points);
            let all = self.categories.iter().flat_map(|(_, points)| points).chain(path).copied();
            all.filter(|&(x, y)| Scale::Linear.holds(x) && Scale::Linear.holds(y))
        };
        let (xs, ys) = (points().map(|it| it.0), points().map(|it| it.1));
        let (x_count, y_count) = tick_counts(self.size);
        let (x, y) = if self.identity.is_some() {
            let both = Ticks::fit(Scale::Linear, xs.chain(ys), y_count)?;
            (both.clone(), both)
        } else {
            (Ticks::fit(Scale::Linear, xs, x_count)?, Ticks::fit(Scale::Linear, ys, y_count)?)
        };
        Some((x.padded(0.04), y.padded(0.06)))
    }

    fn legend(&self) -> Vec<(Swatch, Ink, &str)> {
        let categories = self.categories.iter().enumerate();
        let dots = categories.map(|(n, (name, _))| (Swatch::Dot, Ink::Series(n), name.as_str()));
        let path = self.path.iter().map(|(name, _)| (Swatch::Line, Ink::Text, name.as_str()));
        let identity = self.identity.iter().map(|name| (Swatch::Dashed, Ink::Muted, name.as_str()));
        dots.chain(path).chain(identity).filter(|(_, _, name)| !name.trim().is_empty()).collect()
    }

    /// Points of all categories in turn, so that none hides another behind it.
    fn draw_points(&self, axes: &mut Axes) {
        let mut points: Vec<(f64, usize, (f64, f64))> = Vec::new();
        for (n, (_, category)) in self.categories.iter().enumerate() {
            let placed: Vec<_> = category.iter().filter_map(|&point| axes.place(point)).collect();
            let turn = |index: usize| (index as f64 + 0.5) / placed.len() as f64;
            points.extend(placed.iter().enumerate().map(|(index, &at)| (turn(index), n, at)));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (radius, opacity) = if points.len() > MANY_POINTS { (3.5, 0.75) } else { (5.0, 0.9) };
        let every = points.len().div_ceil(MAX_POINTS).max(1);
        for (_, n, (x, y)) in points.into_iter().step_by(every) {
            // A rim of paper keeps points that overlap apart.
            let look = Look::fill(Ink::Series(n)).outline(Ink::Paper, 0.8).opacity(opacity);
            axes.svg.circle(x, y, radius, &look);
        }
    }
}

/// From the lower left to the upper right: the scales are the same but for their padding.
fn draw_identity(axes: &mut Axes) {
    let (from, to) = axes.shared_range();
    if let (Some(from), Some(to)) = (axes.place((from, from)), axes.place((to, to))) {
        axes.svg.line(from.0, from.1, to.0, to.1, &Look::stroke(Ink::Muted, 1.5).dashed(6.0, 4.0));
    }
}

/// A line with a halo of paper, so that it stands out from the points, and its numbered points.
fn draw_path(axes: &mut Axes, points: &[(f64, f64)]) {
    let placed = (1u32..).zip(points).filter_map(|(number, &point)| Some((number, axes.place(point)?)));
    let stations: Vec<_> = placed.collect();
    let mut line = Path::new();
    for (index, (_, (x, y))) in stations.iter().enumerate() {
        if index == 0 {
            line.move_to(*x, *y)
        } else {
            line.line_to(*x, *y)
        };
    }
    axes.svg.path(&line, &Look::stroke(Ink::Paper, 6.0).opacity(0.85));
    axes.svg.path(&line, &Look::stroke(Ink::Text, 2.0));
    let number_look = TextLook::new(Ink::Text, TICK_SIZE).anchored(Anchor::Middle).strong();
    for (number, (x, y)) in stations {
        axes.svg.circle(x, y, STATION, &Look::fill(Ink::Paper).outline(Ink::Text, 1.8));
        axes.svg.text(x, y + TICK_SIZE * 0.36, &number.to_string(), &number_look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(svg: &str, what: &str) -> usize {
        svg.matches(what).count()
    }

    #[test]
    fn every_point_and_every_station_is_drawn() {
        let plot = PathScatter::new("a < b")
            .category("one", [(0.0, 1.0), (2.0, 3.0), (f64::NAN, 0.0)])
            .category("two", [(1.0, f64::INFINITY), (1.0, 1.0)])
            .path("way", [(0.0, 0.0), (1.0, 1.0)])
            .identity("same");
        let svg = plot.to_svg(Theme::Auto);
        // Three points, two stations, two dots of the legend.
        assert_eq!(count(&svg, "<circle"), 7);
        assert!(["one", "two", "way", "same", "a &lt; b"].iter().all(|word| svg.contains(&format!(">{word}</text>"))));
        assert_eq!(svg, plot.to_svg(Theme::Auto));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn without_points_a_note_is_shown() {
        assert!(PathScatter::new("").category("one", [(f64::NAN, 1.0)]).to_svg(Theme::Light).contains("no data"));
    }

    #[test]
    fn many_points_are_thinned() {
        let points = (0..MAX_POINTS + 1).map(|k| (k as f64, -(k as f64)));
        let svg = PathScatter::new("").category("", points).size(f64::NAN, 1e9).to_svg(Theme::Dark);
        assert_eq!(count(&svg, "<circle"), MAX_POINTS / 2 + 1);
    }
}
