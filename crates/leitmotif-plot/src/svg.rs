//! An SVG writer: shapes in inks, compact numbers, escaped text.
//!
//! Text is escaped and characters that XML forbids are replaced, so names out of damaged files
//! cannot break a picture. A coordinate that is not finite is written as 0: callers leave out what
//! they cannot place, and the writer keeps the file valid even if they do not.

use crate::look::{Anchor, Look, Paint, TextLook};
use crate::text::FONT_FAMILY;
use crate::theme::{Channel, Ink, Theme, class};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The outline of a shape: `M`, `L`, `h`, `v` and `z` with compact numbers.
#[derive(Debug, Clone, Default)]
pub struct Path {
    data: String,
}

impl Path {
    /// An empty outline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing has been drawn.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Lifts the pen to a point.
    pub fn move_to(&mut self, x: f64, y: f64) -> &mut Self {
        let _ = write!(self.data, "M{} {}", Number(x), Number(y));
        self
    }

    /// Draws a line to a point.
    pub fn line_to(&mut self, x: f64, y: f64) -> &mut Self {
        let _ = write!(self.data, "L{} {}", Number(x), Number(y));
        self
    }

    /// Draws a horizontal line `dx` to the right.
    pub fn right(&mut self, dx: f64) -> &mut Self {
        let _ = write!(self.data, "h{}", Number(dx));
        self
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64) -> &mut Self {
        let (width, height) = (Number(width), Number(height));
        let _ = write!(self.data, "M{} {}h{width}v{height}h{}z", Number(x), Number(y), Number(-width.0));
        self
    }

    /// Closes the outline.
    pub fn close(&mut self) -> &mut Self {
        self.data.push('z');
        self
    }
}

/// A picture being drawn. Units are pixels, y points down.
#[derive(Debug, Clone)]
pub struct Svg {
    width: f64,
    height: f64,
    theme: Theme,
    label: String,
    used: BTreeSet<(Channel, Ink)>,
    body: String,
    open_groups: usize,
}

impl Svg {
    /// An empty picture on the theme's paper. `label` says what it shows, for readers who cannot
    /// see it.
    pub fn new(width: f64, height: f64, theme: Theme, label: &str) -> Self {
        let mut svg = Self {
            width: finite(width).max(1.0),
            height: finite(height).max(1.0),
            theme,
            label: label.to_owned(),
            used: BTreeSet::new(),
            body: String::new(),
            open_groups: 0,
        };
        svg.rect(0.0, 0.0, svg.width, svg.height, &Look::fill(Ink::Paper));
        svg
    }

    /// A rectangle; nothing is drawn where width or height is not positive.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, look: &Look) {
        if !(width > 0.0 && height > 0.0) {
            return;
        }
        let attributes = self.attributes(look);
        let radius = if look.radius > 0.0 { format!(" rx=\"{}\"", Number(look.radius)) } else { String::new() };
        let (x, y, width, height) = (Number(x), Number(y), Number(width), Number(height));
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{radius}{attributes}/>"
        );
    }

    /// A straight line.
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, look: &Look) {
        let mut path = Path::new();
        path.move_to(x1, y1).line_to(x2, y2);
        self.path(&path, look);
    }

    /// An outline; nothing is written for an empty one.
    pub fn path(&mut self, path: &Path, look: &Look) {
        if path.is_empty() {
            return;
        }
        let attributes = self.attributes(look);
        let _ = writeln!(self.body, "<path d=\"{}\"{attributes}/>", path.data);
    }

    /// A circle.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64, look: &Look) {
        let attributes = self.attributes(look);
        let (x, y, radius) = (Number(x), Number(y), Number(radius));
        let _ = writeln!(self.body, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{attributes}/>");
    }

    /// A line of text whose baseline passes through `(x, y)`; nothing is written for blank text.
    pub fn text(&mut self, x: f64, y: f64, text: &str, look: &TextLook) {
        self.text_in(Paint::Ink(look.ink), x, y, text, look);
    }

    /// As [`Svg::text`], in `paint` instead of the look's ink.
    pub fn text_in(&mut self, paint: Paint, x: f64, y: f64, text: &str, look: &TextLook) {
        if text.trim().is_empty() {
            return;
        }
        let anchor = match look.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let mut shape = Look::fill(paint);
        if look.strong {
            // The bundled font has one weight: a hairline outline makes it heavier everywhere
            // alike.
            shape = shape.outline(paint, look.size * 0.03);
        }
        let attributes = self.attributes(&shape);
        let mut extra = String::new();
        let (x, y) = (Number(x), Number(y));
        if look.upright {
            let _ = write!(extra, " transform=\"rotate(-90 {x} {y})\"");
        }
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"{attributes}{anchor}{extra}>{}</text>",
            Number(look.size),
            escape(text)
        );
    }

    /// Opens a group that shares a look; browsers show `title`, if any, when pointed at. See
    /// [`Svg::end_group`].
    pub fn group(&mut self, look: &Look, title: Option<&str>) {
        let attributes = self.attributes(look);
        let _ = writeln!(self.body, "<g{attributes}>");
        if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
            let _ = writeln!(self.body, "<title>{}</title>", escape(title));
        }
        self.open_groups += 1;
    }

    /// Opens a group in which only the given rectangle is visible. See [`Svg::end_group`].
    pub fn clip_group(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let (x, y) = (Number(x), Number(y));
        let (width, height) = (Number(width.max(0.0)), Number(height.max(0.0)));
        // A nested viewport clips without the document-wide ids of <clipPath>, which would clash
        // between pictures in one page.
        let _ = writeln!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\"><g>"
        );
    }

    /// Closes the group opened last by [`Svg::clip_group`].
    pub fn end_clip(&mut self) {
        self.body.push_str("</g></svg>\n");
    }

    /// Closes the group opened last.
    pub fn end_group(&mut self) {
        if self.open_groups > 0 {
            self.open_groups -= 1;
            self.body.push_str("</g>\n");
        }
    }

    /// The finished picture.
    pub fn finish(mut self) -> String {
        while self.open_groups > 0 {
            self.end_group();
        }
        let (width, height) = (Number(self.width), Number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             class=\"{}\" role=\"img\" aria-label=\"{}\" font-family=\"{}\">\n<style>{}</style>\n{}</svg>\n",
            self.theme.scope(),
            escape(&self.label),
            escape(FONT_FAMILY),
            self.theme.style_sheet(&self.used),
            self.body,
        )
    }

    fn attributes(&mut self, look: &Look) -> String {
        let mut classes: Vec<String> = Vec::new();
        let mut written = String::new();
        let mut put = |channel: Channel, property: &str, paint: Paint, written: &mut String| match paint {
            Paint::Ink(ink) => {
                self.used.insert((channel, ink));
                classes.push(class(channel, ink));
            }
            Paint::Rgb([r, g, b]) => {
                let _ = write!(written, " {property}=\"#{r:02x}{g:02x}{b:02x}\"");
            }
        };
        match look.fill {
            Some(paint) => put(Channel::Fill, "fill", paint, &mut written),
            None if look.stroke.is_some() => written.push_str(" fill=\"none\""),
            None => {}
        }
        if let Some((paint, width)) = look.stroke {
            put(Channel::Stroke, "stroke", paint, &mut written);
            let _ = write!(written, " stroke-width=\"{}\" stroke-linejoin=\"round\"", Number(width));
        }
        if let Some(opacity) = look.opacity.filter(|&opacity| opacity < 1.0) {
            let _ = write!(written, " opacity=\"{}\"", Number(opacity));
        }
        if let Some((on, off)) = look.dash {
            let _ = write!(written, " stroke-dasharray=\"{} {}\"", Number(on), Number(off));
        }
        if classes.is_empty() { written } else { format!(" class=\"{}\"{written}", classes.join(" ")) }
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// A coordinate with at most two decimals and no trailing zeros.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (finite(self.0) * 100.0).round() as i64;
        let (sign, magnitude) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
        let (whole, part) = (magnitude / 100, magnitude % 100);
        match part {
            0 => write!(f, "{sign}{whole}"),
            _ if part % 10 == 0 => write!(f, "{sign}{whole}.{}", part / 10),
            _ => write!(f, "{sign}{whole}.{part:02}"),
        }
    }
}

/// Escapes text for XML content and attribute values alike; characters that XML 1.0 forbids become
/// U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_short() {
        let shown = |value| Number(value).to_string();
        assert_eq!(shown(12.0), "12");
        assert_eq!(shown(-0.5), "-0.5");
        assert_eq!(shown(-0.001), "0");
        assert_eq!(shown(7.71828), "7.72");
        assert_eq!(shown(3.05), "3.05");
        assert_eq!(shown(f64::NAN), "0");
    }

    #[test]
    fn groups_left_open_are_closed() {
        let mut svg = Svg::new(10.0, 10.0, Theme::Light, "");
        svg.group(&Look::fill(Ink::Text), Some("a < b"));
        roxmltree::Document::parse(&svg.finish()).unwrap();
    }

    proptest! {
        #[test]
        fn any_text_and_any_number_give_well_formed_xml(text in "\\PC*|[\\x00-\\x1f<>&\"']*", x in any::<f64>(), w in any::<f64>()) {
            let mut svg = Svg::new(100.0, 100.0, Theme::Auto, &text);
            svg.text(x, w, &text, &TextLook::new(Ink::Text, 12.0).strong().upright());
            svg.rect(x, x, w, w, &Look::fill([1, 2, 3]).opacity(0.5).rounded(x));
            svg.circle(w, x, x, &Look::stroke(Ink::Series(3), w).dashed(x, w));
            let written = svg.finish();
            prop_assert!(!written.contains("NaN") && !written.contains("inf"));
            prop_assert!(roxmltree::Document::parse(&written).is_ok());
        }
    }
}
