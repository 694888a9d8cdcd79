//! Points in the plane, in several clouds.

use crate::frame::{Frame, Swatch, TICK_SIZE, Words, label_room, side};
use crate::look::{Look, TextLook};
use crate::scale::{Scale, Ticks};
use crate::theme::{Ink, Theme};

/// Points that belong together.
#[derive(Debug, Clone, Default)]
pub struct Cloud {
    name: String,
    points: Vec<(f64, f64, String)>,
}

impl Cloud {
    /// Points (x, y) without labels.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().map(|(x, y)| (x, y, String::new())).collect() }
    }

    /// Points (x, y, label), each with its label beside it.
    pub fn labelled(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64, String)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect() }
    }
}

/// A scatter plot.
#[derive(Debug, Clone)]
pub struct Scatter {
    words: Words,
    size: (f64, f64),
    scales: (Scale, Scale),
    clouds: Vec<Cloud>,
}

impl Scatter {
    /// An empty plot, 760 by 460 pixels, both axes linear.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            words: Words::titled(title),
            size: (760.0, 460.0),
            scales: (Scale::Linear, Scale::Linear),
            clouds: Vec::new(),
        }
    }

    crate::chart_setup!(words, size);

    /// How the axes spread their values.
    pub fn scales(mut self, x: Scale, y: Scale) -> Self {
        self.scales = (x, y);
        self
    }

    /// Adds a cloud.
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.clouds.push(cloud);
        self
    }

    /// Draws the plot. Points without a place on the axes are left out.
    pub fn to_svg(&self, theme: Theme) -> String {
        let placed = || {
            let all = self.clouds.iter().flat_map(|cloud| &cloud.points);
            all.filter(|(x, y, _)| self.scales.0.holds(*x) && self.scales.1.holds(*y))
        };
        let x = Ticks::fit(self.scales.0, placed().map(|p| p.0), (side(self.size.0) / 90.0) as usize);
        let y = Ticks::fit(self.scales.1, placed().map(|p| p.1), (side(self.size.1) / 65.0) as usize);
        let named = self.clouds.iter().enumerate().filter(|(_, cloud)| !cloud.name.trim().is_empty());
        let legend: Vec<_> = named.map(|(n, cloud)| (Swatch::Dot, Ink::Series(n), cloud.name.as_str())).collect();
        let (Some(x), Some(y)) = (x, y) else {
            let mut frame = Frame::new(self.size, theme, &self.words, &legend, 10.0, 10.0);
            frame.nothing_to_show();
            return frame.svg.finish();
        };
        let (x, y) = (x.padded(0.04), y.padded(0.06));
        let labels = y.labels();
        let room = label_room(labels.iter().map(|(_, label)| label.as_str()));
        let mut frame = Frame::new(self.size, theme, &self.words, &legend, room, 22.0);
        frame.y_axis(&y);
        frame.x_axis(&x);
        let count = placed().count();
        let (radius, opacity) = if count > 400 { (2.5, 0.6) } else { (4.5, 0.85) };
        for (n, cloud) in self.clouds.iter().enumerate() {
            frame.svg.group(&Look::fill(Ink::Series(n)).opacity(opacity), Some(&cloud.name));
            for (vx, vy, _) in &cloud.points {
                if let (Some(px), Some(py)) = (frame.x(&x, *vx), frame.y(&y, *vy)) {
                    frame.svg.circle(px, py, radius, &Look::default());
                }
            }
            frame.svg.end_group();
            for (vx, vy, label) in cloud.points.iter().filter(|point| !point.2.is_empty()) {
                if let (Some(px), Some(py)) = (frame.x(&x, *vx), frame.y(&y, *vy)) {
                    frame.svg.text(px + 8.0, py + TICK_SIZE * 0.35, label, &TextLook::new(Ink::Muted, TICK_SIZE));
                }
            }
        }
        frame.svg.finish()
    }
}
