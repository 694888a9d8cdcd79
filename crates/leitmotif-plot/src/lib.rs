//! Small charts as SVG and PNG, and the SVG writer beneath them.
//!
//! The story in order: an [`Ink`] names what a colour is *for*; a [`Theme`] says what it looks like
//! on light paper, on dark paper, or on whichever the reader prefers; [`Svg`] writes shapes and
//! escaped text in inks; [`Scale`] turns values into positions and readable ticks; the charts
//! ([`LineChart`], [`SmallMultiples`], [`BarChart`], [`ForestPlot`], [`HeatMap`], [`Scatter`]) put
//! these together; with the feature `png`, `svg_to_png` rasterises the result with a font of its
//! own, so that a machine without fonts draws the same picture.
//!
//! Invariants: every picture is well-formed XML whatever text it is given; no coordinate is ever
//! NaN or infinite; the same chart gives the same bytes.

#![forbid(unsafe_code)]

mod bar;
mod forest;
mod frame;
mod heat;
mod line;
mod look;
mod multiples;
pub mod page;
mod palette;
#[cfg(feature = "png")]
mod raster;
mod scale;
mod scatter;
mod setup;
mod svg;
mod text;
mod theme;
mod thin;

pub use bar::{BarChart, BarGroup};
pub use forest::ForestPlot;
pub use frame::{MARGIN, Swatch, draw_legend, heading};
pub use heat::HeatMap;
pub use line::{LineChart, Series};
pub use look::{Anchor, Look, Paint, TextLook};
pub use multiples::SmallMultiples;
pub use palette::{SERIES_COLOURS, ramp};
#[cfg(feature = "png")]
pub use raster::{MAX_PIXELS, PlotError, svg_to_png, svg_to_png_themed};
pub use scale::{Scale, Ticks, format_value};
pub use scatter::{Cloud, Scatter};
pub use svg::{Path, Svg};
pub use text::{FONT_FAMILY, fit_text, text_width};
pub use theme::{Ink, Theme};
