//! How shapes and text look: paint, outline, opacity, size and place.

use crate::theme::Ink;

/// A colour: an ink of the theme, or a fixed one (the cells of a heat map).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A colour that follows the theme.
    Ink(Ink),
    /// The same red, green and blue in every theme.
    Rgb([u8; 3]),
}

impl From<Ink> for Paint {
    fn from(ink: Ink) -> Self {
        Self::Ink(ink)
    }
}

impl From<[u8; 3]> for Paint {
    fn from(rgb: [u8; 3]) -> Self {
        Self::Rgb(rgb)
    }
}

/// How a shape is painted.
#[derive(Debug, Clone, Default)]
pub struct Look {
    pub(crate) fill: Option<Paint>,
    pub(crate) stroke: Option<(Paint, f64)>,
    pub(crate) opacity: Option<f64>,
    pub(crate) dash: Option<(f64, f64)>,
    pub(crate) radius: f64,
}

impl Look {
    /// A filled shape without an outline.
    pub fn fill(paint: impl Into<Paint>) -> Self {
        Self { fill: Some(paint.into()), ..Self::default() }
    }

    /// An outline `width` pixels wide, with round joins.
    pub fn stroke(paint: impl Into<Paint>, width: f64) -> Self {
        Self { stroke: Some((paint.into(), width)), ..Self::default() }
    }

    /// With an outline as well.
    pub fn outline(mut self, paint: impl Into<Paint>, width: f64) -> Self {
        self.stroke = Some((paint.into(), width));
        self
    }

    /// Opacity from 0 (invisible) to 1.
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = Some(opacity.clamp(0.0, 1.0));
        self
    }

    /// A dashed outline: `on` pixels drawn, `off` pixels left out.
    pub fn dashed(mut self, on: f64, off: f64) -> Self {
        self.dash = Some((on, off));
        self
    }

    /// Rounded corners, for rectangles.
    pub fn rounded(mut self, radius: f64) -> Self {
        self.radius = radius;
        self
    }
}

/// Where a text's position lies in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anchor {
    /// At its left end.
    #[default]
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

/// How text is set.
#[derive(Debug, Clone, Copy)]
pub struct TextLook {
    /// Its colour.
    pub ink: Ink,
    /// Its size in pixels.
    pub size: f64,
    /// Where its position lies.
    pub anchor: Anchor,
    /// Quarter turns anticlockwise around its position.
    pub upright: bool,
    /// Slightly heavier, for titles.
    pub strong: bool,
}

impl TextLook {
    /// Text in `ink` of `size` pixels, starting at its position.
    pub fn new(ink: Ink, size: f64) -> Self {
        Self { ink, size, anchor: Anchor::Start, upright: false, strong: false }
    }

    /// Placed by another anchor.
    pub fn anchored(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    /// Reading upwards, for the label of a vertical axis.
    pub fn upright(mut self) -> Self {
        self.upright = true;
        self
    }

    /// Slightly heavier, for titles.
    pub fn strong(mut self) -> Self {
        self.strong = true;
        self
    }
}
