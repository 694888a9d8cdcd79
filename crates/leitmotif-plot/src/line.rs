//! Curves over a common axis: learning curves first of all.

use crate::frame::{Frame, Swatch, TICK_SIZE, Words, label_room, side};
use crate::look::{Anchor, Look, TextLook};
use crate::scale::{Scale, Ticks};
use crate::svg::Path;
use crate::text::{fit_text, text_width};
use crate::theme::{Ink, Theme};
use crate::thin::thin;

/// One curve.
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    band: Vec<(f64, f64, f64)>,
    dots: bool,
    pub(crate) dashed: bool,
    smoothing: Option<f64>,
    pub(crate) colour: Option<usize>,
}

impl Series {
    /// A curve through `points` (x, y), drawn in their order. A point that is not finite, or has no
    /// place on the axis, leaves a gap.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect(), ..Self::default() }
    }

    /// With a shaded band of (x, low, high) around it: a confidence interval, a range over seeds.
    pub fn band(mut self, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.band = band.into_iter().collect();
        self
    }

    /// With a dot on every point: for few measurements.
    pub fn dots(mut self) -> Self {
        self.dots = true;
        self
    }

    /// With a dashed line.
    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }

    /// Drawn faintly, with its exponential moving average on top: `weight`, from 0 to below 1, is
    /// how much of the average so far each point keeps. For noisy measurements such as a training
    /// loss.
    pub fn smoothed(mut self, weight: f64) -> Self {
        self.smoothing = Some(if weight.is_finite() { weight.clamp(0.0, 0.9999) } else { 0.0 });
        self
    }

    /// In the n-th colour, instead of its place in the chart's.
    pub fn colour(mut self, n: usize) -> Self {
        self.colour = Some(n);
        self
    }

    fn averaged(&self, weight: f64) -> Vec<(f64, f64)> {
        // Bias-corrected as in Adam (Kingma & Ba, 2015): the first points are not pulled to zero.
        let (mut mean, mut mass) = (0.0, 0.0);
        self.points
            .iter()
            .map(|&(x, y)| {
                if y.is_finite() {
                    mean = weight * mean + (1.0 - weight) * y;
                    mass = weight * mass + (1.0 - weight);
                }
                (x, if y.is_finite() { mean / mass } else { y })
            })
            .collect()
    }
}

/// Several curves with a legend.
///
/// ```
/// use leitmotif_plot::{LineChart, Scale, Series, Theme};
///
/// let svg = LineChart::new("Learning curve")
///     .labels("steps", "loss (nats a note)")
///     .x_scale(Scale::Log)
///     .series(Series::new("training", [(1.0, 6.0), (10.0, 4.5), (100.0, 3.2)]).smoothed(0.5))
///     .series(Series::new("validation", [(10.0, 4.7), (100.0, 3.6)]).dots())
///     .mark(100.0, "best")
///     .to_svg(Theme::Auto);
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Debug, Clone)]
pub struct LineChart {
    words: Words,
    size: (f64, f64),
    scales: (Scale, Scale),
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
    points: Vec<(f64, f64, String)>,
}

impl LineChart {
    /// An empty chart, 760 by 420 pixels, both axes linear.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            words: Words::titled(title),
            size: (760.0, 420.0),
            scales: (Scale::Linear, Scale::Linear),
            series: Vec::new(),
            marks: Vec::new(),
            points: Vec::new(),
        }
    }

    crate::chart_setup!(words, size);

    /// How the horizontal axis spreads its values.
    pub fn x_scale(mut self, scale: Scale) -> Self {
        self.scales.0 = scale;
        self
    }

    /// How the vertical axis spreads its values.
    pub fn y_scale(mut self, scale: Scale) -> Self {
        self.scales.1 = scale;
        self
    }

    /// Adds a curve.
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a dashed vertical line at `x` with a label: a best checkpoint, a change of schedule.
    pub fn mark(mut self, x: f64, label: impl Into<String>) -> Self {
        self.marks.push((x, label.into()));
        self
    }

    /// Adds a labelled point.
    pub fn point(mut self, x: f64, y: f64, label: impl Into<String>) -> Self {
        self.points.push((x, y, label.into()));
        self
    }

    /// Draws the chart.
    pub fn to_svg(&self, theme: Theme) -> String {
        let drawable = |&(x, y): &(f64, f64)| self.scales.0.holds(x) && self.scales.1.holds(y);
        let placed = || {
            let curves = self.series.iter().flat_map(|s| {
                let band = s.band.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]);
                s.points.iter().copied().chain(band)
            });
            curves.chain(self.points.iter().map(|&(x, y, _)| (x, y))).filter(drawable)
        };
        let x = Ticks::fit(self.scales.0, placed().map(|p| p.0), (side(self.size.0) / 90.0) as usize);
        let y = Ticks::fit(self.scales.1, placed().map(|p| p.1), (side(self.size.1) / 65.0) as usize);
        let legend = self.legend();
        let (Some(x), Some(y)) = (x, y) else {
            let mut frame = Frame::new(self.size, theme, &self.words, &legend, 10.0, 10.0);
            frame.nothing_to_show();
            return frame.svg.finish();
        };
        let y = y.padded(0.05);
        let labels = y.labels();
        let room = label_room(labels.iter().map(|(_, label)| label.as_str()));
        let mut frame = Frame::new(self.size, theme, &self.words, &legend, room, 22.0);
        frame.y_axis(&y);
        frame.x_axis(&x);
        for (index, series) in self.series.iter().enumerate() {
            draw(&mut frame, series, Ink::Series(series.colour.unwrap_or(index)), &x, &y);
        }
        self.draw_marks(&mut frame, &x);
        self.draw_points(&mut frame, &x, &y);
        frame.svg.finish()
    }

    fn legend(&self) -> Vec<(Swatch, Ink, &str)> {
        let entry = |(index, s): (usize, &'_ Series)| {
            let swatch = if s.dashed { Swatch::Dashed } else { Swatch::Line };
            (swatch, Ink::Series(s.colour.unwrap_or(index)))
        };
        let named = self.series.iter().enumerate().filter(|(_, s)| !s.name.trim().is_empty());
        named.map(|(index, s)| (entry((index, s)), s.name.as_str())).map(|((a, b), c)| (a, b, c)).collect()
    }

    fn draw_marks(&self, frame: &mut Frame, x: &Ticks) {
        let (low, high) = x.range();
        for (value, label) in self.marks.iter().filter(|(value, _)| (low..=high).contains(value)) {
            let Some(px) = frame.x(x, *value) else { continue };
            let look = Look::stroke(Ink::Accent, 1.2).dashed(4.0, 3.0);
            frame.svg.line(px, frame.top, px, frame.top + frame.height, &look);
            let label = fit_text(label, TICK_SIZE, frame.width / 2.0);
            let fits_right = px + 6.0 + text_width(&label, TICK_SIZE) < frame.left + frame.width;
            let (dx, anchor) = if fits_right { (6.0, Anchor::Start) } else { (-6.0, Anchor::End) };
            let look = TextLook::new(Ink::Accent, TICK_SIZE).anchored(anchor);
            frame.svg.text(px + dx, frame.top + TICK_SIZE, &label, &look);
        }
    }

    fn draw_points(&self, frame: &mut Frame, x: &Ticks, y: &Ticks) {
        for (vx, vy, label) in &self.points {
            let (Some(px), Some(py)) = (frame.x(x, *vx), frame.y(y, *vy)) else { continue };
            frame.svg.circle(px, py, 5.0, &Look::fill(Ink::Accent).outline(Ink::Paper, 1.5));
            let fits_right = px + 10.0 + text_width(label, TICK_SIZE) < frame.left + frame.width;
            let (dx, anchor) = if fits_right { (9.0, Anchor::Start) } else { (-9.0, Anchor::End) };
            let above = if py - 10.0 > frame.top + 2.0 * TICK_SIZE { -8.0 } else { 8.0 + TICK_SIZE };
            let look = TextLook::new(Ink::Text, TICK_SIZE).anchored(anchor);
            frame.svg.text(px + dx, py + above, label, &look);
        }
    }
}

pub(crate) fn draw(frame: &mut Frame, series: &Series, ink: Ink, x: &Ticks, y: &Ticks) {
    let name = Some(series.name.as_str());
    frame.svg.group(&Look::default(), name);
    for run in
        placed_runs(&series.band, |&(vx, low, high)| Some((frame.x(x, vx)?, frame.y(y, low)?, frame.y(y, high)?)))
    {
        let mut outline = Path::new();
        for (index, &(px, low, _)) in run.iter().enumerate() {
            if index == 0 {
                outline.move_to(px, low)
            } else {
                outline.line_to(px, low)
            };
        }
        for &(px, _, high) in run.iter().rev() {
            outline.line_to(px, high);
        }
        frame.svg.path(outline.close(), &Look::fill(ink).opacity(0.18));
    }
    let solid = if series.dashed { Look::stroke(ink, 2.0).dashed(6.0, 4.0) } else { Look::stroke(ink, 2.0) };
    match series.smoothing {
        Some(weight) => {
            curve(frame, &series.points, &Look::stroke(ink, 1.0).opacity(0.35), x, y);
            curve(frame, &series.averaged(weight), &solid, x, y);
        }
        None => curve(frame, &series.points, &solid, x, y),
    }
    // A measurement with gaps on both sides has no line: it would vanish without a dot.
    let runs = placed_runs(&series.points, |&(vx, vy)| Some((frame.x(x, vx)?, frame.y(y, vy)?)));
    for run in runs {
        if series.dots || run.len() == 1 {
            for (px, py) in thin(&run, 0.5) {
                frame.svg.circle(px, py, 3.0, &Look::fill(ink));
            }
        }
    }
    frame.svg.end_group();
}

fn curve(frame: &mut Frame, points: &[(f64, f64)], look: &Look, x: &Ticks, y: &Ticks) {
    let mut path = Path::new();
    for run in placed_runs(points, |&(vx, vy)| Some((frame.x(x, vx)?, frame.y(y, vy)?))) {
        if run.len() < 2 {
            continue;
        }
        for (index, (px, py)) in thin(&run, 1.0).into_iter().enumerate() {
            if index == 0 {
                path.move_to(px, py)
            } else {
                path.line_to(px, py)
            };
        }
    }
    frame.svg.path(&path, look);
}

/// The positions of `values`, broken into runs where a value has no place.
fn placed_runs<V, P>(values: &[V], place: impl Fn(&V) -> Option<P>) -> Vec<Vec<P>> {
    let mut runs = vec![Vec::new()];
    for value in values {
        match (place(value), runs.last_mut()) {
            (Some(position), Some(run)) => run.push(position),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
